"""Scalar functions, powers, comparisons and choices applied entry by entry to matrix expressions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from ....index_notation.functions import CONDITIONS, where
from ....operators import BY_SYMBOL
from ...primitives import COMPARISONS
from .building import number, product
from .functions import FORMS, names
from .tensors import Tensor, align
from .tree import Call, Infix, NoMatrixForm, Number, Power

#: Writes an expression in index notation as a tensor.
Write = Callable[[sp.Expr], Tensor]


def function(e: sp.Function, write: Write) -> Tensor:
    """A function of one or several expressions, by the operator's name."""
    if type(e) in CONDITIONS:
        return condition(e, write)
    if isinstance(e, where):
        return _choice(e, write)
    infinite = (sp.oo, -sp.oo)
    axes, trees = align([write(a) for a in e.args if a not in infinite])
    name = type(e).__name__
    if name in FORMS:
        return Tensor(FORMS[name](*trees), axes)
    # A bound that was left out is infinite.
    finite = iter(trees)
    operands = tuple(None if a in infinite else next(finite) for a in e.args)
    return Tensor(Call(_operator(name), operands, len(axes)), axes)


def _choice(e: sp.Function, write: Write) -> Tensor:
    """`where`, or the condition itself where it is 1 and else 0."""
    holds, (a, b) = condition(e.args[0], write), e.args[1:]
    if isinstance(holds.tree, Number):
        return write(a if holds.tree.value else b)
    if (a, b) == (0, 1):
        return _negate(holds)
    if b == 0 and a.is_Rational:
        return Tensor(product(write(a).tree, holds.tree), holds.axes)
    chosen = write(a)
    if b == 0 and isinstance(chosen.tree, Infix):
        axes, trees = align((holds, chosen))
        return Tensor(Infix("&", *trees), axes)
    axes, trees = align((holds, chosen, write(b)))
    return Tensor(Call("where", trees, len(axes)), axes)


def condition(e: sp.Expr, write: Write) -> Tensor:
    """A comparison or a connective of some; any other expression as it is."""
    if type(e) not in CONDITIONS:
        return write(e)
    name = type(e).__name__
    if name == "logical_not":
        return _negate(condition(e.args[0], write))
    axes, operands = align([condition(x, write) for x in e.args])
    if name not in COMPARISONS:
        return Tensor(Call(_operator(name), operands, len(axes)), axes)
    if name == "logical_and" and Number(Fraction(0)) in operands:
        return Tensor(number(0), ())
    return Tensor(Infix(COMPARISONS[name].symbol, *operands), axes)


def power(base: sp.Expr, exponent: sp.Expr, write: Write) -> Tensor:
    """An elementwise power; a negative one as a division."""
    if exponent.is_Rational and exponent.is_negative:
        x = write(base**-exponent)
        return Tensor(product(below=(x.tree,)), x.axes)
    if exponent == sp.S.Half:
        x = write(base)
        return Tensor(Call("sqrt", (x.tree,), len(x.axes)), x.axes)
    if type(base) in CONDITIONS and exponent.is_Rational:
        # A condition is 0 or 1.
        return write(base)
    axes, (a, b) = align((write(base), write(exponent)))
    return Tensor(Power(a, b), axes)


def _negate(t: Tensor) -> Tensor:
    return Tensor(Call(BY_SYMBOL["~", 1].name, (t.tree,), len(t.axes)), t.axes)


def _operator(name: str) -> str:
    if name not in names():
        raise NoMatrixForm(f"{name} is not an operator")
    return names()[name]
