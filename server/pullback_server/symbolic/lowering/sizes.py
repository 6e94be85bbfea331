"""How much memory a plan needs for tensors of given shapes, step by step, before any of it is computed."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping, Sequence

from ...operators import BY_FUNCTION
from ...operators.shape_rules.common import broadcast_shapes
from ...operators.shape_rules.einsum import contractions
from ..primitives import MATRIX_FUNCTIONS, SCANS
from .plan import (
    Call,
    Fetch,
    Gather,
    Identity,
    Length,
    MatrixFunction,
    Operand,
    Plan,
    Product,
    Range,
    Reduce,
    Scatter,
    Source,
    Step,
    reads,
)

Shape = tuple[int, ...]

#: Bytes of a float64, and of an index.
ENTRY = 8
#: A scan or a decomposition takes about so many tensors of its operand's size beside its result.
COPIES = 4
#: So many of its result's size a function of the operator table.
TERMS = 2


def memory(plan: Plan, shapes: Mapping[str, Shape], *, keep: bool = False) -> int:
    """The bytes that the steps need at most at one time, beside the inputs; with `keep` no step's value is freed.

    `shapes` are those of the inputs, and of the upstream gradient as `^`.

    >>> vector = Fetch("x", (0,))
    >>> memory(Plan((vector, Call("exp", ((0, None),)), Call("mul", ((1, (0, -1)), (1, None)))), {}), {"x": (10,)})
    880
    """
    slots: list[Shape] = []
    freed: Mapping[int, list[int]] = {} if keep else _last_uses(plan)
    now = most = 0
    for step in plan.steps:
        shape, workspace = _size(step, slots, shapes)
        number = len(slots)
        slots.append(shape)
        owned = 0 if isinstance(step, Fetch) else math.prod(shape)
        now += owned
        most = max(most, now + workspace)
        for slot in freed.get(number, ()):
            now -= 0 if isinstance(plan.steps[slot], Fetch) else math.prod(slots[slot])
    return ENTRY * most


def _last_uses(plan: Plan) -> Mapping[int, list[int]]:
    """The slots that no step reads after this one, by the number of the step; results stay."""
    last = {slot: number for number, step in enumerate(plan.steps) for slot in reads(step)}
    results = {r.slot[0] for r in plan.results.values() if r is not None and isinstance(r.slot, tuple)}
    freed: dict[int, list[int]] = {}
    for slot, number in last.items():
        if slot not in results:
            freed.setdefault(number, []).append(slot)
    return freed


def _size(step: Step, slots: Sequence[Shape], shapes: Mapping[str, Shape]) -> tuple[Shape, int]:
    """The shape of a step's value, and how many entries are computed on the way to it."""
    lengths = _lengths(shapes)
    match step:
        case Fetch(name, axes):
            return tuple(shapes[name][a] for a in axes), 0
        case Length():
            return (), 0
        case Identity(source):
            return (lengths(source),) * 2, 0
        case Range(source):
            return (lengths(source),), 0
        case Call(function, operands):
            shape = broadcast_shapes(*(_view(o, slots) for o in operands))
            return shape, TERMS * math.prod(shape) * (function in BY_FUNCTION)
        case Product(numbers, labels, out):
            return _product([slots[n] for n in numbers], labels, out)
        case Reduce(kind, slot, axes):
            x = slots[slot]
            if kind in SCANS:
                return x, COPIES * math.prod(x)
            return tuple(n for k, n in enumerate(x) if k not in axes), math.prod(x)
        case Gather(slot, axes, indices):
            x, at = slots[slot], broadcast_shapes(*(_view(i, slots) for i in indices))
            kept = tuple(n for k, n in enumerate(x) if k not in axes)
            return (*kept, *at), COPIES * sum(math.prod(_view(i, slots)) for i in indices)
        case Scatter(value, kept, indices, sources):
            full = broadcast_shapes(*(_view(o, slots) for o in (value, *indices)))
            return (*full[:kept], *map(lengths, sources)), COPIES * math.prod(full)
        case MatrixFunction(kind, slot, (rows, columns)):
            x = slots[slot]
            sides = {"r": x[rows], "c": x[columns], "k": min(x[rows], x[columns])}
            batch = tuple(n for k, n in enumerate(x) if k not in (rows, columns))
            return (*batch, *(sides[a] for a in MATRIX_FUNCTIONS[kind].axes)), COPIES * math.prod(x)


def _product(operands: Sequence[Shape], labels: tuple[tuple[int, ...], ...], out: tuple[int, ...]) -> tuple[Shape, int]:
    lengths = {k: n for term, shape in zip(labels, operands, strict=True) for k, n in zip(term, shape, strict=True)}
    shape = tuple(lengths[k] for k in out)
    if len(operands) == 2 and {*labels[0]} == {*labels[1]}:
        # The product of the entries, before it is summed.
        return shape, math.prod(lengths.values())
    *terms, target = ("".join(string.ascii_letters[k] for k in term) for term in (*labels, out))
    steps = contractions(f"{','.join(terms)}->{target}", tuple(operands))
    return shape, sum(step.elements for step in steps[:-1]) + sum(map(math.prod, operands))


def _view(operand: Operand, slots: Sequence[Shape]) -> Shape:
    """The shape that an operand has when it lines up with others."""
    if not isinstance(operand, tuple):
        return ()
    slot, axes = operand
    shape = slots[slot]
    return shape if axes is None else tuple(shape[a] if a >= 0 else 1 for a in axes)


def _lengths(shapes: Mapping[str, Shape]) -> Callable[[Source], int]:
    return lambda source: source if isinstance(source, int) else shapes[source[0]][source[1]]
