"""Pairs of derivatives in LaTeX that a scorer of model answers compares in a second, here and by Math-Verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import torch
from pullback_server.grading import Answer, GradeOutcome, Grader, Interval, Policy, Problem, Syntax, Variable

from .bounds import GRADER
from .latex_pairs import PAIRS, Pair
from .pairs import Effort, Finding, absolute, ratio
from .servers import Servers

#: The same pairs are graded so often in a round.
ROUNDS = 3


def graders(_servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Both in this process on one core: answers to problems met before, and each to a problem that is new."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pairs = PAIRS[:8] if effort.quick else PAIRS
    problems = {pair: _problem(pair) for pair in pairs}
    grader = Grader(answers=0)
    candidate = {
        p: grader.grade(problems[p], Answer(p.answer, Syntax.LATEX)).outcome is GradeOutcome.CORRECT for p in pairs
    }
    rounds = 1 if effort.quick else ROUNDS

    def known(pair: Pair) -> Any:
        return grader.grade(problems[pair], Answer(pair.answer, Syntax.LATEX))

    def distinct(pair: Pair) -> Any:
        return Grader().grade(problems[pair], Answer(pair.answer, Syntax.LATEX))

    rates = np.array([_rate(known, pairs) for _ in range(rounds)])
    note = f"{_wrong(candidate)} of {len(pairs)} verdicts wrong"
    if find_spec("math_verify") is None:
        yield absolute("pairs of known problems", rates, unit="/s", note=f"{note}; Math-Verify is not installed")
    else:
        verify, verdicts = _math_verify(pairs)
        baseline = np.array([_rate(verify, pairs) for _ in range(rounds)])
        note += f", of Math-Verify's {_wrong(verdicts)}"
        yield ratio("pairs of known problems", "Math-Verify", rates, baseline, GRADER, "/s", note)
    new = np.array([_rate(distinct, pairs) for _ in range(rounds)])
    yield absolute("pairs, each of a new problem", new, unit="/s", note="points, derivative and mistakes anew")
    torch.set_num_threads(threads)


def _problem(pair: Pair) -> Problem:
    x = Variable("x", domain=Interval(*pair.interval))
    return Problem(pair.expression, (x,), ("x",), policy=Policy(notations=()))


def _rate(grade: Callable[[Pair], Any], pairs: tuple[Pair, ...]) -> float:
    start = perf_counter()
    for pair in pairs:
        grade(pair)
    return len(pairs) / (perf_counter() - start)


def _wrong(verdicts: dict[Pair, bool]) -> int:
    return sum(pair.right != verdict for pair, verdict in verdicts.items())


def _math_verify(pairs: tuple[Pair, ...]) -> tuple[Callable[[Pair], Any], dict[Pair, bool]]:
    """Math-Verify's scorer with its keys parsed in advance, and its verdicts."""
    from math_verify import parse, verify

    keys = {pair: parse(f"${pair.key}$") for pair in pairs}

    def grade(pair: Pair) -> bool:
        return bool(verify(keys[pair], parse(f"${pair.answer}$")))

    return grade, {pair: grade(pair) for pair in pairs}
