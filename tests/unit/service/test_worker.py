"""What a worker does about an accelerator whose context is spoilt, without one."""

import pytest
import torch
from pullback_server.grading import Grader
from pullback_server.numeric import DeviceExhausted
from pullback_server.program import Reason, Refusal
from pullback_server.service.config import Config
from pullback_server.service.protocol import channel
from pullback_server.service.protocol.channel import Frame, Kind, Method
from pullback_server.service.worker import worker
from pullback_server.verdict import Description


class Died(BaseException):
    """Stands in for the end of the process."""


class Fails:
    """Mathematics that fails in one way."""

    def __init__(self, problem):
        self._problem = problem

    def respond(self, question):
        raise self._problem


class Unlimited:
    def task(self):
        return


@pytest.fixture
def ends():
    near, far = channel.pair()
    yield near, far
    near.close()
    far.close()


def serve(monkeypatch, ends, problem, device, usable):
    """What a worker says to a task whose mathematics fails so, or Died."""

    def end(code):
        raise Died

    monkeypatch.setattr(worker, "usable", lambda _: usable)
    monkeypatch.setattr(worker.os, "_exit", end)
    near, far = ends
    front = worker.Front(far, (2**40, 2**40))
    description = Description((), (), (), (), device, {})
    made = worker.Worker(front, Fails(problem), Grader(), description, Config(), Unlimited(), device)
    monkeypatch.setattr(worker.derivative_messages, "parse_request", lambda body, limits, stream: ("r", None))
    made.serve(Frame(Kind.TASK, b"", code=Method.DIFFERENTIATE))
    return channel.Receiver().receive(near).note.partition("\n")[0]


def test_an_error_that_spoils_the_device_ends_the_worker_without_an_answer(monkeypatch, ends):
    with pytest.raises(Died):
        serve(monkeypatch, ends, RuntimeError("CUDA error: device-side assert triggered"), "cuda:0", usable=False)


def test_an_error_that_leaves_the_device_as_it_was_is_answered(monkeypatch, ends):
    assert serve(monkeypatch, ends, RuntimeError("no"), "cuda:0", usable=True) == "INTERNAL"


def test_on_the_cpu_nothing_is_spoilt(monkeypatch, ends):
    assert serve(monkeypatch, ends, RuntimeError("no"), "cpu", usable=False) == "INTERNAL"


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (DeviceExhausted(), "DEVICE_OUT_OF_MEMORY"),
        (MemoryError(), "DEVICE_OUT_OF_MEMORY"),
        (Refusal(Reason.BAD_VALUE, "y"), "BAD_VALUE"),
    ],
)
def test_what_is_no_error_of_the_device_does_not_look_at_it(monkeypatch, ends, problem, reason):
    assert serve(monkeypatch, ends, problem, "cuda:0", usable=False) == reason


def test_the_cpu_is_usable():
    assert worker.usable(torch.device("cpu"))
