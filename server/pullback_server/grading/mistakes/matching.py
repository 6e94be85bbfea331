"""Whether an answer has the numbers that a mistake gives, at every point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..points import Floats

#: How close, relative to the larger of the two and to the usual size, a mistake's numbers must be to the answer's.
CLOSE = 1e-8
#: The least numbers that are compared, where there are as many: those where both have values.
COMPARED = 3
#: A mistake that lacks so large a part of the answer's values does not match it.
LACKING = 0.5


def matches(answer: Floats, mistaken: Floats) -> bool:
    """Whether the numbers are the same wherever both have values, which must be at most points.

    >>> matches(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    True
    """
    if answer.shape != mistaken.shape:
        return False
    return bool(matching_rows(answer, mistaken[None])[0])


def matching_rows(answer: Floats, mistaken: Floats) -> npt.NDArray[np.bool_]:
    """For each row of numbers that mistakes give, whether it matches the answer."""
    rows, answer = mistaken.reshape(len(mistaken), answer.size), answer.reshape(-1)
    with np.errstate(all="ignore"):
        both = np.isfinite(answer) & np.isfinite(rows)
        size = np.maximum(np.abs(answer), np.abs(rows))
        # A cancellation leaves a rounding error of the numbers that cancelled, which were of the usual size, or 1.
        finite = np.abs(answer[np.isfinite(answer)])
        usual = np.sort(finite)[len(finite) // 2] if len(finite) else 0.0
        close = np.abs(answer - rows) <= CLOSE * size + CLOSE * 1e-3 * (usual + 1e-3)
    agree = (close | ~both).all(1)
    enough = both.sum(1) >= max(min(COMPARED, answer.size), 1)
    complete = (np.isfinite(answer) & ~np.isfinite(rows)).mean(1) < LACKING
    return np.asarray(agree & enough & complete)


def factor_of(answer: Floats, right: Floats) -> float | None:
    """The constant c with answer = c*right at every point; None where there is none, or none but 0 and 1."""
    answer, right = answer.reshape(-1), right.reshape(-1)
    with np.errstate(all="ignore"):
        both = np.isfinite(answer) & np.isfinite(right) & (right != 0)
        if np.count_nonzero(both) < 2:
            return None
        # The median does not depend on a point where both are nearly 0.
        c = float(np.median(answer[both] / right[both]))
        if c in (0.0, 1.0) or not abs(c) < np.inf or abs(c - 1) < CLOSE:
            return None
        return c if matches(answer, c * right) else None
