"""Programs in any number of digits, by the table's reference column, on mpmath numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np

from ...operators import BY_NAME
from ...operators.reference.columns import Objects
from ...program import Apply, Input, Literal, Size, TypedProgram

#: A literal is read as the fraction that it rounds, where the denominator is not larger than this.
DENOMINATOR = 10**6
_CONSTANTS = {"pi": mp.pi, "e": mp.e, "inf": mp.inf}


@dataclass(frozen=True)
class PreciseValue:
    """A program's value, and the numbers on the way to it, whose size bounds its rounding error."""

    value: Objects
    steps: tuple[Objects, ...]
    digits: int

    @property
    def size(self) -> Any:
        """The largest size of a finite number on the way."""
        with mp.workdps(self.digits):
            numbers = (number for step in self.steps for number in step.reshape(-1))
            return max((abs(number) for number in numbers if mp.isfinite(number)), default=mp.mpf(0))


def evaluate_precisely(typed: TypedProgram, inputs: Mapping[str, Objects], digits: int) -> PreciseValue:
    """The value in so many digits; nan where it has none. An array may stand for a number, with one entry a point.

    Raises ArithmeticError or ValueError where mpmath does not converge.
    """
    with mp.workdps(digits):
        values: list[Objects] = []
        for number, node in enumerate(typed.program.nodes):
            match node:
                case Input(name=name):
                    values.append(inputs[name])
                case Literal(value=Size(operand, axis)):
                    values.append(_array(mp.mpf(typed.types[operand].shape[axis])))
                case Literal(value=value, name=name):
                    assert isinstance(value, int | float)
                    values.append(_array(_literal(value, name)))
                case Apply(operator=operator, operands=operands):
                    columns = [None if k is None else values[k] for k in operands]
                    values.append(_flat(BY_NAME[operator].reference(*columns, **typed.arguments[number])))
        return PreciseValue(values[typed.program.output], tuple(values), digits)


def to_mpmath(values: Any) -> Objects:
    """Floats as mpmath numbers, without rounding."""
    return np.asarray(np.frompyfunc(lambda x: mp.mpf(float(x)), 1, 1)(np.asarray(values)), dtype=object)


@lru_cache(maxsize=1024)
def intended_fraction(value: int | float) -> Fraction | None:
    """The fraction that a literal rounds; None where the denominator would be too large.

    >>> intended_fraction(0.1)
    Fraction(1, 10)
    """
    near = Fraction(value).limit_denominator(DENOMINATOR)
    return near if float(near) == float(value) else None


def _literal(value: int | float, name: str) -> Any:
    """A literal as it is meant: 0.1 is a tenth, not the nearest float."""
    if name:
        return +_CONSTANTS[name]
    if isinstance(value, int):
        return mp.mpf(int(value))
    if not math.isfinite(value):
        return mp.mpf(value)
    near = intended_fraction(value)
    return mp.mpf(repr(value)) if near is None else mp.mpf(near.numerator) / near.denominator


def _array(value: Any) -> Objects:
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def _flat(result: Any) -> Objects:
    """A result of the reference column; a number may come as an array in an array."""
    array = np.asarray(result, dtype=object)
    while not array.ndim and isinstance(array[()], np.ndarray):
        array = array[()]
    return array
