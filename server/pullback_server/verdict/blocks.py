"""Which entries of two gradients differ, block by block, so that what is computed on the way stays in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .estimates import Numbers, Places

#: Entries that are compared at once.
BLOCK = 2**15
#: No places, and no numbers at them.
NO_PLACES, NO_NUMBERS = np.empty(0, np.int64), np.empty(0)

#: The places of entries in order, the closed form's gradient there, and autograd's.
Entries = tuple[Places, Numbers, npt.NDArray[Any]]


def apart_entries(closed_form: Numbers, autograd: npt.NDArray[Any], share: float) -> tuple[Entries, int]:
    """The entries that differ by more than this share, or are not finite; where none do, the place of the worst one.

    Until some are apart it is enough to look at the least and the greatest quotient of a block without zeros.
    """
    apart, most, worst = list[Entries](), -1.0, 0
    quotients = np.empty(min(BLOCK, closed_form.size))
    for start in range(0, closed_form.size, BLOCK):
        one, two = closed_form[start : start + BLOCK], autograd[start : start + BLOCK]
        quotient = np.divide(two, one, out=quotients[: one.size])
        if not apart:
            # As methods these cost more, beside few entries.
            off = max(1 - float(np.minimum.reduce(quotient)), float(np.maximum.reduce(quotient)) - 1)
            if off <= share:
                if off > most:
                    most, worst = off, start
                continue
        within = quotient >= 1 - share
        within &= quotient <= 1 + share
        beyond = np.flatnonzero(~within)
        left, right = one[beyond], two[beyond]
        if apart or _differ(left, right).any():
            apart.append((beyond + start, left, right))
        elif most < 0:
            # Zeros on both sides.
            most, worst = 0.0, start
    if apart:
        places, left, right = (np.concatenate(each) for each in zip(*apart, strict=True))
        differ = _differ(left, right)
        return (places[differ], left[differ], right[differ]), 0
    distance = np.abs(autograd[worst : worst + BLOCK] - closed_form[worst : worst + BLOCK])
    return (NO_PLACES, NO_NUMBERS, NO_NUMBERS), worst + int(distance.argmax()) if distance.size else 0


def _differ(one: Numbers, two: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether entries are not equal, as zeros on both sides are, or not finite."""
    differ: npt.NDArray[np.bool_] = (one != two) | ~np.isfinite(one)
    return differ
