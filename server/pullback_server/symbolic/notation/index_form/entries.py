"""A derivative entry by entry, at the lengths of a request."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import sympy as sp

from ....index_notation.expressions import Delta, Entry, MatrixFunctionEntry, Reduction, rebuild
from ....index_notation.functions import floor, where
from ....index_notation.lengths import estimated_length, own_length
from ... import codec
from ...form import UNWRITTEN, DerivativeKind, Formula, NotationState, length_of
from ...lowering.plan import Source
from ...primitives import COMPARISONS
from ..words import entry_with_units
from .printers import TextPrinter, text

#: More entries than this are not written out.
MOST = 64

#: Functions of indices that are evaluated, by name.
INTEGERS: dict[str, Callable[..., int]] = {"remainder": operator.mod} | {n: r.exact for n, r in COMPARISONS.items()}

#: The shapes of a request's inputs by name, and the place of an entry.
Shapes = Mapping[str, tuple[int, ...]]
Place = tuple[int, ...]
At = dict[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class TensorTree:
    """A tensor as an encoded expression over its axes, the names of index symbols; None is an axis of length 1.

    It is None, and the state says why, where it cannot be written.
    """

    axes: tuple[str | None, ...] = ()
    tree: Any = None
    state: NotationState = NotationState.DONE


@dataclass(frozen=True)
class EntryForms:
    """The derivatives of a program with respect to each input as expressions, and the definitions that these name.

    `lengths` says where each index symbol's length is read, and `units` which axes of an input have length 1.
    """

    inputs: Mapping[str, Mapping[DerivativeKind, TensorTree]]
    definitions: Mapping[str, TensorTree]
    lengths: Mapping[str, Source]
    units: Mapping[str, tuple[bool, ...]]

    def to_bytes(self) -> bytes:
        """The expressions in a format of our own."""
        inputs = {n: {kind.value: _encode(t) for kind, t in trees.items()} for n, trees in self.inputs.items()}
        definitions = {name: _encode(tree) for name, tree in self.definitions.items()}
        return json.dumps([inputs, definitions, self.lengths, self.units], separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> EntryForms:
        """The inverse of `to_bytes`."""
        inputs, definitions, lengths, units = json.loads(data)
        return EntryForms(
            {n: {DerivativeKind(kind): _decode(t) for kind, t in trees.items()} for n, trees in inputs.items()},
            {name: _decode(tree) for name, tree in definitions.items()},
            {name: tuple(source) if isinstance(source, list) else source for name, source in lengths.items()},
            {name: tuple(flags) for name, flags in units.items()},
        )


def _encode(tensor: TensorTree) -> list[Any]:
    return [tensor.axes, tensor.tree, tensor.state.name]


def _decode(parts: list[Any]) -> TensorTree:
    axes, tree, state = parts
    return TensorTree(tuple(axes), tree, NotationState[state])


@dataclass(frozen=True)
class _Tensor:
    """A tensor's expression over its axes."""

    axes: tuple[sp.Symbol | None, ...]
    expression: sp.Expr

    def at(self, place: tuple[sp.Expr, ...]) -> At:
        return {a: k for a, k in zip(self.axes, place, strict=True) if a is not None}


