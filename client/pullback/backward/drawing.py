"""Inputs for a trial: fixed values as they are, others drawn at random in their shapes and structures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidRequest
from ..reasons import Reason
from ..values.grading import Variable
from ..wire.grading_messages import structure_of, variable_of
from ..wire.tensors import array_of

Array = NDArray[Any]

#: Sizes for named dimensions, a row for each trial, each name the next number: all different, so that no two axes are
#: confused; the other way round; and 1, where axes are easily lost.
SIZES = ((3, 4, 2, 5, 6, 7), (2, 5, 4, 3, 7, 6), (1,))

#: How far from zero numbers are drawn where a domain is infinite.
_FAR = 3.0


def shapes_vary(inputs: Mapping[str, object]) -> bool:
    """Whether a dimension of an input has a name in place of a size."""
    return any(isinstance(size, str) for variable in _variables(inputs).values() for size in variable.shape)


def draw_inputs(inputs: Mapping[str, object], sizes: Sequence[int], random: np.random.Generator) -> dict[str, Array]:
    """The inputs of one trial: float64 arrays, except for fixed values, which keep their dtype unless it is floating.

    Raises InvalidRequest for a structure or a domain that no numbers have.

    >>> variables = {"A": Variable(("n", "m")), "x": Variable(("m",))}
    >>> inputs = draw_inputs(variables, SIZES[0], np.random.default_rng(0))
    >>> {name: array.shape for name, array in inputs.items()}
    {'A': (3, 4), 'x': (4,)}
    """
    size_by_name: dict[str, int] = {}
    arrays = {}
    for name, variable in _variables(inputs).items():
        if variable.value is not None:
            fixed = array_of(variable.value, f"inputs.{name}")
            arrays[name] = fixed.astype(np.float64) if fixed.dtype.kind not in "iub" else fixed
            continue
        shape = tuple(
            size if not isinstance(size, str) else size_by_name.setdefault(size, sizes[len(size_by_name) % len(sizes)])
            for size in variable.shape
        )
        arrays[name] = np.asarray(_draw(variable, shape, random, f"inputs.{name}"))
    return arrays


def _variables(inputs: Mapping[str, object]) -> dict[str, Variable]:
    return {name: variable_of(entry, f"inputs.{name}") for name, entry in inputs.items()}


def _draw(variable: Variable, shape: tuple[int, ...], random: np.random.Generator, field: str) -> Array:
    structure = structure_of(variable.structure, f"{field}.structure")
    if structure in _SQUARE and (len(shape) < 2 or shape[-1] != shape[-2]):
        message, hint = f"no tensor of shape {shape} is {structure}", "give a shape with as many rows as columns"
        raise InvalidRequest(message, reason=Reason.BAD_SHAPE, field=field, hint=hint)
    if variable.domain is not None:
        low, high = (float(end) for end in variable.domain)
        low = max(low, min(-_FAR, high - _FAR)) if math.isinf(low) else low
        high = max(_FAR, low + _FAR) if math.isinf(high) else high
        return random.uniform(low, high, shape)
    x: Array = random.standard_normal(shape)
    match structure:
        case "positive" | "nonnegative":
            return random.uniform(0.3, 2.0, shape)
        case "nonzero":
            return np.sign(x) * random.uniform(0.3, 2.0, shape)
        case "symmetric":
            return (x + x.swapaxes(-1, -2)) / 2
        case "positive definite":
            return x @ x.swapaxes(-1, -2) / shape[-1] + np.eye(shape[-1])
        case "well conditioned":
            return x / shape[-1] + 2 * np.eye(shape[-1])
        case "orthogonal":
            return np.asarray(np.linalg.qr(x)[0])
        case "diagonal":
            return x * np.eye(shape[-1])
        case "probability":
            weights = np.exp(x)
            return np.asarray(weights / weights.sum(-1, keepdims=True))
    return x


_SQUARE = ("symmetric", "positive definite", "well conditioned", "orthogonal", "diagonal")
