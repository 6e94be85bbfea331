"""Derivatives as Python modules, in torch and in NumPy, with the functions `jacobian` and `vjp`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from ....index_notation.expressions import Entry
from ....index_notation.index_program import Axes, Definition
from ...differentiation.derivatives import UPSTREAM, Differentiated, gradient_entries, jacobian
from ...form import NotationState
from ...lowering.emitting import Labels
from ...lowering.lower import Lowering
from ...lowering.plan import Fetch, Length, Plan
from ..index_form.combining import combine
from ..index_form.ranges import Ranges
from ..naming import Naming
from ..words import iter_names, length_text, with_units
from .helpers import HELPERS
from .library import Library
from .target import Target
from .writer import Body, NoCode

#: The modules, and how they are imported.
IMPORTS = {
    "torch": "import torch",
    "F": "import torch.nn.functional",
    "np": "import numpy",
    "special": "from scipy import special",
}
#: Code of more characters than this is not written.
LONGEST = 60_000


@dataclass(frozen=True)
class Code:
    """A module for torch and one for NumPy, each with `jacobian` and `vjp`; empty where it cannot be written.

    The state is DONE where there is one of them.
    """

    torch: str = ""
    numpy: str = ""
    state: NotationState = NotationState.DONE

    def to_bytes(self) -> bytes:
        """The code in a format of our own."""
        return json.dumps([self.torch, self.numpy, self.state.name]).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Code:
        """The inverse of `to_bytes`."""
        torch, numpy, state = json.loads(data)
        return Code(torch, numpy, NotationState[state])


def code(
    differentiated: Differentiated,
    gradients: Mapping[str, Definition],
    wrt: tuple[str, ...],
    names: Naming,
    definitions: Sequence[str],
    longest: int,
) -> Code:
    """The derivatives with respect to the inputs in `wrt` as code, for tensors of all sizes.

    `definitions` are the lines that say what is differentiated. The function `jacobian` is left out where a Jacobian
    has more than about `longest` characters. The code contains no text of the request except names.
    """
    both = (_jacobian(differentiated, wrt, names, longest), _vjp(differentiated, gradients, wrt, names))
    functions = [f for f in both if f is not None]
    modules = [_module(target, functions, differentiated, wrt, names, definitions) for target in Target]
    if any(0 < len(module) <= LONGEST for module in modules):
        torch, numpy = (module if len(module) <= LONGEST else "" for module in modules)
        return Code(torch, numpy)
    return Code(state=NotationState.OVER_BUDGET if any(modules) else NotationState.NO_FORM)


@dataclass(frozen=True)
class _Function:
    """A function to write: its name, its docstring, its plan, and the axes of each result."""

    name: str
    doc: str
    plan: Plan
    axes: Mapping[str, Axes]
    upstream: bool


def _jacobian(differentiated: Differentiated, wrt: tuple[str, ...], names: Naming, longest: int) -> _Function | None:
    """The function of the full Jacobians; None where one is too long to be read."""
    partition, wanted, axes = differentiated.partition, list[tuple[str, sp.Expr | None, Labels]](), dict[str, Axes]()
    ranges = Ranges.of(differentiated)
    for name in wrt:
        solved = jacobian(differentiated, name, longest)
        if solved is None:
            return None
        input_axes, terms = solved
        axes[name] = (*partition.output.axes, *with_units(input_axes, partition.inputs[name].axes))
        expression = combine(terms, input_axes, ranges) if terms else None
        wanted.append((name, expression, (*partition.output.free, *input_axes)))
    lowering = Lowering(partition.program, differentiated.forward, {n: x.axes for n, x in partition.inputs.items()})
    plan = lowering.plan((*wanted, *_with_definitions(partition.program.definitions)))
    shown = names[differentiated.output.name]
    doc = f"The Jacobian of {shown} with respect to each input: its own axes first, then the input's."
    return _Function("jacobian", doc, plan, axes, upstream=False)


def _vjp(
    differentiated: Differentiated, gradients: Mapping[str, Definition], wrt: tuple[str, ...], names: Naming
) -> _Function:
    partition = differentiated.partition
    inner = (g for name, g in gradients.items() if name.removeprefix(UPSTREAM) not in partition.inputs)
    definitions = (*differentiated.forward, *gradients.values())
    lowering = Lowering(partition.program, definitions, partition.axes(UPSTREAM))
    plan = lowering.plan(
        (*gradient_entries(gradients, wrt), *_with_definitions((*partition.program.definitions, *inner)))
    )
    shown, v = names[differentiated.output.name], names[UPSTREAM]
    gradient = f"The gradient of sum({v}*{shown}) with respect to each input"
    doc = f"{gradient}, for an upstream gradient {v} of the shape of {shown}."
    return _Function("vjp", doc, plan, {name: partition.inputs[name].axes for name in wrt}, upstream=True)


#: Before the name of a result that only serves to find the slot of a definition.
_DEFINITION = "="


def _with_definitions(program: Iterable[Definition]) -> Iterable[tuple[str, sp.Expr, Labels]]:
    return ((_DEFINITION + p.name, Entry(p.name, *p.axes), p.axes) for p in program)


def _module(
    target: Target,
    functions: Iterable[_Function],
    differentiated: Differentiated,
    wrt: tuple[str, ...],
    names: Naming,
    definitions: Sequence[str],
) -> str:
    local = {name: _free_name(name, names) for name in (*IMPORTS, *HELPERS)}
    library = Library(target, local)
    try:
        sources = [_function(f, library, differentiated, wrt, names) for f in functions]
    except NoCode:
        return ""
    imports = [_import(name, local[name]) for name in IMPORTS if name in library.used or local[name] == library.main]
    helpers = [library.source(name) for name in sorted(library.helpers)]
    shown = names[differentiated.output.name]
    doc = "\n".join((f'"""The derivatives of {shown} in closed form.', "", *definitions, '"""'))
    return "\n\n\n".join((f"{doc}\n\n" + "\n".join(imports), *helpers, *sources)) + "\n"


def _free_name(name: str, names: Naming) -> str:
    """The name of a module or a helper in the code: its own, unless a tensor has it."""
    return next(candidate for candidate in iter_names(name, "_") if candidate not in names.taken)


def _import(name: str, local: str) -> str:
    statement = IMPORTS[name]
    return statement if statement.rsplit(" ", 1)[1] == local else f"{statement} as {local}"


def _function(
    f: _Function, library: Library, differentiated: Differentiated, wrt: tuple[str, ...], names: Naming
) -> str:
    partition = differentiated.partition
    ranks = {name: len(axes) for name, axes in partition.axes(UPSTREAM).items()}
    like = wrt[0]
    body = Body(f.plan, library, ranks, {UPSTREAM: names[UPSTREAM]}, like, _slots(f.plan, names), names.taken)
    shapes = {name: _shape(differentiated, name, () if f.upstream else partition.output.axes) for name in wrt}
    results = body.results(shapes, {name: tuple(a is None for a in f.axes[name]) for name in wrt})
    parameters = [*partition.inputs, *([names[UPSTREAM]] if f.upstream else [])]
    lines = [f'"""{f.doc}"""', *_casts(parameters, wrt, library, f, like), *body.lines]
    entries = [f'    "{name}": {text},' for name, text in results.items()]
    one_line = "return {" + ", ".join(e.strip()[:-1] for e in entries) + "}"
    lines += [one_line] if len(one_line) <= 88 else ["return {", *entries, "}"]
    kind = f"{library.main}.{'ndarray' if library.numpy else 'Tensor'}"
    head = f"def {f.name}({', '.join(parameters)}) -> dict[str, {kind}]:"
    return "\n".join((head, *(f"    {line}" for line in lines)))


def _casts(parameters: list[str], wrt: tuple[str, ...], library: Library, f: _Function, like: str) -> Iterable[str]:
    """Lines that make all inputs floating tensors of one kind."""
    if library.numpy:
        if len(parameters) == 1:
            yield f"{parameters[0]} = {library.main}.asarray({parameters[0]}, {library.main}.float64)"
        else:
            names = ", ".join(parameters)
            yield f"{names} = ({library.main}.asarray(array, {library.main}.float64) for array in ({names}))"
        return
    used = {step.name for step in f.plan.steps if isinstance(step, Fetch)}
    for name in parameters:
        if name in used and name not in wrt:
            yield f"{name} = {name}.to({like})"


def _slots(plan: Plan, names: Naming) -> dict[int, str]:
    """The slots that hold a definition as it is, with its name."""
    slots: dict[int, str] = {}
    for name, result in plan.results.items():
        if name.startswith(_DEFINITION) and result is not None and isinstance(result.slot, tuple):
            slot = result.slot[0]
            if result.axes == tuple(range(len(result.axes))) and not isinstance(plan.steps[slot], Fetch | Length):
                slots.setdefault(slot, names[name.removeprefix(_DEFINITION)])
    return slots


def _shape(differentiated: Differentiated, name: str, before: Axes) -> str:
    """The shape of a result as an expression: the lengths of some axes, and then the shape of an input."""
    dimensions = differentiated.partition.program.dimensions
    lengths = [length_text(1 if axis is None else dimensions[axis].root().source) for axis in before]
    return f"({', '.join((*lengths, f'*{name}.shape'))})" if lengths else f"{name}.shape"
