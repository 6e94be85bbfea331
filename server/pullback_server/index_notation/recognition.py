"""Definitions recognized in an expression: `exp(x[k] - L)` becomes `s[k]` where s is defined as that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy as sp

from .expressions import Entry
from .index_program import Definition

Swap = dict[sp.Expr, sp.Expr]


def renaming(pattern: sp.Expr, expression: sp.Expr) -> Swap | None:
    """The renaming of index symbols that makes the pattern equal to the expression, if there is one.

    >>> i, p = sp.symbols("i p")
    >>> renaming(sp.exp(Entry("x", i)), sp.exp(Entry("x", p)))
    {i: p}
    """
    patterns, entries = (sorted(e.atoms(Entry), key=str) for e in (pattern, expression))
    if [e.name for e in patterns] != [e.name for e in entries]:
        return None
    if not all(i.is_Symbol for e in patterns for i in e.indices):
        return None
    swap: Swap = {}
    for a, b in zip(patterns, entries, strict=True):
        for before, after in zip(a.indices, b.indices, strict=True):
            if swap.setdefault(before, after) != after:
                return None
    return swap if pattern.xreplace(swap) == expression else None


def softmaxes(e: sp.exp, definitions: Mapping[str, Definition]) -> Iterator[tuple[sp.Expr, sp.Expr | None]]:
    """Each way to read the expression as `exp(u - logsumexp(u))`: u, and the index along which u is normalized.

    The index is None where it is bound to one of the entry's own.
    """
    for term in sp.Add.make_args(-e.args[0]):
        definition = definitions.get(term.name) if isinstance(term, Entry) else None
        if definition is None or definition.kind != "logsumexp" or len(definition.bound) != 1:
            continue
        logits = e.args[0] + term
        swap = renaming(definition.body.xreplace(dict(zip(definition.axes, term.indices, strict=True))), logits)
        if swap is not None and all(swap.get(i, i) == i for i in term.indices):
            along = swap.get(definition.bound[0])
            yield logits, None if along in term.indices else along


class Recognizer:
    """Replaces the bodies of elementwise definitions, at whatever indices, by entries of these definitions.

    Formulas keep the structure that the program had (a softmax stays one), and evaluation computes it once.
    """

    def __init__(self, program: Iterable[Definition]) -> None:
        """Only definitions without a reduction are recognized, and only where the body is a function or a power."""
        self._by_head: dict[type, list[Definition]] = {}
        for definition in program:
            if not definition.kind and isinstance(definition.body, sp.Function | sp.Pow):
                self._by_head.setdefault(type(definition.body), []).append(definition)

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        """The expression with every recognized part replaced by an entry."""
        if not self._by_head or not expression.args or isinstance(expression, Entry):
            return expression
        for definition in self._by_head.get(type(expression), ()):
            entry = _recognize(definition, expression)
            if entry is not None:
                return entry
        args = tuple(self(a) for a in expression.args)
        return expression if args == expression.args else expression.func(*args)


def _recognize(definition: Definition, expression: sp.Expr) -> sp.Expr | None:
    """The definition's entry, or an integer power of it, where the expression equals that."""
    body, power = definition.body, sp.S.One
    if isinstance(body, sp.Pow):
        if not (body.exp.is_Rational and expression.exp.is_Rational):
            return None
        power = expression.exp / body.exp
        if not power.is_Integer:
            return None
        expression = expression.base**body.exp
    swap = renaming(body, expression)
    if swap is None or not swap.keys() >= {*definition.axes}:
        return None
    entry: sp.Expr = Entry(definition.name, *(swap.get(a, a) for a in definition.axes))
    return entry**power
