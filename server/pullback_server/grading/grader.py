"""The verb: an answer to a problem graded, with what a problem needs kept for the next answer to it."""

from __future__ import annotations

from ..program import Limits
from .problem import Answer, Grade, Problem


class Grader:
    """Grades answers, keeping per problem its points, the derivative's values and the mistakes it invites.

    Not safe to share between threads: one a worker.
    """

    def __init__(self, limits: Limits | None = None, problems: int = 256) -> None:
        """`problems` are kept ready at a time; `limits` hold for the expression and for answers."""
        self.limits = limits or Limits()
        self._problems = problems

    def grade(self, problem: Problem, answer: Answer) -> Grade:
        """The grade of one answer; raises Refusal where the problem itself is none (field `problem.expression` ...)."""
        raise NotImplementedError


def grade(problem: Problem, answer: Answer, limits: Limits | None = None) -> Grade:
    """The grade of one answer, with nothing kept; raises Refusal where the problem is none."""
    return Grader(limits).grade(problem, answer)
