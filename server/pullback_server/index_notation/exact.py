"""Arithmetic on sympy expressions whose exact numbers stay small: what would grow too large is not computed."""

from __future__ import annotations

import sympy as sp

from . import functions as fn

#: Numerators and denominators have at most this many bits; a float of the text, doubled, needs about 2,000.
BITS = 4096
#: Powers are computed to this exponent, and roots to this index.
EXPONENT, INDEX = 1024, 8


def plus(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """a + b."""
    return a + b if _bits(a) + _bits(b) <= BITS else fn.sum_of(a, b)


def minus(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """a - b."""
    return plus(a, -b)


def times(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """a*b."""
    return a * b if _bits(a) + _bits(b) <= BITS else fn.product_of(a, b)


def over(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """a/b."""
    return times(a, 1 / b)


def power(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """a**b: sympy's power where the exponent is a small fraction or the base a positive number, else `power_of`."""
    if b.is_Rational:
        small = abs(b) <= EXPONENT and abs(b.p) * _bits(a) <= BITS and b.q <= INDEX
        return _without_sympy_abs(a**b) if small else fn.power_of(a, b)
    if a is sp.E or (a.is_Rational and a.is_positive and not b.is_number):
        return a**b
    return fn.power_of(a, b)


def square(x: sp.Expr) -> sp.Expr:
    """x**2."""
    return power(x, sp.Integer(2))


def sqrt(x: sp.Expr) -> sp.Expr:
    """The square root."""
    return power(x, sp.S.Half)


def reciprocal(x: sp.Expr) -> sp.Expr:
    """1/x."""
    return 1 / x


def fraction(value: float) -> sp.Expr:
    """A number of the text, exactly as it is written: 0.1 is 1/10."""
    if value in (float("inf"), float("-inf")):
        return sp.oo if value > 0 else -sp.oo
    return sp.Integer(value) if isinstance(value, int) else sp.Rational(repr(value))


def _bits(e: sp.Expr) -> int:
    """The size of the largest exact number in an expression."""
    return max((r.p.bit_length() + r.q.bit_length() for r in e.atoms(sp.Rational)), default=1)


def _without_sympy_abs(e: sp.Expr) -> sp.Expr:
    """sympy writes sqrt(x**2) as its own Abs, whose derivative is more complicated than real numbers need."""
    return e.replace(sp.Abs, fn.absolute) if e.has(sp.Abs) else e
