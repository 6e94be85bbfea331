"""One stream of requests and answers: each request has its own answer, in no fixed order."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import grpc
import grpc.aio

from ..protocol import envelope
from ..protocol.errors import Failure, FailureReason, failure
from ..protocol.methods import MethodRow
from .callers import Caller
from .calls import Call, Outcome
from .dispatch import Dispatcher
from .observer import CANCELLED, Observer

_log = logging.getLogger(__name__)

_Context = grpc.aio.ServicerContext[bytes, bytes]


class Stream:
    """Reads requests in a separate task, and writes answers as they come."""

    def __init__(
        self, dispatcher: Dispatcher, observer: Observer, row: MethodRow, caller: Caller, context: _Context, window: int
    ) -> None:
        self._dispatcher, self._observer, self._row, self._caller = dispatcher, observer, row, caller
        self._context = context
        self._room = asyncio.Semaphore(window)
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._calls: set[Call] = set()
        self._requests_read = 0
        self._reading = True
        self._drained = False

    async def run(self) -> bool:
        """Answers all requests; True where reading was stopped before the caller had sent all."""
        reader = asyncio.get_running_loop().create_task(self._read())
        try:
            while (message := await self._answers.get()) is not None:
                await self._context.write(message)
                self._room.release()
        finally:
            reader.cancel()
            for call in list(self._calls):
                self._dispatcher.abandon(call)
        return self._drained

    def stop_reading(self, drained: bool = False) -> None:
        """Takes no more requests."""
        if self._reading:
            self._reading, self._drained = False, drained
            self._end_if_answered()

    async def _read(self) -> None:
        try:
            while self._reading:
                await self._room.acquire()
                message = await self._context.read()
                if not isinstance(message, bytes) or not self._reading:
                    break
                self._submit(message)
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("a stream could not be read")
        self.stop_reading()

    def _submit(self, message: bytes) -> None:
        times = (self._context.time_remaining(), envelope.budget(message))
        remaining = min((time for time in times if time is not None), default=None)
        self._requests_read += 1
        request_id = f"{self._caller.request_id}/{self._requests_read}"
        try:
            call = self._dispatcher.submit(self._row.task, message, remaining, self._caller.client, request_id)
        except Exception:
            _log.exception("a request of a stream could not be accepted")
            self._answers.put_nowait(_failed(message, failure(FailureReason.INTERNAL)))
            return
        self._calls.add(call)
        call.future.add_done_callback(partial(self._on_outcome, call))

    def _on_outcome(self, call: Call, future: asyncio.Future[Outcome]) -> None:
        self._calls.discard(call)
        caller = self._caller._replace(request_id=call.request_id)
        if future.cancelled():
            self._observer.record_call(self._row, caller, call, CANCELLED, "", 0)
        else:
            outcome = future.result()
            code, reason = call.code, call.note if call.code else ""
            if isinstance(outcome, Failure):
                code, reason = outcome.code, outcome.reason
                outcome = _failed(call.body, outcome)
            self._observer.record_call(self._row, caller, call, code, reason, len(outcome))
            self._answers.put_nowait(outcome)
        self._end_if_answered()

    def _end_if_answered(self) -> None:
        if not self._reading and not self._calls:
            self._answers.put_nowait(None)


def _failed(request: bytes, reason: Failure) -> bytes:
    """The stream's response that tells why a request failed."""
    return envelope.stream_response(envelope.request_id(request), envelope.STATUS, reason.status)
