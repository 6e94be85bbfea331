"""Ways to fill the sympy and reference columns: a scalar function lifted to tensors, reductions, contractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ..index_notation.exact import fraction, over, times
from ..index_notation.functions import greater, where
from ..index_notation.index_program import IndexTensor, Pieces
from .shapes import axes_of

Objects = npt.NDArray[np.object_]


class Lifted:
    """A scalar function of sympy expressions, applied entry by entry; `scalar` is what lowering looks up.

    `absent` says, for each operand that may be left out, the number that then stands for it.
    """

    def __init__(self, scalar: Callable[..., sp.Expr], absent: tuple[sp.Expr | None, ...] = ()) -> None:
        self.scalar = scalar
        self._absent = absent

    def __call__(self, pieces: Pieces, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the operands, broadcast against one another."""
        given = [pieces.constant(self._absent[k]) if t is None else t for k, t in enumerate(tensors)]
        return pieces.elementwise(lambda *entries: self.scalar(*entries, **arguments), *given)


class WithNumbers(Lifted):
    """A scalar function that takes the literals of the call too, as numbers after the operands (or `before` them).

    A literal whose value is `unwritten` is left out.
    """

    def __init__(
        self, scalar: Callable[..., sp.Expr], before: bool = False, unwritten: int | float | None = None
    ) -> None:
        super().__init__(scalar)
        self.before = before
        self._unwritten = unwritten

    def __call__(self, pieces: Pieces, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The function of the operands, broadcast against one another, and of the numbers."""
        numbers = [fraction(value) for value in arguments.values() if value != self._unwritten]
        given = [t for t in tensors if t is not None]
        if self.before:
            return pieces.elementwise(lambda *entries: self.scalar(*numbers, *entries), *given)
        return pieces.elementwise(lambda *entries: self.scalar(*entries, *numbers), *given)


#: torch's own threshold, beyond which a stretched function and x differ by less than anybody asks for.
USUAL_THRESHOLD = 20


class Stretched(Lifted):
    """A scalar function f as f(beta*x)/beta; beyond a threshold that is not the usual one, as x."""

    def __call__(self, pieces: Pieces, *tensors: IndexTensor | None, **arguments: Any) -> IndexTensor:
        """The stretched function of the one operand."""
        (x,), beta = tensors, fraction(arguments["beta"])
        assert x is not None
        bound = arguments.get("threshold", USUAL_THRESHOLD)

        def entry(e: sp.Expr) -> sp.Expr:
            inner = times(beta, e)
            stretched = over(self.scalar(inner), beta)
            return stretched if bound == USUAL_THRESHOLD else where(greater(inner, fraction(bound)), e, stretched)

        return pieces.elementwise(entry, x)


def reduced(kind: str) -> Callable[..., IndexTensor]:
    """The sympy column of a reduction; the kinds are those of `Total`."""

    def column(pieces: Pieces, x: IndexTensor, *, dim: Any = None, keepdim: bool = False) -> IndexTensor:
        return pieces.reduce(kind, x, axes_of(dim, len(x.axes)), keepdim)

    return column


@dataclass(frozen=True)
class Each:
    """The reference column of an elementwise operator: a function of mpmath numbers, broadcast over object arrays.

    An operand that was left out reaches the function as None.
    """

    scalar: Callable[..., Any]

    def __call__(self, *arrays: Objects | None, **arguments: Any) -> Objects:
        """The function at every entry of the arrays, broadcast against one another."""
        function = np.frompyfunc(lambda *values: self.scalar(*values, **arguments), len(arrays), 1)
        return np.asarray(function(*(np.asarray(a, dtype=object) for a in arrays)), dtype=object)


@dataclass(frozen=True)
class Along:
    """The reference column of a reduction: a function of the list of mpmath numbers that are reduced."""

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
class Lines:
    """The reference column of a function that maps each line along `dim` to a line of the same length.

    Where `dim` is None there is one line at most.
    """

    function: Callable[[list[Any]], list[Any]]

    def __call__(self, x: Objects, *, dim: int | None = -1) -> Objects:
        """The function of every line."""
        x = np.asarray(x, dtype=object)
        axis = -1 if dim is None else dim
        moved = np.moveaxis(x, axis, -1) if x.ndim else x.reshape(1)
        out = np.empty(moved.shape, dtype=object)
        for index in np.ndindex(moved.shape[:-1]):
            # A None at the end keeps NumPy from looking into the numbers.
            out[index] = np.array([*self.function(list(moved[index])), None], dtype=object)[:-1]
        return np.moveaxis(out, -1, axis) if x.ndim else out.reshape(())


#: The reference columns as rows write them.
each, along, lines = Each, Along, Lines


def _length(x: Objects, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[k] for k in axes], dtype=int))
