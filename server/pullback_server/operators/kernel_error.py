"""How far torch's kernel of an elementwise function may be off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KernelError:
    """The terms of one kernel's error, which add up, each in units of the dtype's epsilon.

    `result`: of the magnitude of what comes out. `operand`: of each operand's magnitude, carried on by the function's
    slope, so that it counts for much where the function is steep. `largest`: of the magnitude of the largest operand,
    and `one`: of 1, both for terms on the way that cancel. `length`: for each number that is added up or multiplied,
    of the magnitudes' sum: one after another, rounding errors may all go the same way (N. J. Higham, Accuracy and
    Stability of Numerical Algorithms, 2nd ed., section 4.2).
    """

    result: float = 0.0
    operand: float = 0.0
    largest: float = 0.0
    one: float = 0.0
    length: float = 0.0


#: That of comparisons, roundings and changes of sign.
EXACT = KernelError()
#: That of one operation, of a function as good as one, or of a choice, which may be of a rounded number.
ONE_ROUNDING = KernelError(1)
