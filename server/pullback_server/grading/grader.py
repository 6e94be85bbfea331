"""The verb: an answer to a problem graded, with what a problem needs kept for the next answer to it."""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ..program import Limits
from .diagnosis import Diagnosis
from .equivalence import Candidate, Comparison, Formula, Numbers, Proof, Relation, Viewed, compare
from .left_sides import check_left_sides
from .points import Reference
from .problem import Answer, Code, Confirmation, Evidence, Finding, Grade, GradeOutcome, Layout, Policy, Problem, Syntax
from .question import ask
from .replay import CutOff, opened, packed_problem, token
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


#: How a grade is made again, from what its budget cut off; what it did not, takes as long as it takes.
_AGAIN = {
    CutOff.NOTHING: Deadlines(math.inf, math.inf),
    CutOff.EXPLANATION: Deadlines(math.inf, None),
    CutOff.COMPARISON: Deadlines(-math.inf, None),
}


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


class Grader:
    """Grades answers, keeping per problem its points, the derivative's values and the mistakes it invites.

    Not safe to share between threads: one a worker.

    >>> from .problem import Variable
    >>> problem = Problem("sin(3*x)", (Variable("x"),), ("x",))
    >>> Grader().grade(problem, Answer("3 cos(3x)")).outcome
    <GradeOutcome.CORRECT: 'correct'>
    """

    def __init__(
        self,
        limits: Limits | None = None,
        problems: int = 256,
        answers: int = 4096,
        admit: Admit = lambda memory, work: None,
    ) -> None:
        """`problems` are kept ready at a time, fewer of large tensors, and grades of `answers` that are texts.

        `limits` hold for the expressions of problems. `admit` is called with the estimated memory and work of each
        problem that is not kept ready, before anything is computed, and may wait.
        """
        self.limits, self._admit = limits or Limits(), admit
        self._problems, self._answers = problems, answers
        self._prepared: OrderedDict[Problem, Prepared] = OrderedDict()
        self._weight = 0
        self._grades: OrderedDict[tuple[Problem, Answer], Grade] = OrderedDict()

    def grade(self, problem: Problem, answer: Answer) -> Grade:
        """The grade of one answer; raises Refusal where the problem itself is none (field `problem.expression` ...)."""
        key = (problem, answer)
        if key in self._grades:
            self._grades.move_to_end(key)
            return self._grades[key]
        start = time.thread_time()
        prepared = self._prepare(problem)
        end = start + problem.policy.budget
        found, cut_off = self._graded(prepared, answer, Deadlines(end, end))
        # What ran out of time may find more of it later, and numbers are not written twice alike.
        if cut_off is CutOff.NOTHING and _is_small(problem, answer):
            self._grades[key] = found
            if len(self._grades) > self._answers:
                self._grades.popitem(last=False)
        return found

    def grade_again(self, replay: str) -> Grade:
        """The grade that a token stands for; raises Refusal for what is no token, or one of other versions."""
        problem, answer, cut_off = opened(replay)
        prepared = self._prepare(problem)
        found, _ = self._graded(prepared, answer, _AGAIN[cut_off], cut_off)
        return found

    def _graded(
        self, prepared: Prepared, answer: Answer, deadlines: Deadlines, known: CutOff | None = None
    ) -> tuple[Grade, CutOff]:
        policy = prepared.question.problem.policy
        marking = Marking(prepared, answer, deadlines)
        grade = marking.grade()
        right: tuple[tuple[str, str], ...] = ()
        if policy.reveal and policy.notations and grade.outcome is not GradeOutcome.CORRECT:
            right = tuple((n, prepared.right[n]) for n in policy.notations if n in prepared.right)
        cut_off = marking.cut_off if known is None else known
        replay = token(prepared.packed, answer, cut_off)
        return replace(grade, score=_score(grade, policy), right=right, replay=replay), cut_off

    def _prepare(self, problem: Problem) -> Prepared:
        found = self._prepared.get(problem)
        if found is None:
            found = self._prepared[problem] = Prepared(problem, self.limits, self._admit)
            self._weight += found.weight
            while self._weight > self._problems and len(self._prepared) > 1:
                _, dropped = self._prepared.popitem(last=False)
                self._weight -= dropped.weight
        else:
            self._prepared.move_to_end(problem)
        return found


