"""The letters of a formula: those of its indices, lengths and definitions, and expressions renamed to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import Entry, MatrixFunctionEntry, Reduction, rebuild
from ..words import entry_with_units, iter_names, take_name

#: For indices of the output, of the input, and of sums.
OUTPUT, INPUT, BOUND = "ijkl", "pqr", "stuw"

Swap = dict[sp.Symbol, sp.Symbol]


class Letters:
    """Letters that no tensor of the expression is called by."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def several(self, alphabet: str, wanted: int) -> list[sp.Symbol]:
        """The first free names of an alphabet, the same ones at each call."""
        stream = (c for c in iter_names(alphabet) if c not in self._taken)
        return [sp.Symbol(next(stream)) for _ in range(wanted)]

    def fresh(self, alphabet: str) -> str:
        """A free name that is taken from now on."""
        return take_name(iter_names(alphabet), self._taken)

    def fresh_symbol(self, alphabet: str) -> sp.Symbol:
        """A fresh name as a symbol for a length."""
        return sp.Symbol(self.fresh(alphabet), integer=True, positive=True)

    def bound(self, depth: int, wanted: int) -> list[sp.Symbol]:
        """The letters of the sums at a depth."""
        return self.several(BOUND, depth + wanted)[depth:]


@dataclass(frozen=True)
class Renaming:
    """Other names for the tensors, and which axes of which tensors print as 0."""

    names: Mapping[str, str]
    units: Mapping[str, tuple[bool, ...]]
    letters: Letters

    def __call__(self, e: sp.Expr, swap: Swap, depth: int = 0) -> sp.Expr:
        """The expression with its free symbols swapped, and letters for its bound ones.

        A nested sum takes the next letter, a sum beside another the same one.
        """
        match e:
            case Reduction():
                # How far an index runs may stand with it: `s < 3`.
                indices = tuple(k if k.is_Symbol else k.args[0] for k in e.bound)
                inner, deeper = self._bound(indices, swap, depth)
                return Reduction(e.kind, self(e.body, inner, deeper), *(self(k, inner) for k in e.bound))
            case MatrixFunctionEntry():
                inner, deeper = self._bound(e.bound, swap, depth)
                indices = (*(inner[k] for k in e.bound), *(self(a, swap, depth) for a in e.axes))
                return MatrixFunctionEntry(e.kind, self(e.body, inner, deeper), e.args[2], *indices)
            case Entry():
                name = e.name if e.name in self.units else self.names.get(e.name, e.name)
                return entry_with_units(name, [self(i, swap, depth) for i in e.indices], self.units)
            case sp.Symbol():
                return swap.get(e, e)
        return rebuild(e, (self(a, swap, depth) for a in e.args)) if e.args else e

    def _bound(self, bound: tuple[sp.Symbol, ...], swap: Swap, depth: int) -> tuple[Swap, int]:
        letters = self.letters.bound(depth, len(bound))
        return swap | dict(zip(bound, letters, strict=True)), depth + len(bound)
