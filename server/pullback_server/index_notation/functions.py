"""Scalar functions for the sympy column that sympy lacks, or that it differentiates otherwise than torch.

Each is opaque: it stands for itself until the end, so that formulas keep the names that people wrote, and its
derivative is given here, once, in terms of the others.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from .expressions import OpaqueFacts


class ScalarFunction(OpaqueFacts, sp.Function):  # type: ignore[misc]
    """A real function of real numbers that sympy leaves as it stands."""

    is_real = True
    partials: Callable[..., tuple[sp.Expr, ...]]

    @classmethod
    def eval(cls, *_: sp.Expr) -> None:
        """Never evaluates."""

    def _eval_evalf(self, _: int) -> None:
        """No number: sympy would take one from the function of the same name in mpmath."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative with respect to one argument, counted from 1."""
        return type(self).partials(*self.args)[argindex - 1]


def function(name: str, partials: Callable[..., tuple[sp.Expr, ...]]) -> type[ScalarFunction]:
    """A function with its name and its partial derivatives, one an argument, in terms of the arguments.

    >>> double = function("double", lambda x: (sp.Integer(2),))
    >>> sp.diff(double(sp.Symbol("x")), sp.Symbol("x"))
    2
    """
    return type(name, (ScalarFunction,), {"partials": staticmethod(partials)})


def step(name: str, arguments: int = 1) -> type[ScalarFunction]:
    """A function whose derivative is 0 wherever it has one: a comparison, a rounding, a sign."""
    return function(name, lambda *_: (sp.S.Zero,) * arguments)


# Comparisons are 1 where they hold and 0 elsewhere.
less, less_equal, greater, greater_equal, equal, not_equal = (
    step(name, 2) for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
)
logical_and, logical_or, logical_not = step("logical_and", 2), step("logical_or", 2), step("logical_not")

isnan, isinf, isfinite, isposinf, isneginf, signbit = (
    step(name) for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit")
)
logical_xor = step("logical_xor", 2)

#: What may stand as the condition of `where`, computed as bool.
CONDITIONS = (
    less, less_equal, greater, greater_equal, equal, not_equal, logical_and, logical_or, logical_not, logical_xor,
    isnan, isinf, isfinite, isposinf, isneginf, signbit,
)  # fmt: skip


def truth(e: sp.Expr) -> sp.Expr:
    """A number as a condition, which holds where the number is not zero; a condition stays as it is."""
    return e if isinstance(e, CONDITIONS) else not_equal(e, 0)


#: `where(condition, a, b)`: its derivative is that of the branch that is taken, whatever the other one is.
where: type[ScalarFunction] = function("where", lambda c, *_: (sp.S.Zero, where(c, 1, 0), where(c, 0, 1)))


def _where_derivative(self: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    condition, a, b = self.args
    da, db = a.diff(symbol), b.diff(symbol)
    return sp.S.Zero if da == 0 and db == 0 else where(condition, da, db)


where._eval_derivative = _where_derivative

sign = step("sign")
floor, ceil, trunc, nearest = (step(name) for name in ("floor", "ceil", "trunc", "round"))

absolute = function("abs", lambda x: (sign(x),))
sigmoid: type[ScalarFunction] = function("sigmoid", lambda x: (sigmoid(x) * (1 - sigmoid(x)),))


def _extreme(name: str, wins: type[ScalarFunction]) -> type[ScalarFunction]:
    """The larger or the smaller of two; at a tie each has the derivative 1/2, as in autograd."""

    def partials(a: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, ...]:
        tie = where(equal(a, b), sp.S.Half, 0)
        return where(wins(a, b), 1, tie), where(wins(b, a), 1, tie)

    return function(name, partials)


maximum, minimum = _extreme("maximum", greater), _extreme("minimum", less)


def _clamp_partials(x: sp.Expr, low: sp.Expr, high: sp.Expr) -> tuple[sp.Expr, ...]:
    """At a bound the gradient goes to x, as in autograd; where low is above high the value is high."""
    if low == -sp.oo:
        return where(less_equal(x, high), 1, 0), sp.S.Zero, where(greater(x, high), 1, 0)
    if high == sp.oo:
        return where(greater_equal(x, low), 1, 0), where(less(x, low), 1, 0), sp.S.Zero
    return (
        where(logical_and(greater_equal(x, low), less_equal(x, high)), 1, 0),
        where(logical_and(less(x, low), less(low, high)), 1, 0),
        where(logical_or(greater(x, high), greater(low, high)), 1, 0),
    )


#: `clamp(x, low, high)`, where a bound that is left out is infinite.
clamp = function("clamp", _clamp_partials)

# Arithmetic that sympy must not evaluate, because the exact numbers would grow too large.
sum_of = function("add", lambda *_: (sp.S.One, sp.S.One))
product_of = function("mul", lambda a, b: (b, a))


def _power_partials(a: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, ...]:
    """At a = 0 each stays finite where its limit is finite, as in autograd."""
    by_base = b * power_of(a, b - 1)
    return (
        by_base if b.is_number else where(equal(b, 0), 0, by_base),
        where(logical_and(equal(a, 0), greater_equal(b, 0)), 0, power_of(a, b) * sp.log(a)),
    )


#: `a**b` with an exponent that varies or is large.
power_of = function("pow", _power_partials)

# The remainder has the sign of the divisor, a - b*floor(a/b), or of what is divided, a - b*trunc(a/b).
remainder = function("remainder", lambda a, b: (sp.S.One, -floor(a / b)))
fmod = function("fmod", lambda a, b: (sp.S.One, -trunc(a / b)))
