"""Shape rules of matrices: products, diagonals and transposes, as in torch."""

from __future__ import annotations

import math
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import axis_of, broadcast_shapes, promote, sum_dims


def matmul(x: TensorType, y: TensorType, **_: Any) -> TensorType:
    """torch.matmul: vectors lose their axis, matrices contract the last axis with the second-to-last."""
    if not x.rank or not y.rank:
        raise OperandError("a matrix product needs tensors of rank 1 or more", "use * for numbers")
    dtype = one_floating_dtype("a matrix product", x, y)
    inner = y.shape[-2] if y.rank > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise OperandError(
            f"a matrix product of shapes {list(x.shape)} and {list(y.shape)}",
            f"the last dimension of the left, {x.shape[-1]}, must equal the "
            f"{'second-to-last' if y.rank > 1 else 'only'} dimension of the right, {inner}",
        )
    batch = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    rows = x.shape[-2:-1] if x.rank > 1 else ()
    columns = y.shape[-1:] if y.rank > 1 else ()
    return TensorType(dtype, (*batch, *rows, *columns), x.weak and y.weak)


def matmul_work(result: TensorType, x: TensorType, *_: TensorType | None, **__: Any) -> int:
    """A multiplication and an addition for each entry of the result and of what is summed over."""
    return 2 * result.elements * x.shape[-1]


def matmul_workspace(_: TensorType, x: TensorType, y: TensorType, *__: TensorType | None, **___: Any) -> int:
    """A batch that broadcasts is copied for each of its matrices, and so is its gradient before it is summed."""
    batch = math.prod(broadcast_shapes(x.shape[:-2], y.shape[:-2]))
    matrices = ((t.elements, batch * math.prod(t.shape[-2:])) for t in (x, y))
    return sum(copied for elements, copied in matrices if copied > elements)


def dot(x: TensorType, y: TensorType, **_: Any) -> TensorType:
    """Two vectors of one length give a number."""
    _ranks("dot", (1,), x, y)
    dtype = one_floating_dtype("a dot product", x, y)
    if x.shape != y.shape:
        raise OperandError(f"a dot product of lengths {x.shape[0]} and {y.shape[0]}", "vectors of one length")
    return TensorType(dtype, (), x.weak and y.weak)


def outer(x: TensorType, y: TensorType, **_: Any) -> TensorType:
    """Two vectors give a matrix."""
    _ranks("outer", (1,), x, y)
    return TensorType(promote(x, y), x.shape + y.shape, x.weak and y.weak)


def trace(x: TensorType, **_: Any) -> TensorType:
    """A matrix gives a number, in int64 where it holds integers."""
    _ranks("trace", (2,), x)
    if x.dtype is DType.BOOL:
        raise OperandError("the trace of a bool matrix", "multiply it by 1 to count")
    return TensorType(sum_dims(x).dtype, (), x.weak)


def diag(x: TensorType, *, diagonal: int = 0, **_: Any) -> TensorType:
    """A vector becomes a diagonal of a square matrix; of a matrix a diagonal is taken."""
    _ranks("diag", (1, 2), x)
    if x.rank == 1:
        side = x.shape[0] + abs(diagonal)
        return TensorType(x.dtype, (side, side), x.weak)
    rows, columns = x.shape
    return TensorType(x.dtype, (diagonal_length(rows, columns, diagonal),), x.weak)


def diagonal_length(rows: int, columns: int, offset: int) -> int:
    """The length of the diagonal that begins `offset` columns to the right, or that far below."""
    return max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))


def transpose(x: TensorType, **_: Any) -> TensorType:
    """The transpose of a matrix; a vector or a number stays as it is."""
    if x.rank > 2:
        raise OperandError(f".T of a tensor of rank {x.rank}", "use .mT, which transposes the last two dimensions")
    return TensorType(x.dtype, x.shape[::-1], x.weak)


def transpose_last(x: TensorType, **_: Any) -> TensorType:
    """The last two dimensions are swapped."""
    if x.rank < 2:
        raise OperandError(f".mT of a tensor of rank {x.rank}", "a tensor of rank 2 or more, or .T")
    return TensorType(x.dtype, (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.weak)


def swap(x: TensorType, *, dim0: int, dim1: int, **_: Any) -> TensorType:
    """Two dimensions are swapped."""
    shape = list(x.shape)
    a, b = axis_of(dim0, x.rank, "dim0"), axis_of(dim1, x.rank, "dim1")
    if shape:
        shape[a], shape[b] = shape[b], shape[a]
    return TensorType(x.dtype, tuple(shape), x.weak)


def _ranks(name: str, ranks: tuple[int, ...], *types: TensorType) -> None:
    for t in types:
        if t.rank not in ranks:
            raise OperandError(f"{name} of a tensor of rank {t.rank}", f"rank {' or '.join(map(str, ranks))}")


def one_floating_dtype(what: str, *types: TensorType) -> DType:
    """The dtype of a contraction: torch has none of integers on accelerators, and none of mixed dtypes."""
    strong = [t for t in types if not t.weak] or list(types)
    if len({t.dtype for t in strong}) > 1 or not promote(*types).floating:
        raise OperandError(
            f"{what} of {' and '.join(t.dtype.label for t in types)}",
            "operands of one floating dtype; multiply by 1.0 to make integers floating",
        )
    return promote(*types)


def diagonal(x: TensorType, *, offset: int, dim1: int, dim2: int) -> TensorType:
    """Their diagonal takes the place of two dimensions, as the last."""
    a, b = diagonal_axes(x.rank, dim1, dim2)
    rest = tuple(n for k, n in enumerate(x.shape) if k not in (a, b))
    return TensorType(x.dtype, (*rest, diagonal_length(x.shape[a], x.shape[b], offset)), x.weak)


def diag_embed(x: TensorType, *, offset: int, dim1: int, dim2: int) -> TensorType:
    """The last dimension as the diagonal of two."""
    if not x.rank:
        raise OperandError("diag_embed of a number", "a tensor of rank 1 or more")
    a, b = diagonal_axes(x.rank + 1, dim1, dim2)
    rest, side = iter(x.shape[:-1]), x.shape[-1] + abs(offset)
    return TensorType(x.dtype, tuple(side if k in (a, b) else next(rest) for k in range(x.rank + 1)), x.weak)


def triangle(x: TensorType, **_: Any) -> TensorType:
    """The shape stays."""
    if x.rank < 2:
        raise OperandError(f"a triangle of a tensor of rank {x.rank}", "rank 2 or more")
    return TensorType(x.dtype, x.shape, x.weak)


def diagonal_axes(rank: int, dim1: int, dim2: int) -> tuple[int, int]:
    """The two dimensions of a diagonal, counted from 0. Raises OperandError."""
    if rank < 2:
        raise OperandError(f"a diagonal of a tensor of rank {rank}", "rank 2 or more")
    a, b = axis_of(dim1, rank, "dim1"), axis_of(dim2, rank, "dim2")
    if a == b:
        raise OperandError(f"dim1={dim1} and dim2={dim2}", "two dimensions")
    return a, b


def diagonal_mixes_lengths(x: TensorType, *, offset: int, dim1: int, dim2: int) -> bool:
    """Whether it is not the main diagonal of square matrices."""
    return bool(offset) or x.shape[dim1] != x.shape[dim2]


def diag_mixes_lengths(x: TensorType, *, diagonal: int) -> bool:
    """Whether it is not the main diagonal of a square matrix."""
    return bool(diagonal) or (x.rank == 2 and x.shape[0] != x.shape[1])
