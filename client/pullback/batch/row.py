"""One line of results: what became of one line of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InvalidRequest, PullbackError
from ..plain import plain
from ..reasons import Reason
from ..values.grading import Evidence, Grade, GradeFinding, GradeOutcome
from .answer_file import Line


@dataclass(frozen=True)
class Row:
    """The result of the line at a position, counted from 0.

    `score` is from 0 to 1, and None where the outcome is UNDECIDED, which is not 0; `points` is what a correct answer
    is worth. `findings` are dicts of `code`, `message` and, where the mistake has a place, `line` and `column`.
    `findings_state` and `right_state` are those of the grade.
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
    findings_state: str = "UNSPECIFIED"
    right_state: str = "UNSPECIFIED"

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
                {"code": finding.code, "message": finding.message}
                | ({"line": finding.line, "column": finding.column} if finding.line else {})
                for finding in grade.findings
            ),
            message=grade.message,
            evidence=_evidence(grade.evidence),
            replay=grade.replay,
            findings_state=grade.findings_state,
            right_state=grade.right_state,
        )

    @classmethod
    def of_fault(cls, line: Line, fault: str, reason: Reason = Reason.BAD_LINE) -> Row:
        """The row of a line that cannot be read, or whose problem is refused."""
        return cls.of_grade(line, Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (GradeFinding.of(reason, fault),)))

    @classmethod
    def of_error(cls, line: Line, error: PullbackError) -> Row:
        """The row of an answer without a grade: not an answer where the problem is refused, else undecided."""
        if isinstance(error, InvalidRequest):
            return cls.of_fault(line, str(error), Reason.BAD_PROBLEM)
        message = f"The grader failed: {error.message or error.code.value[1]}."
        grade = Grade(GradeOutcome.UNDECIDED, 0.0, reason=message, findings_state="NOT_REQUESTED")
        return cls.of_grade(line, grade)

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
    values: dict[str, Any] = {}
    if evidence.confirmation:
        values["confirmation"] = evidence.confirmation
    if evidence.points:
        values |= {"points": evidence.points, "error": plain(evidence.error)}
    if evidence.counterexample is not None:
        values["counterexample"] = plain(evidence.counterexample)
    return values
