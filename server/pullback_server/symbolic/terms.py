"""Sums of products with Kronecker deltas, and the contraction of the deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sympy as sp

from ..operators.index import Delta, Pieces, Total

Pair = tuple[sp.Symbol, sp.Symbol]


@dataclass(frozen=True)
class Term:
    """`Sum(coefficient * delta(...) * ..., bound)`; every index is in range, so a bound delta contracts.

    >>> from pullback_server.operators.index import Entry
    >>> i, k, p = sp.symbols("i k p")
    >>> contract(Term(Entry("A", i, k), ((k, p),), (k,)), Pieces()) == Term(Entry("A", i, p))
    True
    """

    coefficient: sp.Expr
    deltas: tuple[Pair, ...] = ()
    bound: tuple[sp.Symbol, ...] = ()

    @property
    def expression(self) -> sp.Expr:
        """The term as one expression."""
        return Total("sum", sp.Mul(self.coefficient, *(Delta(a, b) for a, b in self.deltas)), *self.bound)

    def at(self, swap: dict[sp.Symbol, sp.Symbol]) -> Term:
        """The term with its free indices renamed."""
        deltas = tuple((swap.get(a, a), swap.get(b, b)) for a, b in self.deltas)
        return Term(self.coefficient.xreplace(swap), deltas, self.bound)

    def times(self, factor: sp.Expr) -> Term:
        """The term multiplied by a scalar whose indices are free in it."""
        return Term(self.coefficient * factor, self.deltas, self.bound)


def split(expression: sp.Expr) -> Iterator[Term]:
    """An expression as terms whose coefficients have no delta among their factors.

    A product is multiplied out only where a sum among its factors holds a delta.
    """
    if isinstance(expression, sp.Add) and expression.has(Delta):
        for part in expression.args:
            yield from split(part)
        return
    factors = sp.Mul.make_args(expression)
    for number, factor in enumerate(factors):
        if isinstance(factor, sp.Add) and factor.has(Delta):
            rest = sp.Mul(*factors[:number], *factors[number + 1 :])
            for part in factor.args:
                yield from split(rest * part)
            return
        if isinstance(factor, sp.Pow) and isinstance(factor.base, Delta) and factor.exp.is_positive:
            # delta is 0 or 1, so a positive power of it is delta itself
            yield from split(sp.Mul(*factors[:number], factor.base, *factors[number + 1 :]))
            return
    deltas = tuple((f.args[0], f.args[1]) for f in factors if isinstance(f, Delta))
    yield Term(sp.Mul(*(f for f in factors if not isinstance(f, Delta))), deltas)


def contract(term: Term, pieces: Pieces) -> Term:
    """The term with every delta that has a bound index summed away: `Sum(f(k)*delta(k, p), k) = f(p)`.

    A bound index that nothing depends on leaves its dimension's length as a factor.
    """
    coefficient, bound = term.coefficient, list(term.bound)
    waiting, kept = list(term.deltas), list[Pair]()
    while waiting:
        a, b = waiting.pop()
        if a == b:
            continue
        gone, stays = (a, b) if a in bound else (b, a)
        if gone in bound:
            swap = {gone: stays}
            coefficient = coefficient.xreplace(swap)
            waiting = [(swap.get(x, x), swap.get(y, y)) for x, y in waiting]
            kept = [(swap.get(x, x), swap.get(y, y)) for x, y in kept]
            bound.remove(gone)
        elif (a, b) not in kept and (b, a) not in kept:
            kept.append((a, b))
    kept = [(a, b) for a, b in kept if a != b]
    free = coefficient.free_symbols
    for index in [k for k in bound if k not in free]:
        coefficient *= pieces.size(index)
        bound.remove(index)
    return Term(coefficient, tuple(sorted(kept, key=str)), tuple(bound))


def merge(terms: Iterable[Term], pieces: Pieces) -> tuple[Term, ...]:
    """Terms with the same deltas and the same sums added up, those that cancel left out."""
    found: dict[tuple[tuple[Pair, ...], int], list[Term]] = {}
    for term in terms:
        if term.coefficient == 0:
            continue
        found.setdefault((term.deltas, len(term.bound)), []).append(term)
    merged = []
    for (deltas, _), group in found.items():
        first = group[0]
        total = first.coefficient
        for other in group[1:]:
            lengths = [pieces.size(k) for k in first.bound]
            if lengths != [pieces.size(k) for k in other.bound]:
                merged.append(other)
            else:
                total += other.coefficient.xreplace(dict(zip(other.bound, first.bound, strict=True)))
        if total != 0:
            merged.append(Term(total, deltas, first.bound))
    return tuple(merged)


def taken_out(total: sp.Expr) -> sp.Expr:
    """A sum with the factors that all its terms have taken out of it.

    >>> a, b, c = sp.symbols("a b c")
    >>> taken_out(a*b - a*c)
    a*(b - c)
    """
    if not isinstance(total, sp.Add):
        return total
    each = [sp.Mul.make_args(term) for term in total.args]
    common = [f for f in each[0] if not f.is_Number and all(f in factors for factors in each)]
    if not common:
        return total
    rest = (sp.Mul(*(f for f in factors if f not in common)) for factors in each)
    return sp.Mul(*common, sp.Add(*rest))
