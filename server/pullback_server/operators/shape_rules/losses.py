"""Shape rules of losses before they are reduced, as in torch."""

from __future__ import annotations

from typing import Any

from ...program import TensorType
from ..operator import OperandError, ShapeRule
from ..workspace import common_elements
from .common import AS_NUMBER, broadcast_shapes, floats, numbers, only_floating

#: How the entries of a loss are reduced.
REDUCTIONS = ("mean", "sum", "none")
float_numbers = only_floating(numbers)


def one_dtype(*types: TensorType | None, **_: Any) -> TensorType:
    """Floating operands of one dtype; a target may be integers."""
    operands = [t for t in types if t is not None]
    dtypes = {t.dtype for t in operands if t.dtype.floating and not t.weak}
    if len(dtypes) > 1 or not (operands[0].dtype.floating or operands[0].weak):
        raise OperandError(
            " and ".join(t.dtype.label for t in operands), "an input of a floating dtype, and the others of the same"
        )
    return floats(*operands)


def floats_of_one_dtype(*types: TensorType | None, **_: Any) -> TensorType:
    """Floating operands of one dtype."""
    operands = [t for t in types if t is not None]
    if any(not t.dtype.floating and not t.weak for t in operands):
        raise OperandError(" and ".join(t.dtype.label for t in operands), "floating operands; multiply by 1.0")
    return one_dtype(*operands)


def same_shape(x: TensorType, t: TensorType, *weights: TensorType | None, **_: Any) -> TensorType:
    """Input and target of one shape, and weights that broadcast to it."""
    if x.shape != t.shape or any(w is not None and broadcast_shapes(x.shape, w.shape) != x.shape for w in weights):
        raise OperandError(
            f"shapes {list(x.shape)} and {list(t.shape)}", "equal shapes, and weights that broadcast to them"
        )
    return floats_of_one_dtype(x, t, *weights)


def ranking(a: TensorType, b: TensorType, t: TensorType, **_: Any) -> TensorType:
    """Operands of one rank."""
    if not a.rank == b.rank == t.rank:
        raise OperandError(f"ranks {a.rank}, {b.rank} and {t.rank}", "operands of one rank")
    if any(o.dtype.category == 0 for o in (a, b, t)):
        raise OperandError("a bool operand", "numbers; the target consists of 1 and -1")
    return one_dtype(a, b, t)


def gaussian(x: TensorType, t: TensorType, var: TensorType, **_: Any) -> TensorType:
    """A variance for each entry of the input, or one for all entries along the last dimension."""
    if var.shape not in (x.shape, x.shape[:-1], (*x.shape[:-1], 1)) and not var.weak:
        raise OperandError(
            f"a var of shape {list(var.shape)} for {list(x.shape)}", "the input's, or that without the last dimension"
        )
    if var.dtype.category != 2 and not var.weak:
        raise OperandError(f"a var of {var.dtype.label}", "a floating dtype")
    if t.dtype.category == 0:
        raise OperandError("a bool target", AS_NUMBER)
    shape = broadcast_shapes(x.shape, t.shape)
    return TensorType(
        one_dtype(x, t, var if var.weak else TensorType(var.dtype, ())).dtype, shape, x.weak and t.weak and var.weak
    )


def poisson(x: TensorType, t: TensorType, **_: Any) -> TensorType:
    """The input is floating."""
    if not x.dtype.floating and not x.weak:
        raise OperandError(f"an input of {x.dtype.label}", "a floating dtype; multiply by 1.0")
    return floats(x, t)


def smooth(x: TensorType, t: TensorType, *, beta: float) -> TensorType:
    """beta is not negative."""
    if not 0 <= beta < float("inf"):
        raise OperandError(f"beta={beta}", "a number of 0 or more")
    return floats(x, t)


def huber(x: TensorType, t: TensorType, *, delta: float) -> TensorType:
    """delta is positive."""
    if not 0 < delta < float("inf"):
        raise OperandError(f"delta={delta}", "a number above 0")
    return floats_of_one_dtype(x, t)


def reduced_type(entries: TensorType, reduction: str, reductions: tuple[str, ...] = REDUCTIONS) -> TensorType:
    """The type of the loss. Raises OperandError."""
    if reduction not in reductions:
        raise OperandError(f"reduction='{reduction}'", " or ".join(f"'{name}'" for name in reductions))
    return TensorType(entries.dtype, entries.shape if reduction == "none" else (), entries.weak)


def loss(rule: ShapeRule, reductions: tuple[str, ...] = REDUCTIONS) -> ShapeRule:
    """The rule of a loss, from the rule of its entries."""

    def shape(*types: TensorType | None, reduction: str, **arguments: Any) -> TensorType:
        return reduced_type(rule(*types, **arguments), reduction, reductions)

    return shape


def work(_: TensorType, *operands: TensorType | None, **__: Any) -> int:
    """A few passes over the entries of the operands, which broadcast."""
    return 4 * common_elements(*operands)
