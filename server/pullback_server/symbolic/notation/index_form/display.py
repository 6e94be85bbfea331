"""A derivative made readable: definitions written out or named under "where", and letters for indices and lengths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from ....index_notation.expressions import Entry
from ....index_notation.index_program import Definition
from ..words import LENGTHS, PARTS
from .factors import join_choices, take_out_numbers
from .formula import IndexFormula, WhereLine
from .inlining import Inliner
from .letters import INPUT, OUTPUT, Letters, Renaming
from .ranges import Ranges
from .structures import Structure

#: The most characters of a formula, unless a setting says otherwise.
LONGEST = 4000


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
        longest: int = LONGEST,
    ):
        """`names` are taken by inputs; `bindings` are the program's names for definitions.

        `lengths` are those that other formulas have named, by their symbols; what is named here is added to them.
        `structures` are definitions as they are written in the program.
        """
        self._ranges, self._program = ranges, ranges.program
        self._taken = set(names) | set(bindings.values())
        self._bindings, self._lengths, self._structures, self._longest = bindings, lengths, structures or {}, longest
        self._inliner = Inliner(ranges.program, definitions)
        self._dimensions = {d.symbol: d.root() for d in ranges.program.dimensions.values()}

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
        inlined = self._inliner.inline(expression, self._structures, self._longest)
        known = {} if self._lengths is None else self._lengths
        letters = Letters(self._taken | {s.name for s in known.values()})
        names = self._bindings | {n: self._bindings.get(n) or letters.fresh(PARTS) for n in inlined.kept}
        swap = dict(zip(output_axes, letters.several(OUTPUT, len(output_axes)), strict=True))
        swap |= dict(zip(input_axes, letters.several(INPUT, len(input_axes)), strict=True))
        rename = Renaming(names, units or {}, letters)
        lengths: dict[sp.Symbol, sp.Symbol] = {}

        def finish(e: sp.Expr, swap: dict[sp.Symbol, sp.Symbol]) -> sp.Expr:
            e = self._ranges.with_limits(e)
            for symbol in sorted(e.free_symbols & self._dimensions.keys(), key=str):
                root = self._dimensions[symbol]
                if root.symbol not in known:
                    known[root.symbol] = letters.fresh_symbol(LENGTHS)
                lengths[root.symbol] = known[root.symbol]
                swap = swap | {symbol: lengths[root.symbol]}
            return take_out_numbers(join_choices(rename(e, swap)))

        def limits(axes: tuple[sp.Symbol, ...], e: sp.Expr, swap: dict[sp.Symbol, sp.Symbol]) -> tuple[sp.Expr, ...]:
            return tuple(finish(limit, swap) for limit in self._ranges.limits(axes, e))

        lines = []
        for name, body in inlined.kept.items():
            if body is None:
                lines.append(WhereLine(Entry(names[name]), self._structures[name]))
                continue
            axes = self._inliner.axes(name)
            letters_of = dict(zip(axes, letters.several(OUTPUT, len(axes)), strict=True))
            left = Entry(names[name], *letters_of.values())
            lines.append(WhereLine(left, finish(body, letters_of), limits(axes, body, letters_of)))
        shown = finish(inlined.expression, swap)
        output_limits = limits(output_axes, inlined.expression, swap) if defined else ()
        sources = {d.root().symbol: d.root().source for d in self._program.dimensions.values()}
        named = tuple((new, sources[old]) for old, new in lengths.items())
        return IndexFormula(shown, tuple(lines), named, output_limits)
