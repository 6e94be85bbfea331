"""Arithmetic on the numbers of the text: exact where it is folded, and bounded before anything large is computed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

#: Whole numbers of the language fit 64 bits.
INTEGER_BITS = 63
#: No whole number that fits 64 bits needs a larger exponent, but for 0, 1 and -1.
LARGEST_EXPONENT = 1024

Number = int | float

_FLOAT: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": math.pow,
}


class FoldingError(Exception):
    """Arithmetic whose result is no number of the language; says why, as a sentence's subject."""


def fold(sign: str, *numbers: Number) -> Number | None:
    """The exact result of arithmetic on whole numbers, or a number with a sign; None where it is left to the legs.

    A negative exponent gives a float. Raises FoldingError where the result would not fit.

    >>> fold("**", 2, 10), fold("*", 10**9, 10**9), fold("/", 1, 3)
    (1024, 1000000000000000000, None)
    """
    if len(numbers) == 1 and sign in ("+", "-"):
        return -numbers[0] if sign == "-" else numbers[0]
    if not all(type(n) is int for n in numbers):
        return None
    a, b = (*numbers, 0)[:2]
    match sign:
        case "+":
            return fitting(int(a) + int(b))
        case "-":
            return fitting(int(a) - int(b))
        case "*":
            return fitting(int(a) * int(b))
        case "**":
            return _power(int(a), int(b))
    return None


def evaluate(sign: str, *numbers: Number) -> Number:
    """The value of arithmetic within a literal argument, where floats are computed too. Raises FoldingError.

    >>> evaluate("/", 1, 4)
    0.25
    """
    folded = fold(sign, *numbers)
    if folded is not None:
        return folded
    if sign not in _FLOAT:
        raise FoldingError(f"`{sign}` in a literal argument")
    try:
        result = _FLOAT[sign](*map(float, numbers))
    except (ArithmeticError, ValueError):
        raise FoldingError("arithmetic without a finite result") from None
    if math.isnan(result):
        raise FoldingError("arithmetic without a result")
    return result


def fitting(value: int) -> int:
    """The number itself, if it fits 64 bits; raises FoldingError."""
    if value.bit_length() > INTEGER_BITS:
        raise FoldingError("a whole number over 64 bits")
    return value


def _power(base: int, exponent: int) -> Number:
    if abs(exponent) > LARGEST_EXPONENT:
        raise FoldingError(f"an exponent over {LARGEST_EXPONENT}")
    if exponent < 0:
        if base == 0:
            raise FoldingError("a division by zero")
        return math.pow(base, exponent)
    if abs(base) > 1 and (abs(base).bit_length() - 1) * exponent > INTEGER_BITS:
        raise FoldingError("a whole number over 64 bits")
    return fitting(base**exponent)
