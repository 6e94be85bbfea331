"""The two legs compared at every entry: which are the same number, which are within rounding, and which are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import torch

from .values import Tolerance, WorstEntry

#: Roundings that two orders of the same computation may be apart, of an entry or of the terms that it is the sum of.
CLOSE = 32
#: How many times the running error bound the legs may be apart: their operations are not the same ones.
SLACK = 16
#: What agreement may leave in doubt of an entry, as a power of the unit roundoff: a third of the digits.
SURE = 2 / 3
#: What roundings may take of an entry, as a power of the unit roundoff, before both legs may have lost it together.
FRAGILE = 1 / 3

#: Of no places, no status and no error.
NO_STATUS, NO_ERROR = torch.empty(0, dtype=torch.uint8), torch.empty(0, dtype=torch.float64)
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

    `terms(places)` gives the magnitudes of the terms that these entries of the closed form add up, all of them where
    `places` is None (None: it adds up none);
    `bound(unit)` its running error bound for a unit roundoff (None: it has no error); `spread()` how far autograd's
    gradient moves, at the entry that moves most, when its inputs move by a rounding: a closed form in which sympy
    cancelled terms has no error where autograd still has its own. `moved()` is how far each entry of the closed form
    moves then. `unrest()` is the spread where every operator's value moves by a rounding too: an operator may lose
    digits of what is certain in the inputs.
    """

    terms: Callable[[torch.Tensor | None], torch.Tensor | None]
    bound: Callable[[float], torch.Tensor | None]
    spread: Callable[[], float]
    moved: Callable[[], torch.Tensor]
    unrest: Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """The legs entry by entry; gradients are flat. All entries are the same number but for those at `places`.

    `places` are in order, with a `status` and an `error` each: how far apart rounding can carry the legs there.
    """

    ours: torch.Tensor
    theirs: torch.Tensor
    unit: float
    estimates: Estimates
    worst: int
    tolerance: Tolerance
    places: torch.Tensor
    status: torch.Tensor
    error: torch.Tensor

    @property
    def entries(self) -> int:
        """How many entries were compared."""
        return self.ours.numel()

    def count(self, status: Status) -> int:
        """How many entries have that status."""
        return int((self.status == status).sum()) if status else self.entries - self.places.numel()

    def error_at(self, place: int) -> float:
        """The estimate of the error at one entry; it may be infinite."""
        found = (self.places == place).nonzero()
        return float(self.error[found[0, 0]]) if found.numel() else CLOSE * self.unit * self.terms_at(place)

    def terms_at(self, place: int) -> float:
        """The magnitude of what one entry is the sum of."""
        own, found = abs(float(self.ours[place])), self.estimates.terms(torch.tensor([place]))
        return own if found is None else max(own, float(found))

    def spread(self, arriving: float) -> float:
        """How far autograd's gradient moves with roundings of its inputs and on the way, where that is little beside
        its entries or the gradients that arrive at operators on the way.

        Where it jumps from one rounding to the next, its moves are no measure of anything.
        """
        size = max(arriving, float(self.ours.abs().nan_to_num(nan=0.0, posinf=0.0).max()))
        moves = (self.estimates.spread(), self.estimates.unrest())
        return max((move for move in moves if move <= self.unit**0.5 * size), default=0.0)

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
    apart, worst = _apart(ours, theirs, CLOSE * unit)
    source = f"{CLOSE} roundings in {_name(dtype)} ({unit:.3g}) of "
    if not apart.numel():
        tolerance = Tolerance(0.0, CLOSE * unit, source + "each entry")
        terms = estimates.terms(None) if thorough and ours.numel() else None
        places = apart if terms is None else _fragile(ours, terms, unit)
        if not places.numel():
            return Comparison(ours, theirs, unit, estimates, worst, tolerance, places, NO_STATUS, NO_ERROR)
        status = torch.full(places.shape, int(Status.FRAGILE), dtype=torch.uint8)
        error = CLOSE * unit * (ours if terms is None else terms)[places].abs()
        return Comparison(ours, theirs, unit, estimates, worst, tolerance, places, status, error)
    own, other, terms = ours[apart], theirs[apart], estimates.terms(apart)
    size = own.abs() if terms is None else torch.maximum(own.abs(), terms)
    few = CLOSE * unit * size + torch.finfo(dtype).tiny
    # An infinite distance is within nothing, not even an infinite error.
    distance = (other - own).abs_()
    distance = distance.masked_fill_(distance.isinf(), torch.nan)
    error, near = few, (distance <= few) & few.isfinite()
    within, sure = near, near & (distance <= unit**SURE * own.abs())
    source += "the terms that the entry is the sum of"
    if not bool(sure.all()):
        # What cancels to little beside the other entries is no loss; what cancels to little everywhere is.
        little = distance <= CLOSE * unit * ours.abs().nan_to_num(nan=0.0, posinf=0.0).max()
        sure |= near & little
    if not bool(near.all()):
        bound = estimates.bound(unit)
        source = f"{SLACK} times the running error bound in {_name(dtype)} of the closed form"
        error = few if bound is None else few + SLACK * bound.reshape(-1)[apart].to(few)
        within = near | (distance <= error)
        sure |= within & ((distance <= unit**SURE * own.abs()) | little)
        if not bool(within.all()):
            source += " and of the most that autograd moves with a rounding of its inputs"
            error = error + SLACK * estimates.spread()
            within = within | (distance <= error)
    # An unbounded error is no reason to believe anything.
    limited = within & error.isfinite() & ~sure
    status = torch.full(apart.shape, int(Status.DOUBT), dtype=torch.uint8)
    status[limited.cpu()] = int(Status.LIMITED)
    status[sure.cpu()] = int(Status.SAME)
    excess = (distance / error).nan_to_num(nan=torch.inf, posinf=torch.inf)
    first = int(excess.max(0).indices)
    tolerance = Tolerance(float(error[first]), 0.0, source)
    marked = (status != int(Status.SAME)).nonzero().flatten()
    places, status, error = apart[marked.to(apart.device)], status[marked], error[marked.to(error.device)]
    return Comparison(ours, theirs, unit, estimates, int(apart[first]), tolerance, places, status, error)


