"""The tasks of a worker, one at a time: each is answered with the mathematics, and nothing of it is kept."""

from __future__ import annotations

import gc
import logging
import os
import time

import torch

from ...grading import Grader
from ...numeric import DeviceExhausted, usable
from ...program import Refusal
from ...verdict import Description, Differentiator, LegState, Response
from .. import failpoints, logs, memory
from ..config import Config
from ..protocol import envelope, errors
from ..protocol.channel import NO_LEGS, Frame, FrameKind, LegSeconds, Method, Pieces
from ..protocol.methods import STREAMED
from ..wire import derivative_messages
from .front_link import FrontLink
from .grading_tasks import GradingTasks
from .isolation import Isolation, resident

_log = logging.getLogger(__name__)

#: After how many tasks a worker checks again how much it has grown.
TASKS_BETWEEN_CHECKS = 16

_TAKEN, _PARSED = map(failpoints.at, ("worker.taken", "worker.parsed"))
_NUMBERS, _PROVISIONAL = map(failpoints.at, ("worker.numbers", "worker.provisional"))
_ANSWERED, _REPLIED, _RETIRED = map(failpoints.at, ("worker.answered", "worker.replied", "worker.retired"))


class ReplyTooLargeError(Exception):
    """The reply would not pass through gRPC."""


class TaskRunner:
    """Turns tasks into frames: a provisional reply where there is one, then a final one or a failure."""

    def __init__(
        self,
        front: FrontLink,
        differentiator: Differentiator,
        grader: Grader,
        description: Description,
        config: Config,
        isolation: Isolation,
        device: str,
    ) -> None:
        self._front, self._sender = front, front.sender
        self._differentiator, self._description = differentiator, description
        self._grading = GradingTasks(grader, self._reply, description.versions, config.limits)
        self._config, self._isolation, self._device = config, isolation, torch.device(device)
        self._tasks = self._provisional_replies = 0
        self._retired = False
        self._size_at_first = resident()

    def run(self, task: Frame) -> None:
        """Answers one task, and asks to be replaced where this worker is worn out."""
        started = time.monotonic()
        _TAKEN()
        self._isolation.begin_task()
        self._provisional_replies = 0
        self._answer(task, started)
        _REPLIED()
        self._tasks += 1
        if not self._retired and (why := self._retirement_reason()):
            self._sender.send(FrameKind.RETIRE, note=why)
            self._retired = True
            _RETIRED()

    def _answer(self, task: Frame, started: float) -> None:
        try:
            match task.code:
                case Method.DESCRIBE:
                    self._reply(FrameKind.FINAL, derivative_messages.describe_reply(task.body, self._description))
                case Method.DIFFERENTIATE | Method.DIFFERENTIATE_MANY:
                    self._differentiate(task, started)
                case _:
                    self._front.take_time()
                    self._grading.answer(task)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as problem:
            self._fail(task, problem)
            if isinstance(problem, MemoryError | DeviceExhausted):
                gc.collect()

    def _differentiate(self, task: Frame, started: float) -> None:
        stream = task.code in STREAMED
        request_id, request = derivative_messages.parse_request(task.body, self._config.limits, stream=stream)
        _PARSED()
        leg_seconds, origin = NO_LEGS, ""
        for response in self._differentiator.respond(request):
            self._exit_if_device_unusable(response)
            queue, total = started - task.seconds, time.monotonic() - task.seconds
            reply = derivative_messages.reply(request_id, response, self._description.versions, queue, total)
            if stream:
                reply = envelope.stream_response(request_id, envelope.RESPONSE, reply)
            timings = response.timings
            leg_seconds = (timings.numeric, timings.derive + timings.check + timings.write)
            origin = response.form_origin.name.lower() if response.form_origin else ""
            if not response.provisional:
                self._reply(FrameKind.FINAL, reply, origin, leg_seconds)
                return
            self._reply(FrameKind.PROVISIONAL, reply, origin, leg_seconds)
        self._sender.send(FrameKind.DONE, note=origin, leg_seconds=leg_seconds)

    def _reply(
        self,
        kind: FrameKind,
        reply: bytes | Pieces,
        note: str = "",
        leg_seconds: LegSeconds = NO_LEGS,
        *,
        wait: float = 0.0,
    ) -> None:
        """Sends a provisional or a final reply; raises ReplyTooLargeError where it would not pass through gRPC."""
        if len(reply) > self._config.limits.max_message_bytes:
            raise ReplyTooLargeError
        final = kind is FrameKind.FINAL
        if not final:
            self._front.take_time()
        (_ANSWERED if final else _NUMBERS)()
        code = 0 if final else self._provisional_replies
        self._sender.send(kind, reply, note, code=code, seconds=wait, leg_seconds=leg_seconds)
        if not final:
            self._provisional_replies += 1
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
                self._exit_if_device_unusable()
                failure = errors.failure(errors.FailureReason.INTERNAL)
        _ANSWERED()
        if task.code in STREAMED:
            response = envelope.stream_response(envelope.request_id(task.body), envelope.STATUS, failure.status)
            self._sender.send(FrameKind.FINAL, response, failure.reason, code=failure.code)
        else:
            note = f"{failure.reason}\n{failure.message}"
            self._sender.send(FrameKind.FAILURE, failure.status, note, code=failure.code)

    def _exit_if_device_unusable(self, response: Response | None = None) -> None:
        """Ends this process where an accelerator's context is corrupt, so that its task is replayed on another.

        With a response it checks only where a leg failed; a caller never gets the numbers of a corrupt device.
        """
        if self._device.type == "cpu":
            return
        if response is not None and not any(d.symbolic.state is LegState.FAILED for d in response.derivatives):
            return
        if not usable(self._device):
            _log.error("the context of %s is corrupt; this worker ends", self._device)
            os._exit(1)

    def _retirement_reason(self) -> str:
        """Why this worker should be replaced; empty where it should not."""
        most, growth = self._config.worker_tasks, self._config.worker_growth
        if most and self._tasks >= most:
            return f"{self._tasks} tasks"
        if growth and self._tasks % TASKS_BETWEEN_CHECKS == 0 and resident() - self._size_at_first > growth:
            memory.give_back()
            grown = resident() - self._size_at_first
            if grown > growth:
                return f"grown by {grown} bytes"
        return ""
