"""Ways to fill the reference column: a function of mpmath numbers at every entry, or along a dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..shape_rules.common import axes_of

Objects = npt.NDArray[np.object_]


def vector(numbers: Iterable[Any]) -> Objects:
    """The numbers as an array; the None at the end keeps NumPy from looking into the numbers."""
    return np.array([*numbers, None], dtype=object)[:-1]


@dataclass(frozen=True)
class Elementwise:
    """The reference column of an elementwise operator: a function of mpmath numbers, broadcast over object arrays.

    An operand that was left out reaches the function as None.
    """

    scalar: Callable[..., Any]

    def __call__(self, *arrays: Objects | None, **arguments: Any) -> Objects:
        """The function at every entry of the arrays, broadcast against one another."""
        function = np.frompyfunc(lambda *values: self.scalar(*values, **arguments), len(arrays), 1)
        return np.asarray(function(*(np.asarray(a, dtype=object) for a in arrays)), dtype=object)


@dataclass(frozen=True)
class Reduced:
    """The reference column of a reduction: a function of a list of mpmath numbers."""

    reduce: Callable[..., Any]

    def __call__(self, x: Objects, *, dim: Any = None, keepdim: bool = False, **arguments: Any) -> Objects:
        """The reduction of every line along `dim`, over all entries where that is None."""
        x = np.asarray(x, dtype=object)
        axes = axes_of(dim, x.ndim)
        kept = [k for k in range(x.ndim) if k not in axes]
        rows = x.transpose(*kept, *axes).reshape([x.shape[k] for k in kept] + [-1 if x.size else _length(x, axes)])
        out = np.empty(rows.shape[:-1], dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = self.reduce(list(rows[index]), **arguments)
        return np.expand_dims(out, axes) if keepdim and axes else out


@dataclass(frozen=True)
class AlongDim:
    """The reference column of a function that maps each line along `dim` to a line of the same length.

    Where `dim` is None there is one line at most.
    """

    function: Callable[[list[Any]], list[Any]]

    def __call__(self, x: Objects, *, dim: int | None = -1) -> Objects:
        """The function of every line."""
        x = np.asarray(x, dtype=object)
        axis = -1 if dim is None else dim
        lines = np.moveaxis(x, axis, -1) if x.ndim else x.reshape(1)
        out = np.empty(lines.shape, dtype=object)
        for index in np.ndindex(lines.shape[:-1]):
            out[index] = vector(self.function(list(lines[index])))
        return np.moveaxis(out, -1, axis) if x.ndim else out.reshape(())


def _length(x: Objects, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[k] for k in axes], dtype=int))