def grade(problem: Problem, answer: Answer, limits: Limits | None = None) -> Grade:
    """The grade of one answer, with nothing kept; raises Refusal where the problem is none."""
    return Grader(limits).grade(problem, answer)


class Marking:
    """One answer to one problem."""

    def __init__(self, prepared: Prepared, answer: Answer, deadlines: Deadlines) -> None:
        self.prepared, self.answer, self.deadlines = prepared, answer, deadlines
        self.question, self.policy = prepared.question, prepared.question.problem.policy
        self.cut_off = CutOff.NOTHING

    def grade(self) -> Grade:
        """The grade without its score, right answer and token."""
        try:
            candidates = list(self._candidates())
        except NotAnAnswer as error:
            return Grade(GradeOutcome.NOT_AN_ANSWER, 0.0, (error.finding,))
        except Misshapen as error:
            return Grade(GradeOutcome.INCORRECT, 0.0, (error.finding,))
        try:
            return min(map(self._one, candidates), key=_rank)
        except Exception:
            # Whatever fails here is a fault of the grader, and none of the answer.
            log.exception("an answer could not be graded")
            return Grade(GradeOutcome.UNDECIDED, 0.0, reason="the grader failed on this answer")

    def _candidates(self) -> list[Candidate]:
        """What is to be graded: the text's program and the tensor, as far as there are any."""
        given: list[Candidate] = []
        if self.answer.text.strip() or self.answer.tensor is None:
            given.append(Formula(self._read().typed, self.prepared.reference))
        if self.answer.tensor is not None:
            tensor = self.answer.tensor
            count = 1
            for n in tensor.shape:
                count *= n
            if count != len(tensor.values):
                raise NotAnAnswer(Code.SYNTAX, f"{len(tensor.values)} numbers for the shape {list(tensor.shape)}")
            given.append(Numbers(tensor, self.prepared.reference.points.count))
        return given

    def _read(self) -> Reading:
        reading = read(self.answer.text, self.answer.syntax, self.question.types, self.question.expected, ANSWER_LIMITS)
        check_left_sides(reading.left_sides, self.question)
        return reading

    def _one(self, candidate: Candidate) -> Grade:
        views = self._views(candidate)
        comparison = Comparison(Relation.DIFFERENT)
        for view in views:
            comparison = self._compared(view)
            if comparison.relation is not Relation.DIFFERENT:
                break
        if comparison.relation is Relation.UNKNOWN:
            if time.thread_time() > self.deadlines.comparison:
                self.cut_off = CutOff.COMPARISON
            return Grade(GradeOutcome.UNDECIDED, 0.0, reason=comparison.reason)
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

    def _compared(self, candidate: Candidate) -> Comparison:
        tolerance = self.policy.tolerance
        if isinstance(candidate, Numbers):
            tolerance = tolerance or TENSOR_TOLERANCE
        return compare(self.prepared.reference, candidate, self.deadlines.comparison, tolerance)

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
        finding = Finding(Code.DOMAIN_DIFFERS, message + (f": not at {where}" if where else ""))
        if self.policy.accept_smaller_domain:
            return Grade(GradeOutcome.CORRECT, 1.0, (finding,), comparison.evidence)
        return Grade(GradeOutcome.INCORRECT, 0.0, (finding,), comparison.evidence)


def _is_small(problem: Problem, answer: Answer) -> bool:
    return answer.tensor is None and all(v.value is None for v in problem.inputs)


def _score(grade: Grade, policy: Policy) -> float:
    if grade.outcome is GradeOutcome.CORRECT:
        return 1.0
    if grade.outcome is GradeOutcome.INCORRECT and grade.findings:
        return dict(policy.partial_credit).get(grade.findings[0].code, 0.0)
    return 0.0


def _rank(grade: Grade) -> int:
    """A text and a tensor must both be right: the worse of the two grades stands."""
    order = (GradeOutcome.INCORRECT, GradeOutcome.NOT_AN_ANSWER, GradeOutcome.UNDECIDED, GradeOutcome.CORRECT)
    return order.index(grade.outcome)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(k) for k in range(len(axes)))
