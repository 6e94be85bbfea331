"""Admission of large tasks: the memory and work that all of them together may need is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from ..limits import ServiceLimits

W = TypeVar("W", bound=Hashable)


class ResourceGate(Generic[W]):
    """A task that needs more than its worker's share waits, in order, until it fits beside those that are admitted.

    >>> gate = ResourceGate(ServiceLimits(memory_in_flight=1000, work_in_flight=1000))
    >>> gate.request("one", 500, 10), gate.request("two", 500, 10), gate.release("one")
    (('one',), (), ('two',))
    """

    def __init__(self, limits: ServiceLimits) -> None:
        self._memory, self._work = limits.for_large_requests
        self._admitted: dict[W, tuple[int, int]] = {}
        self._waiting: OrderedDict[W, tuple[int, int]] = OrderedDict()

    def request(self, worker: W, memory: int, work: int) -> tuple[W, ...]:
        """The workers that are admitted now, perhaps this one; a request for more than there is counts as all of it."""
        self._waiting[worker] = (min(memory, self._memory), min(work, self._work))
        return self._admit()

    def release(self, worker: W) -> tuple[W, ...]:
        """The workers that are admitted now that this one is done or dead."""
        if self._admitted.pop(worker, None) is None and self._waiting.pop(worker, None) is None:
            return ()
        return self._admit()

    def _admit(self) -> tuple[W, ...]:
        admitted: list[W] = []
        while self._waiting:
            worker, (memory, work) = next(iter(self._waiting.items()))
            held = self._admitted.values()
            if sum(m for m, _ in held) + memory > self._memory or sum(w for _, w in held) + work > self._work:
                break
            self._admitted[worker] = self._waiting.pop(worker)
            admitted.append(worker)
        return tuple(admitted)
