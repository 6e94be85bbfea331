"""How many answers a second are graded over one stream: many answers to one problem, and one to each of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from pullback import Attempt, Client, Policy, Problem, Submission

from .pairs import Effort, Finding, absolute
from .servers import Servers, service

WORKERS = (1, 2)
COUNT, QUICK_COUNT = 10_000, 60
#: The rate is measured over so many stretches of a stream.
STRETCHES = 10
IN_FLIGHT = 64

_X = {"x": {"domain": [-2, 2]}}
_POLICY = Policy(reveal=False)


def one_problem() -> Iterator[Submission]:
    """Answers to one problem, no two written alike: half are right, the others wrong in several ways, or none."""
    problem = Problem("x**2*sin(3*x)", _X, policy=_POLICY)
    number = 0
    while True:
        number += 1
        a, b = number % 97 + 2, number % 89 + 3
        yield from (
            Submission(problem, Attempt(text, "latex"))
            for text in (
                rf"2x\sin 3x + 3x^2\cos 3x + {a} - {a}",
                rf"x(2\sin 3x + 3x\cos 3x) \cdot \frac{{{b}}}{{{b}}}",
                rf"\frac{{d}}{{dx}} {a}x",
                rf"2x\sin 3x + {b}x^2\cos 3x",
                rf"2x\sin 3x + 3x^2\cos 3x + {a}\sin^2 x + {a}\cos^2 x - {a}",
                rf"\frac{{{b}(2x\sin 3x + 3x^2\cos 3x)}}{{{b}}}",
                r"2x\cos 3x" if number % 2 else r"2x\sin 3x + x^2\cos 3x",
                rf"2x\sin 3x + 3x^2\cos 3x + \frac{{x}}{{{a}}}",
            )
        )


def many_problems() -> Iterator[Submission]:
    """One answer to each of many problems, no two alike: three of four are right, one has lost an inner derivative."""
    number = 0
    while True:
        number += 1
        a, b, c = number % 23 + 2, number % 7 + 2, number // 23 + 2
        problem = Problem(f"{a}*x**{b} + sin({c}*x)", _X, policy=_POLICY)
        inner = "" if number % 4 == 0 else str(c)
        yield Submission(problem, Attempt(rf"{a * b}x^{{{b - 1}}} + {inner}\cos({c}x)", "latex"))


LOADS: Mapping[str, Callable[[], Iterator[Submission]]] = {
    "one problem, {} answers": one_problem,
    "{} problems, one answer each": many_problems,
}


def grades(_servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Grades a second through GradeMany and the stock client, on services with 1 and 2 workers."""
    count = QUICK_COUNT if effort.quick else COUNT
    for workers in WORKERS:
        with service("--workers", str(workers)) as server, Client(server.target) as client:
            for what, load in LOADS.items():
                rates, outcomes = _rates(client, islice(load(), count), count)
                named = f"{what.format(f'{count:,}')}, {workers} worker{'s' * (workers > 1)}"
                note = ", ".join(f"{name} {times:,}" for name, times in sorted(outcomes.items()))
                yield absolute(named, rates, unit="/s", note=note)


def _rates(client: Client, submissions: Iterator[Submission], count: int) -> tuple[NDArray[np.float64], Counter[str]]:
    """Grades a second in each stretch of a stream, and the outcomes."""
    outcomes: Counter[str] = Counter()
    moments = [perf_counter()]
    for number, graded in enumerate(client.grade_many(submissions, IN_FLIGHT), 1):
        outcomes[graded.grade.outcome.name if graded.grade else type(graded.error).__name__] += 1
        if number % (count // STRETCHES) == 0:
            moments.append(perf_counter())
    return count // STRETCHES / np.diff(moments), outcomes
