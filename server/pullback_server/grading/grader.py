"""Grades answers to problems, and keeps what a problem needs for the next answer to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from ..program import Limits
from .marking import Admit, Marking, PreparedProblem
from .problem import Answer, Grade, GradeOutcome, Policy, Problem
from .replay import decode_token, encode_token


class Grader:
    """Grades answers, and keeps each problem's points, the derivative's values and the likely mistakes.

    It reads no clock: what ends early is counted. Not safe to share between threads: one a worker.

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
        *_, grade = self.stages(problem, answer)
        return grade

    def stages(self, problem: Problem, answer: Answer) -> Iterator[Grade]:
        """The grade as it comes: first the outcome, then with the findings, then with the right answer.

        The last one is final; a grade that has all with its outcome is the only one.

        >>> from .problem import Variable
        >>> stages = Grader().stages(Problem("sin(3*x)", (Variable("x"),), ("x",)), Answer("cos(3x)"))
        >>> [(grade.outcome.name, len(grade.findings), len(grade.right)) for grade in stages]
        [('INCORRECT', 0, 0), ('INCORRECT', 2, 0), ('INCORRECT', 2, 2)]
        """
        key = (problem, answer)
        if key in self._grades:
            self._grades.move_to_end(key)
            yield self._grades[key]
            return
        for grade in self._stages(problem, answer):
            # The same numbers are hardly ever sent twice.
            if grade.final and answer.tensor is None and all(v.value is None for v in problem.inputs):
                self._grades[key] = grade
                if len(self._grades) > self._answers:
                    self._grades.popitem(last=False)
            yield grade

    def grade_again(self, replay: str) -> Grade:
        """The grade that a token stands for; raises Refusal for a token that is not valid, or of other versions."""
        *_, grade = self._stages(*decode_token(replay))
        return grade

    def _stages(self, problem: Problem, answer: Answer) -> Iterator[Grade]:
        prepared = self._prepare(problem)
        for grade in Marking(prepared, answer).stages():
            replay = encode_token(prepared.packed, answer) if grade.final else ""
            yield replace(grade, score=_score(grade, problem.policy), replay=replay)

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
