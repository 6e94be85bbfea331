"""What is right, without the grader: both sides in 60 digits by mpmath, f's derivative by its own differentiation."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import mpmath as mp

from .functions import namespace

DIGITS = 60


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Any:
    return compile(text, "", "eval")


def value(text: str, point: dict[str, Any]) -> Any:
    """An expression at a point; nan where it has no real value. The text is a test's own."""
    try:
        found = eval(_compiled(text), {"__builtins__": {}}, namespace() | point)
    except (ArithmeticError, ValueError, TypeError):
        return mp.nan
    return mp.nan if isinstance(found, mp.mpc | complex) else mp.mpf(found)


def slope(text: str, x: str, point: dict[str, Any]) -> Any:
    """The derivative by differences of 25 decimals' step."""
    step = mp.mpf(10) ** -25
    up, down = (value(text, point | {x: point[x] + s * step}) for s in (1, -1))
    return (up - down) / (2 * step)


def points(intervals: dict[str, tuple[float, float]], count: int, chance: random.Random) -> list[dict[str, Any]]:
    """Points of the domain."""
    return [{n: mp.mpf(chance.uniform(*ends)) for n, ends in intervals.items()} for _ in range(count)]


def is_derivative(answer: str, f: str, x: str, where: list[dict[str, Any]]) -> bool | None:
    """Whether an expression is the derivative at all points where both have values; None where hardly any has both."""
    compared = 0
    with mp.workdps(DIGITS + 40):
        for point in where:
            right, found = slope(f, x, point), value(answer, point)
            if not (mp.isfinite(right) and mp.isfinite(found)):
                continue
            compared += 1
            if abs(right - found) > mp.mpf(10) ** -20 * (1 + abs(right)) * mp.mpf(10) ** -5 and abs(
                right - found
            ) > mp.mpf(10) ** -22 * abs(right):
                return False
    return True if compared >= len(where) // 2 else None


def is_zero(text: str, where: list[dict[str, Any]]) -> bool:
    """Whether an expression is 0, or nearly so, at every point where it has a value."""
    with mp.workdps(DIGITS):
        found = [value(text, point) for point in where]
    return all(abs(v) < 1e-12 for v in found if mp.isfinite(v))


def is_defined(f: str, where: list[dict[str, Any]], x: str) -> bool:
    """Whether f and its derivative have values of a bearable size at nearly all points, and f is not constant."""
    with mp.workdps(DIGITS + 40):
        found = [slope(f, x, point) for point in where]
    good = [v for v in found if mp.isfinite(v) and abs(v) < 1e8]
    return len(good) >= 0.8 * len(where) and any(abs(v) > 1e-8 for v in good)
