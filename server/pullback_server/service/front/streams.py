"""One stream of requests and answers: each request has its own answer, in no fixed order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

import grpc
import grpc.aio

from ..protocol import envelope
from ..protocol.errors import Failure, FailureReason, failure
from ..protocol.methods import MethodRow
from .callers import Caller
from .calls import Call, Outcome
from .dispatch import Dispatcher
from .observer import CANCELLED, Observer
from .waiting import TOGETHER

_log = logging.getLogger(__name__)

_Context = grpc.aio.ServicerContext[bytes, bytes]


class Stream:
    """Reads requests in a separate task, and writes answers as they come."""

    def __init__(
        self, dispatcher: Dispatcher, observer: Observer, row: MethodRow, caller: Caller, context: _Context, window: int
    ) -> None:
        self._dispatcher, self._observer, self._row, self._caller = dispatcher, observer, row, caller
        self._context, self._window, self._widest = context, window, TOGETHER * window
        #: Answers to be written, and requests that were read and whose answers are not written yet.
        self._answers: deque[bytes] = deque()
        self._unanswered = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._calls: set[Call] = set()
        self._requests_read = 0
        self._reading = True
        self._drained = False

    async def run(self) -> bool:
        """Answers all requests; True where reading was stopped before the caller had sent all."""
        reader = asyncio.get_running_loop().create_task(self._read())
        try:
            while self._answers or self._calls or self._reading:
                if not self._answers:
                    self._news.clear()
                    await self._news.wait()
                    continue
                await self._context.write(self._answers.popleft())
                self._unanswered -= 1
                self._room.set()
        finally:
            reader.cancel()
            for call in list(self._calls):
                self._dispatcher.abandon(call)
                self._record(call, CANCELLED, "", 0)
        return self._drained

    def stop_reading(self, drained: bool = False) -> None:
        """Takes no more requests."""
        if self._reading:
            self._reading, self._drained = False, drained
            self._news.set()

    async def _read(self) -> None:
        try:
            while self._reading:
                if not self._has_room():
                    self._room.clear()
                    await self._room.wait()
                    continue
                message = await self._context.read()
                if not isinstance(message, bytes) or not self._reading:
                    break
                self._unanswered += 1
                self._submit(message)
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("a stream could not be read")
        self.stop_reading()

    def _has_room(self) -> bool:
        """Whether one more may be read: in any case as many as keep the workers busy, and more where little waits."""
        if self._unanswered < self._window:
            return True
        return self._unanswered < self._widest and self._dispatcher.has_room(self._caller.client)

    def _submit(self, message: bytes) -> None:
        remaining, budget = self._context.time_remaining(), envelope.budget(message)
        if remaining is None or (budget is not None and budget < remaining):
            remaining = budget
        self._requests_read += 1
        request_id, turns = f"{self._caller.request_id}/{self._requests_read}", -(-self._unanswered // self._window)
        try:
            call = self._dispatcher.submit(
                self._row.task, message, remaining, self._settle, self._caller.client, request_id, turns
            )
        except Exception:
            _log.exception("a request of a stream could not be accepted")
            self._answer(_failed(message, failure(FailureReason.INTERNAL)))
            return
        if not call.settled:
            self._calls.add(call)

    def _settle(self, call: Call, outcome: Outcome) -> None:
        self._calls.discard(call)
        code, reason = call.code, call.note if call.code else ""
        if isinstance(outcome, Failure):
            code, reason = outcome.code, outcome.reason
            outcome = _failed(call.body, outcome)
        self._answer(outcome)
        self._record(call, code, reason, len(outcome))

    def _answer(self, message: bytes) -> None:
        self._answers.append(message)
        self._news.set()

    def _record(self, call: Call, code: int, reason: str, sent: int) -> None:
        caller = self._caller._replace(request_id=call.request_id)
        self._observer.record_call(self._row, caller, call, code, reason, sent)


def _failed(request: bytes, reason: Failure) -> bytes:
    """The stream's response that tells why a request failed."""
    return envelope.stream_response(envelope.request_id(request), envelope.STATUS, reason.status)
