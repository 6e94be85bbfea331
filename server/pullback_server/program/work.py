"""How much may be computed: counted and not timed, so that the same request has the same answer on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class OverBudget(Exception):
    """More work would have to be done than is left."""


class Work:
    """How many units of work may still be done; who counts them says what a unit is.

    >>> work = Work(100)
    >>> work.spend(60)
    >>> work.left
    40
    """

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Counts work that is about to be done; raises OverBudget where that is more than is left."""
        if units > self.left:
            raise OverBudget
        self.left -= units

    @contextmanager
    def within(self, units: int) -> Iterator[None]:
        """Lets no more than this much work be done inside the block.

        >>> work = Work(100)
        >>> with work.within(10):
        ...     work.spend(8)
        >>> work.left
        92
        """
        held = max(0, self.left - units)
        self.left -= held
        try:
            yield
        finally:
            self.left += held
