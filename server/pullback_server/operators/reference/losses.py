"""Losses of mpmath numbers, entry by entry, by their definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from . import scalars
from .columns import Elementwise, Objects
from .scalars import Real, exp, log, softplus, sqrt
from .special import entr, xlog1py, xlogy


def weighted(entry: Callable[..., Real]) -> Callable[..., Real]:
    """An entry of a loss whose third operand is a factor, 1 where it is left out."""
    return lambda x, t, weight, *others: entry(x, t, *others) * (1 if weight is None else weight)


def squared(x: Real, t: Real) -> Real:
    """(x - t)**2."""
    return (x - t) * (x - t)


def absolute(x: Real, t: Real) -> Real:
    """|x - t|."""
    return abs(x - t)


def smooth(x: Real, t: Real, *, beta: float) -> Real:
    """A parabola within beta of the target, a slope of 1 beyond."""
    distance, width = abs(x - t), mp.mpf(beta)
    return distance * distance / (2 * width) if distance < width else distance - width / 2


def huber(x: Real, t: Real, *, delta: float) -> Real:
    """A parabola within delta of the target, a slope of delta beyond."""
    distance, width = abs(x - t), mp.mpf(delta)
    return distance * distance / 2 if distance <= width else width * (distance - width / 2)


def cross_entropy(x: Real, t: Real) -> Real:
    """-t*log(x) - (1 - t)*log(1 - x); torch clamps the logarithms at -100."""
    least = mp.mpf(-100)
    positive = xlogy(t, x) if x > exp(least) else t * least
    negative = xlog1py(1 - t, -x) if 1 - x > exp(least) else (1 - t) * least
    return -positive - negative


def with_logits(x: Real, t: Real, pos_weight: Real | None) -> Real:
    """cross_entropy of sigmoid(x), where the positive part may have a weight."""
    return (1 if pos_weight is None else pos_weight) * t * softplus(-x) + (1 - t) * softplus(x)


def divergence(x: Real, t: Real, *, log_target: bool) -> Real:
    """t*(log(t) - x); the target may come as its logarithm."""
    return exp(t) * (t - x) if log_target else -entr(t) - t * x


def hinge_embedding(x: Real, t: Real, *, margin: float) -> Real:
    """x where the target is 1, margin - x or else 0 where it is -1, and their sum elsewhere."""
    missing = max(mp.mpf(margin) - x, mp.mpf(0))
    return (missing if t != 1 else 0) + (x if t != -1 else mp.mpf(0))


def soft_margin(x: Real, t: Real) -> Real:
    """log(1 + exp(-t*x))."""
    return softplus(-t * x)


def ranking(a: Real, b: Real, t: Real, *, margin: float) -> Real:
    """margin - t*(a - b), or else 0."""
    return max(mp.mpf(margin) - t * (a - b), mp.mpf(0))


def poisson(x: Real, t: Real, *, log_input: bool, full: bool, eps: float) -> Real:
    """exp(x) - t*x, or x - t*log(x); with Stirling's terms where the target is above 1."""
    loss = exp(x) - t * x if log_input else x - t * log(x + mp.mpf(eps))
    return loss + (t * log(t) - t + log(2 * mp.pi * t) / 2 if full and t > 1 else 0)


def gaussian(x: Real, t: Real, var: Real, *, full: bool, eps: float) -> Real:
    """(log(var) + (x - t)**2/var)/2, with log(2*pi)/2 where it is full."""
    variance = max(var, mp.mpf(eps))
    return (log(variance) + (x - t) ** 2 / variance + (log(2 * mp.pi) if full else 0)) / 2


def cosine(a: list[Real], b: list[Real]) -> Real:
    """The cosine of the angle between two vectors, whose squared lengths have 1e-12 added."""
    eps = mp.mpf("1e-12")
    product = sum((p * q for p, q in zip(a, b, strict=True)), mp.mpf(0))
    squares = [sum((p * p for p in vector), eps) for vector in (a, b)]
    return product / sqrt(squares[0] * squares[1])


def reduced_reference(entries: Objects, reduction: str) -> Objects:
    """The mean or the sum of the entries, or the entries."""
    if reduction == "none":
        return entries
    values = list(entries.flat)
    total = scalars.add_up(values)
    return np.asarray(scalars.quotient(total, mp.mpf(len(values))) if reduction == "mean" else total, dtype=object)


def loss(scalar: Callable[..., Any]) -> Callable[..., Objects]:
    """The reference column of a loss, from the function that gives an entry of it."""

    def reference(*arrays: Objects | None, reduction: str, **arguments: Any) -> Objects:
        entries = Elementwise(scalar)(*arrays, **arguments)
        if reduction != "batchmean":
            return reduced_reference(entries, reduction)
        assert arrays[0] is not None
        rows = len(arrays[0]) if arrays[0].ndim else 1
        return np.asarray(reduced_reference(entries, "sum") / rows, dtype=object)

    return reference


def gaussian_nll_loss(x: Objects, t: Objects, var: Objects, **arguments: Any) -> Objects:
    """The Gaussian loss, where one variance may be for all that differ in the last index."""
    variances = var[..., np.newaxis] if 0 < var.ndim < x.ndim else var
    return loss(gaussian)(x, t, variances, **arguments)
