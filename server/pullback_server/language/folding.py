"""Arithmetic on number literals: exact where it is folded, and bounded before anything large is computed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..program import Literal
from .builder import Operand

#: Integers of the language fit 64 bits.
INTEGER_BITS = 63
#: No integer that fits 64 bits needs a larger exponent, but for 0, 1 and -1.
LARGEST_EXPONENT = 1024

Number = int | float

_EXACT: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_FLOAT = _EXACT | {"/": operator.truediv, "**": math.pow}


class FoldingError(Exception):
    """Arithmetic whose result is not a number of the language; says why, as a noun phrase."""


def fold(symbol: str, *numbers: Number) -> Number | None:
    """The exact result of arithmetic on integers, or of a sign before a number; None where it is not folded.

    A negative exponent gives a float. Raises FoldingError where the result would not fit.

    >>> fold("**", 2, 10), fold("*", 10**9, 10**9), fold("/", 1, 3)
    (1024, 1000000000000000000, None)
    """
    if len(numbers) == 1 and symbol in ("+", "-"):
        return -numbers[0] if symbol == "-" else numbers[0]
    if not all(type(n) is int for n in numbers):
        return None
    a, b = (*numbers, 0)[:2]
    if symbol == "**":
        return _power(int(a), int(b))
    return fit_int64(_EXACT[symbol](int(a), int(b))) if symbol in _EXACT else None


def plain_number(operand: Operand | None) -> Number | None:
    """The number that an operand is, if it may be folded: not a constant, a size or a truth value."""
    if not isinstance(operand, Literal) or operand.name or not isinstance(operand.value, int | float):
        return None
    return None if isinstance(operand.value, bool) else operand.value


def evaluate(symbol: str, *numbers: Number) -> Number:
    """The value of arithmetic within a literal argument, where floats are computed too. Raises FoldingError.

    >>> evaluate("/", 1, 4)
    0.25
    """
    folded = fold(symbol, *numbers)
    if folded is not None:
        return folded
    if symbol not in _FLOAT:
        raise FoldingError(f"`{symbol}` in a literal argument")
    try:
        result: float = _FLOAT[symbol](*map(float, numbers))
    except (ArithmeticError, ValueError):
        raise FoldingError("arithmetic whose result is not finite") from None
    if math.isnan(result):
        raise FoldingError("arithmetic whose result is not a number")
    return result


def fit_int64(value: int) -> int:
    """The integer itself; raises FoldingError where it does not fit 64 bits."""
    if value.bit_length() > INTEGER_BITS:
        raise FoldingError("an integer of more than 64 bits")
    return value


def _power(base: int, exponent: int) -> Number:
    if abs(exponent) > LARGEST_EXPONENT:
        raise FoldingError(f"an exponent over {LARGEST_EXPONENT}")
    if exponent < 0:
        if base == 0:
            raise FoldingError("division by zero")
        return math.pow(base, exponent)
    if abs(base) > 1 and (abs(base).bit_length() - 1) * exponent > INTEGER_BITS:
        raise FoldingError("an integer of more than 64 bits")
    return fit_int64(base**exponent)
