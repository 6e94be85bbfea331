"""The standard health service, which follows the workers."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from ..protocol.methods import SERVICES
from .rpc import decode_or_abort

NAME = "grpc.health.v1.Health"

#: The names that can be asked for: the whole server, and each of its services.
_KNOWN = ("", *SERVICES)

_Context = grpc.aio.ServicerContext[bytes, bytes]


class Health:
    """Is SERVING while a worker is ready; for the whole server and for each of its services.

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

    def set_serving(self, serving: bool) -> None:
        """Sets whether a worker is ready; after `end` it stays NOT_SERVING."""
        serving = serving and not self._ended
        if serving != self._serving:
            self._serving = serving
            self._notify()

    def end(self) -> None:
        """Is NOT_SERVING from now on; those who watch are notified, and their streams end."""
        self._ended = True
        self._serving = False
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _check(self, body: bytes, context: _Context) -> bytes:
        service = str((await decode_or_abort(HealthCheckRequest, body, context)).service)
        if service not in _KNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no service of that name")
        return self._response(service)

    async def _watch(self, body: bytes, context: _Context) -> None:
        service = str((await decode_or_abort(HealthCheckRequest, body, context)).service)
        while True:
            changed = self._changed
            await context.write(self._response(service))
            if self._ended:
                return
            await changed.wait()

    def _response(self, service: str) -> bytes:
        status = HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING
        if service not in _KNOWN:
            status = HealthCheckResponse.SERVICE_UNKNOWN
        response: bytes = HealthCheckResponse(status=status).SerializeToString()
        return response
