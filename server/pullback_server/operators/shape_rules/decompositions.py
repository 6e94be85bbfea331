"""Shape rules of functions of matrices; torch has these in float32 and float64 only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import DEFAULT_FLOAT, broadcast_shapes
from .matrices import one_floating_dtype

#: Higher powers of matrices are refused: nobody means them.
LARGEST_POWER = 64
#: A decomposition takes about this many multiplications and additions for each entry and row.
_PASSES = 10


def _dtype(name: str, *types: TensorType) -> DType:
    dtype = one_floating_dtype(name, *types) if any(t.dtype.floating for t in types) else DEFAULT_FLOAT
    if any(not t.dtype.floating for t in types) or dtype.size < 4:
        labels = " and ".join(t.dtype.label for t in types)
        raise OperandError(f"{name} of {labels}", "float32 or float64")
    return dtype


def _matrix(name: str, x: TensorType, square: bool = True) -> DType:
    if x.rank < 2:
        raise OperandError(f"{name} of a tensor of rank {x.rank}", "rank 2 or more")
    if square and x.shape[-1] != x.shape[-2]:
        raise OperandError(f"{name} of matrices of shape {list(x.shape[-2:])}", "square matrices")
    return _dtype(name, x)


def number_of(name: str) -> Callable[..., TensorType]:
    """A rule: a square matrix gives a number."""

    def shape(x: TensorType, **_: Any) -> TensorType:
        return TensorType(_matrix(name, x), x.shape[:-2], x.weak)

    return shape


def square_of(name: str) -> Callable[..., TensorType]:
    """A rule: a square matrix gives one of its own shape."""

    def shape(x: TensorType, **_: Any) -> TensorType:
        return TensorType(_matrix(name, x), x.shape, x.weak)

    return shape


def pinv(x: TensorType) -> TensorType:
    """The shape of the transpose."""
    return TensorType(_matrix("pinv", x, square=False), (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.weak)


def eigvalsh(x: TensorType) -> TensorType:
    """A number a row of a square matrix."""
    return TensorType(_matrix("eigvalsh", x), x.shape[:-1], x.weak)


def eigh(x: TensorType, *, output: int) -> TensorType:
    """The eigenvalues, or the eigenvectors as columns."""
    return TensorType(_matrix("eigh", x), x.shape if output else x.shape[:-1], x.weak)


def svdvals(x: TensorType) -> TensorType:
    """As many numbers as the shorter side is long."""
    return TensorType(_matrix("svdvals", x, square=False), (*x.shape[:-2], min(x.shape[-2:])), x.weak)


def svd(x: TensorType, *, full_matrices: bool, output: int) -> TensorType:
    """U, S or Vh; of a matrix that is not square the reduced ones only."""
    dtype = _matrix("svd", x, square=False)
    *batch, rows, columns = x.shape
    least = min(rows, columns)
    if full_matrices and rows != columns and output != 1:
        hint = "full_matrices=False: only those vectors are differentiable"
        raise OperandError("svd of matrices that are not square", hint)
    shape = ((rows, least), (least,), (least, columns))[output]
    return TensorType(dtype, (*batch, *shape), x.weak)


def matrix_power(x: TensorType, *, n: int) -> TensorType:
    """A square matrix gives one of its own shape, for moderate powers."""
    if abs(n) > LARGEST_POWER:
        raise OperandError(f"matrix_power with n={n}", f"from {-LARGEST_POWER} to {LARGEST_POWER}")
    return square_of("matrix_power")(x)


def solve(a: TensorType, b: TensorType) -> TensorType:
    """The shape of the right side, whose batch broadcasts with the matrices'."""
    _matrix("solve", a)
    dtype = _dtype("solve", a, b)
    if not b.rank:
        raise OperandError("solve for a number", "a vector or a matrix")
    if of_vectors(a, b) and b.shape[-1] == a.shape[-1]:
        return TensorType(dtype, b.shape, a.weak and b.weak)
    if b.rank == 1 or b.shape[-2] != a.shape[-1]:
        raise OperandError(f"solve of shapes {list(a.shape)} and {list(b.shape)}", f"{a.shape[-1]} rows on the right")
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return TensorType(dtype, (*batch, *b.shape[-2:]), a.weak and b.weak)


def of_vectors(a: Any, b: Any) -> bool:
    """Whether torch takes the right side as vectors: one, or one for each matrix."""
    return len(b.shape) == 1 or (len(b.shape) == len(a.shape) - 1 and tuple(b.shape) == tuple(a.shape[:-1]))


def lstsq(a: TensorType, b: TensorType, *, output: int) -> TensorType:
    """A row for each column of the left, a column for each of the right."""
    _matrix("lstsq", a, square=False)
    if b.rank != a.rank or a.shape[:-1] != b.shape[:-1]:
        raise OperandError(
            f"lstsq of shapes {list(a.shape)} and {list(b.shape)}", "matrices with equally many rows on both sides"
        )
    return TensorType(_dtype("lstsq", a, b), (*a.shape[:-2], a.shape[-1], b.shape[-1]), a.weak and b.weak)


def work(result: TensorType, x: TensorType, *_: TensorType, **__: Any) -> int:
    """The work of a decomposition, whatever the function is."""
    return _PASSES * max(x.elements, result.elements) * min(x.shape[-2:])


def power_work(result: TensorType, x: TensorType, *, n: int) -> int:
    """Two matrix products for each binary digit of the power, beside what an inverse takes."""
    return work(result, x) + 4 * n.bit_length() * x.elements * x.shape[-1]


def power_workspace(_: TensorType, x: TensorType, *, n: int) -> int:
    """The matrices that these products give, and as many of an inverse."""
    return 2 * (n.bit_length() + 1) * x.elements


def exponential_work(result: TensorType, x: TensorType) -> int:
    """A polynomial of matrices twice as wide, and some squarings, for the gradient."""
    return _PASSES * work(result, x)
