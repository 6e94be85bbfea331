"""The calls that wait for a worker: how many may, and which of them a worker gets next."""

from __future__ import annotations

from collections.abc import Iterator

from ..limits import ServiceLimits
from .calls import Call
from .fair_queue import FairQueue

#: How many small calls a worker is sent together at most: between two calls a process loses what it has in the caches.
TOGETHER = 16
#: The share of the queue that streams fill without need, so that calls can be sent to a worker together.
ROOM = 0.25


class WaitingCalls:
    """A fair queue of calls."""

    def __init__(self, limits: ServiceLimits) -> None:
        self._limits = limits
        self._queue: FairQueue[Call] = FairQueue()
        self.push, self.push_first, self.remove = self._queue.push, self._queue.push_first, self._queue.remove

    def __len__(self) -> int:
        return len(self._queue)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._queue)

    @property
    def full(self) -> bool:
        """Whether no more calls may wait."""
        return len(self._queue) >= self._limits.queue

    def has_share(self, client: str) -> bool:
        """Whether one more call of a client may wait."""
        return self._queue.count(client) < self._limits.waiting_per_client

    def has_room(self, client: str) -> bool:
        """Whether so little waits that a stream of a client may have more waiting than keeps the workers busy."""
        few = self._queue.count(client) < ROOM * self._limits.waiting_per_client
        return few and len(self._queue) < ROOM * self._limits.queue

    def take(self, workers: int) -> list[Call]:
        """Takes what one of so many workers gets next: its share of the calls that wait, where they are small."""
        most = min(TOGETHER, -(-len(self._queue) // max(workers, 1)))
        calls = [self._queue.pop()]
        while len(calls) < most and calls[-1].small:
            calls.append(self._queue.pop())
        if len(calls) > 1 and not calls[-1].small:
            self._queue.push_first(calls.pop())
        return calls
