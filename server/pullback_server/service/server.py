"""The service as a process: listens, says when it is ready, and drains when it is told to end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable

import grpc.aio
from grpc_reflection.v1alpha import reflection
from pullback.v1 import derivative_pb2  # noqa: F401 - reflection finds the contract in protobuf's registry

from . import health, memory
from .config import Config, cores
from .dispatch import Dispatcher
from .front import SERVICE, Front
from .launcher import LaunchError

#: Seconds for the last bytes of answers to leave, after the last call is answered.
LAST_BYTES = 1.0


class ServeError(Exception):
    """The service could not start; the message says why."""


def run(config: Config, *, until_stdin_closes: bool = False, announce: Callable[[str], None] = print) -> None:
    """Serves until SIGTERM or SIGINT, or until stdin ends where that is asked for, and then drains.

    `announce` gets the line `pullback listening on HOST:PORT` as soon as a call can be answered. Raises ServeError
    where the port is taken or no worker can start.
    """
    memory.keep_freed()
    asyncio.run(_serve(config, until_stdin_closes, announce))


async def _serve(config: Config, until_stdin_closes: bool, announce: Callable[[str], None]) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    if until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(loop, ending), daemon=True).start()

    healthy = health.Health()
    dispatcher = Dispatcher(config, healthy.follow)
    front = Front(dispatcher, window=max(2 * (config.workers or cores()), 1))
    server = _server(config, front, healthy)
    port = _listen(server, config.address)
    probes = grpc.aio.server(options=(("grpc.so_reuseport", 0),)) if config.health_port >= 0 else None
    if probes is not None:
        probes.add_generic_rpc_handlers((healthy.handler(),))
        _listen(probes, config.health_address)
    try:
        if probes is not None:
            await probes.start()
        await server.start()
        if not await _started(dispatcher, ending):
            return
        gc.freeze()
        announce(f"pullback listening on {config.address.rpartition(':')[0]}:{port}")
        await ending.wait()
        await _drain(server, front, healthy, dispatcher, config.drain_grace)
    finally:
        dispatcher.close()
        await server.stop(None)
        if probes is not None:
            await probes.stop(None)


def _listen(server: grpc.aio.Server, address: str) -> int:
    try:
        return server.add_insecure_port(address)
    except RuntimeError:
        raise ServeError(f"cannot listen on {address}: is the port taken, or the address not ours?") from None


def _server(config: Config, front: Front, healthy: health.Health) -> grpc.aio.Server:
    options = (
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", config.max_message_bytes),
        ("grpc.max_send_message_length", config.max_message_bytes),
    )
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((front.handler(), healthy.handler()))
    reflection.enable_server_reflection((SERVICE, health.NAME, reflection.SERVICE_NAME), server)
    return server


async def _started(dispatcher: Dispatcher, ending: asyncio.Event) -> bool:
    """Whether the first worker became ready before the service was told to end."""
    start = asyncio.ensure_future(dispatcher.pool.start())
    end = asyncio.ensure_future(ending.wait())
    await asyncio.wait((start, end), return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    if not start.done():
        start.cancel()
        return False
    try:
        await start
    except LaunchError as problem:
        raise ServeError(str(problem)) from None
    return True


async def _drain(
    server: grpc.aio.Server, front: Front, healthy: health.Health, dispatcher: Dispatcher, grace: float
) -> None:
    """Takes no new calls and lets those in flight finish, for `grace` seconds at most."""
    healthy.end()
    front.drain()
    stopping = asyncio.ensure_future(server.stop(grace + LAST_BYTES))
    quiet = asyncio.ensure_future(dispatcher.quiet.wait())
    await asyncio.wait((stopping, quiet), timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    quiet.cancel()
    dispatcher.close()
    await asyncio.wait((stopping,), timeout=LAST_BYTES)
    await server.stop(None)
    await stopping


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    try:
        while os.read(sys.stdin.fileno(), 4096):
            continue
    except (OSError, ValueError):
        pass
    try:
        loop.call_soon_threadsafe(ending.set)
    except RuntimeError:
        return  # the service has ended before its stdin
