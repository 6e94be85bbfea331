"""The closed forms of a typed program: cut, differentiated, lowered, written, and each writing checked by numbers."""

from __future__ import annotations

import hashlib
import logging

import sympy as sp
import torch

from ..operators import NoClosedForm
from ..operators.index import Entry, Pieces
from ..program import TypedProgram
from . import codec
from .cutting import Cut, cut, signature
from .derivatives import UPSTREAM, Differentiated, backward, differentiate, jacobian
from .evaluation import evaluator
from .form import FORMAT, Forms, InputForm, Source, Written
from .lowering import Lowering
from .notation.display import Display, TooLong, combine
from .terms import Term, contract, merge

log = logging.getLogger(__name__)

#: A formula whose text is longer than this is withheld: nobody reads it.
LONGEST = 20_000
#: What the whole Jacobian is called where it is checked.
WHOLE = "^whole"
#: The lengths that unknown dimensions take, in turn, when a notation is checked against the numbers.
CHECK_SIZES = (2, 3)


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
    found = differentiate(cut(typed))
    gradients = backward(found, wrt)
    pieces = found.cut.pieces
    definitions = {p.name: p for p in (*found.forward, *gradients.values())}
    axes = {name: x.axes for name, x in found.cut.inputs.items()} | {UPSTREAM: found.cut.output.axes}
    lowering = Lowering(pieces, definitions.values(), axes)
    plan = lowering.plan(
        (name, Entry(g.name, *g.axes) if (g := gradients.get(UPSTREAM + name)) else None, g.axes if g else ())
        for name in wrt
    )
    forms = Forms(plan=plan, units=tuple((n, tuple(a is None for a in x.axes)) for n, x in found.cut.inputs.items()))
    written = tuple((name, _write(found, name, forms)) for name in wrt)
    lengths = tuple((s.name, d.root().source) for s, d in pieces.dimensions.items())
    lengths += tuple({d.root().symbol.name: d.root().source for d in pieces.dimensions.values()}.items())
    used = {s for _, f in written for w in (f.jacobian, f.vjp) for s in _symbols([w.tree, *w.axes])}
    units = (*forms.units, (_upstream(found.cut), tuple(a is None for a in found.cut.output.axes)))
    return Forms("", plan, written, tuple((n, s) for n, s in lengths if n in used), units)


def _symbols(tree: object) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return {s for part in tree for s in _symbols(part)} if isinstance(tree, list) else set()


def _write(found: Differentiated, name: str, forms: Forms) -> InputForm:
    """The derivative in writing; without any where writing fails, for evaluation can do without."""
    try:
        return _in_writing(found, name, forms)
    except TooLong:
        return InputForm()
    except Exception:
        log.exception("a closed form could not be written")
        return InputForm()


def _in_writing(found: Differentiated, name: str, forms: Forms) -> InputForm:
    solved = jacobian(found, name)
    if solved is None:
        return InputForm()
    by, terms = solved
    pieces, c = found.cut.pieces, found.cut
    output = found.output.axes
    v = Entry(_upstream(c), *output)
    through = tuple(contract(Term(t.coefficient * v, t.deltas, (*t.bound, *output)), pieces) for t in terms)
    units = dict(forms.units) | {v.name: tuple(a is None for a in c.output.axes)}
    display = Display(pieces, found.forward, {*c.names, v.name}, c.bindings)
    by_axes = _with_units(by, c.inputs[name].axes)
    whole = combine(terms, by)
    whole_axes = (*c.output.axes, *by_axes)
    pulled = combine(merge(through, pieces), by)
    if not _agrees(found, name, forms, whole, whole_axes):
        return InputForm()
    j = display.formula(whole, output, by, units)
    g = display.formula(pulled, (), by, units)
    return InputForm(
        _written(j.text, j.latex, display.inlined(whole), whole_axes),
        _written(g.text, g.latex, display.inlined(pulled), by_axes),
    )


def _upstream(c: Cut) -> str:
    name = "v"
    while name in c.names:
        name += "_"
    return name


def _with_units(by: tuple[sp.Symbol, ...], axes: tuple[sp.Symbol | None, ...]) -> tuple[sp.Symbol | None, ...]:
    given = iter(by)
    return tuple(None if a is None else next(given) for a in axes)


def _written(text: str, latex: str, tree: sp.Expr | None, axes: tuple[sp.Symbol | None, ...]) -> Written:
    if len(text) > LONGEST:
        return Written()
    # Constants that were kept from sympy have no name outside "where", so there are no entries to print.
    written_out = tree is not None and not any(e.name.startswith("%") for e in tree.atoms(Entry))
    whole = codec.encode(tree) if written_out else None
    return Written(text, latex, whole, tuple(None if a is None else a.name for a in axes))


def _agrees(found: Differentiated, name: str, forms: Forms, whole: sp.Expr, axes: tuple[sp.Symbol | None, ...]) -> bool:
    """Whether the Jacobian as it will be printed gives the plan's numbers on small random tensors."""
    c, pieces = found.cut, found.cut.pieces
    sizes = _sizes(pieces)
    random = torch.Generator().manual_seed(0)

    def draw(own: tuple[sp.Symbol | None, ...]) -> torch.Tensor:
        shape = [1 if a is None else sizes[pieces.dimensions[a].root().symbol] for a in own]
        return torch.rand(shape, dtype=torch.float64, generator=random) * 0.6 + 0.2

    tensors = {n: draw(x.axes) for n, x in c.inputs.items()} | {UPSTREAM: draw(c.output.axes)}
    expected = evaluator(forms.plan)(tensors)[name]
    lowering = Lowering(pieces, found.forward, {n: x.axes for n, x in c.inputs.items()})
    free = tuple(a for a in axes if a is not None)
    # The whole Jacobian as a "gradient" of a stand-in with its shape, under a name that no input has.
    plan = lowering.plan([(WHOLE, whole, free)])
    stand_in = draw(axes)
    value = evaluator(plan)(tensors | {WHOLE: stand_in})[WHOLE]
    upstream = tensors[UPSTREAM]
    assert value is not None
    pulled = torch.tensordot(upstream, value, dims=upstream.dim())
    expected = torch.zeros_like(pulled) if expected is None else expected
    return bool(torch.allclose(pulled, expected, rtol=1e-9, atol=1e-9, equal_nan=True))


def _sizes(pieces: Pieces) -> dict[sp.Symbol, int]:
    sizes: dict[sp.Symbol, int] = {}
    for dimension in pieces.dimensions.values():
        root = dimension.root()
        free = CHECK_SIZES[len(sizes) % len(CHECK_SIZES)]
        sizes.setdefault(root.symbol, root.source if isinstance(root.source, int) else free)
    return sizes


def length_of(source: Source, shapes: dict[str, tuple[int, ...]]) -> int:
    """A dimension's length in a request with inputs of these shapes."""
    return source if isinstance(source, int) else shapes[source[0]][source[1]]