def _fragile(ours: torch.Tensor, terms: torch.Tensor, unit: float) -> torch.Tensor:
    """The places of the entries whose terms cancel so far that both legs may have lost the same digits."""
    found: torch.Tensor = (CLOSE * unit * terms > unit**FRAGILE * ours.abs()).nonzero().flatten()
    return found


def _apart(ours: torch.Tensor, theirs: torch.Tensor, share: float) -> tuple[torch.Tensor, int]:
    """The places of the entries that are further apart than their share, or no number; and where they are furthest.

    Block by block: temporaries of the tensors' own size would cost more than the comparison. Of a block without zeros
    it is enough to see the least and the greatest quotient. The few entries of a small request are quicker compared as
    numbers.
    """
    if ours.numel() <= FEW:
        pairs = list(zip(ours.tolist(), theirs.tolist(), strict=True))
        distances = [abs(t - o) for o, t in pairs]
        apart = [
            k for k, ((o, _), d) in enumerate(zip(pairs, distances, strict=True)) if not d <= share * abs(o) < math.inf
        ]
        worst = next((k for k, d in enumerate(distances) if d != d), None)
        if worst is None:
            worst = distances.index(max(distances)) if distances else 0
        return torch.tensor(apart, dtype=torch.int64, device=ours.device), worst
    found, most, worst = [], -1.0, 0
    for start in range(0, ours.numel(), BLOCK):
        one, two = ours[start : start + BLOCK], theirs[start : start + BLOCK]
        quotient = two / one
        low, high = map(float, torch.aminmax(quotient))
        off = max(1 - low, high - 1)
        if not off <= share:
            # Zeros, numbers that are not finite, or entries that are apart.
            beyond = (quotient.sub_(1).abs_() <= share).logical_not_().nonzero().flatten()
            left, right = one[beyond], two[beyond]
            beyond = beyond[(left != right) | ~left.isfinite()]
            found.append(beyond + start)
            off = 0.0 if not beyond.numel() else math.inf if off != off else off
        if off > most:
            most, worst = off, start
    block = theirs[worst : worst + BLOCK] - ours[worst : worst + BLOCK]
    worst += int(block.abs_().nan_to_num_(nan=torch.inf).max(0).indices)
    return torch.cat(found) if found else torch.empty(0, dtype=torch.int64, device=ours.device), worst


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
