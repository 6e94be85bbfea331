"""What a service with a short queue does under more load than it can take: who waits, how long, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter

import grpc
import grpc.aio
import numpy as np

from .bounds import OVERLOADED
from .pairs import Effort, Finding, absolute, p50, p99, ratio
from .requests import SMALL, encoded
from .servers import DIFFERENTIATE, PLAIN, Servers, service

GROUP = "load"
CLIENTS = (1, 4, 16, 64, 256)
#: Calls that may wait: more than the last but one of the numbers of clients ever has out, and fewer than the last.
QUEUE = 64
#: Seconds after which a client that was refused comes back, sooner than it is told to.
PAUSE = 0.05


@dataclass
class _Window:
    """Seconds that calls took, by whether they were answered or refused."""

    seconds: float
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)


def load(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Calls a second and p99 of 1 to 256 clients, each with a connection of its own and one call at a time.

    The clients are tasks of one asyncio process beside the server, so that at 256 a part of every wait is theirs.
    """
    with service(f"--queue={QUEUE}", "--share=1", "--log-level=error") as server:
        found = {clients: asyncio.run(_windows(server.target, clients, effort)) for clients in CLIENTS}
    tails = {clients: np.array([p99(np.array(w.answered)) for w in windows]) for clients, windows in found.items()}
    for clients, windows in found.items():
        rates = np.array([len(w.answered) / w.seconds for w in windows])
        yield absolute(GROUP, f"answered a second, {clients} clients", rates, unit="/s", note=_told(windows))
        yield absolute(GROUP, f"answered, p99, {clients} clients", tails[clients])
    full, over = CLIENTS[-2:]
    yield ratio(GROUP, f"answered, p99, {over} clients", f"{full} clients", tails[over], tails[full], OVERLOADED)


def _told(windows: list[_Window]) -> str:
    answered = np.array([s for w in windows for s in w.answered])
    refused = np.array([s for w in windows for s in w.refused])
    told = f"p50 {1000 * p50(answered):.1f} ms"
    if not len(refused):
        return f"{told}; none refused"
    part = len(refused) / (len(refused) + len(answered))
    return f"{told}; {part:.0%} refused, in {1000 * p50(refused):.1f} ms, p99 {1000 * p99(refused):.1f} ms"


async def _windows(target: str, clients: int, effort: Effort) -> list[_Window]:
    async with AsyncExitStack() as stack:
        calls = []
        for _ in range(clients):
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(target, options=PLAIN))
            calls.append(channel.unary_unary(DIFFERENTIATE, bytes, bytes))
        await _window(calls, 2 * effort.window)
        return [await _window(calls, effort.window) for _ in range(effort.rounds)]


async def _window(calls: list[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]], seconds: float) -> _Window:
    body, window = encoded(SMALL), _Window(seconds)
    until = perf_counter() + seconds

    async def client(call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]) -> None:
        while (start := perf_counter()) < until:
            try:
                await call(body, timeout=60)
                window.answered.append(perf_counter() - start)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                window.refused.append(perf_counter() - start)
                await asyncio.sleep(PAUSE)

    await asyncio.gather(*map(client, calls))
    return window
