"""Questions with answers whose truth is known: right ones rewritten, wrong ones by every code and by random edits."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

from pullback_server.grading import Answer, Interval, Problem, Syntax, Variable

from . import writing
from .rewriting import edit, rewrite
from .trees import Differentiation, expression, tree
from .truth import is_defined, is_derivative, is_zero, points

_INTERVALS = ((-2.0, 2.0), (0.3, 2.0), (0.5, 3.0), (-0.9, 0.9), (1.1, 2.5))


@dataclass(frozen=True)
class Case:
    """An answer to a problem: whether it is right, and if not its code; `edit` where that is not known."""

    problem: Problem
    answer: Answer
    right: bool
    code: str


def cases(count: int, seed: int = 0) -> Iterator[Case]:
    """`count` questions, each with several answers."""
    for number in range(count):
        yield from _question(random.Random(f"{seed} {number}"), number)


def _question(rng: random.Random, number: int) -> Iterator[Case]:
    variables = ("x", "y") if number % 5 == 4 else ("x",)
    f, interval = _function(rng, 1 + number % 3, variables)
    where = points(dict.fromkeys(variables, interval), 8, rng)
    right, problem = Differentiation("x").of(tree(f)), _problem(f, interval, variables)
    yield _case(problem, rewrite(right, rng, rng.randrange(5), "x"), True, "", rng)
    for code, wrong in (*_wrong(f, right, rng), ("WRONG_VARIABLE", Differentiation("y").of(tree(f)))):
        # A slip whose result is 0, as where a quotient is constant, is the same as every other such slip.
        if is_derivative(wrong, f, "x", where) is False and (code == "edit" or not is_zero(wrong, where)):
            yield _case(problem, wrong, False, code, rng)
    # What is integrated is the derivative of what is answered.
    if is_defined(right, where, "x") and len(right) < 300 and number % 4 == 0 and len(variables) == 1:
        answer = f if rng.random() < 0.5 else f"{f} + {rng.randint(1, 5)}"
        # Where f is its own second derivative, its derivative is an antiderivative too: the two mistakes are the same.
        own_second = is_derivative(right, Differentiation("x").of(tree(right)), "x", where)
        if is_derivative(answer, right, "x", where) is False and own_second is False:
            yield _case(_problem(right, interval, variables), answer, False, "INTEGRATED", rng)


def _wrong(f: str, right: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    root = tree(f)
    slips = sorted(Differentiation("x").slips(root), key=lambda _: rng.random())
    seen: set[str] = set()
    for slip in slips:
        if slip.code not in seen:
            seen.add(slip.code)
            yield slip.code, Differentiation("x", slip).of(root)
    yield "SIGN", f"-({right})"
    yield "CONSTANT_FACTOR", f"{rng.choice((2, 3, '(1/2)'))}*({right})"
    yield "NOT_DIFFERENTIATED", f
    if len(right) < 200:
        yield "WRONG_ORDER", Differentiation("x").of(tree(right))
    for _ in range(2):
        yield "edit", edit(right, rng)


def _function(rng: random.Random, depth: int, variables: tuple[str, ...]) -> tuple[str, tuple[float, float]]:
    while True:
        f = ast.unparse(tree(expression(rng, depth, variables)))
        for interval in sorted(_INTERVALS, key=lambda _: rng.random()):
            where = points(dict.fromkeys(variables, interval), 8, rng)
            if all(is_defined(f, where, name) for name in variables):
                return f, interval


def _problem(f: str, interval: tuple[float, float], variables: tuple[str, ...]) -> Problem:
    return Problem(f, tuple(Variable(name, domain=Interval(*interval)) for name in variables), ("x",))


def _case(problem: Problem, answer: str, right: bool, code: str, rng: random.Random) -> Case:
    syntax = rng.choice(tuple(Syntax))
    text = {Syntax.PYTHON: str, Syntax.MATH: writing.typed, Syntax.LATEX: writing.latex}[syntax](answer)
    return Case(problem, Answer(text, syntax), right, code)
