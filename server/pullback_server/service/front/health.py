"""The standard health service, which follows the workers."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from ...program import Reason, Refusal
from ..protocol.errors import refusal
from ..protocol.methods import SERVICES
from .front import abort

NAME = "grpc.health.v1.Health"

#: Who can be asked for: the whole server, and each of its services.
_KNOWN = ("", *SERVICES)

_Context = grpc.aio.ServicerContext[bytes, bytes]


class Health:
    """Says SERVING while a worker is ready; for the whole server and for each of its services.

    Anybody may ask, with or without a token: probes have none.
    """

    def __init__(self) -> None:
        self._serving = False
        self._ended = False
        self._changed = asyncio.Event()

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """What a grpc.aio server is given."""
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(NAME, methods)

    def follow(self, serving: bool) -> None:
        """Takes over what the workers are; once ended it stays NOT_SERVING."""
        serving = serving and not self._ended
        if serving != self._serving:
            self._serving = serving
            self._wake()

    def end(self) -> None:
        """Is NOT_SERVING from now on; those who watch are told, and their streams end."""
        self._ended = True
        self._serving = False
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _check(self, body: bytes, context: _Context) -> bytes:
        service = await _asked(body, context)
        if service not in _KNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no service of that name")
        return self._now(service)

    async def _watch(self, body: bytes, context: _Context) -> None:
        service = await _asked(body, context)
        while True:
            changed = self._changed
            await context.write(self._now(service))
            if self._ended:
                return
            await changed.wait()

    def _now(self, service: str) -> bytes:
        status = HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING
        if service not in _KNOWN:
            status = HealthCheckResponse.SERVICE_UNKNOWN
        said: bytes = HealthCheckResponse(status=status).SerializeToString()
        return said


async def _asked(body: bytes, context: _Context) -> str:
    try:
        return str(HealthCheckRequest.FromString(body).service)
    except DecodeError:
        told = Refusal(Reason.MALFORMED_MESSAGE, "the bytes are not a grpc.health.v1.HealthCheckRequest", "request")
        return await abort(context, refusal(told))
