"""What a worker may use: memory, processor time and files, but not the network or other processes."""

from __future__ import annotations

import math
import os
import resource
from pathlib import Path

from .. import sandbox
from ..config import Config

#: Bytes of address space beside a request's own: threads' stacks and heaps, closed forms, cached programs.
ROOM = 2 * 2**30

#: Processor time beyond the time limit after which the kernel ends a worker that the front has not ended.
OVERTIME = 10.0

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Isolation:
    """The limits of this process, made once it has warmed up.

    By then a worker has what it needs for itself: the libraries, the threads, an accelerator's context.
    """

    def __init__(self, config: Config, on_cpu: bool, threads: int) -> None:
        self._seconds = config.limits.time_limit * threads + OVERTIME
        self._processor = math.inf
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = config.worker_files if hard == resource.RLIM_INFINITY else min(config.worker_files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if on_cpu:  # an accelerator's driver reserves more address space than any useful limit
            most = address_space() + (config.worker_memory or config.limits.peak_memory + ROOM)
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            if hard == resource.RLIM_INFINITY or most < hard:
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
        if config.sandbox:
            sandbox.enter()
        self.begin_task()

    def begin_task(self) -> None:
        """Gives the task that begins enough processor time; the kernel ends a process that takes twice that."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        if used + self._seconds > self._processor or self._processor is math.inf:
            self._processor = math.ceil(used + 2 * self._seconds)
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            resource.setrlimit(resource.RLIMIT_CPU, (int(self._processor), hard))


def address_space() -> int:
    """The bytes of address space that this process has.

    >>> address_space() > resident() > 0
    True
    """
    return _pages(0) * _PAGE


def resident() -> int:
    """The bytes of memory that this process has."""
    return _pages(1) * _PAGE


def _pages(column: int) -> int:
    return int(Path("/proc/self/statm").read_text().split()[column])
