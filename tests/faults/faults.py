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
    "front.given=0.1%raise(a secret of the front)",
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
    "front.heard=0.1%raise(a secret of the front)",
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
        self._service, self._chance = service, chance
        self.dealt: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Strikes until told to stop."""
        names, weights = tuple(_BLOWS), [weight for weight, _ in _BLOWS.values()]
        while not stop.is_set():
            await asyncio.sleep(self._chance.uniform(*BETWEEN))
            (name,) = self._chance.choices(names, weights)
            if await _BLOWS[name][1](self):
                self.dealt[name] += 1

    async def _kill_a_worker(self) -> bool:
        return self._signal_a_worker(signal.SIGKILL) is not None

    async def _kill_all_workers(self) -> bool:
        return sum(_signal(pid, signal.SIGKILL) for pid in self._service.workers()) > 0

    async def _segfault_a_worker(self) -> bool:
        return self._signal_a_worker(signal.SIGSEGV) is not None

    async def _stop_a_worker(self) -> bool:
        """It is never continued: the service has to notice."""
        return self._signal_a_worker(signal.SIGSTOP) is not None

    async def _pause_a_worker(self) -> bool:
        pid = self._signal_a_worker(signal.SIGSTOP)
        if pid is None:
            return False
        await asyncio.sleep(self._chance.uniform(0.05, 0.5))
        _signal(pid, signal.SIGCONT)
        return True

    async def _pause_the_fork_server(self) -> bool:
        pid = self._service.fork_server()
        if pid is None or not _signal(pid, signal.SIGSTOP):
            return False
        await asyncio.sleep(self._chance.uniform(*STOPPED))
        _signal(pid, signal.SIGCONT)
        return True

    async def _kill_the_fork_server(self) -> bool:
        pid = self._service.fork_server()
        return pid is not None and _signal(pid, signal.SIGKILL)

    async def _take_memory_from_a_worker(self) -> bool:
        """The next allocation of some size fails in it."""
        pid = self._a_worker()
        if pid is None:
            return False
        with suppress(OSError, ValueError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + 2**18
            resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
            return True
        return False

    async def _leave_no_worker(self) -> bool:
        """For a while there is no worker, and none can come: health has to say so."""
        pid = self._service.fork_server()
        if pid is None or not _signal(pid, signal.SIGSTOP):
            return False
        for worker in self._service.workers():
            _signal(worker, signal.SIGKILL)
        await asyncio.sleep(self._chance.uniform(1.0, 2.0))
        _signal(pid, signal.SIGCONT)
        return True

    def _a_worker(self) -> int | None:
        workers = self._service.workers()
        return self._chance.choice(workers) if workers else None

    def _signal_a_worker(self, number: signal.Signals) -> int | None:
        pid = self._a_worker()
        return pid if pid is not None and _signal(pid, number) else None


def _signal(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


#: Each blow: how often it falls beside the others, and what it is.
_BLOWS: dict[str, tuple[float, Callable[[Blows], Awaitable[bool]]]] = {
    "SIGKILL to a worker": (12, Blows._kill_a_worker),
    "SIGSEGV to a worker": (4, Blows._segfault_a_worker),
    "SIGKILL to all workers": (3, Blows._kill_all_workers),
    "SIGSTOP to a worker, for good": (3, Blows._stop_a_worker),
    "SIGSTOP to a worker, for a while": (4, Blows._pause_a_worker),
    "no memory for a worker": (4, Blows._take_memory_from_a_worker),
    "SIGSTOP to the fork server, for a while": (0.2, Blows._pause_the_fork_server),
    "SIGKILL to the fork server": (0.2, Blows._kill_the_fork_server),
    "no worker, and none can come": (0.3, Blows._leave_no_worker),
}
