"""Points for answers in a notebook: the function that nbgrader and Otter call, and the problems that it grades."""

import functools
import os
from contextlib import ExitStack

import pullback
from pullback import GradeOutcome, Problem, Variable

X = {"x": Variable(domain=(-2, 2))}
PROBLEMS = {
    "q1": Problem("sin(3*x)", X),
    "q2": Problem("x**2*exp(x)", X),
}


class NeedsAPerson(AssertionError):
    """The grader could not decide: the answer need not be wrong, and a person must look at it."""


def score(name: str, answer: object, points: float = 1.0) -> float:
    """The points for an answer, from 0 to `points`; raises AssertionError with a message where there are none.

    An answer is a string of typed mathematics, or of LaTeX between dollar signs.
    """
    text, syntax = str(answer).strip(), "math"
    if text.startswith("$"):
        text, syntax = text.strip("$"), "latex"
    grade = _client().grade(PROBLEMS[name], text, syntax)
    if grade.outcome is GradeOutcome.UNDECIDED:
        raise NeedsAPerson(f"{name}: this could not be decided by machine ({grade.message})")
    if not grade.score:
        raise AssertionError(f"{name}: {grade.message}")
    return points * grade.score


@functools.cache
def _client() -> pullback.Client:
    """A client of the server at PULLBACK_TARGET, or of one that lives as long as the notebook's kernel."""
    target = os.environ.get("PULLBACK_TARGET")
    return pullback.Client(target) if target else _KERNEL.enter_context(pullback.local("--workers", "1"))


_KERNEL = ExitStack()
