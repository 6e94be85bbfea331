"""gRPC's reflection, by which tools find the methods; it requires a token where the methods do."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from pullback.v1 import derivative_pb2, grading_pb2  # noqa: F401 - reflection finds them in protobuf's registry

from ..protocol.errors import failure
from ..protocol.methods import SERVICES
from . import health
from .callers import identify
from .rpc import abort, decode_or_abort
from .tokens import Tokens, UnknownBearer

_PATH = f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"
_Context = grpc.aio.ServicerContext[bytes, bytes]


class Reflection(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Answers what the standard servicer answers, and refuses what is not a valid request."""

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens
        self._servicer: Any = reflection.ReflectionServicer((*SERVICES, health.NAME, reflection.SERVICE_NAME))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """How a call is answered, by its path and metadata."""
        if handler_call_details.method != _PATH:
            return None
        metadata = handler_call_details.invocation_metadata or ()

        async def answer(_requests: object, context: _Context) -> None:
            try:
                identify(metadata, self._tokens)
            except UnknownBearer as unknown:
                await abort(context, failure(unknown.reason))
            while isinstance(body := await context.read(), bytes):
                request = await decode_or_abort(ServerReflectionRequest, body, context)
                for response in self._servicer.ServerReflectionInfo(iter((request,)), context):
                    await context.write(response.SerializeToString())

        return grpc.stream_stream_rpc_method_handler(answer)
