"""The gRPC methods: bytes in, bytes out, nothing parsed and nothing computed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, NoReturn

import grpc
import grpc.aio

from . import envelope
from .channel import Method
from .dispatch import Call, Dispatcher, Outcome
from .errors import Failure, failure
from .methods import ROWS, SERVICES, Row

_log = logging.getLogger(__name__)

_Context = grpc.aio.ServicerContext[bytes, bytes]
_STATUS = {status.value[0]: status for status in grpc.StatusCode}


class Front:
    """The methods of the services over a dispatcher."""

    def __init__(self, dispatcher: Dispatcher, window: int) -> None:
        """`window` is how many requests of one stream may be unanswered before no more of it are read."""
        self._dispatcher, self._window = dispatcher, window
        self._streams: set[_Stream] = set()

    def handlers(self) -> tuple[grpc.GenericRpcHandler[Any, Any], ...]:
        """What a grpc.aio server is given; without serializers it hands over the bytes as they came."""
        made = []
        for service in SERVICES:
            own = {row.name: self._handler(row) for row in ROWS.values() if row.service == service}
            made.append(grpc.method_handlers_generic_handler(service, own))
        return tuple(made)

    def drain(self) -> None:
        """Reads no more of the streams; each ends when its requests are answered."""
        for stream in self._streams:
            stream.stop_reading(drained=True)

    def _handler(self, row: Row) -> grpc.RpcMethodHandler[Any, Any]:
        if row.stream:
            return grpc.stream_stream_rpc_method_handler(self._many(row.task))
        return grpc.unary_unary_rpc_method_handler(self._unary(row.task))

    def _unary(self, method: Method) -> Callable[[bytes, _Context], Awaitable[bytes]]:
        submit, abandon = self._dispatcher.submit, self._dispatcher.abandon

        async def answer(body: bytes, context: _Context) -> bytes:
            try:
                call = submit(method, body, context.time_remaining())
            except Exception:
                _log.exception("a call could not be accepted")
                await _abort(context, failure("INTERNAL"))
            try:
                outcome = await call.future
            except asyncio.CancelledError:
                abandon(call)
                raise
            if isinstance(outcome, bytes):
                return outcome
            return await _abort(context, outcome)

        return answer

    def _many(self, method: Method) -> Callable[[AsyncIterator[bytes], _Context], Awaitable[None]]:
        async def answer(_requests: AsyncIterator[bytes], context: _Context) -> None:
            stream = _Stream(self._dispatcher, method, context, self._window)
            self._streams.add(stream)
            try:
                drained = await stream.run()
            finally:
                self._streams.discard(stream)
            if drained:
                await _abort(context, failure("DRAINING"))

        return answer


class _Stream:
    """One call of a method that streams: a task reads requests while answers are written as they come."""

    def __init__(self, dispatcher: Dispatcher, method: Method, context: _Context, window: int) -> None:
        self._dispatcher, self._method, self._context = dispatcher, method, context
        self._room = asyncio.Semaphore(window)
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._calls: set[Call] = set()
        self._reading = True
        self._drained = False

    async def run(self) -> bool:
        """Answers all requests; True where reading was stopped before the caller had said all."""
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
        waits = [time for time in (self._context.time_remaining(), envelope.budget(message)) if time is not None]
        call = self._dispatcher.submit(self._method, message, min(waits, default=None))
        self._calls.add(call)
        call.future.add_done_callback(partial(self._answered, call))

    def _answered(self, call: Call, future: asyncio.Future[Outcome]) -> None:
        self._calls.discard(call)
        if not future.cancelled():
            outcome = future.result()
            if isinstance(outcome, Failure):
                outcome = envelope.answer(envelope.request_id(call.body), envelope.STATUS, outcome.status)
            self._answers.put_nowait(outcome)
        self._end_if_answered()

    def _end_if_answered(self) -> None:
        if not self._reading and not self._calls:
            self._answers.put_nowait(None)


async def _abort(context: grpc.aio.ServicerContext[Any, Any], reason: Failure) -> NoReturn:
    trailing: tuple[tuple[str, str | bytes], ...] = (("grpc-status-details-bin", reason.status),)
    if reason.final:
        trailing += (("grpc-retry-pushback-ms", "-1"),)
    await context.abort(_STATUS[reason.code], reason.message, trailing)
