"""Activations of mpmath numbers at the precision in force, total: nan where undefined, never an exception."""

from __future__ import annotations

import mpmath as mp

from .scalars import Real, clamp, expm1, maximum, sigmoid, softplus, sqrt, tanh
from .special import ndtr

#: Klambauer et al., Self-Normalizing Neural Networks (2017), equation 14, to the digits that torch has.
SELU_ALPHA, SELU_SCALE = "1.6732632423543772848170429916717", "1.0507009873554804934193349852946"


def logsigmoid(x: Real) -> Real:
    """The logarithm of the sigmoid."""
    return -softplus(-x)


def softsign(x: Real) -> Real:
    """x/(1 + |x|)."""
    return mp.sign(x) if mp.isinf(x) else x / (1 + abs(x))


def relu6(x: Real) -> Real:
    """x clamped between 0 and 6."""
    return hardtanh(x, min_val=0, max_val=6)


def leaky_relu(x: Real, *, negative_slope: float) -> Real:
    """x, times a slope where it is negative."""
    return x if not x < 0 else mp.mpf(negative_slope) * x


def elu(x: Real, *, alpha: float) -> Real:
    """x where it is positive, else alpha*(exp(x) - 1)."""
    return x if x > 0 else mp.mpf(alpha) * expm1(x)


def selu(x: Real) -> Real:
    """elu scaled so that it keeps mean 0 and variance 1."""
    return mp.mpf(SELU_SCALE) * (x if x > 0 else mp.mpf(SELU_ALPHA) * expm1(x))


def celu(x: Real, *, alpha: float) -> Real:
    """x where it is positive, else alpha*(exp(x/alpha) - 1)."""
    return x if x > 0 else mp.mpf(alpha) * expm1(x / mp.mpf(alpha))


def gelu(x: Real, *, approximate: str) -> Real:
    """x times the normal distribution function, or times torch's approximation of it by a tanh."""
    if mp.isinf(x):
        return x if x > 0 else mp.mpf(0)
    if approximate == "none":
        return x * ndtr(x)
    return x * (1 + tanh(sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))) / 2


def silu(x: Real) -> Real:
    """x*sigmoid(x)."""
    return x * sigmoid(x) if x != -mp.inf else mp.mpf(0)


def mish(x: Real) -> Real:
    """x*tanh(softplus(x))."""
    return x * tanh(softplus(x)) if x != -mp.inf else mp.mpf(0)


def hardtanh(x: Real, *, min_val: float, max_val: float) -> Real:
    """x clamped between two numbers."""
    return clamp(x, mp.mpf(min_val), mp.mpf(max_val))


def hardsigmoid(x: Real) -> Real:
    """relu6(x + 3)/6."""
    return relu6(x + 3) / 6


def hardswish(x: Real) -> Real:
    """x*hardsigmoid(x)."""
    return x * hardsigmoid(x) if x != -mp.inf else mp.mpf(0)


def tanhshrink(x: Real) -> Real:
    """x - tanh(x)."""
    with mp.workprec(2 * mp.mp.prec):
        difference = x - tanh(x)
    return +difference


def softshrink(x: Real, *, lambd: float) -> Real:
    """x moved towards 0 by lambd, 0 where it is nearer than that."""
    return mp.sign(x) * maximum(abs(x) - mp.mpf(lambd), mp.mpf(0))


def hardshrink(x: Real, *, lambd: float) -> Real:
    """x, 0 where it is within lambd of 0."""
    return mp.mpf(0) if abs(x) <= lambd else x


def threshold(x: Real, *, threshold: float, value: float) -> Real:
    """x where it is above the threshold, else the value."""
    return mp.mpf(value) if x <= threshold else x
