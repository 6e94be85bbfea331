"""Leave for large tasks: what all of them together may need of memory and work is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from ..limits import DIVIDED, ServiceLimits

W = TypeVar("W", bound=Hashable)


class Grants(Generic[W]):
    """Who asks for more than a worker's part waits until it fits beside what the others were granted, in order.

    >>> grants = Grants(ServiceLimits(memory_in_flight=1000, work_in_flight=1000))
    >>> grants.ask("one", 500, 10), grants.ask("two", 500, 10), grants.release("one")
    (('one',), (), ('two',))
    """

    def __init__(self, limits: ServiceLimits) -> None:
        self._memory = int(limits.memory_in_flight * (1 - DIVIDED))
        self._work = int(limits.work_in_flight * (1 - DIVIDED))
        self._granted: dict[W, tuple[int, int]] = {}
        self._waiting: OrderedDict[W, tuple[int, int]] = OrderedDict()

    def ask(self, worker: W, memory: int, work: int) -> tuple[W, ...]:
        """Those that may go on now, the worker that asks perhaps among them; more than there is counts as all of it."""
        self._waiting[worker] = (min(memory, self._memory), min(work, self._work))
        return self._grant()

    def release(self, worker: W) -> tuple[W, ...]:
        """Those that may go on, because a worker is done or dead."""
        if self._granted.pop(worker, None) is None and self._waiting.pop(worker, None) is None:
            return ()
        return self._grant()

    def _grant(self) -> tuple[W, ...]:
        now: list[W] = []
        while self._waiting:
            worker, (memory, work) = next(iter(self._waiting.items()))
            held = self._granted.values()
            if sum(m for m, _ in held) + memory > self._memory or sum(w for _, w in held) + work > self._work:
                break
            self._granted[worker] = self._waiting.pop(worker)
            now.append(worker)
        return tuple(now)
