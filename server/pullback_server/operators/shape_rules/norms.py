"""Shape rules of norms, as in torch, and what an order means."""

from __future__ import annotations

from typing import Any

from ...program import TensorType
from ..operator import OperandError
from . import decompositions
from .common import axes_of, nonempty, only_floating, reduce_dims

Order = float | str | None
INF = float("inf")
#: The orders of a norm of a matrix, and those that are computed from its singular values.
MATRIX_ORDERS, SPECTRAL = ("fro", "nuc", 1, -1, 2, -2, INF, -INF), ("nuc", 2, -2)


def norm(x: TensorType, *, p: Order, dim: Any = None, keepdim: bool = False) -> TensorType:
    """Where p is negative or infinite there must be an entry."""
    if p == "nuc":
        raise OperandError("the nuclear norm of vectors", "matrix_norm(x, 'nuc')")
    rule = nonempty(reduce_dims) if as_number(p) < 0 or as_number(p) == INF else reduce_dims
    return only_floating(rule)(x, dim=dim, keepdim=keepdim)


def vector_norm(x: TensorType, *, ord: Order, dim: Any = None, keepdim: bool = False) -> TensorType:
    """As norm has it, for a number as the order."""
    if isinstance(ord, str):
        raise OperandError(
            f"the norm of a vector of order '{ord}'", "a number or inf; matrix_norm takes 'fro' and 'nuc'"
        )
    return norm(x, p=ord, dim=dim, keepdim=keepdim)


def matrix_norm(x: TensorType, *, ord: Order, dim: Any, keepdim: bool = False) -> TensorType:
    """A matrix in two dimensions, with an entry unless the norm is a sum."""
    if ord not in MATRIX_ORDERS or ord is None:
        raise OperandError(f"the norm of a matrix of order {ord}", "'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    if x.rank < 2 or not isinstance(dim, tuple) or len(dim) != 2:
        raise OperandError(
            f"a matrix in dim={dim} of a tensor of rank {x.rank}", "two dimensions, such as dim=(-2, -1)"
        )
    if ord in SPECTRAL and x.dtype.size < 4:
        raise OperandError(f"singular values in {x.dtype.label}", "float32 or float64")
    rule = reduce_dims if ord in ("fro", "nuc") else nonempty(reduce_dims)
    return only_floating(rule)(x, dim=dim, keepdim=keepdim)


def linalg_norm(x: TensorType, *, ord: Order, dim: Any = None, keepdim: bool = False) -> TensorType:
    """Of all entries without an order, else of a matrix over two dimensions and of vectors over one."""
    if ord is not None and dim is None and x.rank not in (1, 2):
        raise OperandError(f"a norm with an order of a tensor of rank {x.rank}", "rank 1 or 2, or a dim")
    if isinstance(dim, tuple) and len(dim) not in (1, 2):
        raise OperandError(f"a norm over {len(dim)} dimensions", "one or two")
    if is_matrix_norm(x.rank, ord, dim):
        return matrix_norm(x, ord=ord, dim=(0, 1) if dim is None else dim, keepdim=keepdim)
    return vector_norm(x, ord=ord, dim=dim, keepdim=keepdim)


def matrix_norm_work(_: TensorType, x: TensorType, *, ord: Order, dim: Any, **__: Any) -> int:
    """That of a decomposition where the norm is one of singular values."""
    if ord not in SPECTRAL:
        return x.elements
    return decompositions.work(x, _as_matrices(x, dim))


def matrix_norm_workspace(_: TensorType, x: TensorType, *, ord: Order, dim: Any, **__: Any) -> int:
    """The singular vectors where the norm is one of singular values; magnitudes."""
    return (2 if ord in SPECTRAL else 1) * x.elements


def linalg_norm_work(result: TensorType, x: TensorType, *, ord: Order, dim: Any, **__: Any) -> int:
    """As the norm has it that this one is."""
    if is_matrix_norm(x.rank, ord, dim):
        return matrix_norm_work(result, x, ord=ord, dim=(0, 1) if dim is None else dim)
    return x.elements


def linalg_norm_workspace(result: TensorType, x: TensorType, *, ord: Order, dim: Any, **__: Any) -> int:
    """As the norm has it that this one is."""
    return matrix_norm_workspace(result, x, ord=ord if is_matrix_norm(x.rank, ord, dim) else None, dim=dim)


def _as_matrices(x: TensorType, dim: Any) -> TensorType:
    rows, columns = axes_of(dim, x.rank)
    rest = tuple(n for k, n in enumerate(x.shape) if k not in (rows, columns))
    return TensorType(x.dtype, (*rest, x.shape[rows], x.shape[columns]))


def is_matrix_norm(rank: int, ord: Order, dim: Any) -> bool:
    """Whether linalg.norm takes the order as that of a matrix."""
    return ord is not None and (rank == 2 if dim is None else isinstance(dim, tuple) and len(dim) == 2)


def as_number(p: Order) -> float:
    """The order of a norm of entries as a number."""
    return 2 if p is None or isinstance(p, str) else p
