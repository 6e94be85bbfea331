"""One-sided slopes of an expression at exact inputs, by difference quotients in many digits, extrapolated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import mpmath as mp
import torch

from .values import Reach, ShiftedValues, Values

#: The steps are these powers of two times the scale of the inputs; far below what any two of float64 are apart.
STEPS = (-160, -180, -200)
#: Bits of the computation: what the smallest step takes away, and some hundred that remain of a difference.
BITS = 520
#: A quotient has converged when it changes by less than this power of two, relative to itself.
CONVERGED = -90
#: Differences of quotients that shrink by less than this from step to step have no limit.
SHRINKING = 0.9
#: Quotients below this power of two are rounding, not slopes.
NEGLIGIBLE = -180
#: Inputs with more entries than this are not searched for their smallest entry.
SEARCHED = 2**20


class SlopeKind(Enum):
    """What kind of slope there is on one side."""

    FINITE = "finite"
    INFINITE = "infinite"
    #: The expression has no value on this side.
    UNDEFINED = "undefined"
    #: The quotients have no limit that could be determined.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Slope:
    """A one-sided slope and how far off it may be; `jump` says that the value has another limit on this side."""

    kind: SlopeKind
    value: mp.mpf
    error: mp.mpf
    jump: bool = False

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True)
class Slopes:
    """The slopes of `sum(upstream*value)` at one entry of an input; `defined` says whether there is a value there."""

    left: Slope
    right: Slope
    defined: bool

    @property
    def derivative(self) -> mp.mpf | None:
        """The derivative, where there is one: at the edge of a domain the slope on the side that has one."""
        if not self.defined:
            return None
        finite = [s for s in (self.left, self.right) if s.kind is SlopeKind.FINITE]
        if len(finite) == 2:
            apart = abs(finite[0].value - finite[1].value)
            near = finite[0].error + finite[1].error + mp.ldexp(abs(finite[1].value), CONVERGED // 2)
            return finite[1].value if apart <= near else None
        edge = SlopeKind.UNDEFINED in (self.left.kind, self.right.kind)
        return finite[0].value if len(finite) == 1 and edge else None


def scale_of(inputs: Mapping[str, torch.Tensor]) -> float:
    """The scale of steps from 0: the smallest nonzero magnitude of any entry, and 1 at most."""
    scale = 1.0
    for tensor in inputs.values():
        if tensor.is_floating_point() and 0 < tensor.numel() <= SEARCHED:
            sizes = tensor.detach().to(torch.float64).abs()
            scale = min(scale, float(torch.where(sizes > 0, sizes, torch.inf).amin()))
    return scale


def slopes(values: Values, reach: Reach, upstream: torch.Tensor, at: float, scale: float) -> Slopes:
    """The slopes at the entry that `reach` starts from, whose value is `at`; raises OverBudget.

    The precision in force must be BITS at least, and more where the scale is small.
    """
    output = values.typed.program.output
    places = reach.places[output]
    if not places.size:
        flat = Slope(SlopeKind.FINITE, mp.mpf(0), mp.mpf(0))
        return Slopes(flat, flat, True)
    if not values.defined(output, reach):
        kind = SlopeKind.UNKNOWN if values.too_large else SlopeKind.UNDEFINED
        slope = Slope(kind, mp.nan, mp.mpf(0))
        return Slopes(slope, slope, values.too_large)
    weights = [mp.mpf(v) for v in upstream.detach().reshape(-1)[torch.from_numpy(places)].tolist()]
    steps = [mp.ldexp(mp.mpf(abs(at) or scale), power) for power in STEPS]

    def change(step: mp.mpf) -> mp.mpf:
        changes = ShiftedValues(values, reach, step).change(output, places)
        return mp.fsum(w * c for w, c in zip(weights, changes, strict=True) if w != 0)

    size = mp.fsum(map(abs, weights))
    sides = ([sign * step for step in steps] for sign in (-1, 1))
    left, right = (_limit([change(step) for step in side], side, size) for side in sides)
    return Slopes(left, right, True)


def _limit(changes: list[mp.mpf], steps: list[mp.mpf], size: mp.mpf) -> Slope:
    """The limit of the quotients by Aitken's extrapolation: Richardson's, with the order estimated from them."""
    if mp.isnan(changes[-1]):
        return Slope(SlopeKind.UNDEFINED, mp.nan, mp.mpf(0))
    if not all(mp.isfinite(c) for c in changes):
        return Slope(SlopeKind.UNKNOWN, mp.nan, mp.mpf(0))
    first, second, third = (change / step for change, step in zip(changes, steps, strict=True))
    before, after = second - first, third - second
    negligible = mp.ldexp(max(size, mp.mpf(1)), NEGLIGIBLE)
    if max(map(abs, (first, second, third))) <= negligible:
        return Slope(SlopeKind.FINITE, mp.mpf(0), negligible)
    tolerance = mp.ldexp(abs(third), CONVERGED) + negligible
    if max(abs(before), abs(after)) <= tolerance:
        return Slope(SlopeKind.FINITE, third, tolerance)
    if abs(after) <= SHRINKING * abs(before):
        move = after * after / (before - after)
        return Slope(SlopeKind.FINITE, third + move, abs(move) + tolerance)
    if before * after > 0 or abs(after) <= tolerance:
        jump = abs(changes[-1]) > abs(changes[0]) / 2
        return Slope(SlopeKind.INFINITE, mp.inf * mp.sign(after), mp.mpf(0), jump)
    return Slope(SlopeKind.UNKNOWN, mp.nan, mp.mpf(0))
