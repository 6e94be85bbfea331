"""A derivative's terms as one expression, at the indices that read best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import Delta, Entry, Reduction, preorder
from ....index_notation.index_program import Axes
from ....index_notation.terms import Pair, Term, factor_out
from ...form import DerivativeKind
from .ranges import Ranges

#: Expressions of more nodes than this are not searched for common factors.
FACTORED = 400


@dataclass(frozen=True)
class TensorExpression:
    """A derivative as an expression over these axes, None for one of length 1.

    `output_axes` and `input_axes` are the index symbols of the output and of the input that are free in it.
    """

    expression: sp.Expr
    axes: Axes
    output_axes: tuple[sp.Symbol, ...]
    input_axes: tuple[sp.Symbol, ...]


#: One input's derivatives as expressions.
Expressions = Mapping[DerivativeKind, TensorExpression]


def combine(terms: tuple[Term, ...], input_axes: tuple[sp.Symbol, ...], ranges: Ranges) -> sp.Expr:
    """Terms as one expression, with a common factor taken out where that makes it shorter.

    Beside a delta of an index and an index of the input either may stand; the input's does, unless the other lets a
    factor be taken out. Where the two run over different lengths, one takes the other's place only in entries that
    have room for it: `exp(u[i - 3])*delta(i - 3, p)` is `exp(u[p])*delta(i - 3, p)`.
    """
    pairs = [_towards(t, input_axes) for t in terms]
    by_input = sp.Add(*(_expression(t, p, ranges) for t, p in zip(terms, pairs, strict=True)))
    if len(terms) == 1 or count_nodes(by_input) > FACTORED:
        return by_input
    reversed_pairs = ([(b, a) for a, b in p if a.is_Symbol] for p in pairs)
    by_output = sp.Add(*(_expression(t, p, ranges) for t, p in zip(terms, reversed_pairs, strict=True)))
    return min((factor_out(by_output), factor_out(by_input), by_input), key=count_nodes)


def count_nodes(e: sp.Expr) -> int:
    """The length of an expression."""
    return sum(1 for _ in preorder(e))


def _towards(term: Term, input_axes: tuple[sp.Symbol, ...]) -> list[Pair]:
    """The deltas of an index and one of the input, that one last."""
    pairs = ((b, a) if a in input_axes and b not in input_axes else (a, b) for a, b in term.deltas)
    return [(a, b) for a, b in pairs if b in input_axes and not (a.is_Integer or b in a.free_symbols)]


def _expression(term: Term, pairs: list[Pair], ranges: Ranges) -> sp.Expr:
    """The term with its coefficient at other indices, and the factors before its sums that these do not run over."""
    coefficient = _exchange(term.coefficient, pairs, ranges)
    inside, outside = sp.S.One, sp.S.One
    for factor in (*sp.Mul.make_args(coefficient), *(Delta(a, b) for a, b in term.deltas)):
        if factor.free_symbols.isdisjoint(term.bound):
            outside *= factor
        else:
            inside *= factor
    return sp.Mul(outside, Reduction("sum", inside, *term.bound))


def _exchange(e: sp.Expr, pairs: list[Pair], ranges: Ranges) -> sp.Expr:
    """The expression with the second of each pair for the first wherever that stays in range."""
    alike = {a: b for a, b in pairs if a.is_Symbol and ranges.length(a) == ranges.length(b)}
    others = {a: b for a, b in pairs if a not in alike}
    if not others:
        return e.xreplace(alike)

    def exchange(part: sp.Expr) -> sp.Expr:
        if isinstance(part, Entry):
            axes = ranges.axes[part.name]
            return Entry(part.name, *(exchange_index(i, axis) for i, axis in zip(part.indices, axes, strict=True)))
        return part.func(*map(exchange, part.args)) if part.args else alike.get(part, part)

    def exchange_index(index: sp.Expr, axis: sp.Symbol) -> sp.Expr:
        return others[index] if index in others and ranges.fits(others[index], axis) else exchange(index)

    return exchange(e)
