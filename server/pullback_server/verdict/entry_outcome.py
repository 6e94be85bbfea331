"""Who is right about one entry, from the numbers of both legs and the slopes of the expression."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp

from .compare import CLOSE, SLACK
from .exact import Side, Slopes
from .values import Outcome

#: The unit roundoff of float64, in which closed forms are evaluated.
UNIT = 2.0**-52
#: How far a closed form in many digits may be off, relative to the derivative: its numbers are those of float64.
FORM = 2.0**-40
#: What is smaller than this is no number but what is left of many digits.
NOTHING = 1e-60


@dataclass(frozen=True)
class Numbers:
    """What is known of one entry: both legs' numbers, the closed form's in many digits, and estimates of errors.

    `unit` and `largest` are the roundoff and the largest number of the least precise dtype in which autograd computed;
    `bound` is the estimate that the legs were compared by, which may be infinite; `terms()` the magnitude of what the
    entry is the sum of, `arriving()` that of the gradients which autograd multiplied on the way; `moved()` how far the
    closed form moves when its inputs move by a rounding, `spread()` how far autograd's gradient does.
    """

    autograd: float
    closed_form: float
    exact: Any
    unit: float
    largest: float
    bound: float
    terms: Callable[[], float]
    arriving: Callable[[], float]
    moved: Callable[[], float]
    spread: Callable[[], float]


@dataclass(frozen=True)
class Judged:
    """The outcome at one entry, and the error that was allowed autograd there."""

    outcome: Outcome
    error: float


def judge(numbers: Numbers, slopes: Slopes) -> Judged:
    """The outcome at one entry: a leg deviates where its answer is not the derivative.

    Autograd's answer is taken as computed, the closed form's in many digits.
    """
    if not slopes.defined:
        return Judged(Outcome.UNDEFINED, 0.0)
    right = slopes.derivative
    if right is None:
        unknown = Side.UNKNOWN in (slopes.left.side, slopes.right.side)
        return Judged(Outcome.UNDECIDED if unknown else Outcome.NOT_DIFFERENTIABLE, 0.0)
    size = abs(right)
    if size > numbers.largest and numbers.autograd == mp.sign(right) * mp.inf:
        # No number of the dtype is nearer.
        sympy_right = mp.isfinite(numbers.exact) and abs(numbers.exact - right) <= FORM * size
        return Judged(Outcome.PRECISION_LIMITED if sympy_right else Outcome.SYMPY_DEVIATES, math.inf)
    apart = abs(mp.mpf(numbers.autograd) - right) if math.isfinite(numbers.autograd) else mp.inf
    form_apart = abs(numbers.exact - right) if mp.isfinite(numbers.exact) else mp.inf
    plain, form_plain = CLOSE * numbers.unit * size + NOTHING, FORM * size + NOTHING
    error = float(plain) if apart <= plain and form_apart <= form_plain else _error(numbers)
    torch_right = apart <= plain or apart <= error
    sympy_right = form_apart <= form_plain + error * UNIT / numbers.unit
    match torch_right, sympy_right:
        case True, True:
            # What cancels to nothing is as good as nothing.
            nothing = size <= NOTHING and apart <= CLOSE * numbers.unit * numbers.terms()
            return Judged(Outcome.AGREE if apart <= plain or nothing else Outcome.PRECISION_LIMITED, error)
        case True, False:
            return Judged(Outcome.SYMPY_DEVIATES, error)
        case False, True:
            return Judged(Outcome.TORCH_DEVIATES, error)
    return Judged(Outcome.BOTH_DEVIATE, error)


def _error(numbers: Numbers) -> float:
    """How far off rounding can have carried autograd: what it does to the closed form says it of the derivative.

    It is what float64 costs the closed form, scaled to autograd's dtype, with how far it moves with a rounding of its
    inputs and with some roundings of its terms; and no more than the running error bound, which is a bound on all of
    these, but often a loose one. To this come some roundings of the gradients that autograd multiplied on the way,
    and how far it moves itself, as far as it does not jump.
    """
    terms = numbers.terms()
    told = CLOSE * numbers.unit * terms if math.isfinite(terms) else 0.0
    if math.isfinite(numbers.closed_form) and mp.isfinite(numbers.exact):
        lost = float(abs(mp.mpf(numbers.closed_form) - numbers.exact))
        told += SLACK * (lost * numbers.unit / UNIT + numbers.moved())
    if math.isfinite(numbers.bound):
        told = min(told, numbers.bound)
    return told + CLOSE * numbers.unit * numbers.arriving() + SLACK * numbers.spread()
