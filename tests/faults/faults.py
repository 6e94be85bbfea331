"""What is done to the service: the terms that arm its failpoints, and the blows that come from outside."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from .service import Service

#: Every failpoint, with what it does and how often. Those of the front and of calls are passed at every call, those of
#: workers that start only when one is replaced.
TERMS: tuple[str, ...] = (
    "front.launched=5%sleep(0.05)",
    "fork.asked=0.5%kill",
    "fork.forked=10%kill",
    "worker.warm=10%sleep(0.2)",
    "worker.isolated=10%kill",
    "worker.ready=5%kill",
    "front.accepted=0.1%raise(a secret of the front)",
    "front.dispatched=0.1%raise(a secret of the front)",
    "worker.taken=0.2%kill",
    "worker.parsed=0.2%stop",
    "worker.asked=0.2%exit(3)",
    "worker.numbers=2%kill",
    "worker.provisional=2%sleep(3)",
    "worker.form_asked=1%kill",
    "worker.form_derived=3%kill",
    "worker.answered=0.2%raise(a secret of a worker)",
    "worker.replied=0.2%kill",
    "worker.retired=20%kill",
    "front.received=0.1%raise(a secret of the front)",
    "front.lost=5%raise(a secret of the front)",
    "front.settled=0.1%raise(a secret of the front)",
    "log.written=1%full",
)
#: Seconds between two blows from outside: from, to.
BETWEEN = (0.2, 1.2)
#: Seconds for which something that is stopped stays so: from, to.
STOPPED = (0.5, 4.0)


class Blows:
    """Strikes the service from outside, again and again, and counts the blows."""

    def __init__(self, service: Service, chance: random.Random) -> None:
        self.service, self._chance = service, chance
        self.dealt: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Strikes until told to stop."""
        names, weights = tuple(_BLOWS), [weight for weight, _ in _BLOWS.values()]
        while not stop.is_set():
            await asyncio.sleep(self._chance.uniform(*BETWEEN))
            (name,) = self._chance.choices(names, weights)
            if await _BLOWS[name][1](self):
                self.dealt[name] += 1

    async def strike(self, pid: int | None, number: signal.Signals) -> bool:
        """Sends a process a signal; whether there is one."""
        return _signal(pid, number)

    async def kill_all_workers(self) -> bool:
        return sum(_signal(pid, signal.SIGKILL) for pid in self.service.workers()) > 0

    async def pause(
        self, pid: int | None, between: tuple[float, float], then: Callable[[], Awaitable[bool]] | None = None
    ) -> bool:
        """Stops a process for a while, and deals another blow while it is stopped."""
        if not _signal(pid, signal.SIGSTOP):
            return False
        if then is not None:
            await then()
        await asyncio.sleep(self._chance.uniform(*between))
        _signal(pid, signal.SIGCONT)
        return True

    async def take_memory_from_a_worker(self) -> bool:
        """The next allocation of some size fails in it."""
        pid = self.worker()
        if pid is None:
            return False
        with suppress(OSError, ValueError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + 2**18
            resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
            return True
        return False

    def worker(self) -> int | None:
        workers = self.service.workers()
        return self._chance.choice(workers) if workers else None


def _signal(pid: int | None, number: signal.Signals) -> bool:
    """Whether there is a process that the signal reaches."""
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


#: Each blow: how often it falls beside the others, and what it is. The service has to notice a worker that is stopped
#: for good; while there is no worker, and none can come, health has to say so.
_BLOWS: dict[str, tuple[float, Callable[[Blows], Awaitable[bool]]]] = {
    "SIGKILL to a worker": (12, lambda blows: blows.strike(blows.worker(), signal.SIGKILL)),
    "SIGSEGV to a worker": (4, lambda blows: blows.strike(blows.worker(), signal.SIGSEGV)),
    "SIGKILL to all workers": (3, Blows.kill_all_workers),
    "SIGSTOP to a worker, for good": (3, lambda blows: blows.strike(blows.worker(), signal.SIGSTOP)),
    "SIGSTOP to a worker, for a while": (4, lambda blows: blows.pause(blows.worker(), (0.05, 0.5))),
    "no memory for a worker": (4, Blows.take_memory_from_a_worker),
    "SIGSTOP to the fork server, for a while": (0.2, lambda blows: blows.pause(blows.service.fork_server(), STOPPED)),
    "SIGKILL to the fork server": (0.2, lambda blows: blows.strike(blows.service.fork_server(), signal.SIGKILL)),
    "no worker, and none can come": (
        0.3, lambda blows: blows.pause(blows.service.fork_server(), (1.0, 2.0), then=blows.kill_all_workers),
    ),
}  # fmt: skip
