"""Steps of a plan as they are added, and the values in their slots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial, reduce

import sympy as sp

from ...index_notation.index_program import Definition, IndexProgram
from .orientation import align_axes
from .plan import Call, Operand, Step

Labels = tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class Value:
    """A tensor in a slot with a label an axis, or a number without labels."""

    slot: int | float
    labels: Labels = ()

    @property
    def number(self) -> bool:
        """Whether it is a number known now."""
        return isinstance(self.slot, float)


class Emitter:
    """The steps so far, of a program with these definitions."""

    def __init__(self, program: IndexProgram, definitions: dict[str, Definition]) -> None:
        """`definitions` are the definitions that entries may name."""
        self._program = program
        self._definitions = definitions
        self._steps: list[Step] = []
        self._ranks: list[int] = []

    def lower(self, expression: sp.Expr) -> Value:
        """The slot and labels of an expression."""
        raise NotImplementedError

    def _emit(self, step: Step, labels: Labels = ()) -> Value:
        self._steps.append(step)
        self._ranks.append(len(labels))
        return Value(len(self._steps) - 1, labels)

    def _call(self, function: str, *operands: Value) -> Value:
        labels: list[sp.Symbol] = []
        for value in sorted(operands, key=lambda v: -len(v.labels)):
            labels += [label for label in value.labels if label not in labels]
        return self._emit(Call(function, tuple(align(v, tuple(labels)) for v in operands)), tuple(labels))

    def _multiply(self, values: Iterable[Value]) -> Value:
        """The product of values, multiplied one after another as they come."""
        return reduce(partial(self._call, "mul"), values)

    def _source(self, index: sp.Symbol) -> tuple[str, int] | int:
        return self._program.dimensions[index].root().source


def slot_of(value: Value) -> int:
    """The slot of a value that is not a number."""
    assert isinstance(value.slot, int)
    return value.slot


def position_of(labels: Labels, axis: sp.Symbol) -> int:
    """The position of an axis among labels, -1 where it is not one of them."""
    return labels.index(axis) if axis in labels else -1


def align(value: Value, labels: Labels) -> Operand:
    """A value as an operand that lines up with these labels."""
    if isinstance(value.slot, float):
        return value.slot
    return align_axes(value.slot, tuple(position_of(value.labels, label) for label in labels), len(value.labels))


def indices_of(e: sp.Expr) -> tuple[sp.Symbol, ...]:
    """The index symbols of an expression in the order of their first appearance; lengths are not among them."""
    seen: dict[sp.Symbol, None] = {}
    stack = [e]
    while stack:
        part = stack.pop()
        if isinstance(part, sp.Symbol):
            if part.name[0] in "i_":
                seen[part] = None
        else:
            stack.extend(reversed(part.args))
    return tuple(seen)
