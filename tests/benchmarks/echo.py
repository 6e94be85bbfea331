"""The floor: a bare grpc.aio server that answers any bytes with as many bytes as the method's name says.

It runs as a process of its own until its stdin closes: `python echo.py` prints its port.
"""

from __future__ import annotations

import asyncio
import sys
from functools import cache
from typing import Any

import grpc
import grpc.aio


def method(size: int) -> str:
    """The name of the method that answers with `size` bytes.

    >>> method(100)
    '/echo.Echo/100'
    """
    return f"/echo.Echo/{size}"


class _Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Makes each method's handler once."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of a method, by its name."""
        return _handler(str(handler_call_details.method))


@cache
def _handler(name: str) -> grpc.RpcMethodHandler[Any, Any]:
    body = bytes(int(name.rpartition("/")[2]))

    async def answer(request: bytes, context: Any) -> bytes:
        return body

    return grpc.unary_unary_rpc_method_handler(answer)


async def _serve() -> None:
    unlimited = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0), *unlimited))
    server.add_generic_rpc_handlers((_Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(_serve())
