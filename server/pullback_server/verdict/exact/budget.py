"""How much may be computed in many digits: counted, not timed, so that the same request has the same verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class OverBudget(Exception):
    """More would have to be computed in many digits than the budget allows."""


class Budget:
    """How many entries of results may still be computed in many digits; one takes some microseconds.

    >>> budget = Budget(100)
    >>> budget.spend(60)
    >>> budget.left
    40
    """

    def __init__(self, entries: int) -> None:
        self.left = entries

    def spend(self, entries: int) -> None:
        """Counts entries that are about to be computed; raises OverBudget where they are too many."""
        if entries > self.left:
            raise OverBudget
        self.left -= entries

    @contextmanager
    def within(self, entries: int) -> Iterator[None]:
        """Lets no more than this many entries be computed inside the block.

        >>> budget = Budget(100)
        >>> with budget.within(10):
        ...     budget.spend(8)
        >>> budget.left
        92
        """
        held = max(0, self.left - entries)
        self.left -= held
        try:
            yield
        finally:
            self.left += held
