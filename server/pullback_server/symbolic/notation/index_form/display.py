"""A derivative made readable: definitions written out or named under "where", and letters for indices and lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import Delta, Entry, MatrixFunctionEntry, Reduction
from ....index_notation.functions import where
from ....index_notation.index_program import Definition, larger
from ..latex_names import letter, with_lines
from ..words import LENGTHS, PARTS, length_text
from .combining import count_nodes
from .factors import join_choices, take_out_numbers
from .letters import INPUT, OUTPUT, Letters, Renaming
from .printers import condition, latex, latex_condition, text
from .ranges import Ranges
from .structures import Structure

#: A definition that is used more than once is nevertheless written out while it has at most this many nodes.
SMALL = 6
#: Expressions of more nodes than this are not written: parts that are used again double with every line.
LONGEST = 8000


@dataclass(frozen=True)
class WhereLine:
    """A line under "where": `g[i, j] = A[i, j] for i < 2, j < 2`, with the `limits` that its body does not imply.

    One without indices may define a whole tensor: `g = softmax(x)`.
    """

    entry: Entry
    body: sp.Expr | Structure
    limits: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class IndexFormula:
    """A derivative ready for printing: `expression` in display names, and the definitions under "where".

    `limits` say how far its free indices run, where that is asked for and nothing else implies it. `names` are those
    of the inputs and lines, which constants must not be confused with.
    """

    expression: sp.Expr
    lines: tuple[WhereLine, ...] = ()
    lengths: tuple[tuple[sp.Symbol, tuple[str, int] | int], ...] = ()
    names: frozenset[str] = frozenset()
    limits: tuple[sp.Expr, ...] = ()

    @property
    def text(self) -> str:
        """Index notation; what stands under "where" follows on lines of its own."""
        where = [f"{text(d.entry)} = {self._limited(d.body, d.limits)}" for d in self.lines]
        where += [f"{name} = {length_text(source)}" for name, source in self.lengths]
        below = (f"\n{'  and' if k else 'where'} {w}" for k, w in enumerate(where))
        return self._limited(self.expression, self.limits) + "".join(below)

    @property
    def latex(self) -> str:
        """The same in LaTeX, as one formula."""
        where = [f"{latex(d.entry)} = {_limited_latex(d.body, d.limits)}" for d in self.lines]
        for name, source in self.lengths:
            length = str(source) if isinstance(source, int) else rf"\dim_{{{source[1]}}} {letter(source[0])}"
            where.append(f"{name} = {length}")
        return with_lines(_limited_latex(self.expression, self.limits), where)

    def _limited(self, body: sp.Expr | Structure, limits: tuple[sp.Expr, ...]) -> str:
        if isinstance(body, Structure):
            return body.text
        return text(body, self.names) + (f" for {', '.join(map(condition, limits))}" if limits else "")


def _limited_latex(body: sp.Expr | Structure, limits: tuple[sp.Expr, ...]) -> str:
    if isinstance(body, Structure):
        return body.latex
    listed = r",\; ".join(map(latex_condition, limits))
    return latex(body) + (rf" \text{{ for }} {listed}" if limits else "")


class TooLong(Exception):
    """A formula that nobody would read."""


class Display:
    """Turns expressions of one program into formulas."""

    def __init__(
        self,
        ranges: Ranges,
        definitions: Iterable[Definition],
        names: Iterable[str],
        bindings: dict[str, str],
        lengths: dict[sp.Symbol, sp.Symbol] | None = None,
        structures: Mapping[str, Structure] | None = None,
    ):
        """`names` are taken by inputs; `bindings` are the program's names for definitions.

        `lengths` are those that other formulas have named, by their symbols; what is named here is added to them.
        `structures` are definitions as they are written in the program.
        """
        self._ranges, self._program = ranges, ranges.program
        self._definitions = {p.name: p for p in definitions}
        self._order = list(self._definitions)
        self._taken = set(names) | set(bindings.values())
        self._bindings = bindings
        self._lengths = lengths
        self._structures = structures or {}

    def formula(
        self,
        expression: sp.Expr,
        output_axes: tuple[sp.Symbol, ...] = (),
        input_axes: tuple[sp.Symbol, ...] = (),
        units: Mapping[str, tuple[bool, ...]] | None = None,
        defined: bool = False,
    ) -> IndexFormula:
        """The formula of an expression with those output and input axes; `units` says which axes print as 0.

        Where it is `defined`, the right side of a definition, it says how far the output axes run. Raises TooLong.
        """
        expression, kept = self._write_out(expression)
        known = {} if self._lengths is None else self._lengths
        letters, taken = Letters(self._taken | {s.name for s in known.values()}), frozenset(self._taken)
        names = self._bindings | {n: self._bindings.get(n) or letters.fresh(PARTS) for n, _ in kept}
        swap = dict(zip(output_axes, letters.several(OUTPUT, len(output_axes)), strict=True))
        swap |= dict(zip(input_axes, letters.several(INPUT, len(input_axes)), strict=True))
        rename = Renaming(names, units or {}, letters)
        lengths: dict[sp.Symbol, sp.Symbol] = {}
        by_symbol = {d.symbol: d.root() for d in self._program.dimensions.values()}

        def finish(e: sp.Expr, swap: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
            e = self._ranges.with_limits(e)
            for symbol in sorted(e.free_symbols & by_symbol.keys(), key=str):
                root = by_symbol[symbol]
                if root.symbol not in known:
                    known[root.symbol] = letters.fresh_symbol(LENGTHS)
                lengths[root.symbol] = known[root.symbol]
                swap = swap | {symbol: lengths[root.symbol]}
            return take_out_numbers(join_choices(rename(e, swap)))

        def limits(axes: tuple[sp.Symbol, ...], e: sp.Expr, swap: dict[sp.Symbol, sp.Symbol]) -> tuple[sp.Expr, ...]:
            return tuple(finish(limit, swap) for limit in self._ranges.limits(axes, e))

        lines = []
        for name, definition in kept:
            if definition is None:
                lines.append(WhereLine(Entry(names[name]), self._structures[name]))
                continue
            axes = self._definitions[name].axes
            letters_of = dict(zip(axes, letters.several(OUTPUT, len(axes)), strict=True))
            left = Entry(names[name], *letters_of.values())
            lines.append(WhereLine(left, finish(definition, letters_of), limits(axes, definition, letters_of)))
        shown = finish(expression, swap)
        output_limits = limits(output_axes, expression, swap) if defined else ()
        roots = {d.root().symbol: d.root().source for d in self._program.dimensions.values()}
        named = tuple((new, roots[old]) for old, new in lengths.items())
        return IndexFormula(shown, tuple(lines), named, taken, output_limits)

    def inlined(self, expression: sp.Expr) -> sp.Expr | None:
        """The expression with every definition written out; None where it is too long."""
        for name in reversed(self._order):
            if larger(expression, LONGEST):
                return None
            if not _is_constant(self._definitions[name]) and name not in _matrix_names((expression,)):
                expression = self._substitute(expression, name)
        return expression

    def _write_out(self, expression: sp.Expr) -> tuple[sp.Expr, list[tuple[str, sp.Expr | None]]]:
        """Definitions written out from the last to the first, except those that are used again and are not small.

        Those that stand under "where" as they are written in the program have None for their expression.
        """
        kept: list[tuple[str, sp.Expr | None]] = []
        for name in reversed(self._order):
            known = [expression, *(d for _, d in kept if d is not None)]
            uses = Counter(e.name for e in _entries(known))[name]
            if not uses:
                continue
            definition = self._substitute(Entry(name, *self._definitions[name].axes), name)
            again = uses > 1 and count_nodes(definition) > SMALL and not self._is_written_out(name)
            matrix, structure = name in _matrix_names(known), self._structures.get(name)
            if structure is not None and (matrix or (structure.named and not self._is_written_out(name))):
                kept.append((name, None))
            elif again or matrix or _is_constant(self._definitions[name]):
                kept.append((name, definition))
            else:
                expression = self._substitute(expression, name)
                kept = [(n, None if d is None else self._substitute(d, name)) for n, d in kept]
            if any(larger(e, LONGEST) for e in (expression, *(d for _, d in kept if d is not None))):
                raise TooLong
        return expression, kept[::-1]

    def _is_written_out(self, name: str) -> bool:
        """Whether a definition is always written out: `log(Sum(exp(...)))`, or a function of an input."""
        definition = self._definitions[name]
        of_input = self._definitions.keys().isdisjoint(e.name for e in definition.body.atoms(Entry))
        return (definition.result_rank is not None and of_input) or definition.kind == "logsumexp"

    def _substitute(self, expression: sp.Expr, name: str) -> sp.Expr:
        definition = self._definitions[name]
        swap = {}
        # In the order of the expression: indices are numbered as they come, and terms stand in order of their names.
        for entry in dict.fromkeys(e for e in _entries((expression,)) if e.name == name):
            at = dict(zip(definition.axes, entry.indices, strict=True))
            fresh = {k: self._program.index(k) for k in definition.bound}
            if definition.result_rank is not None:
                swap[entry] = _of_matrix(definition, at, fresh)
                continue
            if definition.kind == "product_of_others":
                itself = sp.Mul(*(Delta(new, at[old]) for old, new in fresh.items()))
                at = {a: b for a, b in at.items() if a not in definition.bound}
                swap[entry] = Reduction("prod", where(itself, 1, definition.body.xreplace(at | fresh)), *fresh.values())
                continue
            body = definition.body.xreplace(at | fresh)
            if definition.kind == "logsumexp":
                swap[entry] = sp.log(Reduction("sum", _exponential(body), *fresh.values()))
            else:
                swap[entry] = Reduction(definition.kind, body, *fresh.values())
        return expression.xreplace(swap)


def _of_matrix(definition: Definition, at: dict[sp.Symbol, sp.Expr], fresh: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """A function of a matrix at these indices; the cofactors are written as people do, as `det(X)*inv(X)[j, i]`."""
    result_axes = tuple(at[a] for a in definition.result_axes)
    inner = {a: b for a, b in at.items() if a not in definition.result_axes} | fresh
    body, count = definition.body.xreplace(inner), sp.Integer(len(definition.bound))

    def function(kind: str, *axes: sp.Expr) -> sp.Expr:
        return MatrixFunctionEntry(kind, body, count, *fresh.values(), *axes)

    if definition.kind == "cofactor":
        return function("det") * function("inv", *result_axes[::-1])
    return function(definition.kind, *result_axes)


def _matrix_names(expressions: Iterable[sp.Expr]) -> set[str]:
    """The tensors whose names stand in functions of matrices."""
    functions = (f for e in expressions for f in e.atoms(MatrixFunctionEntry))
    return {entry.name for f in functions for entry in f.body.atoms(Entry)}


def _is_constant(definition: Definition) -> bool:
    """Whether a definition is a number that was named to keep it from sympy, which would evaluate it."""
    return not definition.bound and not definition.body.has(Entry)


def _exponential(body: sp.Expr) -> sp.Expr:
    """exp of an entry, 0 where a mask leaves it out."""
    masked = isinstance(body, where) and body.args[2] == -sp.oo
    return body.args[0] * sp.exp(body.args[1]) if masked else sp.exp(body)


def _entries(expressions: Iterable[sp.Expr]) -> Iterator[Entry]:
    for e in expressions:
        for part in sp.preorder_traversal(e):
            if isinstance(part, Entry):
                yield part
