"""Which definitions a formula writes out, and which it names under "where"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import (
    Delta,
    Entry,
    MatrixFunctionEntry,
    Reduction,
    entries_of,
    preorder,
    substitute,
)
from ....index_notation.functions import where
from ....index_notation.index_program import Definition, IndexProgram
from ....index_notation.lengths import estimated_length
from .combining import count_nodes
from .structures import Structure

#: A definition that is used more than once is nevertheless written out while it has at most this many nodes.
SMALL = 6


class TooLong(Exception):
    """A formula that nobody would read."""


@dataclass(frozen=True)
class Inlined:
    """An expression with definitions written out, and those that stand under "where", first ones first.

    One that stands there as it is written in the program has None for its expression.
    """

    expression: sp.Expr
    kept: Mapping[str, sp.Expr | None]


@dataclass(frozen=True)
class _Part:
    """A definition written out at its own axes, and what of it decides where it stands."""

    expression: sp.Expr
    uses: Counter[str]
    in_matrix_functions: frozenset[str]
    nodes: int


class Inliner:
    """Writes the definitions of one program out in expressions."""

    def __init__(self, program: IndexProgram, definitions: Iterable[Definition]) -> None:
        self._program = program
        self._definitions = {definition.name: definition for definition in definitions}
        self._parts: dict[str, _Part] = {}
        self._written: dict[Entry, sp.Expr] = {}

    def inline(self, expression: sp.Expr, structures: Mapping[str, Structure], longest: int) -> Inlined:
        """Definitions written out, except those that are used again and are not small; raises TooLong.

        `structures` are definitions as they are written in the program. Lengths are estimated before anything is
        substituted: an expression of more than `longest` characters has under "where" all that it uses again.
        """
        whole = _part(expression)
        for sparing in (False, True):
            kept = self._kept(whole, structures, sparing)
            if self._length(expression, kept) <= longest:
                break
        else:
            raise TooLong
        inlined = self._inlined(expression, kept)
        # Uses that add up to one are one: `g[p] + g[p]` is `2*g[p]`.
        if not sparing and (single := self._used_once(inlined)):
            return self._inlined(expression, {n: part for n, part in kept.items() if n not in single})
        return inlined

    def _inlined(self, expression: sp.Expr, kept: Mapping[str, _Part | None]) -> Inlined:
        bodies = {n: None if part is None else self._expand(part.expression, kept) for n, part in kept.items()}
        return Inlined(self._expand(expression, kept), bodies)

    def _used_once(self, inlined: Inlined) -> set[str]:
        """The definitions that stand under "where" for several uses, of which one is left."""
        parts = [_part(e) for e in (inlined.expression, *inlined.kept.values()) if e is not None]
        uses = sum((part.uses for part in parts), Counter[str]())
        named = frozenset[str]().union(*(part.in_matrix_functions for part in parts))
        return {
            name
            for name, body in inlined.kept.items()
            if body is not None and uses[name] == 1 and name not in named and not is_constant(self._definitions[name])
        }

    def written(self, entry: Entry) -> sp.Expr:
        """An entry of a definition written out, in entries of inputs and of other definitions."""
        if entry not in self._written:
            self._written[entry] = self._write(entry)
        return self._written[entry]

    def axes(self, name: str) -> tuple[sp.Symbol, ...]:
        """The axes of a definition."""
        return self._definitions[name].axes

    def reached(self, expression: sp.Expr) -> list[str]:
        """The definitions that an expression is made of, directly or through others, first ones first."""
        needed = self._needed(expression, {})
        return [name for name in self._definitions if name in needed]

    def never_written_out(self, reached: Iterable[str], expression: sp.Expr) -> bool:
        """Whether one of the definitions that an expression is made of can only be named."""
        names = set(reached)
        named = _part(expression).in_matrix_functions.union(*(self._part(n).in_matrix_functions for n in names))
        return not names.isdisjoint(named) or any(is_constant(self._definitions[n]) for n in names)

    def _kept(self, whole: _Part, structures: Mapping[str, Structure], sparing: bool) -> dict[str, _Part | None]:
        """What stands under "where"; where characters are to be spared, all that is used again."""
        uses, named = Counter(whole.uses), set(whole.in_matrix_functions)
        kept: dict[str, _Part | None] = {}
        for name in reversed(self._definitions):
            if not (count := uses[name]):
                continue
            part, always = self._part(name), self._is_always_written_out(name)
            matrix, structure = name in named, structures.get(name)
            if structure is not None and (matrix or (structure.named and not always)):
                kept[name] = None
                continue
            again = count > 1 and (sparing or (part.nodes > SMALL and not always))
            if again or matrix or is_constant(self._definitions[name]):
                kept[name] = part
                count = 1
            for inner, times in part.uses.items():
                uses[inner] += count * times
            named |= part.in_matrix_functions
        return dict(reversed(kept.items()))

    def _length(self, expression: sp.Expr, kept: Mapping[str, _Part | None]) -> int:
        """About how many characters there will be, with those under "where"."""
        lengths: dict[str, int] = {}
        total = 0
        needed = self._needed(expression, kept)
        for name in self._definitions:
            if name not in needed:
                continue
            part = self._part(name)
            length = estimated_length(part.expression, lengths)
            if name not in kept:
                lengths[name] = length + 2
            elif kept[name] is not None:
                total += length
        return total + estimated_length(expression, lengths)

    def _needed(self, expression: sp.Expr, kept: Mapping[str, _Part | None]) -> set[str]:
        waiting, needed = list(_part(expression).uses), set[str]()
        while waiting:
            name = waiting.pop()
            if name in self._definitions and name not in needed and not (name in kept and kept[name] is None):
                needed.add(name)
                waiting += self._part(name).uses
        return needed

    def _part(self, name: str) -> _Part:
        if name not in self._parts:
            self._parts[name] = _part(self.written(Entry(name, *self._definitions[name].axes)))
        return self._parts[name]

    def _expand(self, expression: sp.Expr, kept: Iterable[str]) -> sp.Expr:
        swap = {}
        # In the order of the expression: indices are numbered as they come, and terms stand in order of their names.
        for entry in dict.fromkeys(entries_of(expression)):
            if entry.name in self._definitions and entry.name not in kept:
                swap[entry] = self._expand(self.written(entry), kept)
        return substitute(expression, swap) if swap else expression

    def _is_always_written_out(self, name: str) -> bool:
        """Whether a definition is always written out: `log(Sum(exp(...)))`, or a function of an input."""
        definition = self._definitions[name]
        of_input = self._definitions.keys().isdisjoint(e.name for e in entries_of(definition.body))
        return (definition.result_rank is not None and of_input) or definition.kind == "logsumexp"

    def _write(self, entry: Entry) -> sp.Expr:
        definition = self._definitions[entry.name]
        at = dict(zip(definition.axes, entry.indices, strict=True))
        fresh = {k: self._program.index(k) for k in definition.bound}
        if definition.result_rank is not None:
            return _of_matrix(definition, at, fresh)
        if definition.kind == "product_of_others":
            itself = sp.Mul(*(Delta(new, at[old]) for old, new in fresh.items()))
            at = {a: b for a, b in at.items() if a not in definition.bound}
            return Reduction("prod", where(itself, 1, substitute(definition.body, at | fresh)), *fresh.values())
        body = substitute(definition.body, at | fresh)
        if definition.kind == "logsumexp":
            return sp.log(Reduction("sum", _exponential(body), *fresh.values()))
        return Reduction(definition.kind, body, *fresh.values())


def is_constant(definition: Definition) -> bool:
    """Whether a definition is a number that was named to keep it from sympy, which would evaluate it."""
    return not definition.bound and not definition.body.has(Entry)


def _part(expression: sp.Expr) -> _Part:
    named = frozenset(
        entry.name for f in preorder(expression) if isinstance(f, MatrixFunctionEntry) for entry in entries_of(f.body)
    )
    return _Part(expression, Counter(e.name for e in entries_of(expression)), named, count_nodes(expression))


def _of_matrix(definition: Definition, at: dict[sp.Symbol, sp.Expr], fresh: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """A function of a matrix at these indices; the cofactors are written as people do, as `det(X)*inv(X)[j, i]`."""
    result_axes = tuple(at[a] for a in definition.result_axes)
    inner = {a: b for a, b in at.items() if a not in definition.result_axes} | fresh
    body, count = substitute(definition.body, inner), sp.Integer(len(definition.bound))

    def function(kind: str, *axes: sp.Expr) -> sp.Expr:
        return MatrixFunctionEntry(kind, body, count, *fresh.values(), *axes)

    if definition.kind == "cofactor":
        return function("det") * function("inv", *result_axes[::-1])
    return function(definition.kind, *result_axes)


def _exponential(body: sp.Expr) -> sp.Expr:
    """exp of an entry, 0 where a mask leaves it out."""
    masked = isinstance(body, where) and body.args[2] == -sp.oo
    return body.args[0] * sp.exp(body.args[1]) if masked else sp.exp(body)
