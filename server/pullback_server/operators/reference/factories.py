"""Arrays of mpmath numbers made from a shape alone; numbers of the text are taken exactly."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from ..shape_rules.factories import Number, arange_count
from .columns import Objects, vector


def full(shape: tuple[int, ...], value: Number) -> Objects:
    """A number in every entry."""
    return np.full(shape, mp.mpf(value), dtype=object)


def eye(*, n: int, m: int | None) -> Objects:
    """Ones on the diagonal."""
    columns = n if m is None else m
    rows = [[mp.mpf(int(i == j)) for j in range(columns)] for i in range(n)]
    return np.array(rows, dtype=object).reshape((n, columns))


def arange(*, start: Number, end: Number | None, step: Number) -> Objects:
    """start, start + step and so on."""
    first, count = arange_count(start, end, step)
    return vector(mp.mpf(first) + mp.mpf(step) * k for k in range(count))


def linspace(*, start: Number, end: Number, steps: int) -> Objects:
    """Evenly spaced numbers."""
    stride = (mp.mpf(end) - mp.mpf(start)) / max(steps - 1, 1)
    return vector(mp.mpf(start) + stride * k for k in range(steps))
