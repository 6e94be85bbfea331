"""The service as a process: listens, announces when it is ready, and drains when it is told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

import grpc.aio

from .. import failpoints, logs, memory, sandbox
from ..config import Config, ConfigError, cores
from . import health, tls
from .dispatch import Dispatcher
from .launcher import LaunchError
from .observer import Observer, Traces
from .rpc import RpcHandler
from .tally import Tally
from .tokens import TokenError, Tokens

_log = logging.getLogger(__name__)

#: Seconds for the last bytes of answers to leave, after the last call is answered.
LAST_BYTES = 1.0

#: Calls that one connection may have open; those beyond that wait on the client's side.
STREAMS = 1024

#: A silent connection is pinged after a while, so that the calls of a client that vanished end.
KEEPALIVE = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class ServeError(Exception):
    """The service could not start; the message says why."""


def run(config: Config, *, until_stdin_closes: bool = False, announce: Callable[[str], None] = print) -> None:
    """Serves until SIGTERM or SIGINT, or until stdin ends where that is asked for, and then drains.

    `announce` gets the line `pullback listening on HOST:PORT` as soon as a call can be answered. Raises ServeError
    where the configuration is inconsistent, the port is taken or no worker can start.
    """
    check(config)
    memory.keep_freed()
    logs.configure(config, "front", threaded=True)
    if failpoints.armed_points():
        _log.warning("failpoints are armed: %s", ", ".join(failpoints.armed_points()))
    try:
        asyncio.run(_serve(config.resolved(), until_stdin_closes, announce))
    finally:
        logs.close()


def check(config: Config) -> None:
    """Raises ServeError where the service could not or should not start with that configuration.

    It checks who could reach the service, the files of TLS and tokens, the extras, and the sandbox; it listens on
    nothing and starts nothing.
    """
    try:
        tls.check_exposure(config)
        tls.server_credentials(config)
        _tokens(config)
    except ConfigError as problem:
        raise ServeError(str(problem)) from None
    if config.sandbox and not sandbox.supported():
        raise ServeError("there is no sandbox for this kind of machine; --no-sandbox runs without one")
    with ExitStack() as resources:
        _traces(config, resources)


async def _serve(config: Config, until_stdin_closes: bool, announce: Callable[[str], None]) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    if until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(loop, ending), daemon=True).start()

    service_health = health.Health()
    dispatcher = Dispatcher(config, service_health.set_serving)
    with ExitStack() as resources:
        tally = Tally() if config.metrics_port >= 0 else None
        observer = Observer(tally, config.log_calls, _traces(config, resources))
        tokens = _tokens(config)
        handler = RpcHandler(dispatcher, max(2 * (config.workers or cores()), 1), observer, tokens)
        server = _server(config, handler, service_health, tokens)
        port = _listen(server, config)
        probes = _probes(config, service_health)
        try:
            await probes.start()
            await server.start()
            if not await _start_workers(dispatcher, ending):
                return
            if tally is not None:
                _serve_metrics(config, tally, dispatcher, resources)
            gc.freeze()
            announce(f"pullback listening on {config.address.rpartition(':')[0]}:{port}")
            await ending.wait()
            _log.info("the service drains: %d calls are in flight", dispatcher.calls)
            await _drain(server, handler, service_health, dispatcher, config.drain_grace)
        finally:
            dispatcher.close()
            await server.stop(None)
            await probes.stop(None)


def _probes(config: Config, service_health: health.Health) -> grpc.aio.Server:
    """A server that answers health alone, for probes without credentials; it has no port where none is set."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((service_health.handler(),))
    if config.health_port >= 0:
        try:
            server.add_insecure_port(config.health_address)
        except RuntimeError:
            raise ServeError(f"cannot listen on {config.health_address} for probes: is the port taken?") from None
    return server


def _server(
    config: Config, handler: RpcHandler, service_health: health.Health, tokens: Tokens | None
) -> grpc.aio.Server:
    options = (
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", config.limits.max_message_bytes),
        ("grpc.max_send_message_length", config.limits.max_message_bytes),
        ("grpc.max_concurrent_streams", STREAMS),
        *KEEPALIVE,
    )
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((handler, service_health.handler()))
    if config.reflection:
        from .reflect import Reflection

        server.add_generic_rpc_handlers((Reflection(tokens),))
    return server


def _listen(server: grpc.aio.Server, config: Config) -> int:
    """The port on which the server listens; raises ServeError where it cannot."""
    try:
        credentials = tls.server_credentials(config)
        if credentials is None:
            return server.add_insecure_port(config.address)
        return server.add_secure_port(config.address, credentials)
    except RuntimeError:
        raise ServeError(f"cannot listen on {config.address}: is the port taken, or the address not local?") from None
    except ConfigError as problem:
        raise ServeError(str(problem)) from None


def _tokens(config: Config) -> Tokens | None:
    """The tokens of the configured file; raises ConfigError."""
    try:
        return Tokens(config.token_file) if config.token_file else None
    except (OSError, TokenError) as problem:
        raise ConfigError(f"token_file {config.token_file} cannot be used: {problem}") from None


def _serve_metrics(config: Config, tally: Tally, dispatcher: Dispatcher, resources: ExitStack) -> None:
    from .metrics import serve

    try:
        port, end = serve(config, tally, dispatcher)
    except OSError as problem:
        raise ServeError(f"no metrics on {config.metrics_host}:{config.metrics_port}: {problem.strerror}") from None
    resources.callback(end)
    _log.info("metrics are on http://%s:%d/metrics", config.metrics_host, port)


def _traces(config: Config, resources: ExitStack) -> Traces | None:
    """Where spans go, None where traces are off; raises ServeError where the extra is not installed."""
    if not config.traces:
        return None
    try:
        from .traces import Spans, exporter
    except ImportError as problem:
        raise ServeError(f"{problem.name} is missing: pip install 'pullback[traces]'") from None
    spans = Spans(exporter())
    resources.callback(spans.close)
    return spans


async def _start_workers(dispatcher: Dispatcher, ending: asyncio.Event) -> bool:
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
    server: grpc.aio.Server, handler: RpcHandler, service_health: health.Health, dispatcher: Dispatcher, grace: float
) -> None:
    """Takes no new calls and lets those in flight finish, for `grace` seconds at most."""
    service_health.end()
    handler.drain()
    stopping = asyncio.ensure_future(server.stop(grace + LAST_BYTES))
    no_calls = asyncio.ensure_future(dispatcher.no_calls.wait())
    await asyncio.wait((stopping, no_calls), timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    no_calls.cancel()
    dispatcher.close()
    await asyncio.wait((stopping,), timeout=LAST_BYTES)
    await server.stop(None)
    await stopping


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    with suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 4096):
            continue
    with suppress(RuntimeError):  # the service has ended before its stdin
        loop.call_soon_threadsafe(ending.set)
