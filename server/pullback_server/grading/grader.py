"""Grades answers to problems, and keeps what a problem needs for the next answer to it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import replace

from ..program import Limits
from .marking import Admit, Deadlines, Marking, PreparedProblem
from .problem import Answer, Grade, GradeOutcome, Policy, Problem
from .replay import CutOff, decode_token, encode_token

#: The deadlines of a replay, by what the budget cut off: that is cut off again, and the rest may take any time.
_REPLAY_DEADLINES = {
    CutOff.NOTHING: Deadlines(math.inf, math.inf),
    CutOff.EXPLANATION: Deadlines(math.inf, None),
    CutOff.COMPARISON: Deadlines(-math.inf, None),
}


class Grader:
    """Grades answers, and keeps each problem's points, the derivative's values and the likely mistakes.

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
        """At most `problems` are kept ready, fewer of large tensors, and the grades of `answers` without numbers.

        `limits` hold for the expressions of problems. `admit` is called with the estimated memory and work of each
        problem that is not kept ready, before anything is computed, and may wait.
        """
        self.limits, self._admit = limits or Limits(), admit
        self._problems, self._answers = problems, answers
        self._prepared: OrderedDict[Problem, PreparedProblem] = OrderedDict()
        self._weight = 0
        self._grades: OrderedDict[tuple[Problem, Answer], Grade] = OrderedDict()

    def grade(self, problem: Problem, answer: Answer) -> Grade:
        """The grade of one answer; raises Refusal where the problem is not valid (field `problem.expression` ...)."""
        key = (problem, answer)
        if key in self._grades:
            self._grades.move_to_end(key)
            return self._grades[key]
        start = time.thread_time()
        prepared = self._prepare(problem)
        end = start + problem.policy.budget
        grade, cut_off = self._mark(prepared, answer, Deadlines(end, end))
        # What ran out of time may have more of it later, and the same numbers are hardly ever sent twice.
        has_numbers = answer.tensor is not None or any(v.value is not None for v in problem.inputs)
        if cut_off is CutOff.NOTHING and not has_numbers:
            self._grades[key] = grade
            if len(self._grades) > self._answers:
                self._grades.popitem(last=False)
        return grade

    def grade_again(self, replay: str) -> Grade:
        """The grade that a token stands for; raises Refusal for a token that is not valid, or of other versions."""
        problem, answer, cut_off = decode_token(replay)
        grade, _ = self._mark(self._prepare(problem), answer, _REPLAY_DEADLINES[cut_off], cut_off)
        return grade

    def _mark(
        self, prepared: PreparedProblem, answer: Answer, deadlines: Deadlines, known: CutOff | None = None
    ) -> tuple[Grade, CutOff]:
        """The grade, and what the budget cut off: of a replay that is `known`."""
        policy = prepared.question.problem.policy
        marking = Marking(prepared, answer, deadlines)
        grade = marking.grade()
        right: tuple[tuple[str, str], ...] = ()
        if policy.reveal and policy.notations and grade.outcome is not GradeOutcome.CORRECT:
            right = tuple((n, prepared.right_answers[n]) for n in policy.notations if n in prepared.right_answers)
        cut_off = marking.cut_off if known is None else known
        replay = encode_token(prepared.packed, answer, cut_off)
        return replace(grade, score=_score(grade, policy), right=right, replay=replay), cut_off

    def _prepare(self, problem: Problem) -> PreparedProblem:
        prepared = self._prepared.get(problem)
        if prepared is None:
            prepared = self._prepared[problem] = PreparedProblem(problem, self.limits, self._admit)
            self._weight += prepared.weight
            while self._weight > self._problems and len(self._prepared) > 1:
                _, dropped = self._prepared.popitem(last=False)
                self._weight -= dropped.weight
        else:
            self._prepared.move_to_end(problem)
        return prepared


def grade(problem: Problem, answer: Answer, limits: Limits | None = None) -> Grade:
    """The grade of one answer, with nothing kept; raises Refusal where the problem is not valid."""
    return Grader(limits).grade(problem, answer)


def _score(grade: Grade, policy: Policy) -> float:
    if grade.outcome is GradeOutcome.CORRECT:
        return 1.0
    if grade.outcome is GradeOutcome.INCORRECT and grade.findings:
        return dict(policy.partial_credit).get(grade.findings[0].code, 0.0)
    return 0.0
