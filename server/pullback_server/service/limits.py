"""The limits of the service: those of one request, and what all requests together may hold."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..program import Limits
from ..program.limits import limit

#: The share of the memory and work in flight that is divided among the workers; the rest is for large requests.
DIVIDED_SHARE = 0.25

#: The share of the machine's memory that requests in flight may be estimated to need, where no setting says it.
MACHINE_SHARE = 0.75


@dataclass(frozen=True, kw_only=True)
class ServiceLimits(Limits):
    """What one request and what all of them together may ask for.

    >>> ServiceLimits(queue=8).queue, ServiceLimits(depth=10).depth
    (8, 10)
    """

    max_message_bytes: int = limit(64 * 2**20, "bytes of the largest message, both ways", least=1024)
    time_limit: float = limit(60.0, "seconds for a whole call, waiting included", least=0.001)
    symbolic_budget: float = limit(40.0, "seconds from the numbers to the last notation of the closed form", least=0)
    queue: int = limit(256, "calls that may wait for a worker", least=0)
    share: float = limit(0.5, "the share of the queue that one client may hold, from 0 to 1", least=0)
    bytes_in_flight: int = limit(512 * 2**20, "bytes of all requests that wait or are worked on", least=1024)
    memory_in_flight: int = limit(
        0, "bytes that all requests worked on are estimated to need; 0 is three quarters of the machine's", least=0
    )
    work_in_flight: int = limit(
        8 * 10**12, "multiplications and additions that all requests worked on are estimated to need", least=1
    )

    @property
    def waiting_per_client(self) -> int:
        """How many calls of one client may wait."""
        return max(min(self.queue, 1), round(self.share * self.queue))

    def resolved(self) -> ServiceLimits:
        """The limits with those filled in that depend on the machine, and none of a request above what is admitted."""
        resolved = replace(self, memory_in_flight=self.memory_in_flight or int(MACHINE_SHARE * machine_memory()))
        memory, work = resolved.for_large_requests
        return replace(resolved, memory=min(self.memory, memory), work=min(self.work, work))

    @property
    def for_large_requests(self) -> tuple[int, int]:
        """The memory and work that all requests over their worker's share may need together."""
        return int(self.memory_in_flight * (1 - DIVIDED_SHARE)), int(self.work_in_flight * (1 - DIVIDED_SHARE))

    def worker_share(self, workers: int) -> tuple[int, int]:
        """The memory and work that a task on each of so many workers may need without being admitted first."""
        return int(self.memory_in_flight * DIVIDED_SHARE / workers), int(self.work_in_flight * DIVIDED_SHARE / workers)


def cores() -> int:
    """The processors that this process may use: its affinity, and its share of them in a container.

    >>> cores() >= 1
    True
    """
    allowed = len(os.sched_getaffinity(0))
    quota, period = _cgroup_limit("cpu.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")
    return max(1, min(allowed, round(quota / period))) if quota > 0 else allowed


def machine_memory() -> int:
    """The bytes of memory that this process may use: the machine's, or its share of them in a container.

    >>> machine_memory() > 2**20
    True
    """
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    allowed, _ = _cgroup_limit("memory.max", "memory/memory.limit_in_bytes", "")
    return min(installed, allowed) if allowed > 0 else installed


def _cgroup_limit(file: str, first: str, second: str) -> tuple[int, int]:
    """The two numbers of a container's control group, version 2 or else 1; -1 and 1 where there is no limit.

    >>> _cgroup_limit("nothing", "nothing", "nothing")
    (-1, 1)
    """
    for files in ((file,), (first, second)):
        try:
            words = " ".join((_GROUP / name).read_text() for name in files if name).split()
            return int(words[0]), int(words[1]) if len(words) > 1 else 1
        except (OSError, ValueError):  # not that version, or the word `max`
            continue
    return -1, 1


_GROUP = Path("/sys/fs/cgroup")
