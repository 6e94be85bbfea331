"""The closed forms that all workers share, bounded in bytes, and the record of those that took too long."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from ..protocol.channel import FormLookup

#: How many given-up forms are remembered; the oldest is forgotten first.
GIVEN_UP = 10_000


class SharedForms:
    """Forms by key, the least recently used dropped first.

    `capacity` is in bytes of keys and forms; a form that was given up is remembered for `memory` seconds.

    >>> forms = SharedForms(capacity=1000, memory=300.0)
    >>> forms.put("key", b"form")
    >>> forms.get("key")
    (<FormLookup.PRESENT: 1>, b'form')
    """

    def __init__(self, capacity: int, memory: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity, self._memory, self._clock = capacity, memory, clock
        self._forms: OrderedDict[str, bytes] = OrderedDict()
        self._given_up: OrderedDict[str, float] = OrderedDict()
        self.size = 0

    def get(self, key: str) -> tuple[FormLookup, bytes]:
        """What is known of a form, and the form itself if it is there."""
        form = self._forms.get(key)
        if form is not None:
            self._forms.move_to_end(key)
            return FormLookup.PRESENT, form
        if key in self._given_up:
            if self._clock() < self._given_up[key]:
                return FormLookup.OVER_BUDGET, b""
            del self._given_up[key]
        return FormLookup.MISSING, b""

    def put(self, key: str, form: bytes) -> None:
        """Keeps a form, unless it alone is over the capacity."""
        self._given_up.pop(key, None)
        before = self._forms.pop(key, None)
        if before is not None:
            self.size -= len(key) + len(before)
        if len(key) + len(form) > self._capacity:
            return
        self._forms[key] = form
        self.size += len(key) + len(form)
        while self.size > self._capacity:
            old, dropped = self._forms.popitem(last=False)
            self.size -= len(old) + len(dropped)

    def give_up(self, keys: Iterable[str]) -> None:
        """Remembers that deriving these forms took too long."""
        for key in keys:
            self._given_up.pop(key, None)
            self._given_up[key] = self._clock() + self._memory
        while len(self._given_up) > GIVEN_UP:
            self._given_up.popitem(last=False)
