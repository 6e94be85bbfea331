"""Shape rules of losses before they are reduced, as torch has them."""

from __future__ import annotations

from typing import Any

from ...program import TensorType
from ..operator import OperandError
from .common import broadcast, broadcast_shapes, only_floating, without_bools

#: What a loss comes to in the end.
REDUCTIONS = ("mean", "sum", "none")
promoted = only_floating(broadcast)
numbers = only_floating(without_bools(broadcast, "multiply the bool by 1 to make it a number"))


def alike(*types: TensorType | None, **_: Any) -> TensorType:
    """Floating operands of one dtype, but for integers as targets."""
    given = [t for t in types if t is not None]
    floats = {t.dtype for t in given if t.dtype.floating and not t.weak}
    if len(floats) > 1 or not (given[0].dtype.floating or given[0].weak):
        raise OperandError(
            " and ".join(t.dtype.label for t in given), "an input of a floating dtype, which all others have"
        )
    return promoted(*given)


def same_dtype(*types: TensorType | None, **_: Any) -> TensorType:
    """Floating operands of one dtype."""
    given = [t for t in types if t is not None]
    if any(not t.dtype.floating and not t.weak for t in given):
        raise OperandError(" and ".join(t.dtype.label for t in given), "floating operands; multiply by 1.0")
    return alike(*given)


def same_shape(x: TensorType, t: TensorType, *weights: TensorType | None, **_: Any) -> TensorType:
    """Input and target of one shape, weights that broadcast to it."""
    if x.shape != t.shape or any(w is not None and broadcast_shapes(x.shape, w.shape) != x.shape for w in weights):
        raise OperandError(
            f"shapes {list(x.shape)} and {list(t.shape)}", "equal shapes, and weights that broadcast to them"
        )
    return same_dtype(x, t, *weights)


def ranked(a: TensorType, b: TensorType, t: TensorType, **_: Any) -> TensorType:
    """Operands of one rank."""
    if not a.rank == b.rank == t.rank:
        raise OperandError(f"ranks {a.rank}, {b.rank} and {t.rank}", "operands of one rank")
    if any(o.dtype.category == 0 for o in (a, b, t)):
        raise OperandError("a bool operand", "numbers, the target of 1 and -1")
    return alike(a, b, t)


def with_variance(x: TensorType, t: TensorType, var: TensorType, **_: Any) -> TensorType:
    """A variance for each entry of the input, or one for all that differ in the last index."""
    if var.shape not in (x.shape, x.shape[:-1], (*x.shape[:-1], 1)) and not var.weak:
        raise OperandError(
            f"a var of shape {list(var.shape)} for {list(x.shape)}", "the input's, or that but for the last"
        )
    if var.dtype.category != 2 and not var.weak:
        raise OperandError(f"a var of {var.dtype.label}", "a floating one")
    if t.dtype.category == 0:
        raise OperandError("a bool target", "multiply the bool by 1 to make it a number")
    shape = broadcast_shapes(x.shape, t.shape)
    return TensorType(
        alike(x, t, var if var.weak else TensorType(var.dtype, ())).dtype, shape, x.weak and t.weak and var.weak
    )


def counted(x: TensorType, t: TensorType, **_: Any) -> TensorType:
    """An input that is floating itself."""
    if not x.dtype.floating and not x.weak:
        raise OperandError(f"an input of {x.dtype.label}", "a floating one; multiply by 1.0")
    return promoted(x, t)


def smooth(x: TensorType, t: TensorType, *, beta: float) -> TensorType:
    """beta is a distance."""
    if not 0 <= beta < float("inf"):
        raise OperandError(f"beta={beta}", "a number from 0 on")
    return promoted(x, t)


def huber(x: TensorType, t: TensorType, *, delta: float) -> TensorType:
    """delta is a distance that is not 0."""
    if not 0 < delta < float("inf"):
        raise OperandError(f"delta={delta}", "a number above 0")
    return same_dtype(x, t)


def pairs(a: TensorType, b: TensorType, t: TensorType) -> TensorType:
    """Two vectors and a number, or two matrices and a number for each pair of rows."""
    both = same_dtype(a, b)
    if (
        both.rank not in (1, 2)
        or t.rank != both.rank - 1
        or broadcast_shapes(t.shape, both.shape[:-1]) != both.shape[:-1]
    ):
        raise OperandError(
            f"shapes {list(a.shape)} and {list(b.shape)} with a target of shape {list(t.shape)}",
            "matrices (N, D) with a target (N), or vectors with a number",
        )
    return TensorType(both.dtype, both.shape[:-1], both.weak and t.weak)


def reduced_type(entries: TensorType, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> TensorType:
    """The type of the whole; raises OperandError."""
    if reduction not in known:
        raise OperandError(f"reduction='{reduction}'", " or ".join(f"'{name}'" for name in known))
    return TensorType(entries.dtype, entries.shape if reduction == "none" else (), entries.weak)
