"""The two legs compared at every entry: which are the same number, which are within rounding, and which are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import torch

from .question import Tolerance, WorstEntry

#: Roundings that two orders of the same computation may be apart, of an entry or of the terms that it is the sum of.
CLOSE = 32
#: How many times the running error bound the legs may be apart: their operations are not the same ones.
SLACK = 16
#: What agreement may leave in doubt of an entry, as a power of the unit roundoff: a third of the digits.
SURE = 2 / 3
#: What roundings may take of an entry, as a power of the unit roundoff, before both legs may have lost it together.
FRAGILE = 1 / 3

#: Entries that are compared at a time.
BLOCK = 2**16
#: Up to as many are compared one by one.
FEW = 64


class Status(IntEnum):
    """What the comparison says of one entry."""

    #: The legs give the same number.
    SAME = 0
    #: They do, but its terms cancel so far that both may have lost the digits that they share.
    FRAGILE = 1
    #: They are as far apart as the estimate of rounding goes, and no further.
    LIMITED = 2
    #: They are further apart than that, or no number.
    DOUBT = 3


@dataclass(frozen=True)
class Estimates:
    """What may be asked about errors, each at its price: nothing of it is computed before it is needed.

    `terms()` gives the magnitudes of the terms that each entry of the closed form adds up (None: it adds up none);
    `bound(unit)` its running error bound for a unit roundoff (None: it has no error); `spread()` how far autograd's
    gradient moves, at the entry that moves most, when its inputs move by a rounding: a closed form in which sympy
    cancelled terms has no error where autograd still has its own. `moved()` is how far each entry of the closed form
    moves then.
    """

    terms: Callable[[], torch.Tensor | None]
    bound: Callable[[float], torch.Tensor | None]
    spread: Callable[[], float]
    moved: Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Comparison:
    """The legs entry by entry; tensors are flat. `status` has a Status an entry, None where all are the same.

    `error` estimates how far apart rounding can carry the legs at each entry, `terms` what the entry is the sum of;
    None where a few roundings of each entry are all that had to be estimated.
    """

    ours: torch.Tensor
    theirs: torch.Tensor
    unit: float
    status: torch.Tensor | None
    error: torch.Tensor | None
    worst: int
    tolerance: Tolerance
    estimates: Estimates
    terms: torch.Tensor | None = None

    @property
    def entries(self) -> int:
        """How many entries were compared."""
        return self.ours.numel()

    def count(self, status: Status) -> int:
        """How many entries have that status."""
        return 0 if self.status is None else int((self.status == status).sum())

    def error_at(self, place: int) -> float:
        """The estimate of the error at one entry; it may be infinite."""
        few = CLOSE * self.unit * abs(float(self.ours[place]))
        return few if self.error is None else float(self.error[place])

    def terms_at(self, place: int) -> float:
        """The magnitude of what one entry is the sum of."""
        return abs(float(self.ours[place])) if self.terms is None else float(self.terms[place])

    def moved_at(self, place: int) -> float:
        """How far the closed form moves at one entry when the inputs move by a rounding."""
        return float(self.estimates.moved().reshape(-1)[place])


def compare(
    autograd: torch.Tensor,
    closed_form: torch.Tensor,
    dtype: torch.dtype,
    estimates: Estimates,
    thorough: bool = False,
) -> Comparison:
    """The comparison of one input's gradients; both have its shape, the closed form's is in float64.

    `dtype` is the least precise in which autograd computed. The first question is whether each entry is the same but
    for a few roundings; then whether it is but for a few roundings of its terms; then the running error bound is
    asked, and last how far autograd moves. A `thorough` comparison asks for the terms even where all entries are the
    same: where terms cancel, the legs may be wrong together.
    """
    unit = torch.finfo(dtype).eps
    ours = closed_form.detach().reshape(-1)
    theirs = autograd.to(ours).reshape(-1)
    if not ours.numel():
        return Comparison(ours, theirs, unit, None, None, 0, Tolerance(0.0, 0.0, "there are no entries"), estimates)
    close, worst = _extremes(ours, theirs, CLOSE * unit)
    terms = None if close and not thorough else estimates.terms()
    if close:
        source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of each entry"
        tolerance = Tolerance(0.0, CLOSE * unit, source)
        if terms is None:
            return Comparison(ours, theirs, unit, None, None, worst, tolerance, estimates)
        terms = terms.reshape(-1).to(ours)
        error = CLOSE * unit * terms
        fragile = error > unit**FRAGILE * ours.abs()
        status = fragile.to(torch.uint8) if bool(fragile.any()) else None
        return Comparison(ours, theirs, unit, status, error, worst, tolerance, estimates, terms)
    tiny = torch.finfo(dtype).tiny
    size = ours.abs() if terms is None else torch.maximum(ours.abs(), terms.reshape(-1).to(ours))
    error = CLOSE * unit * size + tiny
    apart = (theirs - ours).abs_()
    # An infinite distance is within nothing, not even an infinite error.
    apart = apart.masked_fill_(apart.isinf(), torch.nan)
    same = (ours == theirs) & ours.isfinite()
    sure = same | ((apart <= error) & error.isfinite())
    source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of the terms that the entry is the sum of"
    status = torch.zeros(ours.shape, dtype=torch.uint8, device=ours.device)
    if not bool(sure.all()):
        bound = estimates.bound(unit)
        source = f"{SLACK} times the running error bound in {_name(dtype)} of the closed form"
        error = error if bound is None else error + SLACK * bound.reshape(-1).to(ours)
        sure |= apart <= torch.minimum(error, unit**SURE * size)
        within = sure | (apart <= error)
        if not bool(within.all()):
            source += " and of the most that autograd moves with a rounding of its inputs"
            error = error + SLACK * estimates.spread()
            within = sure | (apart <= error)
        # An unbounded error is no reason to believe anything.
        within &= error.isfinite() | sure
        status[~sure] = Status.LIMITED
        status[~within] = Status.DOUBT
    if thorough:
        status[(status == Status.SAME) & (CLOSE * unit * size > unit**FRAGILE * ours.abs())] = Status.FRAGILE
    excess = (apart / error).nan_to_num(nan=torch.inf, posinf=torch.inf).masked_fill_(same, 0.0)
    worst = int(excess.max(0).indices)
    tolerance = Tolerance(float(error[worst]), 0.0, source)
    marked = status if bool(status.any()) else None
    return Comparison(ours, theirs, unit, marked, error, worst, tolerance, estimates, size)


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
