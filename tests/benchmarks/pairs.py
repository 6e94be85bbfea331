"""Interleaved timing: contenders take turns, call by call, so that the machine's moods strike all of them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pullback_server.service import memory

from .bounds import Bound

#: A statistic of one round's times, such as the median.
Statistic = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, calls in a round of short calls, seconds of a window that counts calls.

    `patience` are the seconds after which a slow comparison begins no further round.
    """

    rounds: int
    calls: int
    window: float
    patience: float
    quick: bool = False


FULL = Effort(rounds=15, calls=300, window=1.0, patience=12.0)
QUICK = Effort(rounds=2, calls=10, window=0.15, patience=0.5, quick=True)


@dataclass(frozen=True)
class Spread:
    """The median of a figure over the rounds of a run, and its least and greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, figures: NDArray[np.float64]) -> Spread:
        """The spread of figures, one a round.

        >>> Spread.of(np.array([3.0, 1.0, 2.0]))
        Spread(median=2.0, least=1.0, greatest=3.0)
        """
        return cls(float(np.median(figures)), float(figures.min()), float(figures.max()))


@dataclass(frozen=True)
class Finding:
    """One line of the report: a figure with its spread, what it was measured against, and its bound.

    With a `baseline` the figure is the ratio of `candidate` to it, else it is `candidate` itself; both are in `unit`.
    """

    what: str
    against: str
    unit: str
    candidate: float
    baseline: float | None
    figure: Spread
    bound: Bound | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bound is kept, None where there is none."""
        return None if self.bound is None else self.bound.met(self.figure.median)


def p50(times: NDArray[np.float64]) -> float:
    """The median."""
    return float(np.median(times))


def p99(times: NDArray[np.float64]) -> float:
    """The 99th percentile."""
    return float(np.percentile(times, 99))


def interleave(
    *contenders: Callable[[], Any],
    rounds: int,
    calls: int = 1,
    patience: float = float("inf"),
    warm_up: int = 2,
    clock: Callable[[], float] = perf_counter,
) -> NDArray[np.float64]:
    """Seconds by contender, round and call: the contenders take turns, A B A B, after `warm_up` calls each.

    No further round begins once `patience` seconds are spent. `clock` may be that of the processor.
    """
    for _ in range(warm_up):
        for contender in contenders:
            contender()
    measured = []
    until = perf_counter() + patience
    for _ in range(rounds):
        times = np.empty((len(contenders), calls))
        for call in range(calls):
            for place, contender in enumerate(contenders):
                start = clock()
                contender()
                times[place, call] = clock() - start
        measured.append(times)
        if perf_counter() > until:
            break
    return np.stack(measured, axis=1)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """torch computes with so many threads in the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """This process computes in the block as a worker on these cores does: one thread, and cycles seldom looked for."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    memory.collect_seldom()
    try:
        with torch_threads(1):
            yield
    finally:
        gc.set_threshold(*before)


def by_round(times: NDArray[np.float64], statistic: Statistic = p50) -> NDArray[np.float64]:
    """A statistic of the calls of each round, of one contender (round, call) or of several (contender, round, call)."""
    return np.apply_along_axis(statistic, -1, times)


def ratio(
    what: str,
    against: str,
    candidate: NDArray[np.float64],
    baseline: NDArray[np.float64],
    bound: Bound | None = None,
    unit: str = "s",
    note: str = "",
) -> Finding:
    """A finding from figures of the candidate and of the baseline, one a round."""
    spread = Spread.of(candidate / baseline)
    return Finding(what, against, unit, p50(candidate), p50(baseline), spread, bound, note)


def absolute(
    what: str, figures: NDArray[np.float64], bound: Bound | None = None, unit: str = "s", note: str = ""
) -> Finding:
    """A finding without a baseline, from figures one a round."""
    spread = Spread.of(figures)
    return Finding(what, "", unit, spread.median, None, spread, bound, note)
