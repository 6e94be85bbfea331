"""A closed form in many digits: the plan of its gradients, each entry computed when it is first needed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import torch

from ...operators.reference import scalars
from ...operators.reference.columns import Objects, vector
from ...program import Work
from ...symbolic.lowering import plan as plans
from ...symbolic.lowering.plan import Plan
from ...symbolic.primitives import MATRIX_FUNCTIONS
from .dependencies import AlongLines, Places
from .scalars import MATRICES, SCANS, scalar

#: Fractions whose numbers are smaller than this are simple.
SIMPLE = 1000

Shape = tuple[int, ...]


class FormValues:
    """The slots of a plan in many digits, by mpmath at the precision in force, on exact inputs.

    `tensors` are the inputs by name and the upstream gradient as `^`; `results` are the gradients by the inputs' names.
    """

    def __init__(self, plan: Plan, tensors: Mapping[str, torch.Tensor], budget: Work) -> None:
        self.results = plan.results
        self._plan, self._budget = plan, budget
        self._tensors = {name: tensor.detach() for name, tensor in tensors.items()}
        self._shapes: list[Shape] = []
        for step in plan.steps:
            self._shapes.append(self._shape(step))
        self._entries: dict[int, dict[int, Any]] = {}

    def gradient(self, name: str, place: int) -> Any:
        """One entry of a gradient, by its place in the input in row-major order; raises OverBudget.

        It is zero for an input that the closed forms do not name.
        """
        result = self.results.get(name)
        if result is None:
            return mp.mpf(0)
        if isinstance(result.slot, float):
            return mp.mpf(result.slot)
        shape = tuple(self._tensors[name].shape)
        index = [int(i) for i in np.unravel_index(place, shape)] if shape else []
        long = [i for i, n in zip(index, shape, strict=True) if n != 1]
        slot = result.slot[0]
        slot_shape = self._shapes[slot]
        slot_index = [0] * len(slot_shape)
        for i, axis in zip(long, result.axes, strict=True):
            if axis >= 0:
                slot_index[axis] = i
        place = int(np.ravel_multi_index(slot_index, slot_shape)) if slot_shape else 0
        return self._at(slot, np.array([place], dtype=np.int64))[0]

    def _at(self, slot: int, places: Places) -> Objects:
        entries = self._entries.setdefault(slot, {})
        missing = sorted({*places.tolist()} - entries.keys())
        if missing:
            computed = self._compute(self._plan.steps[slot], slot, np.array(missing, dtype=np.int64))
            entries.update(zip(missing, computed, strict=True))
        return vector(entries[place] for place in places.tolist())

    def _whole(self, slot: int) -> Objects:
        shape = self._shapes[slot]
        return self._at(slot, np.arange(math.prod(shape))).reshape(shape)

    def _compute(self, step: plans.Step, slot: int, places: Places) -> list[Any]:
        shape = self._shapes[slot]
        match step:
            case plans.Fetch(name):
                flat = self._tensors[name].reshape(-1)
                return [mp.mpf(v) for v in flat[torch.from_numpy(places)].tolist()]
            case plans.Length(source):
                return [mp.mpf(self._length(source))]
            case plans.Identity():
                return [mp.mpf(int(place // shape[0] == place % shape[0])) for place in places]
            case plans.Range():
                return [mp.mpf(int(place)) for place in places]
            case plans.Call(function, operands):
                self._budget.spend(len(places))
                columns = [self._operand(o, shape, places) for o in operands]
                run = scalar(function)
                return [run(*values) for values in zip(*columns, strict=True)] if columns else [run()] * len(places)
            case plans.Product():
                return self._product(step, places)
            case plans.Reduce(kind, source, axes):
                return self._reduce(kind, source, axes, places)
            case plans.MatrixFunction(kind, source, (rows, columns)):
                matrices = np.moveaxis(self._whole(source), (rows, columns), (-2, -1))
                self._budget.spend(matrices.size * min(matrices.shape[-2:]))
                return list(np.asarray(MATRICES[kind](matrices), dtype=object).reshape(-1)[places])
            case plans.Gather() | plans.Scatter():
                entries = self._gather(step) if isinstance(step, plans.Gather) else self._scatter(step)
                return list(entries.reshape(-1)[places])

    def _product(self, step: plans.Product, places: Places) -> list[Any]:
        lengths = self._lengths(step)
        summed = sorted(set(lengths) - set(step.out))
        grid = np.array(list(itertools.product(*(range(lengths[k]) for k in summed))), dtype=np.int64)
        grid = grid.reshape(-1, len(summed)) if summed else np.zeros((1, 0), dtype=np.int64)
        self._budget.spend(len(places) * len(grid) * len(step.slots))
        out = []
        for place in places:
            index = np.unravel_index(int(place), [lengths[k] for k in step.out]) if step.out else ()
            at: dict[int, Any] = {k: np.full(len(grid), i) for k, i in zip(step.out, index, strict=True)}
            at |= {k: grid[:, n] for n, k in enumerate(summed)}
            terms: Any = np.array([mp.mpf(1)] * len(grid), dtype=object)
            for slot, labels in zip(step.slots, step.labels, strict=True):
                slot_index = [at[k] for k in labels]
                flat = np.ravel_multi_index(slot_index, self._shapes[slot]) if labels else np.zeros(len(grid))
                terms = terms * self._at(slot, np.asarray(flat, dtype=np.int64))
            out.append(scalars.add_up(list(terms)))
        return out

    def _lengths(self, step: plans.Product) -> dict[int, int]:
        """How long the axis of each label of a product is."""
        pairs = zip(step.labels, (self._shapes[slot] for slot in step.slots), strict=True)
        return {label: n for labels, shape in pairs for label, n in zip(labels, shape, strict=True)}

    def _reduce(self, kind: str, slot: int, axes: tuple[int, ...], places: Places) -> list[Any]:
        shape = self._shapes[slot]
        lines = AlongLines(shape, axes, kind in SCANS).lines
        if kind in SCANS:
            out = np.empty(math.prod(shape), dtype=object)
            wanted = np.flatnonzero(np.isin(lines, places).any(axis=1))
            self._budget.spend(len(wanted) * lines.shape[1])
            for line in lines[wanted]:
                out[line] = SCANS[kind](list(self._at(slot, line)))
            return list(out[places])
        self._budget.spend(len(places) * lines.shape[1])
        reduce = REDUCTIONS[kind]
        return [reduce(list(self._at(slot, line))) for line in lines[places]]

    def _gather(self, step: plans.Gather) -> Objects:
        x = self._whole(step.slot)
        indices = [self._plain(o) for o in step.indices]
        kept = [k for k in range(x.ndim) if k not in step.axes]
        transposed = x.transpose(*kept, *step.axes)
        lengths = [x.shape[k] for k in step.axes]
        at = np.broadcast_arrays(*(_wrapped(i, n) for i, n in zip(indices, lengths, strict=True)))
        if 0 in lengths:
            return np.full([x.shape[k] for k in kept] + list(at[0].shape), mp.mpf(0), dtype=object)
        clipped = tuple(np.clip(i, 0, n - 1) for i, n in zip(at, lengths, strict=True))
        return np.asarray(transposed[(slice(None),) * len(kept) + clipped], dtype=object)

    def _scatter(self, step: plans.Scatter) -> Objects:
        value = self._plain(step.value)
        lengths = [self._length(s) for s in step.sources]
        indices = [_wrapped(self._plain(o), n) for o, n in zip(step.indices, lengths, strict=True)]
        full = np.broadcast_shapes(value.shape, *(i.shape for i in indices))
        value, *at = (np.broadcast_to(a, full) for a in (value, *indices))
        out = np.full((*full[: step.kept], *lengths), mp.mpf(0), dtype=object)
        self._budget.spend(value.size)
        for place in np.ndindex(full):
            to = tuple(int(i[place]) for i in at)
            if all(0 <= i < n for i, n in zip(to, lengths, strict=True)):
                out[(*place[: step.kept], *to)] += value[place]
        return out

    def _plain(self, operand: plans.Operand) -> Objects:
        """All of an operand's entries, aligned with the other operands'."""
        if not isinstance(operand, tuple):
            return np.array(_number(operand), dtype=object)
        entries, axes = self._whole(operand[0]), operand[1]
        if axes is None:
            return entries
        return entries.transpose([a for a in axes if a >= 0])[tuple(slice(None) if a >= 0 else None for a in axes)]

    def _operand(self, operand: plans.Operand, shape: Shape, places: Places) -> Sequence[Any]:
        """The entries of an operand that these entries of a result depend on."""
        if not isinstance(operand, tuple):
            return [_number(operand)] * len(places)
        slot_shape = self._shapes[operand[0]]
        axes = tuple(range(len(slot_shape))) if operand[1] is None else operand[1]
        index = np.unravel_index(places, shape) if shape else ()
        at = [np.zeros(len(places), dtype=np.int64)] * len(slot_shape)
        for axis, i in zip(axes, index[len(shape) - len(axes) :], strict=True):
            if axis >= 0:
                at[axis] = i if slot_shape[axis] != 1 else np.zeros_like(i)
        flat = np.ravel_multi_index(at, slot_shape) if slot_shape else np.zeros(len(places), dtype=np.int64)
        return list(self._at(operand[0], np.asarray(flat, dtype=np.int64)))

    def _shape(self, step: plans.Step) -> Shape:
        """The shape of a step's slot, from the shapes of the slots before it."""
        match step:
            case plans.Fetch(name, axes):
                return tuple(self._tensors[name].shape[a] for a in axes)
            case plans.Length():
                return ()
            case plans.Identity(source):
                return (self._length(source),) * 2
            case plans.Range(source):
                return (self._length(source),)
            case plans.Call(_, operands):
                return self._broadcast_shape(operands)
            case plans.Product():
                lengths = self._lengths(step)
                return tuple(lengths[k] for k in step.out)
            case plans.Reduce(kind, slot, axes):
                return self._shapes[slot] if kind in SCANS else self._other_lengths(slot, axes)
            case plans.MatrixFunction(kind, slot, (rows, columns)):
                shape = self._shapes[slot]
                length_of = {"r": shape[rows], "c": shape[columns], "k": min(shape[rows], shape[columns])}
                matrix = tuple(length_of[axis] for axis in MATRIX_FUNCTIONS[kind].axes)
                return (*self._other_lengths(slot, (rows, columns)), *matrix)
            case plans.Gather(slot, axes, indices):
                return (*self._other_lengths(slot, axes), *self._broadcast_shape(indices))
            case plans.Scatter(value, kept_axes, indices, sources):
                full = self._broadcast_shape((value, *indices))
                return (*full[:kept_axes], *(self._length(s) for s in sources))

    def _other_lengths(self, slot: int, axes: Sequence[int]) -> Shape:
        return tuple(n for k, n in enumerate(self._shapes[slot]) if k not in axes)

    def _broadcast_shape(self, operands: Sequence[plans.Operand]) -> Shape:
        return np.broadcast_shapes(*map(self._operand_shape, operands))

    def _operand_shape(self, operand: plans.Operand) -> Shape:
        if not isinstance(operand, tuple):
            return ()
        shape = self._shapes[operand[0]]
        return shape if operand[1] is None else tuple(shape[a] if a >= 0 else 1 for a in operand[1])

    def _length(self, source: plans.Source) -> int:
        return source if isinstance(source, int) else self._tensors[source[0]].shape[source[1]]


def _number(number: float) -> Any:
    """A number of a plan; a simple fraction is taken exactly, because index arithmetic rounds its multiples down."""
    if number != number or abs(number) >= SIMPLE:
        return mp.mpf(number)
    fraction = Fraction(number).limit_denominator(SIMPLE)
    return mp.mpf(fraction.numerator) / fraction.denominator if float(fraction) == number else mp.mpf(number)


def _wrapped(index: Objects, length: int) -> Any:
    integers = np.array([int(i) for i in index.reshape(-1)], dtype=np.int64).reshape(index.shape)
    return np.where(integers < 0, integers + length, integers)


#: The reductions of plans, on lists of numbers.
REDUCTIONS = {
    "sum": scalars.add_up,
    "prod": scalars.product,
    "max": scalars.largest,
    "min": lambda values: -scalars.largest([-v for v in values]),
    "logsumexp": scalars.logsumexp,
}
