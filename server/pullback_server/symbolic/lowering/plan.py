"""Plans: how the gradients of a closed form are computed, as steps on labelled tensors, without sympy.

A plan holds numbers, names and tuples only, so that it travels as JSON between workers; it has no lengths in it, so
that it serves tensors of every size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

#: An operand: the slot of an earlier step with the axes it needs to line up, or a number.
#: Axes are the operand's own axes in order, -1 where a new axis of length 1 stands; None when it lines up as it is.
Operand = tuple[int, tuple[int, ...] | None] | float
#: Where a length is read: at an input's axis, or the length itself.
Source = tuple[str, int] | int


@dataclass(frozen=True, slots=True)
class Fetch:
    """An input or the upstream gradient (by the name `^`), with the axes of length 1 left out."""

    name: str
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a dimension, as a number: of an input's axis, or fixed."""

    source: Source


@dataclass(frozen=True, slots=True)
class Call:
    """An elementwise function of operands that broadcast against one another."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The sum over every label that `out` lacks of the product of slots; labels count from 0."""

    slots: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]
    out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reduce:
    """A reduction of some axes of a slot, or a scan along them: a row of `primitives.AXIS_FUNCTIONS`."""

    kind: str
    slot: int
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity matrix over a dimension."""

    source: Source


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from 0 on, below a dimension's length."""

    source: Source


@dataclass(frozen=True, slots=True)
class Gather:
    """The entries of a slot at computed indices, one operand for each of these axes.

    The other axes come first in the result, then those that the indices have, lined up with one another. An index out
    of range reads the nearest entry, which a condition around it then leaves out; of an axis of length 0 it reads 0.
    """

    slot: int
    axes: tuple[int, ...]
    indices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """The sum of a value's entries at computed indices, one operand an axis of these dimensions.

    Value and indices line up; the first axes, as many as `kept` says, stay and come first in the result. An index out
    of range adds nothing.
    """

    value: Operand
    kept: int
    indices: tuple[Operand, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class MatrixFunction:
    """A function of the matrices in two axes of a slot, rows first; the axes of its results come last."""

    kind: str
    slot: int
    axes: tuple[int, int]


Step = Fetch | Length | Call | Product | Reduce | Identity | Range | Gather | Scatter | MatrixFunction


@dataclass(frozen=True, slots=True)
class Result:
    """A gradient: the slot that holds it and, for each axis of the input that is not of length 1, the slot's axis.

    -1 stands for an axis along which it does not vary.
    """

    slot: Operand
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, each of which fills the slot of its own number, and the results by name; None is a gradient of zeros."""

    steps: tuple[Step, ...]
    results: Mapping[str, Result | None]


_CLASSES: dict[str, Any] = {cls.__name__: cls for cls in (*get_args(Step), Result, Plan)}


def reads(step: Step) -> tuple[int, ...]:
    """The slots that a step reads, as often as it reads them."""
    match step:
        case Call(_, operands):
            return tuple(o[0] for o in operands if isinstance(o, tuple))
        case Product(slots):
            return slots
        case Reduce(_, slot) | MatrixFunction(_, slot):
            return (slot,)
        case Gather(slot, _, indices):
            return (slot, *(o[0] for o in indices if isinstance(o, tuple)))
        case Scatter(value, _, indices):
            return tuple(o[0] for o in (value, *indices) if isinstance(o, tuple))
    return ()


def steps_needed(plan: Plan, slots: Iterable[int]) -> list[int]:
    """The steps that some slots are computed from, in order, the slots' own included."""
    needed = set(slots)
    for number in range(len(plan.steps) - 1, -1, -1):
        if number in needed:
            needed.update(reads(plan.steps[number]))
    return sorted(needed)


def prune(plan: Plan) -> Plan:
    """The plan without the steps that no result needs.

    >>> plan = Plan((Fetch("x", (0,)), Fetch("y", (0,))), {"y": Result((1, None), (0,))})
    >>> prune(plan).steps
    (Fetch(name='y', axes=(0,)),)
    """
    slots = {r.slot[0] for r in plan.results.values() if r is not None and isinstance(r.slot, tuple)}
    new = {old: number for number, old in enumerate(steps_needed(plan, slots))}

    def renumber(o: Operand) -> Operand:
        return (new[o[0]], o[1]) if isinstance(o, tuple) else o

    def step(old: Step) -> Step:
        match old:
            case Call(function, operands):
                return Call(function, tuple(map(renumber, operands)))
            case Product(slots, labels, out):
                return Product(tuple(new[s] for s in slots), labels, out)
            case Reduce(kind, slot, axes):
                return Reduce(kind, new[slot], axes)
            case MatrixFunction(kind, slot, matrix):
                return MatrixFunction(kind, new[slot], matrix)
            case Gather(slot, axes, indices):
                return Gather(new[slot], axes, tuple(map(renumber, indices)))
            case Scatter(value, kept, indices, sources):
                return Scatter(renumber(value), kept, tuple(map(renumber, indices)), sources)
        return old

    results = {n: r if r is None else Result(renumber(r.slot), r.axes) for n, r in plan.results.items()}
    return Plan(tuple(step(plan.steps[old]) for old in new), results)


def encode(value: Any) -> Any:
    """A plan, or any part of it, as what JSON can hold."""
    if type(value).__name__ in _CLASSES:
        return [type(value).__name__, *(encode(getattr(value, f.name)) for f in fields(value))]
    if isinstance(value, tuple):
        return {"t": [encode(v) for v in value]}
    if isinstance(value, Mapping):
        return {"m": [[name, encode(v)] for name, v in value.items()]}
    if isinstance(value, float) and value - value != 0:
        return {"f": repr(value)}
    return value


def decode(value: Any) -> Any:
    """The inverse of `encode`.

    >>> decode(encode(Length(("x", 0))))
    Length(source=('x', 0))
    """
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        match kind:
            case "t":
                return tuple(decode(v) for v in content)
            case "m":
                return {name: decode(v) for name, v in content}
        return float(content)
    if isinstance(value, list):
        return _CLASSES[value[0]](*(decode(v) for v in value[1:]))
    return value
