"""One input's derivative in writing: its Jacobian and its vector-Jacobian product, checked before they are shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

from ...index_notation.expressions import Entry
from ...index_notation.index_program import Axes
from ...index_notation.terms import Term, contract, merge
from .. import codec
from ..differentiation.derivatives import Differentiated, jacobian
from ..form import NOT_WRITTEN, DerivativeKind, Formula, Formulas, Notation
from ..lowering.plan import Plan
from .index_form.combining import combine
from .index_form.display import Display, IndexFormula, TooLong
from .index_form.ranges import Ranges
from .index_form.structures import structures
from .matrix import Matrix, MatrixNotation
from .proof import agrees
from .words import with_units

log = logging.getLogger(__name__)

#: A formula whose text is longer than this is withheld: nobody reads it.
LONGEST = 20_000


@dataclass(frozen=True)
class Writing:
    """What every notation of one derivative is made from: how it reads in index notation and in matrix notation."""

    index_form: IndexFormula
    matrix: Matrix


#: How a derivative is written in each notation; an empty string where it cannot be.
WRITERS: Mapping[Notation, Callable[[Writing], str]] = {
    Notation.TEXT: lambda writing: writing.index_form.text,
    Notation.LATEX: lambda writing: writing.index_form.latex,
    Notation.MATRIX: lambda writing: writing.matrix.text,
    Notation.MATRIX_LATEX: lambda writing: writing.matrix.latex,
}


def formulas(differentiated: Differentiated, name: str, plan: Plan, matrices: MatrixNotation) -> Formulas:
    """The formulas of one input's derivative; without any where writing fails, for evaluation can do without."""
    try:
        return _write(differentiated, name, plan, matrices)
    except TooLong:
        return NOT_WRITTEN
    except Exception:
        log.exception("a closed form could not be written")
        return NOT_WRITTEN


def _write(differentiated: Differentiated, name: str, plan: Plan, matrices: MatrixNotation) -> Formulas:
    parts, output = differentiated.partition, differentiated.output.axes
    derivative = jacobian(differentiated, name)
    if derivative is None:
        return NOT_WRITTEN
    input_axes, terms = derivative
    upstream = Entry(parts.upstream, *output)
    products = [contract(Term(t.coefficient * upstream, t.deltas, (*t.bound, *output)), parts.program) for t in terms]
    vjp_terms = merge(products, parts.program)
    ranges = Ranges.of(differentiated)
    entry, vjp_entry = combine(terms, input_axes, ranges), combine(vjp_terms, input_axes, ranges)
    vjp_axes = with_units(input_axes, parts.inputs[name].axes)
    axes = (*parts.output.axes, *vjp_axes)
    if not agrees(differentiated, name, plan, (entry, axes), (vjp_entry, vjp_axes)):
        log.error("a closed form in writing does not come to the numbers of its plan, so it is withheld")
        return NOT_WRITTEN
    names = {*parts.names, parts.upstream}
    display = Display(ranges, differentiated.forward, names, parts.bindings, structures=structures(differentiated))
    index_form = display.formula(entry, output, input_axes, parts.units)
    vjp_index_form = display.formula(vjp_entry, (), input_axes, parts.units)
    matrix, vjp_matrix = matrices(name, terms, vjp_terms, vjp_axes)
    return {
        DerivativeKind.JACOBIAN: _formula(Writing(index_form, matrix), display.inlined(entry), axes),
        DerivativeKind.VJP: _formula(Writing(vjp_index_form, vjp_matrix), display.inlined(vjp_entry), vjp_axes),
    }


def _formula(writing: Writing, tree: sp.Expr | None, axes: Axes) -> Formula:
    if len(writing.index_form.text) > LONGEST:
        return Formula()
    notations = {notation: string for notation, write in WRITERS.items() if (string := write(writing))}
    # Constants that were kept from sympy have no name outside "where", so there are no entries to print.
    written_out = tree is not None and not any(e.name.startswith("%") for e in tree.atoms(Entry))
    names = tuple(None if a is None else a.name for a in axes)
    return Formula(notations, codec.encode(tree) if written_out else None, names)
