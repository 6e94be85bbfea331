"""Reductions, running totals, norms and distances of mpmath numbers, total; they share nothing with torch or sympy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import mpmath as mp

from . import scalars
from .columns import Objects
from .scalars import Real


def variance(values: Sequence[Real], *, correction: float = 1) -> Real:
    """The squared deviations from the mean over their number less the correction; nan of nothing."""
    left = mp.mpf(len(values)) - mp.mpf(correction)
    mean = scalars.mean(values)
    return scalars.quotient(
        scalars.add_up([(v - mean) ** 2 for v in values]), left if values and left > 0 else mp.mpf(0)
    )


def deviation(values: Sequence[Real], *, correction: float = 1) -> Real:
    """The square root of the variance."""
    return scalars.sqrt(variance(values, correction=correction))


def median(values: Sequence[Real]) -> Real:
    """The middle value, the lower of the two where they are even in number; nan of nothing or where one is."""
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


def norm(values: Sequence[Real], *, p: float | str | None = 2) -> Real:
    """The p-th root of the sum of |x|**p; at infinite p the greatest or least |x|, at p = 0 how many are not 0."""
    sizes = [abs(v) for v in values]
    order = mp.mpf(2 if p is None or isinstance(p, str) else p)
    if mp.isinf(order):
        return scalars.largest(sizes) if order > 0 else scalars.smallest(sizes)
    if order == 0:
        return scalars.add_up([mp.mpf(s != 0) for s in sizes])
    return scalars.power(scalars.add_up([scalars.power(s, order) for s in sizes]), 1 / order)


def matrix_norm(matrix: Objects, order: float | str) -> Real:
    """The norm of one matrix: of its entries, its rows, its columns or its singular values."""
    if order == "fro":
        return norm(list(matrix.flat))
    if order in ("nuc", 2, -2):
        if not matrix.size:
            return mp.mpf(0)
        values = singular_values(matrix)
        return scalars.add_up(values) if order == "nuc" else max(values) if order == 2 else min(values)
    lines = matrix if order in (mp.inf, -mp.inf) else matrix.T
    sums = [scalars.add_up([abs(v) for v in line]) for line in lines]
    return scalars.largest(sums) if order > 0 else scalars.smallest(sums)  # type: ignore[operator]


def singular_values(matrix: Objects) -> list[Real]:
    """The singular values of a matrix; nan where an entry is not finite."""
    if not all(map(mp.isfinite, matrix.flat)):
        return [mp.nan] * min(matrix.shape)
    return list(mp.svd_r(mp.matrix(matrix.tolist()), compute_uv=False))


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
