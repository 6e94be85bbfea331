"""The closed forms of a typed program: cut, differentiated, lowered to a plan, and written."""

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
from .notation.render import upstream_name, write

log = logging.getLogger(__name__)


def form_key(typed: TypedProgram, wrt: tuple[str, ...]) -> str:
    """The name under which the forms of this program for these inputs are kept, the same for every size."""
    return hashlib.sha256(repr((FORMAT, signature(typed, wrt))).encode()).hexdigest()


def derive(typed: TypedProgram, wrt: tuple[str, ...]) -> Forms:
    """The closed forms of the derivatives by the inputs in `wrt`, which the program names all.

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
    differentiated = differentiate(partition(typed))
    gradients = backward(differentiated, wrt)
    program = differentiated.partition.program
    definitions = {p.name: p for p in (*differentiated.forward, *gradients.values())}
    axes = {name: x.axes for name, x in differentiated.partition.inputs.items()} | {
        UPSTREAM: differentiated.partition.output.axes
    }
    lowering = Lowering(program, definitions.values(), axes)
    plan = lowering.plan(
        (name, Entry(g.name, *g.axes) if (g := gradients.get(UPSTREAM + name)) else None, g.axes if g else ())
        for name in wrt
    )
    forms = Forms(
        plan=plan,
        units=tuple((n, tuple(a is None for a in x.axes)) for n, x in differentiated.partition.inputs.items()),
    )
    matrices = MatrixNotation(differentiated, plan, upstream_name(differentiated.partition))
    written = tuple((name, write(differentiated, name, forms, matrices)) for name in wrt)
    lengths = tuple((s.name, d.root().source) for s, d in program.dimensions.items())
    lengths += tuple({d.root().symbol.name: d.root().source for d in program.dimensions.values()}.items())
    used = {s for _, f in written for w in (f.jacobian, f.vjp) for s in _symbols([w.tree, *w.axes])}
    units = (
        *forms.units,
        (upstream_name(differentiated.partition), tuple(a is None for a in differentiated.partition.output.axes)),
    )
    return Forms("", plan, written, tuple((n, s) for n, s in lengths if n in used), units)


def _symbols(tree: object) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return {s for part in tree for s in _symbols(part)} if isinstance(tree, list) else set()
