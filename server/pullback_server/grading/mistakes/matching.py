"""Whether a mistake explains an answer: the two have the same numbers at every point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..points import Floats

#: How close, relative to the larger of the two and to the usual size, a mistake's numbers must be to the answer's.
CLOSE = 1e-8
#: A point where one of the two has no value says nothing; so many numbers must say something, where there are as many.
COMPARED = 3
#: A mistake that lacks so large a part of the answer's values does not explain it.
LACKING = 0.5


def explained(answer: Floats, mistaken: Floats) -> bool:
    """Whether the numbers are the same wherever both have values, which must be at most points.

    >>> explained(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    True
    """
    if answer.shape != mistaken.shape:
        return False
    return bool(which_explain(answer, mistaken[None])[0])


def which_explain(answer: Floats, mistaken: Floats) -> npt.NDArray[np.bool_]:
    """For each row of mistakes, whether it explains the answer."""
    rows, own = mistaken.reshape(len(mistaken), answer.size), answer.reshape(-1)
    with np.errstate(all="ignore"):
        both = np.isfinite(own) & np.isfinite(rows)
        size = np.maximum(np.abs(own), np.abs(rows))
        # What is left of a cancellation is as large as a rounding of the numbers that cancelled, which were of the
        # usual size, or of size 1.
        finite = np.abs(own[np.isfinite(own)])
        usual = np.sort(finite)[len(finite) // 2] if len(finite) else 0.0
        close = np.abs(own - rows) <= CLOSE * size + CLOSE * 1e-3 * (usual + 1e-3)
    fits = (close | ~both).all(1)
    enough = both.sum(1) >= max(min(COMPARED, own.size), 1)
    lacking = (np.isfinite(own) & ~np.isfinite(rows)).mean(1) < LACKING
    found: npt.NDArray[np.bool_] = fits & enough & lacking
    return found


def factor_of(answer: Floats, right: Floats) -> float | None:
    """The constant c with answer = c*right at every point; None where there is none, or none but 0 and 1."""
    answer, right = answer.reshape(-1), right.reshape(-1)
    with np.errstate(all="ignore"):
        both = np.isfinite(answer) & np.isfinite(right) & (right != 0)
        if np.count_nonzero(both) < 2:
            return None
        # The median is not led astray by a point where both are as good as 0.
        c = float(np.median(answer[both] / right[both]))
        if c in (0.0, 1.0) or not abs(c) < np.inf or abs(c - 1) < CLOSE:
            return None
        return c if explained(answer, c * right) else None
