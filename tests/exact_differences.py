"""Slopes in 50 digits by the table's reference column, which shares nothing with torch and sympy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath as mp
import numpy as np
import torch
from pullback_server.operators import BY_NAME
from pullback_server.program import Apply, Input, Literal, Size, TypedProgram

#: Digits of the computation, and the step, whose square is what the slope is off by.
DIGITS, STEP = 50, "1e-18"


def slope(
    typed: TypedProgram, inputs: Mapping[str, torch.Tensor], upstream: torch.Tensor, name: str, way: torch.Tensor
) -> float:
    """The slope of sum(upstream*value) when one input moves along a direction, by central differences."""
    with mp.workdps(DIGITS):
        exact = {n: exact_array(t) for n, t in inputs.items()}
        seed, step = exact_array(upstream), mp.mpf(STEP) * exact_array(way)
        up, down = (np.sum(seed * reference_value(typed, {**exact, name: exact[name] + s * step})) for s in (1, -1))
        return float((up - down) / (2 * mp.mpf(STEP)))


def reference_value(typed: TypedProgram, inputs: Mapping[str, Any]) -> Any:
    """The value of a program by the reference column."""
    return np.asarray(by_reference(typed, inputs)[typed.program.output], dtype=object)


def by_reference(typed: TypedProgram, inputs: Mapping[str, Any]) -> list[Any]:
    """The value of every node by the reference column, as object arrays of mpmath numbers."""
    values: list[Any] = []
    for number, node in enumerate(typed.program.nodes):
        match node:
            case Input(name):
                values.append(inputs[name])
            case Literal(Size(operand, axis)):
                values.append(np.array(mp.mpf(typed.types[operand].shape[axis]), dtype=object))
            case Literal(value):
                values.append(np.array(mp.mpf(value), dtype=object))
            case Apply(operator, operands):
                arguments = (None if k is None else values[k] for k in operands)
                values.append(BY_NAME[operator].reference(*arguments, **typed.arguments[number]))
    return values


def exact_array(tensor: torch.Tensor) -> Any:
    """A tensor's entries as mpmath numbers."""
    flat = np.array([mp.mpf(v) for v in tensor.flatten().tolist()] + [None], dtype=object)[:-1]
    return flat.reshape(tuple(tensor.shape))
