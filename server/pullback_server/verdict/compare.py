"""The two legs compared at every entry: which are the same number, which are within rounding, and which are not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

import numpy as np
import torch

from .estimates import ErrorEstimates
from .values import Tolerance, WorstEntry

#: Roundings by which two orders of the same computation may differ, of an entry or of the terms it is the sum of.
CLOSE = 32
#: How many times the running error bound the legs may differ by: their operations are not the same ones.
SLACK = 16
#: How far apart legs may be that agree for sure, as a power of the unit roundoff: a third of the digits may differ.
SURE = 2 / 3
#: How much of an entry roundings may cost, as a power of the unit roundoff, before both legs may have lost it together.
FRAGILE = 1 / 3

#: The status and the error of no places.
NO_STATUS, NO_ERROR = torch.empty(0, dtype=torch.uint8), torch.empty(0, dtype=torch.float64)
#: Entries that are compared at once.
BLOCK = 2**16
#: Up to this many entries are compared one by one.
FEW = 64


class Status(IntEnum):
    """The result of the comparison at one entry."""

    #: The legs give the same number.
    SAME = 0
    #: They do, but its terms cancel so far that both may have lost the same digits.
    FRAGILE = 1
    #: They differ by more than that, but by no more than the estimate of rounding.
    LIMITED = 2
    #: They differ by more than the estimate, or are not finite.
    DOUBT = 3


@dataclass(frozen=True)
class Comparison:
    """The legs entry by entry; gradients are flat, `shape` is the input's. All entries are the same except at `places`.

    `places` are in order, with a `status` and an `error` each: how far apart rounding can carry the legs there.
    """

    name: str
    shape: tuple[int, ...]
    closed_form: torch.Tensor
    autograd: torch.Tensor
    estimates: ErrorEstimates
    worst: int
    tolerance: Tolerance
    places: torch.Tensor
    status: torch.Tensor
    error: torch.Tensor

    @property
    def entries(self) -> int:
        """How many entries were compared."""
        return self.closed_form.numel()

    def count(self, status: Status) -> int:
        """How many entries have that status."""
        return int((self.status == status).sum()) if status else self.entries - self.places.numel()

    def error_at(self, place: int) -> float:
        """The estimate of the error at one entry; it may be infinite."""
        position = (self.places == place).nonzero()
        if position.numel():
            return float(self.error[position[0, 0]])
        return CLOSE * self.estimates.unit * self.terms_at(place)

    def terms_at(self, place: int) -> float:
        """The magnitude of the terms that one entry is the sum of."""
        size, terms = abs(float(self.closed_form[place])), self.estimates.terms(self.name, torch.tensor([place]))
        return size if terms is None else max(size, float(terms))

    def gradient_sensitivity(self, incoming_gradient: float) -> float:
        """How far autograd's gradient changes with roundings of its inputs and on the way.

        A change counts where it is small beside the entries or the gradients that arrive at operators on the way; where
        the gradient jumps from one rounding to the next, its changes measure nothing.
        """
        size = max(incoming_gradient, _largest(self.closed_form))
        changes = (self.estimates.input_sensitivity(self.name), self.estimates.rounding_sensitivity(self.name))
        return max((change for change in changes if change <= self.estimates.unit**0.5 * size), default=0.0)

    def form_sensitivity_at(self, place: int) -> float:
        """How far the closed form changes at one entry when the inputs change by a rounding."""
        return float(self.estimates.form_sensitivity(self.name).reshape(-1)[place])

    def worst_entry(self) -> WorstEntry:
        """The entry where the legs are furthest apart, with their error relative to the closed form."""
        autograd, closed_form = float(self.autograd[self.worst]), float(self.closed_form[self.worst])
        absolute = 0.0 if autograd == closed_form else abs(autograd - closed_form)
        relative = 0.0 if absolute == 0 else (absolute / abs(closed_form) if closed_form else math.inf)
        return WorstEntry(index_of(self.worst, self.shape), autograd, closed_form, absolute, relative)


def compare(
    name: str, autograd: torch.Tensor, closed_form: torch.Tensor, estimates: ErrorEstimates, thorough: bool = False
) -> Comparison:
    """The comparison of one input's gradients; both have its shape, the closed form's is in float64.

    The first question is whether each entry is the same except for a few roundings; then whether it is except for a few
    roundings of its terms; then the running error bound is computed, and last how far autograd's gradient changes with
    a rounding of its inputs. A `thorough` comparison looks at the terms even where all entries are the same: where they
    cancel, both legs may be wrong.
    """
    dtype, unit, shape = estimates.dtype, estimates.unit, tuple(autograd.shape)
    closed_form = closed_form.detach().reshape(-1)
    autograd = autograd.to(closed_form).reshape(-1)
    apart, worst = _apart(closed_form, autograd, CLOSE * unit)
    name_of_dtype = str(dtype).removeprefix("torch.")
    source = f"{CLOSE} roundings in {name_of_dtype} ({unit:.3g}) of "
    comparison = partial(Comparison, name, shape, closed_form, autograd, estimates)

    if not apart.numel():
        tolerance = Tolerance(0.0, CLOSE * unit, source + "each entry")
        terms = estimates.terms(name) if thorough and closed_form.numel() else None
        places = apart if terms is None else _fragile(closed_form, terms, unit)
        if not places.numel():
            return comparison(worst, tolerance, places, NO_STATUS, NO_ERROR)
        status = torch.full(places.shape, int(Status.FRAGILE), dtype=torch.uint8)
        error = CLOSE * unit * (closed_form if terms is None else terms)[places].abs()
        return comparison(worst, tolerance, places, status, error)
    values, terms = closed_form[apart], estimates.terms(name, apart)
    size = values.abs() if terms is None else torch.maximum(values.abs(), terms)
    few = CLOSE * unit * size + torch.finfo(dtype).tiny
    # An infinite distance is within nothing, not even an infinite error.
    distance = (autograd[apart] - values).abs_()
    distance = distance.masked_fill_(distance.isinf(), torch.nan)
    error, near = few, (distance <= few) & few.isfinite()
    within, sure = near, near & (distance <= unit**SURE * values.abs())
    source += "the terms that the entry is the sum of"
    if not bool(sure.all()):
        # An entry that cancels to little beside the others has lost nothing; digits are lost where all entries do.
        little = distance <= CLOSE * unit * _largest(closed_form)
        sure |= near & little
    if not bool(near.all()):
        bound = estimates.bound(name)
        source = f"{SLACK} times the running error bound in {name_of_dtype} of the closed form"
        error = few if bound is None else few + SLACK * bound.reshape(-1)[apart].to(few)
        within = near | (distance <= error)
        sure |= within & ((distance <= unit**SURE * values.abs()) | little)
        if not bool(within.all()):
            source += " and of the most that autograd changes with a rounding of its inputs"
            error = error + SLACK * estimates.input_sensitivity(name)
            within = within | (distance <= error)
    # An unbounded error excuses nothing.
    limited = within & error.isfinite() & ~sure
    status = torch.full(apart.shape, int(Status.DOUBT), dtype=torch.uint8)
    status[limited.cpu()] = int(Status.LIMITED)
    status[sure.cpu()] = int(Status.SAME)
    excess = (distance / error).nan_to_num(nan=torch.inf, posinf=torch.inf)
    first = int(excess.max(0).indices)
    tolerance = Tolerance(float(error[first]), 0.0, source)
    marked = (status != int(Status.SAME)).nonzero().flatten()
    places, status, error = apart[marked.to(apart.device)], status[marked], error[marked.to(error.device)]
    return comparison(int(apart[first]), tolerance, places, status, error)


def _fragile(closed_form: torch.Tensor, terms: torch.Tensor, unit: float) -> torch.Tensor:
    """The places of the entries whose terms cancel so far that both legs may have lost the same digits."""
    places: torch.Tensor = (CLOSE * unit * terms > unit**FRAGILE * closed_form.abs()).nonzero().flatten()
    return places


def _largest(gradient: torch.Tensor) -> float:
    """The largest finite magnitude of an entry."""
    return float(gradient.abs().nan_to_num(nan=0.0, posinf=0.0).max())


def _apart(closed_form: torch.Tensor, autograd: torch.Tensor, share: float) -> tuple[torch.Tensor, int]:
    """The places of the entries that differ by more than this share, or are not finite; and where they differ most.

    Block by block: temporaries of the tensors' own size would cost more than the comparison. In a block without zeros
    it is enough to look at the least and the greatest quotient. The few entries of a small request are compared faster
    as Python numbers.
    """
    if closed_form.numel() <= FEW:
        return _apart_one_by_one(closed_form, autograd, share)
    apart, most, worst = [], -1.0, 0
    for start in range(0, closed_form.numel(), BLOCK):
        one, two = closed_form[start : start + BLOCK], autograd[start : start + BLOCK]
        quotient = two / one
        low, high = map(float, torch.aminmax(quotient))
        off = max(1 - low, high - 1)
        if not off <= share:
            # Zeros, numbers that are not finite, or entries that are apart.
            beyond = (quotient.sub_(1).abs_() <= share).logical_not_().nonzero().flatten()
            left, right = one[beyond], two[beyond]
            beyond = beyond[(left != right) | ~left.isfinite()]
            apart.append(beyond + start)
            off = 0.0 if not beyond.numel() else math.inf if off != off else off
        if off > most:
            most, worst = off, start
    block = autograd[worst : worst + BLOCK] - closed_form[worst : worst + BLOCK]
    worst += int(block.abs_().nan_to_num_(nan=torch.inf).max(0).indices)
    return torch.cat(apart) if apart else torch.empty(0, dtype=torch.int64, device=closed_form.device), worst


def _apart_one_by_one(closed_form: torch.Tensor, autograd: torch.Tensor, share: float) -> tuple[torch.Tensor, int]:
    pairs = list(zip(closed_form.tolist(), autograd.tolist(), strict=True))
    distances = [abs(two - one) for one, two in pairs]
    apart = [k for k, (value, _) in enumerate(pairs) if not distances[k] <= share * abs(value) < math.inf]
    worst = next((k for k, distance in enumerate(distances) if distance != distance), None)
    if worst is None:
        worst = distances.index(max(distances)) if distances else 0
    return torch.tensor(apart, dtype=torch.int64, device=closed_form.device), worst


def index_of(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an entry from its position in row-major order.

    >>> index_of(5, (2, 3))
    (1, 2)
    """
    return tuple(map(int, np.unravel_index(place, shape)))
