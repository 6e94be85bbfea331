"""How many small requests a second are answered to many clients at once, against an echo of the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from . import echo
from .bounds import MANY_CLIENTS
from .latency import warmed
from .pairs import Effort, Finding, ratio
from .requests import SMALL, encoded
from .servers import DIFFERENTIATE, Call, Servers, callers

GROUP = "throughput"
CLIENTS = (1, 8, 32)


def throughput(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Calls a second of 1, 8 and 32 clients, each with a connection of its own and one call at a time.

    The clients are tasks of one asyncio process beside the server; windows of the service and the echo alternate.
    """
    reply = warmed(servers)
    targets = ((servers.service.target, DIFFERENTIATE), (servers.echo.target, echo.method(len(reply))))
    for clients in CLIENTS:
        ours, theirs = asyncio.run(_rates(targets, clients, effort)).T
        bound = MANY_CLIENTS if clients > 1 else None
        what = f"calls a second, {clients} client{'s' * (clients > 1)}"
        yield ratio(GROUP, what, "bare echo, same bytes", ours, theirs, bound, unit="/s")


async def _rates(targets: tuple[tuple[str, str], ...], clients: int, effort: Effort) -> NDArray[np.float64]:
    """Calls a second by round and target."""
    body = encoded(SMALL)
    async with AsyncExitStack() as stack:
        calls = [await callers(stack, target, method, clients) for target, method in targets]
        for mine in calls:
            await _rate(mine, body, effort.window / 2)
        return np.array([[await _rate(mine, body, effort.window) for mine in calls] for _ in range(effort.rounds)])


async def _rate(calls: list[Call], body: bytes, seconds: float) -> float:
    start = perf_counter()

    async def client(call: Call) -> int:
        answered = 0
        while perf_counter() < start + seconds:
            await call(body, timeout=60)
            answered += 1
        return answered

    answered = sum(await asyncio.gather(*map(client, calls)))
    return answered / (perf_counter() - start)
