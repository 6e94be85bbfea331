"""Sums of products with Kronecker deltas, and the contraction of the deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from .arithmetic import interval, join_divisions, modulo, within
from .expressions import Delta, Entry, Reduction, contains, preorder
from .functions import equal, floor, less, less_equal, remainder, where
from .index_program import IndexProgram, index_of
from .lengths import estimated_length

#: Two indices, either of which may be an expression in index symbols.
Pair = tuple[sp.Expr, sp.Expr]


@dataclass(frozen=True)
class Term:
    """`Sum(coefficient * delta(...) * ..., bound)`; every index is in range, so a bound delta contracts.

    >>> from pullback_server.index_notation.expressions import Entry
    >>> program = IndexProgram()
    >>> i, k = program.index(2), program.index(3)
    >>> p = program.index(k)
    >>> contract(Term(Entry("A", i, k), ((k, p),), (k,)), program) == Term(Entry("A", i, p))
    True
    """

    coefficient: sp.Expr
    deltas: tuple[Pair, ...] = ()
    bound: tuple[sp.Symbol, ...] = ()

    @property
    def expression(self) -> sp.Expr:
        """The term as one expression."""
        return Reduction("sum", sp.Mul(self.coefficient, *(Delta(a, b) for a, b in self.deltas)), *self.bound)

    @cached_property
    def length(self) -> int:
        """About how many characters the term has in writing."""
        return estimated_length(self.coefficient) + 12 * len(self.deltas) + 3 * len(self.bound)

    def at(self, swap: dict[sp.Symbol, sp.Expr]) -> Term:
        """The term with its free indices renamed."""
        deltas = tuple((a.xreplace(swap), b.xreplace(swap)) for a, b in self.deltas)
        return Term(self.coefficient.xreplace(swap), deltas, self.bound)

    def times(self, factor: sp.Expr) -> Term:
        """The term multiplied by a scalar whose indices are free in it."""
        return Term(self.coefficient * factor, self.deltas, self.bound)


def split(expression: sp.Expr) -> Iterator[Term]:
    """An expression as terms whose coefficients have no delta and no sum over indices among their factors.

    A product is multiplied out only where a sum among its factors contains one of these.
    """
    if isinstance(expression, sp.Add) and contains(expression, Delta, Reduction):
        for part in expression.args:
            yield from split(part)
        return
    factors = sp.Mul.make_args(expression)
    for number, factor in enumerate(factors):
        if isinstance(factor, sp.Add) and contains(factor, Delta, Reduction):
            rest = sp.Mul(*factors[:number], *factors[number + 1 :])
            for part in factor.args:
                yield from split(rest * part)
            return
        if isinstance(factor, Reduction) and factor.kind == "sum":
            for term in split(sp.Mul(*factors[:number], factor.body, *factors[number + 1 :])):
                yield Term(term.coefficient, term.deltas, (*term.bound, *factor.bound))
            return
        if isinstance(factor, sp.Pow) and isinstance(factor.base, Delta) and factor.exp.is_positive:
            # delta is 0 or 1, so a positive power of it is delta itself
            yield from split(sp.Mul(*factors[:number], factor.base, *factors[number + 1 :]))
            return
    deltas = tuple((f.args[0], f.args[1]) for f in factors if isinstance(f, Delta))
    yield Term(sp.Mul(*(f for f in factors if not isinstance(f, Delta))), deltas)


def contract(term: Term, program: IndexProgram) -> Term:
    """The term with every delta that has a bound index summed away: `Sum(f(k)*delta(k, p), k) = f(p)`.

    A delta stays in its sum where the bound index may have no such value, or several. A bound index that nothing
    depends on leaves its dimension's length as a factor.
    """
    term = _divide_bound_index(term, program)
    coefficient, bound = term.coefficient, list(term.bound)
    waiting, kept = join_divisions([*term.deltas]), list[Pair]()
    while waiting:
        a, b = waiting.pop()
        if a == b:
            continue
        solution = _solve(a, b, bound, program)
        if solution is not None:
            index, value = solution
            swap = {index: value}
            coefficient = coefficient.xreplace(swap)
            waiting = [(x.xreplace(swap), y.xreplace(swap)) for x, y in (*waiting, *kept)]
            kept = []
            bound.remove(index)
        elif a.is_Integer and b.is_Integer:
            return Term(sp.S.Zero)
        elif (a, b) not in kept and (b, a) not in kept:
            kept.append((a, b))
    coefficient = _decide_comparisons(_flatten_remainders(coefficient, program), program, _values(kept, bound))
    kept = [(_flatten_remainders(a, program), _flatten_remainders(b, program)) for a, b in kept]
    free = coefficient.free_symbols.union(*(x.free_symbols for pair in kept for x in pair))
    for index in [k for k in bound if k not in free]:
        coefficient *= program.size(index)
        bound.remove(index)
    return Term(coefficient, tuple(sorted(kept, key=str)), tuple(bound))


def _flatten_remainders(e: sp.Expr, program: IndexProgram) -> sp.Expr:
    """The expression without remainders of remainders: `((p - 1) % 3 + 2) % 3` is `(p + 1) % 3`."""
    if not contains(e, remainder):
        return e
    return e.replace(_is_index_remainder, lambda part: _flat_remainder(part, program), simultaneous=False)


def _is_index_remainder(e: sp.Expr) -> bool:
    return isinstance(e, remainder) and e.args[1].is_Integer and not e.has(Entry)


def _flat_remainder(e: sp.Expr, program: IndexProgram) -> sp.Expr:
    dividend, divisor = e.args
    inner = {part: part.args[0] for part in sp.Add.make_args(dividend) if _is_index_remainder(part)}
    flat = sp.expand(dividend.xreplace({part: a for part, a in inner.items() if part.args[1] == divisor}))
    constant, rest = flat.as_coeff_Add()
    # The constant that is nearest to 0: `(p - 1) % 3` rather than `(p + 2) % 3`.
    nearest = (constant + (divisor - 1) // 2) % divisor - (divisor - 1) // 2
    return modulo(rest + nearest, int(divisor), program)


def _divide_bound_index(term: Term, program: IndexProgram) -> Term:
    """A sum over an index whose remainder the term has as two sums, over the index's quotient and its remainder."""
    expressions = (term.coefficient, *(x for pair in term.deltas for x in pair))
    remainders = sorted({part for e in expressions for part in preorder(e) if isinstance(part, remainder)}, key=str)
    for index in term.bound if remainders else ():
        length = program.dimensions[index].root().source
        for part in remainders:
            dividend, divisor = part.args
            if dividend == index and divisor.is_Integer and isinstance(length, int) and length % int(divisor) == 0:
                axes = program.axis(length // int(divisor)), program.axis(int(divisor))
                high, low = map(index_of, axes)
                replaced = term.at({part: low, floor(index / divisor): high, index: divisor * high + low})
                bound = (*(k for k in term.bound if k is not index), *(a for a in axes if a is not None))
                return _divide_bound_index(Term(replaced.coefficient, replaced.deltas, bound), program)
    return term


def _solve(a: sp.Expr, b: sp.Expr, bound: list[sp.Symbol], program: IndexProgram) -> tuple[sp.Symbol, sp.Expr] | None:
    """A bound index and its value where a delta of a and b is 1: one value in range, whatever the other indices are."""
    for index, value in ((a, b), (b, a)):
        if index in bound and index not in value.free_symbols and _covers(index, value, program):
            return index, value
    for one, other in ((a, b), (b, a)):
        if isinstance(one, remainder) and one.args[1].is_Integer:
            # i + 2 is p modulo n where i is p - 2 modulo n.
            solution = _isolate(one.args[0], other, bound)
            if solution is not None and program.dimensions[solution[0]].root().source == one.args[1]:
                return solution[0], modulo(solution[1], int(one.args[1]), program)
    solution = _isolate(a, b, bound)
    return solution if solution is not None and _covers(*solution, program) else None


def _isolate(a: sp.Expr, b: sp.Expr, indices: list[sp.Symbol]) -> tuple[sp.Symbol, sp.Expr] | None:
    """The first of the indices that `a == b` can be solved for, and its value there."""
    if a.is_Symbol and b.is_Symbol:
        return next(((k, b if k == a else a) for k in indices if k in (a, b)), None)
    difference = a - b
    for index in indices:
        slope = difference.coeff(index)
        rest = difference - slope * index
        if slope in (1, -1) and index not in rest.free_symbols:
            return index, sp.expand(-slope * rest)
    return None


def _values(deltas: list[Pair], bound: list[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
    """The value of one index of each delta, a bound one if there is one, where the delta is not 0."""
    values = {}
    for a, b in deltas:
        others = sorted((a.free_symbols | b.free_symbols) - {*bound}, key=str)
        if solution := _isolate(a, b, [*bound, *others]):
            values[solution[0]] = solution[1]
    return values


def _covers(index: sp.Symbol, value: sp.Expr, program: IndexProgram) -> bool:
    """Whether an index takes every value that the other expression has; entries of tensors are in range."""
    dimension = program.dimensions[index].root()
    if contains(value, Entry):
        return True
    other = program.dimensions.get(value)
    if other is not None and other.root() is dimension:
        return True
    return isinstance(dimension.source, int) and within(value, dimension.source, program)


def _decide_comparisons(e: sp.Expr, program: IndexProgram, values: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with every comparison of indices worked out whose outcome follows from their ranges.

    `values` are those of some indices wherever the outcome matters.
    """
    outcomes = {}
    for comparison in {part for part in preorder(e) if isinstance(part, less | less_equal | equal)}:
        difference = comparison.args[0] - comparison.args[1]
        if values and not difference.has(Entry):
            difference = sp.expand(difference.xreplace(values))
        bounds = interval(difference, program)
        if bounds is not None:
            low, high = bounds
            match comparison:
                case less() if high < 0 or low >= 0:
                    outcomes[comparison] = sp.Integer(high < 0)
                case less_equal() if high <= 0 or low > 0:
                    outcomes[comparison] = sp.Integer(high <= 0)
                case equal() if low > 0 or high < 0 or low == high:
                    outcomes[comparison] = sp.Integer(low == high == 0)
    if not outcomes:
        return e
    return e.xreplace(outcomes).replace(
        lambda part: isinstance(part, where) and part.args[0].is_Integer,
        lambda part: part.args[1] if part.args[0] else part.args[2],
        simultaneous=False,
    )


def merge(terms: Iterable[Term], program: IndexProgram) -> tuple[Term, ...]:
    """The terms, those with the same deltas and the same sums added up; terms that cancel are left out."""
    groups: dict[object, list[Term]] = {}
    for term in terms:
        if term.coefficient == 0:
            continue
        # Sums that a delta is part of are the same only where their indices are.
        fixed = tuple(k for k in term.bound if any(k in x.free_symbols for pair in term.deltas for x in pair))
        groups.setdefault((term.deltas, term.bound if fixed else len(term.bound)), []).append(term)
    merged = []
    for group in groups.values():
        first = group[0]
        total = first.coefficient
        for other in group[1:]:
            lengths = [program.size(k) for k in first.bound]
            if lengths != [program.size(k) for k in other.bound]:
                merged.append(other)
            else:
                total += other.coefficient.xreplace(dict(zip(other.bound, first.bound, strict=True)))
        if total != 0:
            merged.append(Term(total, first.deltas, first.bound))
    return tuple(merged)


def factor_out(total: sp.Expr) -> sp.Expr:
    """The sum with the common factors of its terms in front.

    >>> a, b, c = sp.symbols("a b c")
    >>> factor_out(a*b - a*c)
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
