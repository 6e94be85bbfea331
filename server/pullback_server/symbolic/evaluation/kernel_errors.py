"""The errors of torch's own kernels: what a running error bound adds at every step, beside what it passes on.

Measured over torch's kernels (AVX-512, AVX2 and the plain ones, float32 and float64, tensors that are contiguous and
that are not) against the table's reference column and exact sums: `python -m tests.accuracy` measures them anew and
prints which share of its error here each kernel reaches. There is room for a third more than was measured, because no
sample contains the worst entry of all, and other processors have other kernels. Those of reductions and scans are
columns of `primitives`.
"""

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


#: The functions whose error is a share of the result, by that share. Comparisons, roundings and changes of sign are
#: exact; 1 is for one operation, a function that is as good as one, or a choice, which may be of a rounded number.
_OF_RESULT = {
    0: "abs neg sign relu relu6 hardshrink frac fmod floor ceil trunc number ones_like "
       "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not logical_xor "
       "isnan isinf isfinite isposinf isneginf signbit",
    1: "add sub mul div over_norm sqrt exp log log2 log10 log1p sin cos tan atan tanh erf erfinv hypot remainder round "
       "leaky_relu maximum minimum clamp where copysign hardtanh threshold",
    1.5: "expm1 asin acos cosh asinh acosh atan2 xlogy entr sigmoid logsigmoid softplus softsign hardsigmoid pow erfc",
    2: "sinh atanh xlog1py elu celu silu hardswish",
    2.5: "selu",
    3: "mish",
    6: "i0 i0e",
    20: "i1 i1e",
}  # fmt: skip

#: By the name of an elementwise function in a plan.
FUNCTIONS: dict[str, KernelError] = {
    **{name: KernelError(share) for share, names in _OF_RESULT.items() for name in names.split()},
    #                         result operand largest one
    "lgamma":     KernelError(4,     0,      0,      4),
    "digamma":    KernelError(2,     6),
    "polygamma":  KernelError(5,     5),
    "logit":      KernelError(1,     0,      0,      2),
    "sinc":       KernelError(1,     0,      0,      1.5),
    "ndtr":       KernelError(1,     0,      0,      1),
    "softshrink": KernelError(1,     0,      1),
    "logaddexp":  KernelError(1.5,   0,      2),
    "logaddexp2": KernelError(1,     0,      1,      2),
    "tanhshrink": KernelError(1,     0,      1),
    "gelu":       KernelError(1,     0,      4),
}  # fmt: skip

#: Products that are summed, by whichever of torch's matrix products.
PRODUCT = KernelError(1.5, length=0.18)
#: Entries that are added up at the same place, one after another.
SCATTER = KernelError(1, length=0.15)
