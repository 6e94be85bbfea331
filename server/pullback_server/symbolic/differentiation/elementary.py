"""The derivative of a scalar expression with respect to an entry in it, by the rules of sums, products and chains.

The results read as those of `sympy.diff`, which takes most of the time of a short derivative: it makes a logarithm for
each power, and asks of each part whether it is zero.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import ArgumentIndexError

from ...index_notation.expressions import Entry
from ...index_notation.functions import where


def derivative(scalar: sp.Expr, of: Entry) -> sp.Expr:
    """The derivative; other entries are constants, whatever their indices are.

    >>> x, y = Entry("x"), Entry("y")
    >>> derivative(y * sp.sin(x**2), x) == 2 * x * y * sp.cos(x**2)
    True
    """
    return _derivative(scalar, of, {of: sp.S.One})


def _derivative(e: sp.Expr, of: Entry, known: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """`known` has the derivatives of the parts that were met, so that one that recurs is differentiated once."""
    if e not in known:
        known[e] = _by_rule(e, of, known) if e.args and not isinstance(e, Entry) else sp.S.Zero
    return known[e]


def _by_rule(e: sp.Expr, of: Entry, known: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    inner = [_derivative(argument, of, known) for argument in e.args]
    if not any(inner):
        return sp.S.Zero
    match e:
        case sp.Add():
            return sp.Add(*inner)
        case sp.Mul():
            return sp.Add(*(sp.Mul(*e.args[:k], d, *e.args[k + 1 :]) for k, d in enumerate(inner) if d))
        case sp.Pow(base=base, exp=exponent):
            by_exponent = inner[1] * sp.log(base) if inner[1] else sp.S.Zero
            return e * (by_exponent + inner[0] * exponent / base)
        case where():
            return where(e.args[0], inner[1], inner[2]) if inner[1] or inner[2] else sp.S.Zero
        case sp.Function() if type(e)._eval_derivative is sp.Function._eval_derivative:
            try:
                return sp.Add(*(e.fdiff(k) * d for k, d in enumerate(inner, 1) if d))
            except ArgumentIndexError:
                return _by_sympy(e, of)
    return _by_sympy(e, of)


def _by_sympy(e: sp.Expr, of: Entry) -> sp.Expr:
    """sympy's derivative, for functions that have a rule of their own there; it differentiates by symbols alone."""
    stand_in = {entry: sp.Dummy(real=True) for entry in e.atoms(Entry) | {of}}
    back = {symbol: entry for entry, symbol in stand_in.items()}
    return e.xreplace(stand_in).diff(stand_in[of]).xreplace(back)
