"""Shape rules of reductions and of functions of lines, as in torch, and the work they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...program import TensorType
from ..operator import OperandError
from .common import (
    AS_NUMBER,
    axes_of,
    axis_of,
    boolean,
    floating,
    floats,
    nonempty,
    numeric,
    only_floating,
    reduce_dims,
)

mean = only_floating(reduce_dims)
extreme = nonempty(reduce_dims)
logsumexp = floating(reduce_dims)
quantifier = boolean(reduce_dims)


def softmax(x: TensorType, *, dim: int) -> TensorType:
    """The shape stays."""
    axis_of(dim, x.rank)
    return floats(x)


def four_passes(_: TensorType, x: TensorType, **__: Any) -> int:
    """The work of an operator that goes over its operand several times."""
    return 4 * x.elements


def median(x: TensorType, *, dim: int | None, keepdim: bool) -> TensorType:
    """Over all dimensions the median of no entries is nan; over one it is refused."""
    if keepdim and dim is None:
        raise OperandError("median with keepdim and without dim", "a dim")
    rule = reduce_dims if dim is None and x.dtype.floating else extreme
    return numeric(rule, AS_NUMBER)(x, dim=dim, keepdim=keepdim)


def variance(x: TensorType, *, dim: Any = None, keepdim: bool = False, **arguments: Any) -> TensorType:
    """A correction equal to the number of entries gives nan; a greater one is refused."""
    result = mean(x, dim=dim, keepdim=keepdim)
    count, subtracted = math.prod(x.shape[k] for k in axes_of(dim, x.rank)), correction_of(**arguments)
    if 0 < count < subtracted:
        raise OperandError(f"a correction of {subtracted} for {count} entries", f"at most {count - 1}")
    return result


def correction_of(*, unbiased: bool | None = None, correction: float | None = None, ddof: float | None = None) -> float:
    """What a variance subtracts from the number of entries, by any of its names; 1 by default, as in torch."""
    corrections = [value for value in (unbiased, correction, ddof) if value is not None]
    if len(corrections) > 1:
        raise OperandError("both `unbiased` and `correction`", "one of them")
    return corrections[0] * 1 if corrections else 1


def running(rule: Callable[..., TensorType]) -> Callable[..., TensorType]:
    """A running total with the dtype of that rule; only a vector has a default dimension."""

    def shape(x: TensorType, *, dim: int | None = None) -> TensorType:
        if dim is None and x.rank > 1:
            raise OperandError(f"a running total of a tensor of rank {x.rank} without a dim", "a dim, such as -1")
        axis_of(0 if dim is None else dim, x.rank)
        return TensorType(rule(x, dim=()).dtype, x.shape, x.weak)

    return shape
