"""One answer to one problem marked: read, compared with the derivative, and explained where it is wrong."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ..program import Limits
from .codes import Mistake, NotAnAnswerReason, UndecidedReason
from .equivalence import Candidate, Comparison, Formula, Numbers, Proof, Relation, Viewed, compare
from .left_sides import check_left_sides
from .mistakes import Diagnosis
from .points import Reference
from .problem import Answer, Confirmation, Evidence, Finding, Grade, GradeOutcome, Layout, Problem, Syntax
from .question import ask
from .replay import CutOff, packed_problem
from .right_answers import right_answers
from .syntax import ANSWER_LIMITS, Misshapen, NotAnAnswer, Reading, read

log = logging.getLogger(__name__)

Admit = Callable[[int, int], None]

#: What a tensor given as numbers may be off, relative to the derivative's size, where the policy allows nothing: they
#: were computed in floats, and often in those of 32 bits.
TENSOR_TOLERANCE = 1e-5
_GRADED = {
    Relation.EQUAL: GradeOutcome.CORRECT,
    Relation.DIFFERENT: GradeOutcome.INCORRECT,
    Relation.UNKNOWN: GradeOutcome.UNDECIDED,
}


@dataclass(frozen=True)
class Deadlines:
    """Times of `time.thread_time` at which comparing and explaining end; None: what may be late is not tried at all."""

    comparison: float
    explanation: float | None


class Prepared:
    """What one problem needs, each part computed when the first answer needs it."""

    def __init__(self, problem: Problem, limits: Limits, admit: Admit) -> None:
        self.question = ask(problem, limits)
        typed, points = self.question.typed, problem.policy.points
        admit(typed.memory, typed.work * points * math.prod(self.question.output))
        self.reference = Reference(self.question)
        self.diagnosis = Diagnosis(self.reference)

    @property
    def weight(self) -> int:
        """How much room it takes, as a number of problems about numbers."""
        return 1 + math.prod(self.question.numerator) // 16

    @cached_property
    def proof(self) -> Proof | None:
        """The derivative in algebra, where the question is about numbers."""
        question = self.question
        plain = question.scalar and not question.stacked and not question.upstream
        return Proof(question.typed.program, question.chain) if plain else None

    @cached_property
    def packed(self) -> str:
        """The problem as replay tokens have it."""
        return packed_problem(self.question.problem)

    @cached_property
    def right(self) -> dict[str, str]:
        """The right answer by notation."""
        return right_answers(self.reference)


class Marking:
    """One answer to one problem."""

    def __init__(self, prepared: Prepared, answer: Answer, deadlines: Deadlines) -> None:
        self.prepared, self.answer, self.deadlines = prepared, answer, deadlines
        self.question, self.policy = prepared.question, prepared.question.problem.policy
        self.cut_off = CutOff.NOTHING
        self.reading: Reading | None = None

    def grade(self) -> Grade:
        """The grade without its score, right answer and token."""
        try:
            candidates = list(self._candidates())
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        except Misshapen as error:
            return Grade(GradeOutcome.INCORRECT, 0.0, (error.finding,))
        try:
            grade = min(map(self._one, candidates), key=_rank)
            return self._with_steps(grade)
        except Exception:
            # Whatever fails here is a fault of the grader, and none of the answer.
            log.exception("an answer could not be graded")
            return Grade(GradeOutcome.UNDECIDED, 0.0, reason=UndecidedReason.GRADER_FAILED.value)

    def _candidates(self) -> list[Candidate]:
        """What is to be graded: the text's program and the tensor, as far as there are any."""
        given: list[Candidate] = []
        if self.answer.text.strip() or self.answer.tensor is None:
            given.append(Formula(self._read().typed, self.prepared.reference))
        if self.answer.tensor is not None:
            tensor = self.answer.tensor
            if math.prod(tensor.shape) != len(tensor.values):
                message = f"{len(tensor.values)} numbers for the shape {list(tensor.shape)}"
                raise NotAnAnswer(NotAnAnswerReason.SYNTAX, message)
            given.append(Numbers(tensor, self.prepared.reference.points.count))
        return given

    def _read(self) -> Reading:
        reading = read(self.answer.text, self.answer.syntax, self.question.types, self.question.expected, ANSWER_LIMITS)
        if reading.step is None:
            check_left_sides(reading.left_sides, self.question)
        self.reading = reading
        return reading

    def _with_steps(self, grade: Grade) -> Grade:
        """The grade, unless the answer is right but stands behind an equality sign that is not: `x^3 = 3x^2`."""
        if grade.outcome is not GradeOutcome.CORRECT or self.reading is None or self.reading.step is None:
            return grade
        comparison = self._compared(self._views(Formula(self.reading.step, self.prepared.reference)))
        if comparison.relation is Relation.UNKNOWN and time.thread_time() > self.deadlines.comparison:
            return self._undecided(comparison)
        if comparison.relation is not Relation.DIFFERENT:
            return grade
        try:
            check_left_sides(self.reading.left_sides, self.question)
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        return grade

    def _one(self, candidate: Candidate) -> Grade:
        views = self._views(candidate)
        comparison = self._compared(views)
        if comparison.relation is Relation.UNKNOWN:
            return self._undecided(comparison)
        if comparison.relation is Relation.PARTLY_UNDEFINED:
            return self._partly_undefined(comparison)
        outcome = _GRADED[comparison.relation]
        if outcome is GradeOutcome.CORRECT:
            return Grade(outcome, 1.0, evidence=self._confirmed(candidate, comparison.evidence))
        wrong = views[0] if views else candidate
        return Grade(outcome, 0.0, self._findings(wrong), comparison.evidence)

    def _confirmed(self, candidate: Candidate, evidence: Evidence) -> Evidence:
        """The evidence of the points, or the better one of algebra where there is such a proof."""
        if isinstance(candidate, Numbers):
            return replace(evidence, confirmation=Confirmation.EXACT)
        if isinstance(candidate, Formula) and self.prepared.proof is not None and not self.policy.tolerance:
            proof = self.prepared.proof.confirms(candidate.typed.program)
            return replace(evidence, confirmation=Confirmation(proof)) if proof else evidence
        return evidence

    def _findings(self, wrong: Candidate) -> tuple[Finding, ...]:
        try:
            found, late = self.prepared.diagnosis.findings(wrong, self.deadlines.explanation)
            self.cut_off = CutOff.EXPLANATION if late else self.cut_off
            return found
        except Exception:
            # A wrong answer stays wrong where nothing can be said about why.
            log.exception("a wrong answer could not be explained")
            return ()

    def _compared(self, views: list[Candidate]) -> Comparison:
        """The first comparison of a candidate's layouts that does not refuse it."""
        comparison = Comparison(Relation.DIFFERENT)
        for view in views:
            tolerance = self.policy.tolerance
            if isinstance(view, Numbers):
                tolerance = tolerance or TENSOR_TOLERANCE
            comparison = compare(self.prepared.reference, view, self.deadlines.comparison, tolerance)
            if comparison.relation is not Relation.DIFFERENT:
                break
        return comparison

    def _undecided(self, comparison: Comparison) -> Grade:
        if time.thread_time() > self.deadlines.comparison:
            self.cut_off = CutOff.COMPARISON
        reason = comparison.reason.value if comparison.reason is not None else ""
        return Grade(GradeOutcome.UNDECIDED, 0.0, reason=reason)

    def _views(self, candidate: Candidate) -> list[Candidate]:
        """The candidate in the layouts that are accepted; none where its shape is wrong in all of them."""
        expected, shape = self.question.expected, candidate.shape
        views: list[Candidate] = [candidate] if shape == expected else []
        if self.policy.layout is Layout.EITHER:
            back = _inverse(self.question.turned)
            if tuple(expected[k] for k in self.question.turned) == shape and back != tuple(range(len(back))):
                views.append(Viewed(candidate, back, expected))
        written = self.answer.syntax is not Syntax.PYTHON
        if written and len(expected) == 1 and shape in ((expected[0], 1), (1, expected[0])):
            axes = (0, 1) if shape[1] == 1 else (1, 0)
            views.append(Viewed(candidate, axes, expected))
        return views

    def _partly_undefined(self, comparison: Comparison) -> Grade:
        where = ", ".join(f"{n} = {x:.6g}" for n, x in (comparison.where or {}).items())
        message = "equal to the derivative wherever it has a value, but it has none everywhere in the domain"
        finding = Finding(Mistake.DOMAIN_DIFFERS, message + (f": not at {where}" if where else ""))
        if self.policy.accept_smaller_domain:
            return Grade(GradeOutcome.CORRECT, 1.0, (finding,), comparison.evidence)
        return Grade(GradeOutcome.INCORRECT, 0.0, (finding,), comparison.evidence)


def _rank(grade: Grade) -> int:
    """A text and a tensor must both be right: the worse of the two grades stands."""
    order = (GradeOutcome.INCORRECT, GradeOutcome.NOT_AN_ANSWER, GradeOutcome.UNDECIDED, GradeOutcome.CORRECT)
    return order.index(grade.outcome)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(k) for k in range(len(axes)))
