"""Shape rules of tensors made from a shape alone: they take the dtype of what they are combined with."""

from __future__ import annotations

import math
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .rearranging import as_tuple

#: A number of the text.
Number = int | float


def of_size(shape: tuple[int, ...], integers: bool = False) -> TensorType:
    """A constant of that shape."""
    if any(n < 0 for n in shape):
        raise OperandError(f"the shape {list(shape)}", "lengths of 0 or more")
    return TensorType(DType.INT64 if integers else DType.FLOAT64, shape, weak=True)


def _are_integers(*values: Number) -> bool:
    return all(isinstance(v, int) for v in values)


def arange_count(start: Number, end: Number | None, step: Number) -> tuple[Number, int]:
    """Where an arange begins, and how many numbers it has."""
    first, last = (0, start) if end is None else (start, end)
    if step == 0 or not all(map(math.isfinite, (first, last, step))):
        raise OperandError(f"arange from {first} to {last} by {step}", "finite numbers and a step that is not 0")
    if (last - first) * step < 0:
        raise OperandError(f"arange from {first} to {last} by {step}", "a step towards the end")
    return first, math.ceil((last - first) / step)


def eye(*, n: int, m: int | None) -> TensorType:
    """n rows and m columns, n where m is None."""
    return of_size((n, n if m is None else m))


def full(*, size: Any, fill_value: Number) -> TensorType:
    """The size in the call."""
    return of_size(as_tuple((size,)), _are_integers(fill_value))


def full_like(x: TensorType, *, fill_value: Number) -> TensorType:
    """The shape and dtype of x."""
    if not x.dtype.floating:
        raise OperandError(f"full_like of a tensor of dtype {x.dtype.label}", "a floating tensor, or full(size, value)")
    return TensorType(x.dtype, x.shape, x.weak)


def arange(*, start: Number, end: Number | None, step: Number) -> TensorType:
    """A vector of these numbers."""
    _, count = arange_count(start, end, step)
    return of_size((count,), _are_integers(*(v for v in (start, end, step) if v is not None)))


def linspace(*, start: Number, end: Number, steps: int) -> TensorType:
    """A vector of this many numbers."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise OperandError(f"linspace from {start} to {end}", "finite ends")
    return of_size((steps,))
