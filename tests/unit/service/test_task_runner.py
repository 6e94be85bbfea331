"""What a worker does about an accelerator whose context is corrupt, tested without an accelerator."""

import pytest
import torch
from pullback_server.grading import Grader
from pullback_server.numeric import DeviceExhausted
from pullback_server.program import Reason, Refusal
from pullback_server.service.config import Config
from pullback_server.service.protocol import channel
from pullback_server.service.protocol.channel import Frame, FrameKind, Method
from pullback_server.service.worker import task_runner
from pullback_server.service.worker.front_link import FrontLink
from pullback_server.verdict import Description


class Died(BaseException):
    """Stands in for the end of the process."""


class Fails:
    """Mathematics that fails in one way."""

    def __init__(self, problem):
        self._problem = problem

    def respond(self, request):
        raise self._problem


class Unlimited:
    def begin_task(self):
        return


@pytest.fixture
def ends():
    near, far = channel.pair()
    with near, far:
        yield near, far


def run(monkeypatch, ends, problem, device, usable):
    """The reason that a worker sends for a task whose mathematics fails so; raises Died."""

    def end(code):
        raise Died

    monkeypatch.setattr(task_runner, "usable", lambda _: usable)
    monkeypatch.setattr(task_runner.os, "_exit", end)
    near, far = ends
    description = Description((), (), (), (), device, {})
    mathematics = Fails(problem), Grader(), description
    runner = task_runner.TaskRunner(FrontLink(far, (0, 0)), *mathematics, Config(), Unlimited(), device)
    monkeypatch.setattr(task_runner.derivative_messages, "parse_request", lambda body, limits, stream: ("r", None))
    runner.run(Frame(FrameKind.TASK, b"", code=Method.DIFFERENTIATE))
    return channel.Receiver().receive(near).note.partition("\n")[0]


def test_an_error_that_makes_the_device_unusable_ends_the_worker_without_an_answer(monkeypatch, ends):
    with pytest.raises(Died):
        run(monkeypatch, ends, RuntimeError("CUDA error: device-side assert triggered"), "cuda:0", usable=False)


def test_an_error_that_leaves_the_device_as_it_was_is_answered(monkeypatch, ends):
    assert run(monkeypatch, ends, RuntimeError("no"), "cuda:0", usable=True) == "INTERNAL"


def test_the_cpu_is_always_usable(monkeypatch, ends):
    assert run(monkeypatch, ends, RuntimeError("no"), "cpu", usable=False) == "INTERNAL"


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (DeviceExhausted(), "DEVICE_OUT_OF_MEMORY"),
        (MemoryError(), "DEVICE_OUT_OF_MEMORY"),
        (Refusal(Reason.BAD_VALUE, "y"), "BAD_VALUE"),
    ],
)
def test_the_device_is_not_checked_after_errors_of_other_kinds(monkeypatch, ends, problem, reason):
    assert run(monkeypatch, ends, problem, "cuda:0", usable=False) == reason


def test_the_cpu_is_usable():
    assert task_runner.usable(torch.device("cpu"))
