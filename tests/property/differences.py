"""Central differences of a program's value in float64, where the value is smooth enough for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

#: The longer of the two steps; the other is half of it.
STEP = 1e-3
#: The two steps' quotients may differ by this much, relative to the slope or to 1, or the point counts as rough.
ROUGH = 1e-4
#: The gap between the one-sided slopes halves with the step, except at a kink; rounding adds a little.
KINK, ROUNDING = 0.75, 1e-7
#: The error of a slope beyond the difference between the steps.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Slope:
    """The slope of a function of one number at 0, and how far off it may be."""

    value: float
    uncertainty: float


def slope(function: Callable[[float], float]) -> Slope | None:
    """The slope at 0 by central differences at two steps, extrapolated; None on a kink, a jump or a wild stretch.

    >>> round(slope(lambda t: (1 + t) ** 3).value, 9)
    3.0
    >>> slope(abs) is None
    True
    """
    middle = function(0.0)
    ends = {h: (function(h), function(-h)) for h in (STEP, STEP / 2)}
    quotients = [(up - down) / (2 * h) for h, (up, down) in ends.items()]
    gaps = [abs((up - middle) - (middle - down)) / h for h, (up, down) in ends.items()]
    extrapolated = (4 * quotients[1] - quotients[0]) / 3
    scale = max(1.0, abs(extrapolated), abs(middle))
    difference = abs(quotients[1] - quotients[0])
    if not (difference <= ROUGH * scale and gaps[1] <= KINK * gaps[0] + ROUNDING * scale):
        return None
    return Slope(extrapolated, difference + TOLERANCE * scale)


def along(
    value: Callable[[dict[str, torch.Tensor]], torch.Tensor],
    point: dict[str, torch.Tensor],
    name: str,
    direction: torch.Tensor,
) -> Callable[[float], float]:
    """The value as a function of the distance that one input moves along a direction."""
    return lambda t: float(value({**point, name: point[name] + t * direction}))
