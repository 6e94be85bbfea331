"""The result of a run: outcomes and findings, in all and by problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..values.grading import GradeOutcome
from .row import Row

OUTCOMES = tuple(outcome.name for outcome in GradeOutcome if outcome is not GradeOutcome.UNSPECIFIED)


@dataclass
class Tally:
    """Counts of some rows: outcomes, codes of findings, points."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    earned: float = 0.0
    possible: float = 0.0

    def add(self, row: Row) -> None:
        """Counts a row; an undecided one counts for no points, neither earned nor possible."""
        self.outcomes[row.outcome] += 1
        self.codes.update(row.codes)
        if row.score is not None:
            self.earned += row.earned
            self.possible += row.points

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.outcomes.total()

    @property
    def mean(self) -> float | None:
        """Points earned over points possible among the decided rows; None where there are none."""
        return self.earned / self.possible if self.possible else None


@dataclass
class Summary:
    """The tally of all rows, and one for each problem."""

    all: Tally = field(default_factory=Tally)
    problems: dict[str, Tally] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Summary:
        """The summary of rows.

        >>> row = Row(0, "a", "x**2", 2.0, "CORRECT", 1.0, (), "Correct.", {}, "")
        >>> Summary.of([row]).problems["x**2"].mean
        1.0
        """
        summary = cls()
        for row in rows:
            summary.all.add(row)
            summary.problems.setdefault(row.problem, Tally()).add(row)
        return summary
