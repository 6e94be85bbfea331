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
from ..differentiation.partition import Partition
from ..form import NOT_WRITTEN, DerivativeKind, Formula, Formulas, Notation
from ..lowering.plan import Plan
from .index_form.combining import combine
from .index_form.display import Display, TooLong
from .index_form.display import Formula as IndexFormula
from .index_form.ranges import Ranges
from .index_form.structures import structures
from .matrix import Matrix, MatrixNotation
from .proof import agrees
from .words import iter_names, with_units

log = logging.getLogger(__name__)

#: A formula whose text is longer than this is withheld: nobody reads it.
LONGEST = 20_000

#: Which axes of an input or of the upstream gradient have length 1, by its name.
Units = Mapping[str, tuple[bool, ...]]


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


def formulas(differentiated: Differentiated, name: str, plan: Plan, units: Units, matrices: MatrixNotation) -> Formulas:
    """The formulas of one input's derivative; without any where writing fails, for evaluation can do without."""
    try:
        return _write(differentiated, name, plan, units, matrices)
    except TooLong:
        return NOT_WRITTEN
    except Exception:
        log.exception("a closed form could not be written")
        return NOT_WRITTEN


def _write(differentiated: Differentiated, name: str, plan: Plan, units: Units, matrices: MatrixNotation) -> Formulas:
    terms_and_axes = jacobian(differentiated, name)
    if terms_and_axes is None:
        return NOT_WRITTEN
    by, terms = terms_and_axes
    parts, output = differentiated.partition, differentiated.output.axes
    v = Entry(upstream_name(parts), *output)
    through = [contract(Term(t.coefficient * v, t.deltas, (*t.bound, *output)), parts.program) for t in terms]
    ranges = Ranges.of(differentiated, v.name)
    names = {*parts.names, v.name}
    display = Display(ranges, differentiated.forward, names, parts.bindings, structures=structures(differentiated))
    by_axes = with_units(by, parts.inputs[name].axes)
    whole, whole_axes = combine(terms, by, ranges), (*parts.output.axes, *by_axes)
    pulled = merge(through, parts.program)
    product = combine(pulled, by, ranges)
    if not agrees(differentiated, name, plan, (whole, whole_axes), (product, by_axes), v.name):
        log.error("a closed form in writing does not come to the numbers of its plan, so it is withheld")
        return NOT_WRITTEN
    index_forms = display.formula(whole, output, by, units), display.formula(product, (), by, units)
    jacobian_matrix, vjp_matrix = matrices(name, terms, pulled, by_axes)
    return {
        DerivativeKind.JACOBIAN: _formula(Writing(index_forms[0], jacobian_matrix), display.inlined(whole), whole_axes),
        DerivativeKind.VJP: _formula(Writing(index_forms[1], vjp_matrix), display.inlined(product), by_axes),
    }


def upstream_name(partition: Partition) -> str:
    """What the symbolic upstream gradient is called: `v`, or `v_` where that is taken."""
    return next(name for name in iter_names("v", "_") if name not in partition.names)


def _formula(writing: Writing, tree: sp.Expr | None, axes: Axes) -> Formula:
    if len(writing.index_form.text) > LONGEST:
        return Formula()
    notations = {notation: string for notation, write in WRITERS.items() if (string := write(writing))}
    # Constants that were kept from sympy have no name outside "where", so there are no entries to print.
    written_out = tree is not None and not any(e.name.startswith("%") for e in tree.atoms(Entry))
    names = tuple(None if a is None else a.name for a in axes)
    return Formula(notations, codec.encode(tree) if written_out else None, names)
