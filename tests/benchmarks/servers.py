"""The processes that are measured, started when they are first needed: a service with its defaults, and the echo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import grpc
import grpc.aio

from tests.processes import descendants

from . import echo

#: A call of bytes that is answered with bytes.
Send = Callable[[bytes], bytes]
#: The same in asyncio.
Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]

DIFFERENTIATE = "/pullback.v1.DerivativeService/Differentiate"
#: The plainest channel: no limits on messages, no retries, a connection of its own.
PLAIN: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)
_SERVE = ("-P", "-m", "pullback.cli", "serve", "--host", "127.0.0.1", "--port", "0", "--until-stdin-closes")
_END_TIMEOUT = 20.0


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and its process."""

    target: str
    pid: int

    def workers(self) -> list[int]:
        """A service's workers, which are the children of its fork server."""
        return [pid for pid, parent in descendants(self.pid).items() if parent != self.pid]


class Servers(ExitStack):
    """The servers of one run; they end with the block."""

    @cached_property
    def service(self) -> Server:
        """A service with its defaults."""
        return self.enter_context(service())

    @cached_property
    def echo(self) -> Server:
        """The bare echo."""
        return self.enter_context(_running((str(Path(echo.__file__)),)))

    def sender(self, method: str = DIFFERENTIATE) -> Send:
        """Calls of a method of the service over a plain channel of its own."""
        return self._send(self.service, method)

    def echo_sender(self, size: int) -> Send:
        """Calls that the echo answers with `size` bytes, over a plain channel of its own."""
        return self._send(self.echo, echo.method(size))

    def _send(self, server: Server, method: str) -> Send:
        return sender(self.enter_context(grpc.insecure_channel(server.target, options=PLAIN)), method)


def sender(channel: grpc.Channel, method: str = DIFFERENTIATE) -> Send:
    """Calls of a method over a channel."""
    return partial(channel.unary_unary(method, bytes, bytes), timeout=120)


async def callers(stack: AsyncExitStack, target: str, method: str, count: int) -> list[Call]:
    """Calls of a method by so many clients, each over a plain channel of its own that closes with the stack."""
    channels = [await stack.enter_async_context(grpc.aio.insecure_channel(target, options=PLAIN)) for _ in range(count)]
    return [channel.unary_unary(method, bytes, bytes) for channel in channels]


@contextmanager
def service(*options: str) -> Iterator[Server]:
    """A service with these options of `pullback serve`, which ends with the block."""
    with _running((*_SERVE, *options)) as server:
        yield server


@contextmanager
def _running(command: tuple[str, ...]) -> Iterator[Server]:
    process = subprocess.Popen((sys.executable, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{' '.join(command)} did not start")
        yield Server(f"127.0.0.1:{line.rpartition(':')[2]}", process.pid)
    finally:
        process.stdin.close()
        try:
            process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
