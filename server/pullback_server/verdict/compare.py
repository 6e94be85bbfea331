"""The two legs compared at every entry: which are the same number, which are within rounding, and which are not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .blocks import BLOCK, NO_NUMBERS, NO_PLACES, apart_entries
from .estimates import ErrorEstimates, Numbers, Places
from .values import Tolerance, WorstEntry

#: Roundings by which two orders of the same computation may differ, of an entry or of the terms it is the sum of.
CLOSE = 32
#: How many times the running error bound the legs may differ by: their operations are not the same ones.
SLACK = 16
#: How far apart legs may be that agree for sure, as a power of the unit roundoff: a third of the digits may differ.
SURE = 2 / 3
#: How much of an entry roundings may cost, as a power of the unit roundoff, before both legs may have lost it together.
FRAGILE = 1 / 3

#: No status, at no places.
NO_STATUS = np.empty(0, np.uint8)


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
    closed_form: Numbers
    autograd: npt.NDArray[Any]
    estimates: ErrorEstimates
    worst: int
    tolerance: Tolerance
    places: Places
    status: npt.NDArray[np.uint8]
    error: Numbers

    @property
    def entries(self) -> int:
        """How many entries were compared."""
        return self.closed_form.size

    def count(self, status: Status) -> int:
        """How many entries have that status."""
        return int((self.status == status).sum()) if status else self.entries - self.places.size

    def error_at(self, place: int) -> float:
        """The estimate of the error at one entry; it may be infinite."""
        at = self.places == place
        return float(self.error[at][0]) if at.any() else CLOSE * self.estimates.unit * self.terms_at(place)

    def terms_at(self, place: int) -> float:
        """The magnitude of the terms that one entry is the sum of."""
        size, terms = abs(float(self.closed_form[place])), self.estimates.terms(self.name, np.array([place]))
        return size if terms is None else max(size, float(terms[0]))

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
    roundings of some of its terms, or of all; then the running error bound is computed, and last how far autograd's
    gradient changes with a rounding of its inputs. A `thorough` comparison looks at the terms even where all entries
    are the same: where they cancel, both legs may be wrong. The caller keeps NumPy from warning of what is not finite.
    """
    return _compare(name, autograd.shape, entries_of(autograd), entries_of(closed_form), estimates, thorough)


def entries_of(tensor: torch.Tensor) -> npt.NDArray[Any]:
    """The entries of a tensor in row-major order, on the host, where arrays of NumPy cost less than small tensors."""
    # NumPy has no bfloat16.
    array: npt.NDArray[Any] = (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(force=True)
    return array.reshape(-1)


def _compare(
    name: str,
    shape: tuple[int, ...],
    autograd: npt.NDArray[Any],
    closed_form: Numbers,
    estimates: ErrorEstimates,
    thorough: bool,
) -> Comparison:
    dtype, unit = estimates.dtype, estimates.unit
    (apart, values, opposite), worst = apart_entries(closed_form, autograd, CLOSE * unit)
    comparison = partial(Comparison, name, shape, closed_form, autograd, estimates)

    if not apart.size:
        tolerance = _each_entry(dtype)
        thorough = thorough and estimates.is_sum(name)
        places, terms = _fragile(name, closed_form, estimates) if thorough else (NO_PLACES, NO_NUMBERS)
        status = np.full(places.shape, Status.FRAGILE, np.uint8) if places.size else NO_STATUS
        return comparison(worst, tolerance, places, status, CLOSE * unit * terms)
    sizes = np.abs(values)
    # An infinite distance is within nothing, not even an infinite error.
    distance = np.abs(opposite - values)
    distance[np.isinf(distance)] = np.nan
    little = distance <= unit**SURE * sizes
    if not little.all():
        # An entry that cancels to little beside the others has lost nothing; digits are lost where all entries do.
        for entries in (closed_form[:BLOCK], closed_form):
            little |= distance <= CLOSE * unit * _largest(entries)
            if little.all():
                break
    few, near = np.empty_like(distance), np.zeros(distance.shape, np.bool_)
    left: Any = slice(None)
    for terms_of, those in ((estimates.some_terms, "some of the terms"), (estimates.terms, "the terms")):
        source = f"{_roundings(dtype)} {those} that the entry is the sum of"
        magnitudes = terms_of(name, apart[left])
        largest = sizes[left] if magnitudes is None else np.maximum(sizes[left], magnitudes)
        few[left] = CLOSE * unit * largest + torch.finfo(dtype).tiny
        near[left] = (distance[left] <= few[left]) & np.isfinite(few[left])
        sure = near & little
        left = np.flatnonzero(~sure)
        if not left.size:
            break
    if not left.size:
        first = int((distance / few).argmax())
        return comparison(
            int(apart[first]), Tolerance(float(few[first]), 0.0, source), NO_PLACES, NO_STATUS, NO_NUMBERS
        )
    error, within = few, near
    if not near.all():
        bound = estimates.bound(name, apart)
        source = f"{SLACK} times the running error bound in {_name(dtype)} of the closed form"
        error = few if bound is None else few + SLACK * bound
        within = near | (distance <= error)
        sure |= within & little
        if not within.all():
            source += " and of the most that autograd changes with a rounding of its inputs"
            error = error + SLACK * estimates.input_sensitivity(name)
            within = within | (distance <= error)
    status = np.full(apart.shape, Status.DOUBT, np.uint8)
    # An unbounded error excuses nothing.
    status[within & np.isfinite(error)] = Status.LIMITED
    status[sure] = Status.SAME
    excess = distance / error
    excess[np.isnan(excess)] = np.inf
    first = int(excess.argmax())
    tolerance = Tolerance(float(error[first]), 0.0, source)
    marked = status != Status.SAME
    return comparison(int(apart[first]), tolerance, apart[marked], status[marked], error[marked])


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _roundings(dtype: torch.dtype) -> str:
    return f"{CLOSE} roundings in {_name(dtype)} ({torch.finfo(dtype).eps:.3g}) of"


@cache
def _each_entry(dtype: torch.dtype) -> Tolerance:
    """The tolerance where all entries are the same number except for a few roundings."""
    return Tolerance(0.0, CLOSE * torch.finfo(dtype).eps, f"{_roundings(dtype)} each entry")


def _fragile(name: str, closed_form: Numbers, estimates: ErrorEstimates) -> tuple[Places, Numbers]:
    """The places of the entries whose terms cancel so far that both legs may have lost the same digits; and the terms.

    A bound on all terms tells in most cases that there are none.
    """
    unit, sizes = estimates.unit, np.abs(closed_form)
    if not sizes.size or CLOSE * unit * estimates.largest_terms(name) <= unit**FRAGILE * np.minimum.reduce(sizes):
        return NO_PLACES, NO_NUMBERS
    terms = estimates.terms(name)
    if terms is None:
        return NO_PLACES, NO_NUMBERS
    places = np.flatnonzero(CLOSE * unit * terms > unit**FRAGILE * sizes)
    return places, terms[places]


def _largest(gradient: Numbers) -> float:
    """The largest finite magnitude of an entry."""
    largest = max(float(gradient.max()), -float(gradient.min()))
    return largest if math.isfinite(largest) else float(np.abs(gradient[np.isfinite(gradient)]).max(initial=0.0))


def index_of(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an entry from its position in row-major order.

    >>> index_of(5, (2, 3))
    (1, 2)
    """
    index = []
    for length in reversed(shape):
        place, at = divmod(place, length)
        index.append(at)
    return tuple(reversed(index))
