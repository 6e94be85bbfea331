"""How many requests a second are answered over one stream of the stock client, against single calls in the same run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from time import perf_counter

import numpy as np
from pullback import Client, Request

from . import echo
from .bounds import STREAM
from .grades import one_problem
from .latency import warmed
from .load import windows
from .pairs import Effort, Finding, ratio
from .requests import SMALL
from .servers import Servers

CLIENTS = 32
#: Requests of a stream; an answer that is graded takes as long as twenty of them.
COUNT, QUICK_COUNT, GRADED = 2_000, 100, 1 / 20


def streams(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Small requests, no two alike, by `differentiate_many`; answers to one problem by `grade_many`.

    The former against the calls a second that 32 clients get of the echo, one at a time, in windows between the
    streams; the latter against single calls of the same client.
    """
    count = QUICK_COUNT if effort.quick else COUNT
    target, size = servers.service.target, len(warmed(servers))
    random = np.random.default_rng(0)
    with Client(target) as client:
        rates = []
        for _ in range(effort.rounds):
            requests = [
                Request(SMALL.expression, dict(zip("ab", random.standard_normal((2, 2)), strict=True)), [1.0, 1.0])
                for _ in range(count)
            ]
            start = perf_counter()
            assert all(answer.error is None for answer in client.differentiate_many(requests))
            rates.append((count / (perf_counter() - start), _echoed(servers, effort, size)))
        yield _finding("differentiate_many, calls a second", "bare echo, 32 clients", rates)

        rates, submissions = [], one_problem()
        for _ in range(effort.rounds):
            figures = []
            for many in (True, False):
                pairs = list(islice(submissions, round(GRADED * count)))
                start = perf_counter()
                if many:
                    assert all(graded.error is None for graded in client.grade_many(pairs))
                else:
                    for pair in pairs:
                        client.grade(pair.problem, pair.answer)
                figures.append(len(pairs) / (perf_counter() - start))
            rates.append((figures[0], figures[1]))
        yield _finding("grade_many, calls a second", "grade, one by one", rates)


def _echoed(servers: Servers, effort: Effort, size: int) -> float:
    """The calls a second of the echo that many clients get."""
    targets = ((servers.echo.target, echo.method(size)),) * 2
    one = Effort(1, effort.calls, effort.window / 2, effort.patience, effort.quick)
    [pair] = asyncio.run(windows(targets, CLIENTS, one, warming=effort.window / 4))
    return float(np.mean([window.rate for window in pair]))


def _finding(what: str, against: str, rates: list[tuple[float, float]]) -> Finding:
    candidate, baseline = np.array(rates).T
    bound = STREAM if what.startswith("differentiate") else None
    return ratio(what, against, candidate, baseline, bound, unit="/s")
