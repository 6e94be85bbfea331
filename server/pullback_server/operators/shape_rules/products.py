"""Shape rules of contractions besides the matrix product, as in torch, and the work they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...program import TensorType
from ..operator import OperandError
from ..workspace import common_elements
from .common import axis_of, broadcast, numbers, promote, reduced_shape
from .einsum import contracted_axes, contractions, inner_equation, read_equation, tensordot_equation
from .matrices import matmul, one_floating_dtype


def einsum(*operands: TensorType, equation: str) -> TensorType:
    """The lengths of the result's letters."""
    if not operands:
        raise OperandError("einsum without tensors", "at least one tensor")
    labels, out = read_equation(equation, tuple(t.rank for t in operands))
    lengths: dict[str, int] = {}
    for letters, t in zip(labels, operands, strict=True):
        for label, n in zip(letters, t.shape, strict=True):
            if lengths.setdefault(label, n) == 1:
                lengths[label] = n
            elif n not in (1, lengths[label]):
                raise OperandError(f"`{label}` of lengths {lengths[label]} and {n}", "one length for each letter")
    for letters, t in zip(labels, operands, strict=True):
        if any(letters.count(label) > 1 and n != lengths[label] for label, n in zip(letters, t.shape, strict=True)):
            raise OperandError(f"a repeated letter for shape {list(t.shape)}", "equal lengths on a diagonal")
    dtype = one_floating_dtype("einsum", *operands)
    return TensorType(dtype, tuple(lengths[label] for label in out), all(t.weak for t in operands))


def tensordot(a: TensorType, b: TensorType, *, dims: Any) -> TensorType:
    """The dimensions of both that are not contracted."""
    for x, y in zip(*contracted_axes(dims, a.rank, b.rank), strict=True):
        if a.shape[x] != b.shape[y]:
            raise OperandError(f"dimensions of lengths {a.shape[x]} and {b.shape[y]}", "dimensions of equal length")
    return einsum(a, b, equation=tensordot_equation(dims, a.rank, b.rank))


def inner(x: TensorType, y: TensorType) -> TensorType:
    """The dimensions of both except the last."""
    if x.rank and y.rank and x.shape[-1] != y.shape[-1]:
        raise OperandError(f"last dimensions of lengths {x.shape[-1]} and {y.shape[-1]}", "equal last dimensions")
    return einsum(x, y, equation=inner_equation(x.rank, y.rank))


def vecdot(x: TensorType, y: TensorType, *, dim: int) -> TensorType:
    """The common shape without dim."""
    if not (x.rank and y.rank):
        raise OperandError(f"ranks {x.rank} and {y.rank}", "tensors of rank 1 or more")
    dtype = one_floating_dtype("vecdot", x, y)
    return TensorType(dtype, reduced_shape(broadcast(x, y), dim, False), x.weak and y.weak)


def cross(x: TensorType, y: TensorType, *, dim: int) -> TensorType:
    """The common shape, of vectors of length 3."""
    if x.rank != y.rank or not x.rank:
        raise OperandError(f"ranks {x.rank} and {y.rank}", "two tensors of one rank, 1 or more")
    axis = axis_of(dim, x.rank)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise OperandError(f"lengths {x.shape[axis]} and {y.shape[axis]} along dimension {axis}", "vectors of length 3")
    if x.dtype is not y.dtype and not (x.weak or y.weak):
        raise OperandError(f"{x.dtype.label} and {y.dtype.label}", "two tensors of one dtype")
    return numbers(x, y)


def kron(x: TensorType, y: TensorType) -> TensorType:
    """The lengths of both multiplied, counted from the last."""
    return TensorType(promote(x, y), tuple(n * m for n, m in _lengths(x, y)), x.weak and y.weak)


def kron_mixes_lengths(x: TensorType, y: TensorType) -> bool:
    """Whether a dimension of the result is the product of two that are longer than 1."""
    return any(n != 1 and m != 1 for n, m in _lengths(x, y))


def _lengths(x: TensorType, y: TensorType) -> list[tuple[int, int]]:
    rank = max(x.rank, y.rank)
    a, b = ((1,) * (rank - t.rank) + t.shape for t in (x, y))
    return list(zip(a, b, strict=True))


def einsum_work(_: TensorType, *operands: TensorType, equation: str) -> int:
    """A product and a sum for each combination of the labels of each contraction."""
    return 2 * sum(c.combinations for c in contractions(equation, tuple(t.shape for t in operands)))


def einsum_workspace(_: TensorType, *operands: TensorType, equation: str) -> int:
    """The results of the contractions before the last."""
    return sum(c.elements for c in contractions(equation, tuple(t.shape for t in operands))[:-1])


def tensordot_work(result: TensorType, a: TensorType, b: TensorType, *, dims: Any) -> int:
    """As einsum's."""
    return einsum_work(result, a, b, equation=tensordot_equation(dims, a.rank, b.rank))


def inner_work(result: TensorType, x: TensorType, y: TensorType) -> int:
    """As einsum's."""
    return einsum_work(result, x, y, equation=inner_equation(x.rank, y.rank))


def vecdot_work(_: TensorType, x: TensorType, y: TensorType, **__: Any) -> int:
    """A product and a sum for each entry of both, which broadcast."""
    return 2 * common_elements(x, y)


def matrix_product(name: str, ranks: tuple[int, int]) -> Callable[..., TensorType]:
    """A rule: the matrix product of operands of these ranks, which does not broadcast."""

    def shape(x: TensorType, y: TensorType) -> TensorType:
        if (x.rank, y.rank) != ranks:
            raise OperandError(
                f"{name} of ranks {x.rank} and {y.rank}", f"ranks {ranks[0]} and {ranks[1]}; x @ y takes any"
            )
        if ranks == (3, 3) and x.shape[0] != y.shape[0]:
            raise OperandError(
                f"{x.shape[0]} and {y.shape[0]} matrices", "equally many on both sides; x @ y broadcasts"
            )
        return matmul(x, y)

    return shape
