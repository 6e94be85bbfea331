"""The two legs compared at every entry: which are the same number, which are within rounding, and which are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from .question import Tolerance, WorstEntry

#: Roundings that two orders of the same computation may be apart, of an entry or of the terms that it is the sum of.
CLOSE = 32
#: How many times the running error bound the legs may be apart: their operations are not the same ones.
SLACK = 16
#: What agreement may leave in doubt of an entry, as a power of the unit roundoff: a third of the digits.
SURE = 2 / 3

#: Entries that are compared at a time.
BLOCK = 2**16
#: Up to as many are compared one by one.
FEW = 64


@dataclass(frozen=True)
class Estimates:
    """What may be asked about errors, each at its price: nothing of it is computed before it is needed.

    `terms()` gives the magnitudes of the terms that each entry of the closed form adds up (None: it adds up none);
    `bound(unit)` its running error bound for a unit roundoff (None: it has no error); `spread()` how far autograd's
    gradient moves, at the entry that moves most, when its inputs move by a rounding: a closed form in which sympy
    cancelled terms has no error where autograd still has its own.
    """

    terms: Callable[[], torch.Tensor | None]
    bound: Callable[[float], torch.Tensor | None]
    spread: Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """The legs entry by entry: `doubt` marks where they are not the same number, `limited` where only rounding says so.

    Both are None where no entry is marked. `error` estimates how far apart rounding can carry the legs at each entry;
    None where nothing had to be estimated but a few roundings of each entry. Tensors are flat.
    """

    ours: torch.Tensor
    theirs: torch.Tensor
    unit: float
    doubt: torch.Tensor | None
    limited: torch.Tensor | None
    error: torch.Tensor | None
    worst: int
    tolerance: Tolerance

    @property
    def entries(self) -> int:
        """How many entries were compared."""
        return self.ours.numel()

    def error_at(self, place: int) -> float:
        """The estimate of the error at one entry."""
        few = CLOSE * self.unit * abs(float(self.ours[place]))
        return few if self.error is None else float(self.error[place])


def compare(autograd: torch.Tensor, closed_form: torch.Tensor, dtype: torch.dtype, estimates: Estimates) -> Comparison:
    """The comparison of one input's gradients; both have its shape, the closed form's is in float64.

    `dtype` is the least precise in which autograd computed. The first question is whether each entry is the same but
    for a few roundings; then whether it is but for a few roundings of its terms; then the running error bound is
    asked, and last how far autograd moves.
    """
    unit = torch.finfo(dtype).eps
    ours = closed_form.detach().reshape(-1)
    theirs = autograd.to(ours).reshape(-1)
    if not ours.numel():
        return Comparison(ours, theirs, unit, None, None, None, 0, Tolerance(0.0, 0.0, "there are no entries"))
    close, worst = _extremes(ours, theirs, CLOSE * unit)
    if close:
        source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of each entry"
        return Comparison(ours, theirs, unit, None, None, None, worst, Tolerance(0.0, CLOSE * unit, source))
    tiny = torch.finfo(dtype).tiny
    terms = estimates.terms()
    size = ours.abs() if terms is None else torch.maximum(ours.abs(), terms.reshape(-1).to(ours))
    error = CLOSE * unit * size + tiny
    apart = (theirs - ours).abs_()
    same = (ours == theirs) & ours.isfinite()
    near = same | (apart <= error)
    if bool(near.all()):
        source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of the terms that the entry is the sum of"
        return _made(ours, theirs, unit, apart, near, error, None, source)
    bound = estimates.bound(unit)
    source = f"{SLACK} times the running error bound in {_name(dtype)} of the closed form"
    error = error if bound is None else error + SLACK * bound.reshape(-1).to(ours)
    sure = same | (apart <= torch.minimum(error, torch.maximum(CLOSE * unit * size + tiny, unit**SURE * size)))
    within = sure | (apart <= error)
    if not bool(within.all()):
        spread = estimates.spread()
        source += " and of the most that autograd moves with a rounding of its inputs"
        error = error + SLACK * spread
        within = sure | (apart <= error)
    # An unbounded error is no reason to believe anything.
    within &= error.isfinite() | sure
    limited = within & ~sure
    return _made(ours, theirs, unit, apart, within, error, limited if bool(limited.any()) else None, source)


def _made(
    ours: torch.Tensor,
    theirs: torch.Tensor,
    unit: float,
    apart: torch.Tensor,
    within: torch.Tensor,
    error: torch.Tensor,
    limited: torch.Tensor | None,
    source: str,
) -> Comparison:
    excess = (apart / error).nan_to_num(nan=torch.inf, posinf=torch.inf).masked_fill_((ours == theirs), 0.0)
    worst = int(excess.max(0).indices)
    doubt = None if bool(within.all()) else ~within
    return Comparison(ours, theirs, unit, doubt, limited, error, worst, Tolerance(float(error[worst]), 0.0, source))


def _extremes(ours: torch.Tensor, theirs: torch.Tensor, share: float) -> tuple[bool, int]:
    """Whether every entry is within its share, and where the legs are furthest apart; NaN is within nothing.

    Block by block: temporaries of the tensors' own size would cost more than the comparison. The few entries of a
    small request are quicker compared as numbers.
    """
    if ours.numel() <= FEW:
        numbers = ours.tolist()
        apart = [abs(t - o) for o, t in zip(numbers, theirs.tolist(), strict=True)]
        close = all(d <= share * abs(o) < math.inf for o, d in zip(numbers, apart, strict=True))
        worst = next((k for k, d in enumerate(apart) if d != d), None)
        return close, apart.index(max(apart)) if worst is None else worst
    close, most, worst = True, -1.0, 0
    for start in range(0, ours.numel(), BLOCK):
        block = ours[start : start + BLOCK]
        apart_here = (theirs[start : start + BLOCK] - block).abs_()
        value = float(apart_here.amax())
        if not value <= most:
            most, worst = value, start
        close = close and float(apart_here.sub_(block.abs(), alpha=share).amax()) <= 0
        if value != value:
            close = False
            break
    difference = (theirs[worst : worst + BLOCK] - ours[worst : worst + BLOCK]).abs_()
    return close, worst + int(difference.max(0).indices)


def entry(comparison: Comparison, place: int, shape: tuple[int, ...]) -> WorstEntry:
    """One entry of a comparison, with the legs' errors relative to the closed form."""
    a, b = float(comparison.theirs[place]), float(comparison.ours[place])
    absolute = 0.0 if a == b else abs(a - b)
    relative = 0.0 if absolute == 0 else (absolute / abs(b) if b else math.inf)
    return WorstEntry(index_of(place, shape), a, b, absolute, relative)


def index_of(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an entry from its number in the order of rows.

    >>> index_of(5, (2, 3))
    (1, 2)
    """
    index = []
    for length in reversed(shape):
        place, k = divmod(place, length)
        index.append(k)
    return tuple(reversed(index))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
