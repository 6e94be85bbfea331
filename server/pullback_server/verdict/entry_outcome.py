"""Which leg is right at one entry, from the numbers of both legs and the slopes of the expression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import torch

from .compare import CLOSE, SLACK, Comparison
from .exact import Reach, SlopeKind, Slopes
from .values import Outcome

#: The unit roundoff of float64, in which closed forms are evaluated.
UNIT = 2.0**-52
#: How far a closed form in many digits may be off, relative to the derivative: its literals are those of float64.
FORM = 2.0**-40
#: What is smaller than this is the rounding of many digits and counts as zero.
NEGLIGIBLE = 1e-60


@dataclass(frozen=True)
class EntryNumbers:
    """The numbers at one entry: both legs' and, in `exact`, the closed form's in many digits."""

    comparison: Comparison
    reach: Reach
    autograd: float
    closed_form: float
    exact: Any


def entry_outcome(numbers: EntryNumbers, slopes: Slopes) -> tuple[Outcome, float]:
    """The outcome at one entry and the error that autograd was allowed: a leg deviates where it is not the derivative.

    Autograd's number is taken as computed, the closed form's in many digits.
    """
    if not slopes.defined:
        return Outcome.UNDEFINED, 0.0
    right = slopes.derivative
    if right is None:
        unknown = SlopeKind.UNKNOWN in (slopes.left.kind, slopes.right.kind)
        return Outcome.UNDECIDED if unknown else Outcome.NOT_DIFFERENTIABLE, 0.0
    size, unit = abs(right), numbers.comparison.estimates.unit
    largest = torch.finfo(numbers.comparison.estimates.dtype).max
    if size > largest and numbers.autograd == mp.sign(right) * mp.inf:
        # No number of the dtype is nearer.
        sympy_right = mp.isfinite(numbers.exact) and abs(numbers.exact - right) <= FORM * size
        return Outcome.PRECISION_LIMITED if sympy_right else Outcome.SYMPY_DEVIATES, math.inf
    distance = abs(mp.mpf(numbers.autograd) - right) if math.isfinite(numbers.autograd) else mp.inf
    form_distance = abs(numbers.exact - right) if mp.isfinite(numbers.exact) else mp.inf
    few, form_few = CLOSE * unit * size + NEGLIGIBLE, FORM * size + NEGLIGIBLE
    error = float(few) if distance <= few and form_distance <= form_few else _error(numbers)
    torch_right = distance <= few or distance <= error
    sympy_right = form_distance <= form_few + error * UNIT / unit
    match torch_right, sympy_right:
        case True, True:
            # A derivative that cancels to zero need only be zero beside its terms.
            zero = size <= NEGLIGIBLE and distance <= CLOSE * unit * numbers.comparison.terms_at(numbers.reach.place)
            return Outcome.AGREE if distance <= few or zero else Outcome.PRECISION_LIMITED, error
        case True, False:
            return Outcome.SYMPY_DEVIATES, error
        case False, True:
            return Outcome.TORCH_DEVIATES, error
    return Outcome.BOTH_DEVIATE, error


def _error(numbers: EntryNumbers) -> float:
    """How far off rounding can have carried autograd, estimated from what rounding does to the closed form.

    It is what float64 costs the closed form, scaled to autograd's dtype, with how far the closed form changes with a
    rounding of its inputs and with some roundings of its terms; and no more than the running error bound, which bounds
    all of these, but often loosely. To this come some roundings of the gradients that autograd multiplied on the way,
    and how far autograd's gradient changes itself, as far as it does not jump.
    """
    comparison, place, unit = numbers.comparison, numbers.reach.place, numbers.comparison.estimates.unit
    terms = comparison.terms_at(place)
    error = CLOSE * unit * terms if math.isfinite(terms) else 0.0
    if math.isfinite(numbers.closed_form) and mp.isfinite(numbers.exact):
        lost = float(abs(mp.mpf(numbers.closed_form) - numbers.exact))
        error += SLACK * (lost * unit / UNIT + comparison.form_sensitivity_at(place))
    bound = comparison.error_at(place)
    if math.isfinite(bound):
        error = min(error, bound)
    incoming = comparison.estimates.incoming_gradient(numbers.reach)
    return error + CLOSE * unit * incoming + SLACK * comparison.gradient_sensitivity(incoming)
