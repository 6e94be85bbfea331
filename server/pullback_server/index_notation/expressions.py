"""The expressions of index notation in sympy: entries of named tensors, deltas, reductions, functions of matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy as sp
from sympy.core.assumptions import _assume_defined
from sympy.core.symbol import Str
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction


class OpaqueFacts(sp.Basic):  # type: ignore[misc]
    """Expressions of which sympy knows what their class says, and nothing else, whatever their arguments are.

    Otherwise it derives the sign and the kind of number anew for each of them, from one fact to the next.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for fact in _assume_defined:
            cls.default_assumptions.setdefault(fact, None)


class IndexExpression(OpaqueFacts, sp.Expr):  # type: ignore[misc]
    """A real scalar of index notation."""

    is_commutative = True
    is_real = True


class Entry(IndexExpression):
    """One entry of a named tensor, `A[i, k]`; axes of length 1 have no index. Real, and atomic for sympy.

    Inputs have their own names; definitions are `%1`, `%2`, ..., which no input can be called.
    """

    def __new__(cls, name: str | Str, *indices: sp.Expr) -> Entry:
        """`name` is the tensor's name in the program; a formula may show another."""
        new: Entry = sp.Expr.__new__(cls, _string(name), *indices)
        return new

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Entries stand where symbols do: before functions."""
        return 2, 0, cls.__name__

    @property
    def name(self) -> str:
        """The name of the tensor."""
        return str(self.args[0].name)

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        """The indices, outermost first."""
        return self.args[1:]  # type: ignore[no-any-return]


class Delta(IndexExpression):
    """Kronecker's delta of two indices that are both in range: 1 where they are equal, 0 elsewhere."""

    def __new__(cls, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """1 where the indices are the same, 0 where they are different numbers; else their order is kept."""
        if a == b:
            return sp.S.One
        return sp.S.Zero if a.is_Integer and b.is_Integer else sp.Expr.__new__(cls, a, b)

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Deltas stand last in a product."""
        return 9, 0, cls.__name__

    def _eval_derivative(self, _: sp.Symbol) -> sp.Expr:
        return sp.S.Zero


class BodyExpression(IndexExpression):
    """A function of all entries that a scalar, the body, has at some bound indices; its kind says which."""

    @property
    def kind(self) -> str:
        """Which function it is."""
        return str(self.args[0].name)

    @property
    def body(self) -> sp.Expr:
        """The scalar: a summand, or a matrix's entry."""
        return self.args[1]


class Reduction(BodyExpression):
    """A reduction over bound indices: `Reduction("sum", body, k, l)`; the kinds are those of `symbolic.primitives`."""

    def __new__(cls, kind: str | Str, body: sp.Expr, *bound: sp.Symbol) -> sp.Expr:
        """The body itself where nothing is bound."""
        return sp.Expr.__new__(cls, _string(kind), body, *bound) if bound else body

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """The indices that the reduction runs over."""
        return self.args[2:]  # type: ignore[no-any-return]


class MatrixFunctionEntry(BodyExpression):
    """One entry of a function of a matrix: `MatrixFunctionEntry("inv", X[k, l], 2, k, l, i, j)` is `inv(X)[i, j]`.

    The matrix has the entry `body` at its `bound` indices, rows first, and as many of them as the count says; `axes`
    are the indices of the result. The kinds are those of `symbolic.primitives`.
    """

    def __new__(cls, kind: str | Str, body: sp.Expr, count: sp.Expr, *indices: sp.Expr) -> MatrixFunctionEntry:
        """`count` of the indices are bound."""
        new: MatrixFunctionEntry = sp.Expr.__new__(cls, _string(kind), body, count, *indices)
        return new

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """The matrix's indices."""
        return self.args[3 : 3 + int(self.args[2])]  # type: ignore[no-any-return]

    @property
    def axes(self) -> tuple[sp.Expr, ...]:
        """The result's indices."""
        return self.args[3 + int(self.args[2]) :]  # type: ignore[no-any-return]


def preorder(e: sp.Basic) -> Iterator[sp.Basic]:
    """An expression and all parts of it, each before its own parts; sympy's own traversal nests generators."""
    waiting = [e]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(part.args))


def contains(e: sp.Basic, *kinds: type[sp.Basic]) -> bool:
    """Whether an expression, or a part of it, is of one of these classes; sympy's own `has` takes longer."""
    return any(isinstance(part, kinds) for part in preorder(e))


def entries_of(e: sp.Basic) -> Iterator[Entry]:
    """The entries in an expression, in its order, as often as they stand in it."""
    return (part for part in preorder(e) if isinstance(part, Entry))


#: Functions of which sympy seeks the sign, the period and the inverse each time.
_PONDERED = (HyperbolicFunction, TrigonometricFunction)


def substitute(e: sp.Expr, swap: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """An expression with other expressions in place of some of its parts.

    sympy's own substitution evaluates every function again, and asks for the sign of each argument.
    """
    if e in swap:
        return swap[e]
    args = [substitute(a, swap) for a in e.args]
    return e if all(a is b for a, b in zip(args, e.args, strict=True)) else rebuild(e, args)


def rebuild(e: sp.Expr, args: Iterable[sp.Expr]) -> sp.Expr:
    """An expression like another with other arguments; functions that sympy ponders over are not evaluated for symbols.

    >>> rebuild(sp.tanh(sp.Symbol("x")), [-sp.Symbol("y")]), rebuild(sp.tanh(sp.Symbol("x")), [sp.S.Zero])
    (tanh(-y), 0)
    """
    args = tuple(args)
    if isinstance(e, _PONDERED) and not args[0].is_Number:
        return e.func(*args, evaluate=False)
    return e.func(*args)


def _string(name: str | Str) -> Str:
    return Str(name) if isinstance(name, str) else name
