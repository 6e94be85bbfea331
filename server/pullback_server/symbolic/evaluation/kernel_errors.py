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


#: Comparisons, roundings and changes of sign are exact.
_EXACT = (
    "abs neg sign relu relu6 hardshrink frac fmod floor ceil trunc number ones_like "
    "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not logical_xor "
    "isnan isinf isfinite isposinf isneginf signbit"
)
#: One operation, a function that is as good as one, or a choice, which may be of a number that is rounded.
_ROUNDED = (
    "add sub mul div over_norm sqrt exp log log2 log10 log1p sin cos tan atan tanh erf erfinv hypot remainder round "
    "leaky_relu maximum minimum clamp where copysign hardtanh threshold"
)

#: By the name of an elementwise function in a plan.
FUNCTIONS: dict[str, KernelError] = {
    **dict.fromkeys(_EXACT.split(), KernelError()),
    **dict.fromkeys(_ROUNDED.split(), KernelError(1)),
    #                          result operand largest one
    "expm1":       KernelError(1.5),
    "asin":        KernelError(1.5),
    "acos":        KernelError(1.5),
    "sinh":        KernelError(2),
    "cosh":        KernelError(1.5),
    "asinh":       KernelError(1.5),
    "acosh":       KernelError(1.5),
    "atanh":       KernelError(2),
    "atan2":       KernelError(1.5),
    "xlogy":       KernelError(1.5),
    "xlog1py":     KernelError(2),
    "entr":        KernelError(1.5),
    "sigmoid":     KernelError(1.5),
    "logsigmoid":  KernelError(1.5),
    "softplus":    KernelError(1.5),
    "softsign":    KernelError(1.5),
    "hardsigmoid": KernelError(1.5),
    "pow":         KernelError(1.5),
    "erfc":        KernelError(1.5),
    "elu":         KernelError(2),
    "celu":        KernelError(2),
    "silu":        KernelError(2),
    "hardswish":   KernelError(2),
    "selu":        KernelError(2.5),
    "mish":        KernelError(3),
    "i0":          KernelError(6),
    "i0e":         KernelError(6),
    "i1":          KernelError(20),
    "i1e":         KernelError(20),
    "lgamma":      KernelError(4,     0,      0,      4),
    "digamma":     KernelError(2,     6),
    "polygamma":   KernelError(5,     5),
    "logit":       KernelError(1,     0,      0,      2),
    "sinc":        KernelError(1,     0,      0,      1.5),
    "ndtr":        KernelError(1,     0,      0,      1),
    "softshrink":  KernelError(1,     0,      1),
    "logaddexp":   KernelError(1.5,   0,      2),
    "logaddexp2":  KernelError(1,     0,      1,      2),
    "tanhshrink":  KernelError(1,     0,      1),
    "gelu":        KernelError(1,     0,      4),
}  # fmt: skip

#: Products that are summed, by whichever of torch's matrix products.
PRODUCT = KernelError(1.5, length=0.18)
#: Entries that are added up at the same place, one after another.
SCATTER = KernelError(1, length=0.15)
