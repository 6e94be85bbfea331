"""Marks one answer to one problem, in stages: whether it is right, then what is wrong, then what would be right."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

from ..program import Limits, OverBudget, Work
from .asked_derivative import check_left_sides
from .checked_problem import check_problem
from .codes import Mistake, NotAnAnswerReason, PartState, UndecidedReason
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
from .replay import pack_problem
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
    def right_answers(self) -> tuple[dict[str, str], PartState]:
        """The right answer by notation, and what became of it."""
        try:
            written = right_answers(self.right_derivative, Work(self.question.problem.policy.work))
        except OverBudget:
            return {}, PartState.OVER_BUDGET
        except Exception:
            # A grade stands even where the right answer cannot be written.
            log.exception("a right answer could not be written")
            return {}, PartState.FAILED
        return written, PartState.DONE if written else PartState.NO_FORM


class Marking:
    """One answer to one problem."""

    def __init__(self, prepared: PreparedProblem, answer: Answer) -> None:
        self.prepared, self.answer = prepared, answer
        self.question, self.policy = prepared.question, prepared.question.problem.policy
        self._work = Work(self.policy.work)
        self._reading: Reading | None = None
        self._wrong: Candidate | None = None

    def stages(self) -> Iterator[Grade]:
        """The grade, without score and token, as often as a part of it is added; a part still to come has DEADLINE."""
        reveals = self.policy.reveal and self.policy.notations
        grade = self._grade()
        if reveals and grade.outcome is not GradeOutcome.CORRECT:
            grade = replace(grade, right_state=PartState.DEADLINE)
        yield grade
        if grade.findings_state is PartState.DEADLINE:
            grade = self._explained(grade)
            yield grade
        if grade.right_state is PartState.DEADLINE:
            written, state = self.prepared.right_answers
            right = tuple((n, written[n]) for n in self.policy.notations if n in written)
            yield replace(grade, right=right, right_state=state)

    def _grade(self) -> Grade:
        """The outcome, with its evidence."""
        try:
            candidates = list(self._candidates())
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        except Misshapen as error:
            return Grade(GradeOutcome.INCORRECT, 0.0, (error.finding,))
        try:
            grades = [(self._grade_one(candidate), candidate) for candidate in candidates]
            grade, self._wrong = min(grades, key=lambda pair: _WORST_FIRST.index(pair[0].outcome))
            return self._check_step(grade)
        except Exception:
            # Whatever fails here is a fault of the grader, not of the answer.
            log.exception("an answer could not be graded")
            return _undecided(UndecidedReason.GRADER_FAILED)

    def _explained(self, grade: Grade) -> Grade:
        """The grade with what is wrong with the answer."""
        assert self._wrong is not None
        layouts = self._accepted_layouts(self._wrong)
        wrong = layouts[0] if layouts else self._wrong
        try:
            findings, complete = self.prepared.mistake_search.findings(wrong, Work(self.policy.work))
        except Exception:
            # A wrong answer is wrong even where it cannot be explained.
            log.exception("a wrong answer could not be explained")
            return replace(grade, findings_state=PartState.FAILED)
        state = PartState.DONE if complete else PartState.OVER_BUDGET
        return replace(grade, findings=findings, findings_state=state)

    def _candidates(self) -> Iterator[Candidate]:
        """What is to be graded: the formula's program and the tensor, as far as there are any."""
        if self.answer.text.strip() or self.answer.tensor is None:
            yield ProgramCandidate(self._read().typed, self.prepared.right_derivative)
        if self.answer.tensor is not None:
            tensor = self.answer.tensor
            if math.prod(tensor.shape) != len(tensor.values):
                message = f"{len(tensor.values)} numbers do not fill the shape {list(tensor.shape)}"
                raise NotAnAnswer(NotAnAnswerReason.SYNTAX, message)
            yield TensorCandidate(tensor, self.prepared.right_derivative)

    def _read(self) -> Reading:
        question = self.question
        reading = read(self.answer.text, self.answer.syntax, question.types, question.expected_shape)
        if reading.step is None:
            check_left_sides(reading.left_sides, question)
        self._reading = reading
        return reading

    def _check_step(self, grade: Grade) -> Grade:
        """The grade, unless the answer is right but stands in an equation that is not: `x^3 = 3x^2`."""
        if grade.outcome is not GradeOutcome.CORRECT or self._reading is None or self._reading.step is None:
            return grade
        step = ProgramCandidate(self._reading.step, self.prepared.right_derivative)
        comparison = self._compare(self._accepted_layouts(step))
        if comparison.reason is UndecidedReason.OVER_BUDGET:
            return _undecided(comparison.reason)
        if comparison.relation is not Relation.DIFFERENT:
            return grade
        try:
            check_left_sides(self._reading.left_sides, self.question)
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        return grade

    def _grade_one(self, candidate: Candidate) -> Grade:
        comparison = self._compare(self._accepted_layouts(candidate))
        match comparison.relation:
            case Relation.EQUAL:
                evidence = self._confirmed_evidence(candidate, comparison.evidence)
                return Grade(GradeOutcome.CORRECT, 1.0, evidence=evidence)
            case Relation.PARTLY_UNDEFINED:
                return self._partly_undefined_grade(comparison)
            case Relation.UNKNOWN:
                return _undecided(comparison.reason)
        return Grade(GradeOutcome.INCORRECT, 0.0, (), comparison.evidence, findings_state=PartState.DEADLINE)

    def _confirmed_evidence(self, candidate: Candidate, evidence: Evidence) -> Evidence:
        """The evidence of the points, or the better one of algebra where there is such a proof."""
        if isinstance(candidate, TensorCandidate):
            return replace(evidence, confirmation=Confirmation.EXACT)
        if isinstance(candidate, ProgramCandidate) and self.prepared.proof is not None and not self.policy.tolerance:
            proof = self.prepared.proof.confirms(candidate.typed.program)
            return replace(evidence, confirmation=Confirmation(proof)) if proof else evidence
        return evidence

    def _compare(self, layouts: list[Candidate]) -> Comparison:
        """The comparison of the first of a candidate's layouts that is not wrong, or of the last."""
        comparison = Comparison(Relation.DIFFERENT)
        for candidate in layouts:
            tolerance = self.policy.tolerance
            if isinstance(candidate, TensorCandidate):
                tolerance = tolerance or TENSOR_TOLERANCE
            comparison = compare(self.prepared.right_derivative, candidate, self._work, tolerance)
            if comparison.relation is not Relation.DIFFERENT:
                break
        return comparison

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


def _undecided(reason: UndecidedReason | None) -> Grade:
    sentence = reason.value if reason is not None else ""
    return Grade(GradeOutcome.UNDECIDED, 0.0, findings_state=PartState.NOT_REQUESTED, reason=sentence)
