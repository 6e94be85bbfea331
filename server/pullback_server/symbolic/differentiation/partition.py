"""A program partitioned into definitions: the table's sympy column interprets every node in index notation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import sympy as sp

from ...index_notation.exact import fraction
from ...index_notation.index_program import Axes, IndexProgram, IndexTensor
from ...operators import BY_NAME, NoClosedForm
from ...program import Apply, Input, Literal, Size, TypedProgram

#: The constants of the language.
CONSTANTS = {"pi": sp.pi, "e": sp.E, "inf": sp.oo}


@dataclass(frozen=True)
class Partition:
    """The definitions of a program; the last one is its output. `inputs` and `output` say which index each axis has.

    `bindings` are the definitions that lines of the program name; `names` are those of all inputs and lines. `tensors`
    are the nodes of the program `typed` in index notation.
    """

    typed: TypedProgram
    tensors: tuple[IndexTensor, ...]
    program: IndexProgram
    inputs: dict[str, IndexTensor]
    output: IndexTensor
    bindings: dict[str, str]
    names: frozenset[str]

    @cached_property
    def upstream(self) -> str:
        """What the symbolic upstream gradient is called: `v`, or `v_` where that is taken."""
        return next(name for n in count() if (name := "v" + "_" * n) not in self.names)

    def axes(self, upstream: str) -> dict[str, Axes]:
        """The axes of each input and, by this name, of the upstream gradient."""
        return {name: x.axes for name, x in self.inputs.items()} | {upstream: self.output.axes}

    @property
    def units(self) -> dict[str, tuple[bool, ...]]:
        """Which axes of each input and of the upstream gradient have length 1."""
        return {name: tuple(a is None for a in axes) for name, axes in self.axes(self.upstream).items()}


def partition(typed: TypedProgram) -> Partition:
    """Partitions a program where a tensor is contracted; lengths count only as 1 or not 1. Raises NoClosedForm."""
    program = IndexProgram()
    nodes = typed.program.nodes
    uses = Counter(k for node in nodes if isinstance(node, Apply) for k in node.operands if k is not None)
    tensors: list[IndexTensor] = []
    inputs: dict[str, IndexTensor] = {}
    for number, node in enumerate(nodes):
        match node:
            case Input(name):
                x = program.input(name, typed.types[number].shape)
                inputs[name] = x
            case Literal():
                x = program.constant(_number(node, tensors, program))
            case Apply():
                x = program.materialize_if_large(_apply(node, number, typed, tensors, program), shared=uses[number] > 1)
        tensors.append(x)
    out = tensors[typed.program.output]
    bindings = {
        str(tensors[number].entry.name): name
        for name, number in typed.program.bindings
        if program.is_plain_entry(tensors[number].entry)
    }
    names = frozenset((*inputs, *(name for name, _ in typed.program.bindings)))
    output = program.materialize_copy(out)
    if not program.is_plain_entry(out.entry):
        copy = program.definitions[-1].name
        bindings.update((copy, name) for name, number in typed.program.bindings if number == typed.program.output)
    return Partition(typed, tuple(tensors), program, inputs, output, bindings, names)


def _apply(
    node: Apply, number: int, typed: TypedProgram, tensors: list[IndexTensor], program: IndexProgram
) -> IndexTensor:
    row = BY_NAME[node.operator]
    if row.sympy is None:
        raise NoClosedForm(f"{row.name} has no closed form")
    operands = [None if k is None else tensors[k] for k in node.operands]
    if typed.types[number].weak and row.family != "arithmetic":
        # Constants inside functions of constants stay opaque: sympy would evaluate towers such as exp(exp(exp(9))).
        operands = [
            x if x is None or x.entry.is_Rational or x.entry in (sp.pi, sp.E) else program.materialize(x)
            for x in operands
        ]
    result: IndexTensor = row.sympy(program, *operands, **typed.arguments[number])
    if result.entry.has(sp.zoo, sp.nan, sp.I):
        raise NoClosedForm(f"{row.name} leaves the real numbers here, so it has no closed form")
    return result


def _number(node: Literal, tensors: list[IndexTensor], program: IndexProgram) -> sp.Expr:
    value = node.value
    if node.name:
        return CONSTANTS[node.name]
    if isinstance(value, Size):
        return program.size(tensors[value.operand].axes[value.axis])
    return fraction(int(value) if isinstance(value, bool) else value)


def signature(typed: TypedProgram, wrt: tuple[str, ...]) -> tuple[object, ...]:
    """What a closed form depends on: nodes without their places, which axes have length 1, and what it is for.

    Operators that mix lengths into index arithmetic bring their operands' shapes in.
    """
    nodes: list[object] = []
    for number, node in enumerate(typed.program.nodes):
        match node:
            case Input(name):
                nodes.append((name, tuple(n == 1 for n in typed.types[number].shape)))
            case Literal(value, _, name):
                nodes.append((repr(value), name))
            case Apply(operator, operands):
                nodes.append((operator, operands, tuple(sorted(typed.arguments[number].items()))))
                types = [None if k is None else typed.types[k] for k in operands]
                if BY_NAME[operator].mixes_lengths(*types, **typed.arguments[number]):
                    nodes.append(tuple(None if t is None else t.shape for t in types))
    return tuple(nodes), typed.program.output, typed.program.bindings, wrt
