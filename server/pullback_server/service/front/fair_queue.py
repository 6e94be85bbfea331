"""The queue of calls that wait for a worker: fair between clients, who take turns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class FromClient(Hashable, Protocol):
    """What can wait in the queue: it has a client."""

    @property
    def client(self) -> str:
        """The client's name."""


C = TypeVar("C", bound=FromClient)


class FairQueue(Generic[C]):
    """Each client's calls in the order of their arrival; the clients take turns.

    >>> from collections import namedtuple
    >>> Call, queue = namedtuple("Call", "client number"), FairQueue()
    >>> for call in (Call("a", 1), Call("a", 2), Call("a", 3), Call("b", 1)):
    ...     queue.push(call)
    >>> [f"{call.client}{call.number}" for call in (queue.pop() for _ in range(4))]
    ['a1', 'b1', 'a2', 'a3']
    """

    def __init__(self) -> None:
        self._clients: OrderedDict[str, OrderedDict[C, None]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[C]:
        return (call for calls in tuple(self._clients.values()) for call in tuple(calls))

    def count(self, client: str) -> int:
        """How many calls of a client wait."""
        return len(self._clients.get(client, ()))

    def push(self, call: C) -> None:
        """Puts a call behind all others of its client."""
        self._clients.setdefault(call.client, OrderedDict())[call] = None
        self._size += 1

    def push_first(self, call: C) -> None:
        """Puts a call before all others of all clients: it has waited its turn already."""
        self.push(call)
        self._clients[call.client].move_to_end(call, last=False)
        self._clients.move_to_end(call.client, last=False)

    def pop(self) -> C:
        """Takes the next call, after which it is the next client's turn; raises KeyError where none waits."""
        client, calls = next(iter(self._clients.items()), ("", OrderedDict()))
        call, _ = calls.popitem(last=False)
        self._size -= 1
        if calls:
            self._clients.move_to_end(client)
        else:
            del self._clients[client]
        return call

    def remove(self, call: C) -> None:
        """Removes a call, if it waits."""
        calls = self._clients.get(call.client)
        if calls is None or call not in calls:
            return
        del calls[call]
        self._size -= 1
        if not calls:
            del self._clients[call.client]
