"""A derivative in index notation, ready for printing: its expression and what stands under "where"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import Entry
from ..latex_names import letter, with_lines
from ..words import length_text
from .printers import LatexPrinter, TextPrinter
from .structures import Structure


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
    """A derivative in index notation: `expression` in display names, and the definitions under "where".

    `limits` say how far its free indices run, where that is asked for and nothing else implies it.
    """

    expression: sp.Expr
    lines: tuple[WhereLine, ...] = ()
    lengths: tuple[tuple[sp.Symbol, tuple[str, int] | int], ...] = ()
    limits: tuple[sp.Expr, ...] = ()


class FormulaPrinters:
    """Prints formulas of one program, and each part that they share once.

    >>> FormulaPrinters().text(IndexFormula(2 * Entry("x", sp.Symbol("i"))))
    '2*x[i]'
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        """`names` are those of tensors, which constants must not be confused with."""
        self._text, self._latex = TextPrinter(frozenset(names)), LatexPrinter()

    def text(self, formula: IndexFormula) -> str:
        """Index notation; what stands under "where" follows on lines of its own."""
        where = [f"{self._text.doprint(d.entry)} = {self._text_with_limits(d.body, d.limits)}" for d in formula.lines]
        where += [f"{name} = {length_text(source)}" for name, source in formula.lengths]
        below = (f"\n{'  and' if k else 'where'} {w}" for k, w in enumerate(where))
        return self._text_with_limits(formula.expression, formula.limits) + "".join(below)

    def latex(self, formula: IndexFormula) -> str:
        """The same in LaTeX, as one formula."""
        where = [f"{self._latex.doprint(d.entry)} = {self._latex_with_limits(d.body, d.limits)}" for d in formula.lines]
        for name, source in formula.lengths:
            length = str(source) if isinstance(source, int) else rf"\dim_{{{source[1]}}} {letter(source[0])}"
            where.append(f"{name} = {length}")
        return with_lines(self._latex_with_limits(formula.expression, formula.limits), where)

    def _text_with_limits(self, body: sp.Expr | Structure, limits: tuple[sp.Expr, ...]) -> str:
        if isinstance(body, Structure):
            return body.text
        printed = str(self._text.doprint(body))
        return printed + (f" for {', '.join(map(self._text.condition, limits))}" if limits else "")

    def _latex_with_limits(self, body: sp.Expr | Structure, limits: tuple[sp.Expr, ...]) -> str:
        if isinstance(body, Structure):
            return body.latex
        listed = r",\; ".join(map(self._latex.condition, limits))
        return str(self._latex.doprint(body)) + (rf" \text{{ for }} {listed}" if limits else "")
