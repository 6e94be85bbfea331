"""A worker process: takes one task at a time from its pipe, and answers it with the mathematics."""

from __future__ import annotations

import gc
import logging
import os
import socket
import time
from typing import Any, Protocol

import torch

from ...grading import Grader
from ...numeric import DeviceExhausted, usable
from ...program import Limits, Refusal
from ...verdict import Description, Differentiator, FormOverBudget, LegState, Response
from .. import failpoints, logs, memory
from ..config import Config
from ..protocol import channel, envelope, errors
from ..protocol.channel import Found, Frame, Kind, Method, Spent
from ..protocol.methods import STREAMED
from ..wire import derivative_messages
from .grading_tasks import GradingTasks
from .isolation import Isolation, resident

_log = logging.getLogger(__name__)

#: How many tasks apart a worker looks at how much it has grown.
TASKS_BETWEEN_LOOKS = 16

_WARM, _ISOLATED, _READY = map(failpoints.at, ("worker.warm", "worker.isolated", "worker.ready"))
_TAKEN, _PARSED, _ASKED = map(failpoints.at, ("worker.taken", "worker.parsed", "worker.asked"))
_NUMBERS, _PROVISIONAL = map(failpoints.at, ("worker.numbers", "worker.provisional"))
_FORM_ASKED, _FORM_DERIVED = map(failpoints.at, ("worker.form_asked", "worker.form_derived"))
_ANSWERED, _REPLIED, _RETIRED = map(failpoints.at, ("worker.answered", "worker.replied", "worker.retired"))


class Mathematics(Protocol):
    """The module that answers: `pullback_server.verdict`, or a test's own."""

    #: Called with device, limits, forms and what admits large tasks.
    Differentiator: Any

    def describe(self, device: str, limits: Limits) -> Description:
        """What it says of itself on that device with those limits."""
        ...


class Grading(Protocol):
    """The module that grades: `pullback_server.grading`, or a test's own."""

    #: Called with limits and what admits large tasks.
    Grader: Any


def main(
    pipe: socket.socket,
    config: Config,
    mathematics: Mathematics,
    grading: Grading,
    device: str,
    threads: int,
    workers: int,
) -> None:
    """Warms up, gives up what it will not need, says READY, and answers tasks until the front closes the pipe."""
    logs.configure(config, "worker", threaded=False)
    memory.keep_freed()
    torch.set_num_threads(threads)
    front = Front(pipe, config.limits.part(workers))
    differentiator = mathematics.Differentiator(device, config.limits, front, front.admit)
    differentiator.warm_up()
    description = mathematics.describe(device, config.limits)
    grader = grading.Grader(config.limits, admit=front.admit)
    _WARM()
    isolation = Isolation(config, device == "cpu", threads)
    worker = Worker(front, differentiator, grader, description, config, isolation, device)
    _ISOLATED()
    try:
        front.sender.send(Kind.READY)
        _READY()
        while worker.serve(front.receive()):
            continue
    except (BrokenPipeError, ConnectionResetError):
        return


