"""Marks one answer to one problem: reads it, compares it with the derivative, and explains what is wrong."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ..program import Limits
from .asked_derivative import check_left_sides
from .checked_problem import check_problem
from .codes import Mistake, NotAnAnswerReason, UndecidedReason
from .equivalence import (
    Candidate,
    Comparison,
    ProgramCandidate,
    Proof,
    RearrangedCandidate,
    Relation,
    TensorCandidate,
    compare,
)
from .mistakes import MistakeSearch
from .points import RightDerivative
from .problem import Answer, Confirmation, Evidence, Finding, Grade, GradeOutcome, Layout, Problem, Syntax
from .replay import CutOff, pack_problem
from .right_answers import right_answers
from .syntax import Misshapen, NotAnAnswer, Reading, read

log = logging.getLogger(__name__)

Admit = Callable[[int, int], None]

#: How far the numbers of a tensor may be off, relative to the derivative's size, where the policy allows nothing: they
#: were computed in floats, and often in those of 32 bits.
TENSOR_TOLERANCE = 1e-5
#: An answer with a formula and a tensor, which must both be right, has the grade that comes first here.
_WORST_FIRST = (
    GradeOutcome.INCORRECT, GradeOutcome.NOT_AN_ANSWER, GradeOutcome.UNDECIDED, GradeOutcome.CORRECT,
)  # fmt: skip


@dataclass(frozen=True)
class Deadlines:
    """Times of `time.thread_time` at which comparing and explaining end; None: no explanation that may be late."""

    comparison: float
    explanation: float | None


class PreparedProblem:
    """What one problem needs, each part computed when the first answer needs it."""

    def __init__(self, problem: Problem, limits: Limits, admit: Admit) -> None:
        self.question = check_problem(problem, limits)
        typed, points = self.question.typed, problem.policy.points
        admit(typed.memory, typed.work * points * math.prod(self.question.output_shape))
        self.right_derivative = RightDerivative(self.question)
        self.mistake_search = MistakeSearch(self.right_derivative)

    @property
    def weight(self) -> int:
        """How much memory it takes, in problems whose derivative is a number."""
        return 1 + math.prod(self.question.numerator_shape) // 16

    @cached_property
    def proof(self) -> Proof | None:
        """The derivative in algebra, where every input is a number."""
        question = self.question
        plain = question.scalar and not question.stacked and not question.upstream
        return Proof(question.typed.program, question.chain) if plain else None

    @cached_property
    def packed(self) -> str:
        """The problem as replay tokens have it."""
        return pack_problem(self.question.problem)

    @cached_property
    def right_answers(self) -> dict[str, str]:
        """The right answer by notation."""
        return right_answers(self.right_derivative)


class Marking:
    """One answer to one problem."""

    def __init__(self, prepared: PreparedProblem, answer: Answer, deadlines: Deadlines) -> None:
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
            grade = min(map(self._grade_one, candidates), key=lambda grade: _WORST_FIRST.index(grade.outcome))
            return self._check_step(grade)
        except Exception:
            # Whatever fails here is a fault of the grader, not of the answer.
            log.exception("an answer could not be graded")
            return Grade(GradeOutcome.UNDECIDED, 0.0, reason=UndecidedReason.GRADER_FAILED.value)

    def _candidates(self) -> list[Candidate]:
        """What is to be graded: the formula's program and the tensor, as far as there are any."""
        candidates: list[Candidate] = []
        if self.answer.text.strip() or self.answer.tensor is None:
            candidates.append(ProgramCandidate(self._read().typed, self.prepared.right_derivative))
        if self.answer.tensor is not None:
            tensor = self.answer.tensor
            if math.prod(tensor.shape) != len(tensor.values):
                message = f"{len(tensor.values)} numbers do not fill the shape {list(tensor.shape)}"
                raise NotAnAnswer(NotAnAnswerReason.SYNTAX, message)
            candidates.append(TensorCandidate(tensor, self.prepared.right_derivative.points.count))
        return candidates

    def _read(self) -> Reading:
        question = self.question
        reading = read(self.answer.text, self.answer.syntax, question.types, question.expected_shape)
        if reading.step is None:
            check_left_sides(reading.left_sides, question)
        self.reading = reading
        return reading

    def _check_step(self, grade: Grade) -> Grade:
        """The grade, unless the answer is right but stands in an equation that is not: `x^3 = 3x^2`."""
        if grade.outcome is not GradeOutcome.CORRECT or self.reading is None or self.reading.step is None:
            return grade
        step = ProgramCandidate(self.reading.step, self.prepared.right_derivative)
        comparison = self._compare(self._accepted_layouts(step))
        if comparison.relation is Relation.UNKNOWN and time.thread_time() > self.deadlines.comparison:
            return self._undecided_grade(comparison)
        if comparison.relation is not Relation.DIFFERENT:
            return grade
        try:
            check_left_sides(self.reading.left_sides, self.question)
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        return grade

    def _grade_one(self, candidate: Candidate) -> Grade:
        layouts = self._accepted_layouts(candidate)
        comparison = self._compare(layouts)
        match comparison.relation:
            case Relation.EQUAL:
                evidence = self._confirmed_evidence(candidate, comparison.evidence)
                return Grade(GradeOutcome.CORRECT, 1.0, evidence=evidence)
            case Relation.PARTLY_UNDEFINED:
                return self._partly_undefined_grade(comparison)
            case Relation.UNKNOWN:
                return self._undecided_grade(comparison)
        findings = self._findings(layouts[0] if layouts else candidate)
        return Grade(GradeOutcome.INCORRECT, 0.0, findings, comparison.evidence)

    def _confirmed_evidence(self, candidate: Candidate, evidence: Evidence) -> Evidence:
        """The evidence of the points, or the better one of algebra where there is such a proof."""
        if isinstance(candidate, TensorCandidate):
            return replace(evidence, confirmation=Confirmation.EXACT)
        if isinstance(candidate, ProgramCandidate) and self.prepared.proof is not None and not self.policy.tolerance:
            proof = self.prepared.proof.confirms(candidate.typed.program)
            return replace(evidence, confirmation=Confirmation(proof)) if proof else evidence
        return evidence

    def _findings(self, wrong: Candidate) -> tuple[Finding, ...]:
        try:
            findings, late = self.prepared.mistake_search.findings(wrong, self.deadlines.explanation)
            self.cut_off = CutOff.EXPLANATION if late else self.cut_off
            return findings
        except Exception:
            # A wrong answer is wrong even where it cannot be explained.
            log.exception("a wrong answer could not be explained")
            return ()

    def _compare(self, layouts: list[Candidate]) -> Comparison:
        """The comparison of the first of a candidate's layouts that is not wrong, or of the last."""
        comparison = Comparison(Relation.DIFFERENT)
        for candidate in layouts:
            tolerance = self.policy.tolerance
            if isinstance(candidate, TensorCandidate):
                tolerance = tolerance or TENSOR_TOLERANCE
            comparison = compare(self.prepared.right_derivative, candidate, self.deadlines.comparison, tolerance)
            if comparison.relation is not Relation.DIFFERENT:
                break
        return comparison

    def _undecided_grade(self, comparison: Comparison) -> Grade:
        if time.thread_time() > self.deadlines.comparison:
            self.cut_off = CutOff.COMPARISON
        reason = comparison.reason.value if comparison.reason is not None else ""
        return Grade(GradeOutcome.UNDECIDED, 0.0, reason=reason)

    def _accepted_layouts(self, candidate: Candidate) -> list[Candidate]:
        """The candidate in the layouts that are accepted; none where its shape is wrong in all of them."""
        expected, shape = self.question.expected_shape, candidate.shape
        layouts: list[Candidate] = [candidate] if shape == expected else []
        if self.policy.layout is Layout.EITHER:
            axes = self.question.denominator_axes
            back = tuple(axes.index(k) for k in range(len(axes)))
            if tuple(expected[k] for k in axes) == shape and back != tuple(range(len(back))):
                layouts.append(RearrangedCandidate(candidate, back, expected))
        mathematics = self.answer.syntax is not Syntax.PYTHON
        if mathematics and len(expected) == 1 and shape in ((expected[0], 1), (1, expected[0])):
            layouts.append(RearrangedCandidate(candidate, (0, 1) if shape[1] == 1 else (1, 0), expected))
        return layouts

    def _partly_undefined_grade(self, comparison: Comparison) -> Grade:
        where = ", ".join(f"{n} = {x:.6g}" for n, x in (comparison.where or {}).items())
        message = "equal to the derivative wherever it has a value, but it has none on part of the domain"
        finding = Finding(Mistake.DOMAIN_DIFFERS, message + (f", as at {where}" if where else ""))
        if self.policy.accept_smaller_domain:
            return Grade(GradeOutcome.CORRECT, 1.0, (finding,), comparison.evidence)
        return Grade(GradeOutcome.INCORRECT, 0.0, (finding,), comparison.evidence)
