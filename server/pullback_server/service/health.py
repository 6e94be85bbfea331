"""The standard health service, which follows the workers."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from .methods import SERVICES

NAME = "grpc.health.v1.Health"

#: Who can be asked for: the whole server, and each of its services.
_KNOWN = ("", *SERVICES)

_Context = grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]


class Health:
    """Says SERVING while a worker is ready; for the whole server and for each of its services."""

    def __init__(self) -> None:
        self._serving = False
        self._ended = False
        self._changed = asyncio.Event()

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """What a grpc.aio server is given."""
        coding = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check, **coding),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch, **coding),
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

    async def _check(self, request: HealthCheckRequest, context: _Context) -> HealthCheckResponse:
        if request.service not in _KNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no service of that name")
        return self._now(request.service)

    async def _watch(self, request: HealthCheckRequest, context: _Context) -> None:
        while True:
            changed = self._changed
            await context.write(self._now(request.service))
            if self._ended:
                return
            await changed.wait()

    def _now(self, service: str) -> HealthCheckResponse:
        if service not in _KNOWN:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        return HealthCheckResponse(
            status=HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING
        )
