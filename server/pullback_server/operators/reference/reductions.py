"""Reductions and running totals of mpmath numbers, total; they share nothing with torch or sympy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import mpmath as mp

from . import scalars
from .scalars import Real


def variance(values: Sequence[Real], *, correction: float = 1) -> Real:
    """The sum of squared deviations from the mean over their number less the correction; nan of no numbers."""
    divisor = mp.mpf(len(values)) - mp.mpf(correction)
    mean = scalars.mean(values)
    squares = scalars.add_up([(v - mean) ** 2 for v in values])
    return scalars.quotient(squares, divisor if values and divisor > 0 else mp.mpf(0))


def deviation(values: Sequence[Real], *, correction: float = 1) -> Real:
    """The square root of the variance."""
    return scalars.sqrt(variance(values, correction=correction))


def median(values: Sequence[Real]) -> Real:
    """The middle value, the lower of two where there are two; nan of no numbers or where one is nan."""
    if not values or any(map(mp.isnan, values)):
        return mp.nan
    return sorted(values)[(len(values) - 1) // 2]


def every(values: Sequence[Real]) -> Real:
    """1 where none is zero, else 0."""
    return mp.mpf(all(v != 0 for v in values))


def some(values: Sequence[Real]) -> Real:
    """1 where one is not zero, else 0."""
    return mp.mpf(any(v != 0 for v in values))


def running_sum(values: Sequence[Real]) -> list[Real]:
    """The sums of the first one, two, three, ..."""
    return list(accumulate(values))


def running_product(values: Sequence[Real]) -> list[Real]:
    """The products of the first one, two, three, ..."""
    return list(accumulate(values, lambda a, b: a * b))


def running_logsumexp(values: Sequence[Real]) -> list[Real]:
    """The logarithms of the running sums of exp."""
    return [scalars.logsumexp(values[: k + 1]) for k in range(len(values))]


def log_softmax(values: list[Any]) -> list[Any]:
    """The logarithm of softmax."""
    level = scalars.logsumexp(values)
    return [v - level for v in values]


def softmax(values: list[Any]) -> list[Any]:
    """exp(x)/sum(exp(x))."""
    return [scalars.exp(v) for v in log_softmax(values)]


def softmin(values: list[Any]) -> list[Any]:
    """softmax(-x)."""
    return softmax([-v for v in values])
