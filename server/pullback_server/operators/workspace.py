"""How many elements torch makes on the way to a value and its gradient, beside operands, result and their gradients.

A rule is a function of the result's type, the operands' types (None where one was left out) and the arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from ..program import TensorType

Rule = Callable[..., int]


def unsummed_gradients(result: TensorType, *types: TensorType | None, **_: Any) -> int:
    """An operand that broadcasts has a gradient of the result's shape before that is summed."""
    if not result.dtype.floating:
        return 0
    smaller = [t for t in types if t is not None and not t.weak and t.dtype.floating and t.elements < result.elements]
    return len(smaller) * result.elements


def nothing(*_: TensorType | None, **__: Any) -> int:
    """Operands, result and gradients are all that there is."""
    return 0


def of_result(times: int) -> Rule:
    """So many tensors of the result's shape."""
    return lambda result, *_, **__: times * result.elements


def of_common_shape(times: int) -> Rule:
    """So many tensors of the shape that the operands broadcast to, which the result need not have."""
    return lambda _, *types, **__: times * common_elements(*types)


def of_squares(times: int) -> Rule:
    """So many square matrices, as wide as the longer side of the operand's matrices, for each of these."""

    def rule(_: TensorType, x: TensorType, *__: TensorType | None, **___: Any) -> int:
        return times * math.prod(x.shape[:-2]) * max(x.shape[-2:]) ** 2

    return rule


def common_elements(*types: TensorType | None) -> int:
    """The elements of the shape that tensors broadcast to.

    >>> from ..program import DType
    >>> common_elements(TensorType(DType.FLOAT64, (5, 1)), None, TensorType(DType.FLOAT64, (3,)))
    15
    """
    shapes = (reversed(t.shape) for t in types if t is not None)
    lengths = zip_longest(*shapes, fillvalue=1)
    return math.prod(0 if 0 in axis else max(axis) for axis in lengths)
