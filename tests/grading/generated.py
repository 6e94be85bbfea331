"""Questions with answers whose truth is known: right ones rewritten, wrong ones by every code and by random edits."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

from pullback_server.grading import Answer, Interval, Problem, Syntax, Variable

from . import writing
from .rewriting import edited, rewritten
from .trees import Differentiation, expression, tree
from .truth import is_defined, is_derivative, is_zero, points

_INTERVALS = ((-2.0, 2.0), (0.3, 2.0), (0.5, 3.0), (-0.9, 0.9), (1.1, 2.5))


@dataclass(frozen=True)
class Case:
    """An answer to a problem: whether it is right, and if not by which code; `edit` where none is known."""

    problem: Problem
    answer: Answer
    right: bool
    code: str


def cases(count: int, seed: int = 0) -> Iterator[Case]:
    """So many questions, each with several answers."""
    for number in range(count):
        yield from _question(random.Random(f"{seed} {number}"), number)


def _question(chance: random.Random, number: int) -> Iterator[Case]:
    variables = ("x", "y") if number % 5 == 4 else ("x",)
    f, interval = _function(chance, 1 + number % 3, variables)
    where = points(dict.fromkeys(variables, interval), 8, chance)
    right, problem = Differentiation("x").of(tree(f)), _problem(f, interval, variables)
    yield _case(problem, rewritten(right, chance, chance.randrange(5), "x"), True, "", chance)
    for code, wrong in (*_wrong(f, right, chance), ("WRONG_VARIABLE", Differentiation("y").of(tree(f)))):
        # A slip that leaves nothing, as where a quotient is constant, is any slip that does.
        if is_derivative(wrong, f, "x", where) is False and (code == "edit" or not is_zero(wrong, where)):
            yield _case(problem, wrong, False, code, chance)
    # What is integrated is the derivative of what is answered.
    if is_defined(right, where, "x") and len(right) < 300 and number % 4 == 0 and len(variables) == 1:
        answer = f if chance.random() < 0.5 else f"{f} + {chance.randint(1, 5)}"
        # Of a function that is its own second derivative the derivative is an antiderivative, and not told apart.
        own = is_derivative(right, Differentiation("x").of(tree(right)), "x", where)
        if is_derivative(answer, right, "x", where) is False and own is False:
            yield _case(_problem(right, interval, variables), answer, False, "INTEGRATED", chance)


def _wrong(f: str, right: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    root = tree(f)
    slips = sorted(Differentiation("x").slips(root), key=lambda _: chance.random())
    seen: set[str] = set()
    for slip in slips:
        if slip.code not in seen:
            seen.add(slip.code)
            yield slip.code, Differentiation("x", slip).of(root)
    yield "SIGN", f"-({right})"
    yield "CONSTANT_FACTOR", f"{chance.choice((2, 3, '(1/2)'))}*({right})"
    yield "NOT_DIFFERENTIATED", f
    if len(right) < 200:
        yield "WRONG_ORDER", Differentiation("x").of(tree(right))
    for _ in range(2):
        yield "edit", edited(right, chance)


def _function(chance: random.Random, depth: int, variables: tuple[str, ...]) -> tuple[str, tuple[float, float]]:
    while True:
        f = ast.unparse(tree(expression(chance, depth, variables)))
        for interval in sorted(_INTERVALS, key=lambda _: chance.random()):
            where = points(dict.fromkeys(variables, interval), 8, chance)
            if all(is_defined(f, where, name) for name in variables):
                return f, interval


def _problem(f: str, interval: tuple[float, float], variables: tuple[str, ...]) -> Problem:
    return Problem(f, tuple(Variable(name, domain=Interval(*interval)) for name in variables), ("x",))


def _case(problem: Problem, answer: str, right: bool, code: str, chance: random.Random) -> Case:
    syntax = chance.choice(tuple(Syntax))
    written = {Syntax.PYTHON: str, Syntax.MATH: writing.typed, Syntax.LATEX: writing.latex}[syntax](answer)
    return Case(problem, Answer(written, syntax), right, code)
