"""A derivative entry by entry, while there are few."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from itertools import product

import sympy as sp

from ....index_notation.expressions import Delta, Entry, MatrixFunctionEntry, Reduction
from ....index_notation.functions import floor, where
from ... import codec
from ...form import Forms, Formula, length_of
from ...primitives import COMPARISONS
from ..words import entry_with_units
from .printers import text

#: More entries than this are not written out.
MOST = 64
#: Nor are entries that would have more operations and names than this altogether.
NODES = 20_000

#: Functions of indices that are evaluated, by name.
INTEGERS: dict[str, Callable[..., int]] = {"remainder": operator.mod} | {n: r.exact for n, r in COMPARISONS.items()}


def entries(forms: Forms, formula: Formula, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """Each entry of a derivative as text, in row-major order; nothing where there are too many.

    `shapes` are those of the request's inputs, by name.
    """
    if formula.tree is None:
        return ()
    lengths = {name: length_of(source, shapes) for name, source in forms.lengths.items()}
    ranges = [1 if a is None else lengths[a] for a in formula.axes]
    if math.prod(ranges) > MOST:
        return ()
    tree = codec.decode(formula.tree)
    if math.prod(ranges) * _count_nodes(tree, lengths) > NODES:
        return ()
    names = frozenset(forms.units)
    axes = [None if a is None else sp.Symbol(a, integer=True) for a in formula.axes]
    texts = []
    for index in product(*map(range, ranges)):
        at = {a: sp.Integer(k) for a, k in zip(axes, index, strict=True) if a is not None}
        entry = _at(tree, at, lengths, forms.units)
        if entry.has(sp.nan, sp.zoo):
            # A quotient by a norm that is always 0, as in cdist(x, x).
            return ()
        texts.append(text(entry, names))
    return tuple(texts)


def _count_nodes(e: sp.Expr, lengths: dict[str, int]) -> int:
    """How many nodes an entry has when its sums are written out."""
    if isinstance(e, Entry):
        return 1
    times = math.prod(lengths[k.name] for k in e.bound) if isinstance(e, Reduction) else 1
    return times * sum((_count_nodes(a, lengths) for a in e.args), start=1)


def _at(
    e: sp.Expr, at: dict[sp.Symbol, sp.Expr], lengths: dict[str, int], units: Mapping[str, tuple[bool, ...]]
) -> sp.Expr:
    """The expression at given indices, with its sums and products written out."""
    match e:
        case Reduction():
            ranges = (map(sp.Integer, range(lengths[k.name])) for k in e.bound)
            places = (at | dict(zip(e.bound, index, strict=True)) for index in product(*ranges))
            parts = [_at(e.body, place, lengths, units) for place in places]
            match e.kind:
                case "sum":
                    return sp.Add(*parts)
                case "prod":
                    return sp.Mul(*parts)
                case kind:
                    return Entry(f"{kind}({', '.join(map(text, parts))})")
        case MatrixFunctionEntry():
            bound = {k: k for k in e.bound}
            axes = (_at(a, at, lengths, units) for a in e.axes)
            return MatrixFunctionEntry(e.kind, _at(e.body, at | bound, lengths, units), e.args[2], *e.bound, *axes)
        case Entry():
            return entry_with_units(e.name, [_at(i, at, lengths, units) for i in e.indices], units)
        case sp.Mul() if any(_at(d, at, lengths, units) == 0 for d in e.args if isinstance(d, Delta)):
            return sp.S.Zero
        case sp.Symbol():
            return at[e] if e in at else sp.Integer(lengths.get(e.name, 1))
        case where():
            condition = _at(e.args[0], at, lengths, units)
            if condition.is_Integer:
                return _at(e.args[1] if condition else e.args[2], at, lengths, units)
    args = [_at(a, at, lengths, units) for a in e.args]
    return _evaluate(e.func(*args)) if args else e


def evaluate_index(e: sp.Expr) -> sp.Expr:
    """An index expression in numbers with its comparisons, quotients and remainders evaluated."""
    if isinstance(e, where):
        condition = evaluate_index(e.args[0])
        return evaluate_index(e.args[1] if condition else e.args[2]) if condition.is_Integer else e
    return _evaluate(e.func(*map(evaluate_index, e.args))) if e.args else e


def _evaluate(e: sp.Expr) -> sp.Expr:
    name = type(e).__name__
    if name in INTEGERS and all(a.is_Integer for a in e.args):
        return sp.Integer(int(INTEGERS[name](*map(int, e.args))))
    return sp.floor(e.args[0]) if isinstance(e, floor) and e.args[0].is_Rational else e
