"""The gRPC methods: bytes in, bytes out, nothing parsed and nothing computed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message
from pullback.v1 import derivative_pb2

from ...program import Refusal
from .. import failpoints
from ..protocol.channel import Method
from ..protocol.decoding import decode
from ..protocol.errors import Failure, FailureReason, failure, refusal
from ..protocol.methods import ROWS, MethodRow
from .callers import REQUEST_ID, Caller, address, identify, new_id
from .calls import Call, Outcome
from .dispatch import Dispatcher
from .observer import CANCELLED, STATUSES, Observer
from .streams import Stream
from .tokens import Tokens, UnknownBearer

M = TypeVar("M", bound=Message)

_log = logging.getLogger(__name__)

_Context = grpc.aio.ServicerContext[bytes, bytes]
_Answer = Callable[[MethodRow, Caller, bytes, _Context], Awaitable[bytes]]
_SETTLED = failpoints.at("front.settled")


class RpcHandler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Answers the methods of the table through a dispatcher.

    A call is rejected before its body is read where its token is not known or there is no room for it.
    """

    def __init__(self, dispatcher: Dispatcher, window: int, observer: Observer, tokens: Tokens | None = None) -> None:
        """Of one stream, `window` requests may be unanswered at any time, and more while little waits."""
        self._dispatcher, self._window = dispatcher, window
        self._observer, self._tokens = observer, tokens
        self._streams: set[Stream] = set()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """How a call is answered, by its path and metadata; without serializers gRPC hands over the bytes."""
        row = ROWS.get(str(handler_call_details.method))
        if row is None:
            return None
        try:
            caller = identify(handler_call_details.invocation_metadata or (), self._tokens)
        except UnknownBearer as unknown:
            return self._reject(row, Caller("", new_id()), unknown.reason)
        except Exception:
            _log.exception("a caller could not be identified")
            return self._reject(row, Caller("", new_id()), FailureReason.INTERNAL)
        if row.stream:
            return grpc.stream_stream_rpc_method_handler(partial(self._answer_stream, row, caller))
        if (reason := self._dispatcher.refusal_reason()) is not None:
            return self._reject(row, caller, reason)
        return _UnaryCall(self._answer_call, row, caller)

    def drain(self) -> None:
        """Reads no more of the streams; each ends when its requests are answered."""
        for stream in self._streams:
            stream.stop_reading(drained=True)

    def _reject(self, row: MethodRow, caller: Caller, reason: FailureReason) -> grpc.RpcMethodHandler[Any, Any]:
        rejection = failure(reason)
        self._observer.record_rejection(row, caller, rejection.code, rejection.reason)

        async def reject(_requests: object, context: _Context) -> None:
            await abort(context, rejection, caller.request_id)

        return grpc.stream_stream_rpc_method_handler(reject)

    async def _answer_call(self, row: MethodRow, caller: Caller, body: bytes, context: _Context) -> bytes:
        call, future = None, asyncio.get_running_loop().create_future()

        def settle(_: Call, outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        try:
            client = caller.client or address(context.peer())
            call = self._dispatcher.submit(row.task, body, context.time_remaining(), settle, client, caller.request_id)
            outcome = await future
            _SETTLED()
        except asyncio.CancelledError:
            if call is not None:
                self._dispatcher.abandon(call)
                self._observer.record_call(row, caller, call, CANCELLED, "", 0)
            raise
        except Exception:
            _log.exception("a call failed in the front")
            outcome = failure(FailureReason.INTERNAL)
            if call is not None:
                self._dispatcher.abandon(call)
        if isinstance(outcome, bytes):
            if row.task is Method.DESCRIBE:
                outcome += self._workers()
            context.set_trailing_metadata(((REQUEST_ID, caller.request_id),))
            if call is not None:
                self._observer.record_call(row, caller, call, 0, "", len(outcome))
            return outcome
        if call is not None:
            self._observer.record_call(row, caller, call, outcome.code, outcome.reason, len(outcome.status))
        return await abort(context, outcome, caller.request_id)

    def _workers(self) -> bytes:
        """What a worker cannot know of a DescribeLanguageResponse: messages of protobuf merge when they are joined."""
        pool, waiting = self._dispatcher.pool, self._dispatcher.waiting
        replaced = pool.replaced.total()
        workers = derivative_pb2.Workers(ready=pool.ready, wanted=pool.size, replaced=replaced, waiting=waiting)
        return derivative_pb2.DescribeLanguageResponse(workers=workers).SerializeToString()

    async def _answer_stream(self, row: MethodRow, caller: Caller, _requests: object, context: _Context) -> None:
        stream = None
        try:
            named = caller._replace(client=caller.client or address(context.peer()))
            stream = Stream(self._dispatcher, self._observer, row, named, context, self._window)
            self._streams.add(stream)
            reason = FailureReason.DRAINING if await stream.run() else None
        except Exception:
            if context.cancelled() or context.done():
                raise
            _log.exception("a stream failed in the front")
            reason = FailureReason.INTERNAL
        finally:
            if stream is not None:
                self._streams.discard(stream)
        if reason is not None:
            await abort(context, failure(reason), caller.request_id)
        context.set_trailing_metadata(((REQUEST_ID, caller.request_id),))


class _UnaryCall(grpc.RpcMethodHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """One call that has no stream, as gRPC takes it: made for each call, since its caller is known by then."""

    request_streaming = response_streaming = False
    request_deserializer = response_serializer = None

    def __init__(self, answer: _Answer, row: MethodRow, caller: Caller) -> None:
        self._answer, self._row, self._caller = answer, row, caller

    async def unary_unary(self, body: bytes, context: _Context) -> bytes:  # type: ignore[override]  # the stubs know no aio
        """The reply's bytes for those of the request."""
        return await self._answer(self._row, self._caller, body, context)


async def decode_or_abort(kind: type[M], body: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> M:
    """The message of that kind that the bytes are; ends the call where they are not one."""
    try:
        return decode(kind, body)
    except Refusal as refused:
        return await abort(context, refusal(refused))


async def abort(context: grpc.aio.ServicerContext[Any, Any], reason: Failure, request_id: str = "") -> NoReturn:
    """Ends a call with a status, its details and the request's id."""
    trailing: tuple[tuple[str, str | bytes], ...] = (("grpc-status-details-bin", reason.status),)
    if request_id:
        trailing += ((REQUEST_ID, request_id),)
    if reason.final:
        trailing += (("grpc-retry-pushback-ms", "-1"),)
    await context.abort(STATUSES[reason.code], reason.message, trailing)
