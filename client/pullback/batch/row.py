"""One line of results: what became of one line of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InvalidRequest, PullbackError
from ..plain import plain
from ..values.grading import Counterexample, Evidence, Grade, GradeOutcome
from .answer_file import Line

#: The code of a line that cannot be read; the codes of findings are the contract's beside it.
BAD_LINE = "BAD_LINE"
BAD_PROBLEM = "BAD_PROBLEM"


@dataclass(frozen=True)
class Row:
    """The result of the line at a position, counted from 0.

    `score` is from 0 to 1, and None where the outcome is UNDECIDED, which is not 0; `points` is what a correct answer
    is worth. `findings` are dicts of `code`, `message` and, where there is a place, `line` and `column`.
    """

    position: int
    id: str
    problem: str
    points: float
    outcome: str
    score: float | None
    findings: tuple[Mapping[str, Any], ...]
    message: str
    evidence: Mapping[str, Any]
    replay: str

    @classmethod
    def of_grade(cls, line: Line, grade: Grade) -> Row:
        """The row of a grade."""
        return cls(
            line.position,
            line.id,
            line.label,
            line.points,
            outcome=grade.outcome.name,
            score=None if grade.outcome is GradeOutcome.UNDECIDED else grade.score,
            findings=tuple(
                {"code": found.code, "message": found.message}
                | ({"line": found.line, "column": found.column} if found.line else {})
                for found in grade.findings
            ),
            message=grade.message,
            evidence=_evidence(grade.evidence),
            replay=grade.replay,
        )

    @classmethod
    def of_fault(cls, line: Line, fault: str) -> Row:
        """The row of a line that cannot be read."""
        return cls._without_grade(line, GradeOutcome.NOT_AN_ANSWER, BAD_LINE, fault)

    @classmethod
    def of_error(cls, line: Line, error: PullbackError) -> Row:
        """The row of an answer without a grade: no answer where the problem is refused, else undecided."""
        if isinstance(error, InvalidRequest):
            return cls._without_grade(line, GradeOutcome.NOT_AN_ANSWER, BAD_PROBLEM, str(error))
        told = f"The grader failed: {error.message or error.code.value[1]}."
        return cls._without_grade(line, GradeOutcome.UNDECIDED, "", told)

    @classmethod
    def _without_grade(cls, line: Line, outcome: GradeOutcome, code: str, message: str) -> Row:
        return cls(
            line.position,
            line.id,
            line.label,
            line.points,
            outcome=outcome.name,
            score=None if outcome is GradeOutcome.UNDECIDED else 0.0,
            findings=({"code": code, "message": message},) if code else (),
            message=message,
            evidence={},
            replay="",
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Row:
        """The row that `to_json` gave."""
        return cls(**{**values, "findings": tuple(values["findings"])})

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON holds them."""
        return asdict(self) | {"findings": list(self.findings)}

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings, most specific first."""
        return tuple(finding["code"] for finding in self.findings)

    @property
    def earned(self) -> float:
        """What the answer is worth in points; nothing where it is undecided."""
        return (self.score or 0.0) * self.points


def _evidence(evidence: Evidence) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if evidence.confirmation:
        told["confirmation"] = evidence.confirmation
    if evidence.points:
        told |= {"points": evidence.points, "error": plain(evidence.error)}
    if evidence.counterexample is not None:
        told["counterexample"] = _point(evidence.counterexample)
    return told


def _point(point: Counterexample) -> dict[str, Any]:
    told = {name: plain(value) for name, value in vars(point).items()}
    return told | {"index": list(point.index)}
