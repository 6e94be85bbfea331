"""What is right, without the grader: both sides in 60 digits by mpmath, f's derivative by differences."""

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
        result = eval(_compiled(text), {"__builtins__": {}}, namespace() | point)
    except (ArithmeticError, ValueError, TypeError):
        return mp.nan
    return mp.nan if isinstance(result, mp.mpc | complex) else mp.mpf(result)


def slope(text: str, x: str, point: dict[str, Any]) -> Any:
    """The derivative by a central difference with a step of 10^-25."""
    step = mp.mpf(10) ** -25
    up, down = (value(text, point | {x: point[x] + s * step}) for s in (1, -1))
    return (up - down) / (2 * step)


def points(intervals: dict[str, tuple[float, float]], count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Points of the domain."""
    return [{n: mp.mpf(rng.uniform(*ends)) for n, ends in intervals.items()} for _ in range(count)]


def is_derivative(answer: str, f: str, x: str, where: list[dict[str, Any]]) -> bool | None:
    """Whether an expression is the derivative wherever both have values; None where both do at few points."""
    compared = 0
    with mp.workdps(DIGITS + 40):
        for point in where:
            right, answered = slope(f, x, point), value(answer, point)
            if not (mp.isfinite(right) and mp.isfinite(answered)):
                continue
            compared += 1
            size, distance = abs(right), abs(right - answered)
            if distance > mp.mpf(10) ** -25 * (1 + size) and distance > mp.mpf(10) ** -22 * size:
                return False
    return True if compared >= len(where) // 2 else None


def is_zero(text: str, where: list[dict[str, Any]]) -> bool:
    """Whether an expression is 0, or nearly so, at every point where it has a value."""
    with mp.workdps(DIGITS):
        values = [value(text, point) for point in where]
    return all(abs(v) < 1e-12 for v in values if mp.isfinite(v))


def is_defined(f: str, where: list[dict[str, Any]], x: str) -> bool:
    """Whether f has a derivative of moderate size at nearly all points, and is not constant."""
    with mp.workdps(DIGITS + 40):
        slopes = [slope(f, x, point) for point in where]
    good = [v for v in slopes if mp.isfinite(v) and abs(v) < 1e8]
    return len(good) >= 0.8 * len(where) and any(abs(v) > 1e-8 for v in good)
