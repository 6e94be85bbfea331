"""What a service with a short queue does under more load than it can take: who waits, how long, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter

import grpc
import grpc.aio
import numpy as np

from . import echo
from .pairs import Effort, Finding, p50, p99, ratio
from .requests import SMALL, encoded
from .servers import DIFFERENTIATE, PLAIN, Call, Servers, callers, sender, service

CLIENTS = (1, 4, 16, 64, 256)
#: Calls that may wait: as many as the last but one of the numbers of clients has out, and fewer than the last.
QUEUE = 64
#: Seconds after which a client that was refused comes back, sooner than it is told to.
PAUSE = 0.05


@dataclass
class Window:
    """How long a window was, and the seconds that its calls took, by whether they were answered or refused."""

    seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Calls that were answered, a second."""
        return len(self.answered) / self.seconds


def load(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Calls a second and p99 of 1 to 256 clients, each with a connection of its own and one call at a time.

    The clients are tasks of one asyncio process beside the server, which is the busier of the two where they are many:
    windows of the service and the echo, which has all its time for them, alternate.
    """
    with service(f"--queue={QUEUE}", "--share=1", "--log-level=error") as server:
        with grpc.insecure_channel(server.target, options=PLAIN) as channel:
            size = len(sender(channel)(encoded(SMALL)))
        targets = ((server.target, DIFFERENTIATE), (servers.echo.target, echo.method(size)))
        for clients in CLIENTS:
            measured = asyncio.run(windows(targets, clients, effort, 2 * effort.window))
            yield from _findings(clients, *zip(*measured, strict=True))


def _findings(clients: int, candidate: Sequence[Window], baseline: Sequence[Window]) -> Iterator[Finding]:
    refused = sum(len(w.refused) for w in candidate) / sum(len(w.refused) + len(w.answered) for w in candidate)
    note = f"{refused:.0%} refused" if refused else "none refused"
    echoed = "bare echo, as many clients"
    what = f"{clients} client{'s' * (clients > 1)}"
    rates = (np.array([window.rate for window in each]) for each in (candidate, baseline))
    yield ratio(f"answered a second, {what}", echoed, *rates, unit="/s", note=note)
    for name, statistic in (("p50", p50), ("p99", p99)):
        times = [np.array([statistic(np.array(w.answered)) for w in each]) for each in (candidate, baseline)]
        yield ratio(f"answered, {name}, {what}", echoed, *times)
        if all(w.refused for w in candidate):
            away = np.array([statistic(np.array(w.refused)) for w in candidate])
            yield ratio(f"refused, {name}, {what}", echoed, away, times[1])


async def windows(
    targets: tuple[tuple[str, str], ...], clients: int, effort: Effort, warming: float
) -> list[tuple[Window, Window]]:
    """Windows of the service and the echo by turns, after one of each that all clients connect in."""
    async with AsyncExitStack() as stack:
        calls = [await callers(stack, target, method, clients) for target, method in targets]
        for mine in calls:
            await _window(mine, warming)
        candidate, baseline = calls
        return [
            (await _window(candidate, effort.window), await _window(baseline, effort.window))
            for _ in range(effort.rounds)
        ]


async def _window(calls: list[Call], seconds: float) -> Window:
    body, window = encoded(SMALL), Window()
    began = perf_counter()

    async def client(call: Call) -> None:
        while (start := perf_counter()) < began + seconds:
            try:
                await call(body, timeout=60)
                window.answered.append(perf_counter() - start)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                window.refused.append(perf_counter() - start)
                await asyncio.sleep(PAUSE)

    await asyncio.gather(*map(client, calls))
    window.seconds = perf_counter() - began
    return window
