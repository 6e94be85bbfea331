"""The closed forms of a typed program, which is partitioned, differentiated, lowered to a plan, and printed."""

from __future__ import annotations

import hashlib
import logging

from ..index_notation.expressions import Entry
from ..operators import NoClosedForm
from ..program import TypedProgram
from .differentiation.derivatives import UPSTREAM, backward, differentiate
from .differentiation.partition import partition, signature
from .form import FORMAT, Forms
from .lowering.lower import Lowering
from .notation.matrix import MatrixNotation
from .notation.render import formulas, upstream_name

log = logging.getLogger(__name__)


def form_key(typed: TypedProgram, wrt: tuple[str, ...]) -> str:
    """The name under which the forms of this program for these inputs are kept, the same for every size."""
    return hashlib.sha256(repr((FORMAT, signature(typed, wrt))).encode()).hexdigest()


def derive(typed: TypedProgram, wrt: tuple[str, ...]) -> Forms:
    """The closed forms of the derivatives with respect to the inputs in `wrt`, all of which the program has.

    Never raises: where a program has none, or sympy fails on it, the forms carry the reason.
    """
    try:
        return _derive(typed, wrt)
    except NoClosedForm as error:
        return Forms(reason=str(error))
    except Exception:
        # sympy raises what it likes on strange expressions, and none of it may cost the number.
        log.exception("no closed form could be derived")
        return Forms(reason="sympy failed on this expression")


def _derive(typed: TypedProgram, wrt: tuple[str, ...]) -> Forms:
    parts = partition(typed)
    differentiated = differentiate(parts)
    gradients = backward(differentiated, wrt)
    lowering = Lowering(parts.program, (*differentiated.forward, *gradients.values()), parts.axes(UPSTREAM))
    plan = lowering.plan(
        (name, Entry(g.name, *g.axes) if (g := gradients.get(UPSTREAM + name)) else None, g.axes if g else ())
        for name in wrt
    )
    units = parts.units(upstream_name(parts))
    matrices = MatrixNotation(differentiated, plan, upstream_name(parts))
    inputs = {name: formulas(differentiated, name, plan, units, matrices) for name in wrt}
    sources = {index.name: dimension.root().source for index, dimension in parts.program.dimensions.items()}
    sources |= {d.root().symbol.name: d.root().source for d in parts.program.dimensions.values()}
    used = {s for written in inputs.values() for f in written.values() for s in _symbols([f.tree, *f.axes])}
    lengths = {name: source for name, source in sources.items() if name in used}
    return Forms("", plan, inputs, lengths, units)


def _symbols(tree: object) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return {s for part in tree for s in _symbols(part)} if isinstance(tree, list) else set()
