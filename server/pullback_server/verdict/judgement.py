"""Who is right about one entry, from the numbers of both legs and the slopes of the expression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import mpmath as mp

from .comparison import CLOSE, SLACK
from .exact import Side, Slopes
from .question import Outcome

#: The unit roundoff of float64, in which closed forms are evaluated.
UNIT = 2.0**-52
#: How far a closed form in many digits may be off, relative to the derivative: its numbers are those of float64.
FORM = 2.0**-40
#: What is smaller than this is no number but what is left of many digits.
NOTHING = 1e-60


@dataclass(frozen=True)
class Numbers:
    """What is known of one entry: both legs' numbers, the closed form's in many digits, and how far torch may be off.

    `unit` is the roundoff of the least precise dtype in which autograd computed; `error` may be infinite.
    """

    autograd: float
    closed_form: float
    exact: Any
    error: float
    unit: float


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
    error = _error(numbers)
    size = abs(right)
    apart = abs(mp.mpf(numbers.autograd) - right) if math.isfinite(numbers.autograd) else mp.inf
    plain = CLOSE * numbers.unit * size + NOTHING
    torch_right = apart <= plain or apart <= error
    scaled = error * UNIT / numbers.unit
    form_apart = abs(numbers.exact - right) if mp.isfinite(numbers.exact) else mp.inf
    sympy_right = form_apart <= FORM * size + scaled + NOTHING
    match torch_right, sympy_right:
        case True, True:
            return Judged(Outcome.AGREE if apart <= plain else Outcome.PRECISION_LIMITED, error)
        case True, False:
            return Judged(Outcome.SYMPY_DEVIATES, error)
        case False, True:
            return Judged(Outcome.TORCH_DEVIATES, error)
    return Judged(Outcome.BOTH_DEVIATE, error)


def _error(numbers: Numbers) -> float:
    """The estimate of autograd's error: the running bound, or where there is none what float64 costs the closed form."""
    if math.isfinite(numbers.error):
        return numbers.error
    if not (math.isfinite(numbers.closed_form) and mp.isfinite(numbers.exact)):
        return 0.0
    lost = float(abs(mp.mpf(numbers.closed_form) - numbers.exact))
    return SLACK * lost * numbers.unit / UNIT
