"""Losses in the sympy column, entry by entry."""

from __future__ import annotations

import sympy as sp

from ..index_notation import exact
from ..index_notation import functions as fn
from .activations import softplus
from .pairs import xlog1py, xlogy
from .special import entr


def squared(x: sp.Expr, t: sp.Expr) -> sp.Expr:
    """(x - t)**2."""
    return exact.square(exact.minus(x, t))


def absolute(x: sp.Expr, t: sp.Expr) -> sp.Expr:
    """The distance."""
    return fn.absolute(exact.minus(x, t))


def smooth(x: sp.Expr, t: sp.Expr, *, beta: float) -> sp.Expr:
    """A parabola within beta of the target, a slope of 1 beyond."""
    distance, width = absolute(x, t), exact.fraction(beta)
    if width == 0:
        return distance
    return fn.where(fn.less(distance, width), squared(x, t) / (2 * width), distance - width / 2)


def huber(x: sp.Expr, t: sp.Expr, *, delta: float) -> sp.Expr:
    """A parabola within delta of the target, a slope of delta beyond."""
    distance, width = absolute(x, t), exact.fraction(delta)
    return fn.where(fn.less_equal(distance, width), squared(x, t) / 2, width * (distance - width / 2))


def cross_entropy(x: sp.Expr, t: sp.Expr, weight: sp.Expr | None) -> sp.Expr:
    """-t*log(x) - (1 - t)*log(1 - x), times a weight."""
    return (1 if weight is None else weight) * (-xlogy(t, x) - xlog1py(1 - t, -x))


def with_logits(x: sp.Expr, t: sp.Expr, weight: sp.Expr | None, pos_weight: sp.Expr | None) -> sp.Expr:
    """cross_entropy of sigmoid(x); without weights its derivative is sigmoid(x) - t."""
    factor = 1 if weight is None else weight
    if pos_weight is None:
        return factor * (softplus(x) - t * x)
    return factor * (pos_weight * t * softplus(-x) + (1 - t) * softplus(x))


def divergence(x: sp.Expr, t: sp.Expr, *, log_target: bool) -> sp.Expr:
    """t*(log(t) - x)."""
    return sp.exp(t) * (t - x) if log_target else -entr(t) - t * x


def _above(e: sp.Expr) -> sp.Expr:
    """e where it is positive, else 0; at 0 the derivative is that of e, as in autograd."""
    return fn.clamp(e, 0, sp.oo)


def hinge_embedding(x: sp.Expr, t: sp.Expr, *, margin: float) -> sp.Expr:
    """x where the target is 1, margin - x or else 0 where it is -1, and their sum elsewhere."""
    missing = _above(exact.minus(exact.fraction(margin), x))
    return fn.where(fn.not_equal(t, 1), missing, 0) + fn.where(fn.not_equal(t, -1), x, 0)


def soft_margin(x: sp.Expr, t: sp.Expr) -> sp.Expr:
    """log(1 + exp(-t*x))."""
    return softplus(-t * x)


def ranking(a: sp.Expr, b: sp.Expr, t: sp.Expr, *, margin: float) -> sp.Expr:
    """margin - t*(a - b), or else 0."""
    return _above(exact.fraction(margin) - t * (a - b))


def poisson(x: sp.Expr, t: sp.Expr, *, log_input: bool, full: bool, eps: float) -> sp.Expr:
    """exp(x) - t*x, or x - t*log(x); with Stirling's terms where the target is above 1."""
    loss = sp.exp(x) - t * x if log_input else x - t * sp.log(x + exact.fraction(eps))
    if not full:
        return loss
    return loss + fn.where(fn.greater(t, 1), t * sp.log(t) - t + sp.log(2 * sp.pi * t) / 2, 0)


def gaussian(x: sp.Expr, t: sp.Expr, var: sp.Expr, *, full: bool, eps: float) -> sp.Expr:
    """(log(var) + (x - t)**2/var)/2, with log(2*pi)/2 where it is full."""
    variance = fn.clamp(var, exact.fraction(eps), sp.oo)
    return (sp.log(variance) + (x - t) ** 2 / variance + (sp.log(2 * sp.pi) if full else 0)) / 2
