"""How much may be computed in many digits: counted, not timed, so that the same question has the same answer."""

from __future__ import annotations


class OverBudget(Exception):
    """More would have to be computed in many digits than may be."""


class Budget:
    """So many entries of results may be computed in many digits; one takes some microseconds.

    >>> budget = Budget(100)
    >>> budget.spend(60)
    >>> budget.left
    40
    """

    def __init__(self, entries: int) -> None:
        self.left = entries

    def spend(self, entries: int) -> None:
        """Takes note that so many entries are about to be computed; raises OverBudget where they are too many."""
        if entries > self.left:
            raise OverBudget
        self.left -= entries
