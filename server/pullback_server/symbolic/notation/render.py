"""One input's derivative in writing: its Jacobian and its vector-Jacobian product, checked before they are shown."""

from __future__ import annotations

import logging

import sympy as sp

from ...index_notation.expressions import Entry
from ...index_notation.terms import Term, contract, merge
from .. import codec
from ..differentiation.derivatives import Differentiated, jacobian
from ..differentiation.partition import Partition
from ..form import Forms, InputForm, Written
from .index_form.combining import combine
from .index_form.display import Display, TooLong
from .index_form.ranges import Ranges
from .index_form.structures import structures
from .matrix import Matrix, MatrixNotation
from .proof import agrees

log = logging.getLogger(__name__)

#: A formula whose text is longer than this is withheld: nobody reads it.
LONGEST = 20_000


def write(differentiated: Differentiated, name: str, forms: Forms, matrices: MatrixNotation) -> InputForm:
    """The derivative in writing; without any where writing fails, for evaluation can do without."""
    try:
        return _in_writing(differentiated, name, forms, matrices)
    except TooLong:
        return InputForm()
    except Exception:
        log.exception("a closed form could not be written")
        return InputForm()


def _in_writing(differentiated: Differentiated, name: str, forms: Forms, matrices: MatrixNotation) -> InputForm:
    solved = jacobian(differentiated, name)
    if solved is None:
        return InputForm()
    by, terms = solved
    program, c = differentiated.partition.program, differentiated.partition
    output = differentiated.output.axes
    v = Entry(upstream_name(c), *output)
    through = tuple(contract(Term(t.coefficient * v, t.deltas, (*t.bound, *output)), program) for t in terms)
    units = dict(forms.units) | {v.name: tuple(a is None for a in c.output.axes)}
    ranges = Ranges.of(differentiated, v.name)
    display = Display(
        ranges, differentiated.forward, {*c.names, v.name}, c.bindings, structures=structures(differentiated)
    )
    by_axes = _with_units(by, c.inputs[name].axes)
    whole = combine(terms, by, ranges)
    whole_axes = (*c.output.axes, *by_axes)
    merged = merge(through, program)
    pulled = combine(merged, by, ranges)
    if not agrees(differentiated, name, forms.plan, (whole, whole_axes), (pulled, by_axes), v.name):
        log.error("a closed form in writing does not come to the numbers of its plan, so it is withheld")
        return InputForm()
    j = display.formula(whole, output, by, units)
    g = display.formula(pulled, (), by, units)
    matrix_j, matrix_g = matrices(name, terms, merged, by_axes)
    return InputForm(
        _written(j.text, j.latex, display.inlined(whole), whole_axes, matrix_j),
        _written(g.text, g.latex, display.inlined(pulled), by_axes, matrix_g),
    )


def upstream_name(c: Partition) -> str:
    """What the symbolic upstream gradient is called: `v`, or `v_` where that is taken."""
    name = "v"
    while name in c.names:
        name += "_"
    return name


def _with_units(by: tuple[sp.Symbol, ...], axes: tuple[sp.Symbol | None, ...]) -> tuple[sp.Symbol | None, ...]:
    given = iter(by)
    return tuple(None if a is None else next(given) for a in axes)


def _written(
    text: str, latex: str, tree: sp.Expr | None, axes: tuple[sp.Symbol | None, ...], matrix: Matrix
) -> Written:
    if len(text) > LONGEST:
        return Written()
    # Constants that were kept from sympy have no name outside "where", so there are no entries to print.
    written_out = tree is not None and not any(e.name.startswith("%") for e in tree.atoms(Entry))
    whole = codec.encode(tree) if written_out else None
    names = tuple(None if a is None else a.name for a in axes)
    return Written(text, latex, whole, names, matrix.text, matrix.latex)