class EntryWriter:
    """Writes entries of one program's derivatives at the lengths of one request; parts that they share once."""

    def __init__(self, forms: EntryForms, shapes: Shapes) -> None:
        self._forms = forms
        self._lengths = {name: length_of(source, shapes) for name, source in forms.lengths.items()}
        self._entries: dict[Entry, sp.Expr] = {}
        #: Every entry of the derivatives with respect to each input, once they are written.
        self.lists: Mapping[str, Mapping[DerivativeKind, Formula]] | None = None

    def write_lists(self, longest: int) -> None:
        """Writes every entry of the derivatives with respect to each input.

        A derivative of more than `MOST` entries is left out, and so is one whose entries would make the lists longer
        than `longest` characters altogether; lengths are estimated before anything is written.
        """
        written: dict[str, dict[DerivativeKind, Formula]] = {}
        for name, trees in self._forms.inputs.items():
            written[name] = {}
            for kind in trees:
                formula = written[name][kind] = self.all_entries(name, kind, longest)
                longest -= sum(map(len, formula.written))
        self.lists = written

    @property
    def has_short_lists(self) -> bool:
        """Whether there is a derivative of few enough entries to be written out."""
        trees = (tree for kinds in self._forms.inputs.values() for tree in kinds.values())
        return any(tree.state is NotationState.DONE and math.prod(self._ranges(tree)) <= MOST for tree in trees)

    def all_entries(self, name: str, kind: DerivativeKind, longest: int) -> Formula:
        """Every entry in row-major order, while there are few and they have at most so many characters together."""
        tree = self._forms.inputs[name][kind]
        if tree.state is not NotationState.DONE:
            return UNWRITTEN[tree.state]
        ranges = self._ranges(tree)
        if math.prod(ranges) > MOST:
            return UNWRITTEN[NotationState.OVER_BUDGET]
        tensor = self._decode(tree)
        places = [tuple(map(sp.Integer, place)) for place in product(*map(range, ranges))]
        return self._formula(tensor, places, longest)

    def one_entry(self, name: str, kind: DerivativeKind, place: Place, longest: int) -> Formula:
        """The entry at a place, while it has at most so many characters."""
        tree = self._forms.inputs[name][kind]
        if tree.state is not NotationState.DONE:
            return UNWRITTEN[tree.state]
        tensor, index = self._decode(tree), tuple(map(sp.Integer, place))
        formula = self._formula(tensor, [index], longest)
        return Formula("".join(formula.written), formula.state)

    def _ranges(self, tree: TensorTree) -> list[int]:
        return [1 if axis is None else self._lengths[axis] for axis in tree.axes]

    def _formula(self, tensor: _Tensor, places: list[tuple[sp.Expr, ...]], longest: int) -> Formula:
        """The entries at these places, while they have at most so many characters together."""
        if not self._fits(tensor, places, longest):
            return UNWRITTEN[NotationState.OVER_BUDGET]
        entries = [self._at(tensor.expression, tensor.at(place)) for place in places]
        # A quotient by a norm that is always 0, as in cdist(x, x), is no number.
        if any(entry.has(sp.nan, sp.zoo) for entry in entries):
            return UNWRITTEN[NotationState.NO_FORM]
        texts = tuple(str(self._printer.doprint(entry)) for entry in entries)
        return Formula(texts) if sum(map(len, texts)) <= longest else UNWRITTEN[NotationState.OVER_BUDGET]

    @cached_property
    def _printer(self) -> TextPrinter:
        return TextPrinter(frozenset(self._forms.units))

    @cached_property
    def _definitions(self) -> dict[str, _Tensor]:
        return {name: self._decode(tree) for name, tree in self._forms.definitions.items()}

    def _decode(self, tree: TensorTree) -> _Tensor:
        axes = tuple(None if a is None else sp.Symbol(a, integer=True) for a in tree.axes)
        return _Tensor(axes, codec.decode(tree.tree))

    @cached_property
    def _definition_lengths(self) -> dict[str, int]:
        """About how many characters an entry of each definition has, its sums written out."""
        lengths: dict[str, int] = {}
        for name, tensor in self._definitions.items():
            lengths[name] = 2 + self._length(tensor.expression, {}, lengths)
        return lengths

    def _fits(self, tensor: _Tensor, places: list[tuple[sp.Expr, ...]], longest: int) -> bool:
        """Whether the entries at these places have at most so many characters, as far as that can be estimated."""
        for place in places:
            longest -= self._length(tensor.expression, tensor.at(place), self._definition_lengths)
            if longest < 0:
                return False
        return True

    def _length(self, e: sp.Expr, at: At, lengths: Mapping[str, int]) -> int:
        """About how many characters an expression has at given indices, its sums written out."""
        match e:
            case Entry():
                return estimated_length(e, lengths)
            case Delta():
                return 1
            case Reduction():
                times = math.prod(self._lengths[k.name] for k in e.bound)
                return times * (3 + self._length(e.body, at, lengths))
            case sp.Mul() if any(_evaluate(d.xreplace(at)) == 0 for d in e.args if isinstance(d, Delta)):
                return 1
            case where() if (condition := evaluate_index(e.args[0].xreplace(at))).is_Integer:
                return self._length(e.args[1] if condition else e.args[2], at, lengths)
        return own_length(e, lengths) + sum(self._length(a, at, lengths) for a in e.args)

    def _at(self, e: sp.Expr, at: At) -> sp.Expr:
        """The expression at given indices, with its sums, products and definitions written out."""
        match e:
            case Reduction():
                return self._reduction(e, at)
            case MatrixFunctionEntry():
                bound = {k: k for k in e.bound}
                axes = (self._at(a, at) for a in e.axes)
                return MatrixFunctionEntry(e.kind, self._at(e.body, at | bound), e.args[2], *e.bound, *axes)
            case Entry():
                return self._entry(entry_with_units(e.name, [self._at(i, at) for i in e.indices], self._forms.units))
            case sp.Mul() if any(self._at(d, at) == 0 for d in e.args if isinstance(d, Delta)):
                return sp.S.Zero
            case sp.Symbol():
                return at[e] if e in at else sp.Integer(self._lengths.get(e.name, 1))
            case where():
                condition = self._at(e.args[0], at)
                if condition.is_Integer:
                    return self._at(e.args[1] if condition else e.args[2], at)
        args = [self._at(a, at) for a in e.args]
        return _evaluate(rebuild(e, args)) if args else e

    def _entry(self, entry: Entry) -> sp.Expr:
        tensor = self._definitions.get(entry.name)
        if tensor is None:
            return entry
        if entry not in self._entries:
            self._entries[entry] = self._at(tensor.expression, tensor.at(entry.indices))
        return self._entries[entry]

    def _reduction(self, e: Reduction, at: At) -> sp.Expr:
        ranges = (map(sp.Integer, range(self._lengths[k.name])) for k in e.bound)
        parts = [self._at(e.body, at | dict(zip(e.bound, index, strict=True))) for index in product(*ranges)]
        match e.kind:
            case "sum":
                return sp.Add(*parts)
            case "prod":
                return sp.Mul(*parts)
            case kind:
                return Entry(f"{kind}({', '.join(map(text, parts))})")


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
