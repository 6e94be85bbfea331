"""The soak: the peak is measured with the same traffic, then a part of it is sent at an even pace, and looked at."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle

import grpc
import grpc.aio
import numpy as np

from tests.benchmarks.servers import DIFFERENTIATE, Call, Server, callers, service
from tests.processes import descendants, memory, open_files

from .traffic import Parcel, parcels

#: Connections that the requests are spread over, and how many requests are out at once while the peak is measured.
CONNECTIONS, AT_ONCE = 8, 16
#: Seconds for which the service is warmed, and its peak is measured.
WARMING, MEASURING = 20.0, 10.0
#: The share of hostile requests, and the part of the peak that is sent.
HOSTILE, PART = 0.1, 0.5
#: The share of requests that may be refused for the load: none should be, but a machine may be busy for a moment.
REFUSED = 0.001
#: Seconds between two looks, and those that a caller waits.
INTERVAL, PATIENCE = 10.0, 60.0


@dataclass(frozen=True)
class Sample:
    """One interval: latencies of the requests of every day in seconds, and what the service held at its end."""

    at: float
    p50: float
    p99: float
    memory: int
    front: int
    files: int
    buffers: int
    processes: int

    @property
    def workers(self) -> int:
        """Its processes but for the front and the fork server."""
        return self.processes - 2


@dataclass
class Soak:
    """The figures of a soak; rates are in requests a second."""

    peak: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        return PART * self.peak

    def complaints(self) -> list[str]:
        """What is not as it should be, by the last third of the samples compared with the first."""
        third = len(self.samples) // 3
        first, last = self.samples[:third], self.samples[-third:]
        complaints = list(self.wrong)
        if self.refused > REFUSED * self.statuses.total():
            complaints.append(f"{self.refused} of {self.statuses.total()} were refused for the load")
        if not third:
            return [*complaints, "too short to say whether anything grows"]
        # fmt: off
        for name, most, spare in (("memory", 1.05, 16 * 2**20), ("front", 1.05, 8 * 2**20), ("files", 1.0, 2),
                                  ("processes", 1.0, 0), ("p99", 1.5, 0.005)):
            # fmt: on
            was, is_ = (float(np.median([getattr(sample, name) for sample in part])) for part in (first, last))
            if is_ > most * was + spare:
                complaints.append(f"{name} went from {was:g} to {is_:g}")
        if all(sample.buffers > sample.workers for sample in last):
            complaints.append(f"{last[-1].buffers} buffers for {last[-1].workers} workers")
        return complaints


async def soak(
    seconds: float, seed: str, *, warming: float = WARMING, measuring: float = MEASURING, interval: float = INTERVAL
) -> Soak:
    """A service with its defaults under the traffic for so many seconds, looked at whenever an interval is over."""
    figures = Soak()
    traffic = cycle(parcels(HOSTILE, seed))
    async with AsyncExitStack() as stack:
        server = stack.enter_context(service("--log-level=error"))
        calls = await callers(stack, server.target, DIFFERENTIATE, CONNECTIONS)
        await _closed(calls, traffic, warming)
        figures.peak = await _closed(calls, traffic, measuring) / measuring
        await _open(server, calls, traffic, seconds, interval, figures)
    return figures


async def _closed(calls: list[Call], traffic: Iterator[Parcel], seconds: float) -> int:
    """How many requests are answered in that time with so many out at once."""
    until = time.monotonic() + seconds
    answered = 0

    async def caller(call: Call) -> None:
        nonlocal answered
        while time.monotonic() < until:
            await _status(call, next(traffic))
            answered += 1

    await asyncio.gather(*(caller(calls[k % len(calls)]) for k in range(AT_ONCE)))
    return answered


async def _open(
    server: Server, calls: list[Call], traffic: Iterator[Parcel], seconds: float, interval: float, figures: Soak
) -> None:
    """Sends at an even pace, whatever the service does; a request's latency counts from when it was due."""
    latencies: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one(call: Call, parcel: Parcel, due: float) -> None:
        status = await _status(call, parcel)
        figures.statuses[f"{'hostile' if parcel.hostile else 'every day'}: {status}"] += 1
        if status == "RESOURCE_EXHAUSTED":
            figures.refused += 1
        elif status not in parcel.right:
            figures.wrong.append(f"{status} for {parcel.body[:80]!r}")
        if not parcel.hostile:
            latencies.append(time.monotonic() - due)

    began = look = time.monotonic()
    for number, call in enumerate(cycle(calls)):
        due = began + number / figures.rate
        if due > began + seconds:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(one(call, next(traffic), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if due - look >= interval:
            look = due
            figures.samples.append(_sample(server.pid, due - began, latencies))
            latencies.clear()
    await asyncio.gather(*tasks)


async def _status(call: Call, parcel: Parcel) -> str:
    try:
        await call(parcel.body, timeout=PATIENCE)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


def _sample(front: int, at: float, latencies: list[float]) -> Sample:
    p50, p99 = np.quantile(latencies, (0.5, 0.99)) if latencies else (float("nan"), float("nan"))
    family = (front, *descendants(front))
    held = open_files(front)
    return Sample(
        at=at,
        p50=float(p50),
        p99=float(p99),
        memory=memory(family),
        front=memory((front,)),
        files=held.files,
        buffers=held.buffers,
        processes=len(family),
    )
