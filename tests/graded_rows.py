"""Rows of graded answers, from grades made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pullback import Evidence, Grade, GradeFinding, GradeOutcome
from pullback.batch import Line, Row


def row(position: int, outcome: str = "CORRECT", codes: Sequence[str] = (), **changes: Any) -> Row:
    """A row of that outcome with a finding of each code; `changes` are the id, the label or the points of its line."""
    grade = Grade(
        GradeOutcome[outcome],
        float(outcome == "CORRECT"),
        tuple(GradeFinding(code, f"Mistake {code} \x1b[31m <&>\ud800.", 1, 2) for code in codes),
        Evidence("POINTS", points=48, error=float("inf")) if outcome == "CORRECT" else Evidence(),
        reason="It took too long." if outcome == "UNDECIDED" else "",
        replay=f"token {position}",
    )
    line = Line(position, changes.get("id", f"s{position}"), changes.get("label", "x**2"), changes.get("points", 2.0))
    return Row.of_grade(line, grade)