class Front:
    """The front as a worker sees it: tasks, the service's closed forms, and leave for large tasks."""

    def __init__(self, pipe: socket.socket, part: tuple[int, int]) -> None:
        """`part` is the memory and work that a task may need without asking."""
        self._pipe, self._part = pipe, part
        self._receiver, self.sender = channel.Receiver(), channel.Sender(pipe)

    def receive(self) -> Frame | None:
        """The next frame, None where the front has closed the pipe."""
        return self._receiver.receive(self._pipe)

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None; raises FormOverBudget where deriving it was given up lately."""
        self.sender.send(Kind.FORM_GET, note=key)
        _FORM_ASKED()
        found = self._answer()
        match Found(found.code):
            case Found.OVER_BUDGET:
                raise FormOverBudget(key)
            case Found.FORM:
                return found.body
            case Found.NOTHING:
                return None

    def put(self, key: str, form: bytes) -> None:
        """Keeps a form for every worker."""
        _FORM_DERIVED()
        self.sender.send(Kind.FORM_PUT, form, key)

    def admit(self, memory: int, work: int) -> None:
        """Waits until a task of that estimated memory and work may be computed beside those of other workers."""
        _ASKED()
        if memory > self._part[0] or work > self._part[1]:
            self.sender.send(Kind.ASK, note=f"{memory} {work}")
            self._answer()

    def _answer(self) -> Frame:
        frame = self.receive()
        if frame is None:
            raise BrokenPipeError("the front is gone")
        return frame


class Worker:
    """Turns tasks into frames: a provisional reply where there is one, then a final one or a failure."""

    def __init__(
        self,
        front: Front,
        differentiator: Differentiator,
        grader: Grader,
        description: Description,
        config: Config,
        isolation: Isolation,
        device: str,
    ) -> None:
        self._sender, self._differentiator, self._description = front.sender, differentiator, description
        self._grading = GradingTasks(grader, self._reply, description.versions, config.limits)
        self._config, self._isolation, self._device = config, isolation, torch.device(device)
        self._tasks = 0
        self._retired = False
        self._size_at_first = resident()

    def serve(self, task: Frame | None) -> bool:
        """Answers one task and keeps nothing of it; False where there is none because the front closed the pipe."""
        if task is None:
            return False
        started = time.monotonic()
        _TAKEN()
        self._isolation.task()
        self._answer(task, started)
        _REPLIED()
        self._tasks += 1
        if not self._retired and (why := self._worn_out()):
            self._sender.send(Kind.RETIRE, note=why)
            self._retired = True
            _RETIRED()
        return True

    def _answer(self, task: Frame, started: float) -> None:
        try:
            match task.code:
                case Method.DESCRIBE:
                    self._reply(Kind.FINAL, derivative_messages.describe_reply(task.body, self._description))
                case Method.DIFFERENTIATE | Method.DIFFERENTIATE_MANY:
                    self._differentiate(task, started)
                case _:
                    self._grading.answer(task)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as problem:
            self._fail(task, problem)
            if isinstance(problem, MemoryError | DeviceExhausted):
                gc.collect()

    def _differentiate(self, task: Frame, started: float) -> None:
        stream = task.code in STREAMED
        name, question = derivative_messages.parse_request(task.body, self._config.limits, stream=stream)
        _PARSED()
        spent: Spent = channel.NOTHING_SPENT
        origin = ""
        for answer in self._differentiator.respond(question):
            self._die_where_the_device_is_spoilt(answer)
            now = time.monotonic()
            queue, total = started - task.moment, now - task.moment
            reply = derivative_messages.reply(name, answer, self._description.versions, queue, total)
            if stream:
                reply = envelope.answer(name, envelope.RESPONSE, reply)
            timings = answer.timings
            spent = (timings.numeric, timings.derive + timings.check)
            origin = answer.form_origin.name.lower() if answer.form_origin else ""
            if not derivative_messages.is_provisional(answer):
                self._reply(Kind.FINAL, reply, origin, spent)
                return
            self._reply(Kind.PROVISIONAL, reply, origin, spent)
        self._sender.send(Kind.DONE, note=origin, spent=spent)

    def _reply(
        self, kind: Kind, reply: bytes, note: str = "", spent: Spent = channel.NOTHING_SPENT, *, wait: float = 0.0
    ) -> None:
        """Sends a provisional or a final reply; raises ReplyTooLargeError where it would not pass through gRPC."""
        if len(reply) > self._config.limits.max_message_bytes:
            raise ReplyTooLargeError
        final = kind is Kind.FINAL
        (_ANSWERED if final else _NUMBERS)()
        self._sender.send(kind, reply, note, spent=spent, moment=wait)
        if not final:
            _PROVISIONAL()

    def _fail(self, task: Frame, problem: BaseException) -> None:
        match problem:
            case Refusal():
                failure = errors.refusal(problem)
            case DeviceExhausted() | MemoryError():
                failure = errors.failure(errors.FailureReason.DEVICE_OUT_OF_MEMORY)
            case ReplyTooLargeError():
                failure = errors.failure(errors.FailureReason.REPLY_TOO_LARGE)
            case _:
                about = logs.about(request=task.note, method=Method(task.code).name)
                _log.error("a task failed", exc_info=problem, extra=about)
                self._die_where_the_device_is_spoilt()
                failure = errors.failure(errors.FailureReason.INTERNAL)
        _ANSWERED()
        if task.code in STREAMED:
            status = envelope.answer(envelope.request_id(task.body), envelope.STATUS, failure.status)
            self._sender.send(Kind.FINAL, status, failure.reason, code=failure.code)
        else:
            self._sender.send(Kind.FAILURE, failure.status, f"{failure.reason}\n{failure.message}", code=failure.code)

    def _die_where_the_device_is_spoilt(self, answer: Response | None = None) -> None:
        """Ends this process, so that its task is replayed on another, where an accelerator's context is no good.

        With an answer it looks only where a leg failed; a caller never gets the numbers of a spoilt device.
        """
        if self._device.type == "cpu":
            return
        if answer is not None and not any(d.symbolic.state is LegState.FAILED for d in answer.derivatives):
            return
        if not usable(self._device):
            _log.error("the context of %s is spoilt; this worker ends", self._device)
            os._exit(1)

    def _worn_out(self) -> str:
        """Why this worker wants to be replaced; empty where it does not."""
        most, growth = self._config.worker_tasks, self._config.worker_growth
        if most and self._tasks >= most:
            return f"{self._tasks} tasks"
        if growth and self._tasks % TASKS_BETWEEN_LOOKS == 0 and resident() - self._size_at_first > growth:
            memory.give_back()
            grown = resident() - self._size_at_first
            if grown > growth:
                return f"grown by {grown} bytes"
        return ""


class ReplyTooLargeError(Exception):
    """The reply would not pass through gRPC."""
