"""The processes that are measured, started when they are first needed: a service with its defaults, and the echo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import grpc
import grpc.aio

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
        """The processes at the leaves of a service's family: its workers."""
        return [leaf for child in _children(self.pid) for leaf in _children(child)]


class Servers:
    """The servers of one run; they end with the block."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def service(self) -> Server:
        """A service with its defaults."""
        return self._open.enter_context(service())

    @cached_property
    def echo(self) -> Server:
        """The bare echo."""
        return self._open.enter_context(_running((str(Path(echo.__file__)),)))

    def sender(self, method: str = DIFFERENTIATE) -> Send:
        """Calls of a method of the service over a plain channel of its own."""
        return self._send(self.service, method)

    def echo_sender(self, size: int) -> Send:
        """Calls that the echo answers with `size` bytes, over a plain channel of its own."""
        return self._send(self.echo, echo.method(size))

    def _send(self, server: Server, method: str) -> Send:
        return sender(self._open.enter_context(grpc.insecure_channel(server.target, options=PLAIN)), method)


def sender(channel: grpc.Channel, method: str = DIFFERENTIATE) -> Send:
    """Calls of a method over a channel."""
    call = channel.unary_unary(method, bytes, bytes)

    def send(body: bytes) -> bytes:
        reply: bytes = call(body, timeout=120)
        return reply

    return send


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
        said = process.stdout.readline().strip()
        if not said:
            raise RuntimeError(f"{' '.join(command)} did not start")
        yield Server(f"127.0.0.1:{said.rpartition(':')[2]}", process.pid)
    finally:
        process.stdin.close()
        try:
            process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
