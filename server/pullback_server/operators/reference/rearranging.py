"""The entries of arrays of mpmath numbers in another shape or order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shape_rules.rearranging import Dims, as_tuple, complete_shape
from .columns import Objects


def swap(x: Objects, *, dim0: int, dim1: int) -> Objects:
    """Two dimensions swapped; a number stays as it is."""
    return np.swapaxes(x, dim0, dim1) if x.ndim else x


def transpose_last(x: Objects) -> Objects:
    """The last two dimensions swapped."""
    return np.swapaxes(x, -2, -1)


def roll(x: Objects, *, shifts: Any, dims: Dims) -> Objects:
    """Entries shifted along dimensions, or in row-major order."""
    if dims is None:
        return np.roll(x.reshape(-1), shifts).reshape(x.shape)
    return np.roll(x, shifts, dims) if x.ndim else x


def reshape(x: Objects, *, shape: tuple[Any, ...]) -> Objects:
    """The entries in row-major order, in another shape."""
    return x.reshape(complete_shape(as_tuple(shape), x.size))
