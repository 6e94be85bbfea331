"""The values of a program's nodes in many digits at exact inputs, each entry computed when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import torch

from ...operators import BY_NAME, Operator
from ...operators.reference import scalars
from ...operators.reference.columns import Elementwise, Objects, Reduced, vector
from ...program import Apply, Input, Literal, Size, TypedProgram, Work
from .dependencies import (
    AlongLines,
    EachEntry,
    EntryDependencies,
    Gathered,
    Mask,
    Places,
    RowsByColumns,
    entry_dependencies,
    mask_of,
)

#: Sums of more terms are not computed in many digits merely to see whether they are finite.
LONG = 64


def is_sum(operator: str) -> bool:
    """Whether an operator is a sum or a mean along lines.

    >>> is_sum("sum"), is_sum("prod")
    (True, False)
    """
    reference = BY_NAME[operator].reference
    return isinstance(reference, Reduced) and reference.reduce in (scalars.add_up, scalars.mean)


@dataclass(frozen=True)
class Reach:
    """What one entry of an input reaches: for each node the entries that depend on it, None where there are none."""

    name: str
    place: int
    masks: tuple[Mask | None, ...]

    @cached_property
    def places(self) -> tuple[Places, ...]:
        """The places of those entries, node by node."""
        return tuple(np.zeros(0, dtype=np.int64) if m is None else np.flatnonzero(m) for m in self.masks)


class Values:
    """Nodes of a program in many digits, by mpmath at the precision in force, which must stay the same.

    A value that is infinite although no operand is (a logarithm of 0, a division by 0) counts as undefined: nan.
    `float_values` are the nodes' values in floating point; they only serve to see that a long sum is finite.
    """

    def __init__(
        self, typed: TypedProgram, inputs: Mapping[str, torch.Tensor], budget: Work, float_values: Sequence[Any] = ()
    ) -> None:
        self.typed, self.budget, self._float_values = typed, budget, float_values
        #: Whether some value was too large even for a number of many digits.
        self.too_large = False
        self._inputs = {name: tensor.detach().reshape(-1) for name, tensor in inputs.items()}
        self._computed: dict[int, tuple[Objects, Mask]] = {}
        self._dependencies: dict[int, EntryDependencies] = {}

    def at(self, node: int, places: Places) -> Objects:
        """The node's entries at these places, in their order; raises OverBudget."""
        if node not in self._computed:
            capacity = self.capacity(node)
            self._computed[node] = np.empty(capacity, dtype=object), np.zeros(capacity, dtype=bool)
        values, done = self._computed[node]
        slots = self.slots(node, places)
        missing = ~done[slots]
        if missing.any():
            fresh, first = np.unique(slots[missing], return_index=True)
            values[fresh] = self.compute(node, places[missing][first])
            done[fresh] = True
        return values[slots]

    def defined(self, node: int, reach: Reach) -> bool:
        """Whether all entries of a node that an input's entry reaches are finite."""
        places, apply = reach.places[node], self.typed.program.nodes[node]
        if isinstance(apply, Apply) and self._float_values and is_sum(apply.operator):
            operand, floats = apply.operands[0] or 0, torch.as_tensor(self._float_values[node]).reshape(-1)
            long = self.typed.types[operand].elements > LONG
            if long and bool(floats.cpu()[torch.from_numpy(places)].isfinite().all()):
                return self.defined(operand, reach)
        return all(mp.isfinite(v) for v in self.at(node, places))

    def capacity(self, node: int) -> int:
        """How many entries of a node may be computed."""
        return self.typed.types[node].elements

    def slots(self, node: int, places: Places) -> Places:
        """Where these entries are stored among those that may be computed."""
        del node
        return places

    def whole(self, node: int) -> Objects:
        """All of a node's entries in its shape."""
        kind = self.typed.types[node]
        return self.at(node, np.arange(kind.elements)).reshape(kind.shape)

    def dependencies(self, node: int) -> EntryDependencies:
        """Which entries of its operands each of a node's entries depends on."""
        if node not in self._dependencies:
            apply = self.typed.program.nodes[node]
            assert isinstance(apply, Apply)
            types = [None if k is None else self.typed.types[k] for k in apply.operands]
            self._dependencies[node] = entry_dependencies(
                BY_NAME[apply.operator],
                types,
                self.typed.types[node],
                self.typed.arguments[node],
                lambda operand: self.whole(apply.operands[operand] or 0),
            )
        return self._dependencies[node]

    def reach(self, name: str, place: int) -> Reach:
        """For each node the entries that depend on one entry of an input."""
        masks: list[Mask | None] = []
        for number, node in enumerate(self.typed.program.nodes):
            mask = None
            match node:
                case Input(input_name) if input_name == name:
                    mask = mask_of(self.typed.types[number].elements, place)
                case Apply(_, operands):
                    operand_masks = [None if k is None else masks[k] for k in operands]
                    if any(m is not None for m in operand_masks):
                        mask = self.dependencies(number).dependents(operand_masks)
            masks.append(mask if mask is not None and mask.any() else None)
        return Reach(name, place, tuple(masks))

    def compute(self, node: int, places: Places) -> Objects:
        """Entries of a node that are not computed yet."""
        match self.typed.program.nodes[node]:
            case Input(name):
                return vector(map(mp.mpf, self._inputs[name][torch.from_numpy(places)].tolist()))
            case Literal(Size(operand, axis)):
                return vector([mp.mpf(self.typed.types[operand].shape[axis])])
            case Literal(value):
                return vector([mp.mpf(value)])
            case Apply() as apply:
                return self._apply(apply, node, places)

    def _apply(self, apply: Apply, node: int, places: Places) -> Objects:
        row, arguments, dependencies = BY_NAME[apply.operator], self.typed.arguments[node], self.dependencies(node)
        match dependencies:
            case EachEntry() if isinstance(row.reference, Elementwise):
                self.budget.spend(len(places))
                operands = [
                    None if k is None else self.at(k, dependencies.operand_places(n, places))
                    for n, k in enumerate(apply.operands)
                ]
                return self._mark_undefined(row, row.reference(*operands, **arguments), operands)
            case AlongLines() if isinstance(row.reference, Reduced):
                lines = self.at(apply.operands[0] or 0, dependencies.lines[places])
                self.budget.spend(lines.size)
                options = {k: v for k, v in arguments.items() if k not in ("dim", "keepdim")}
                results = vector(row.reference.reduce(list(line), **options) for line in lines)
                return self._mark_undefined(row, results, [lines])
            case RowsByColumns():
                rows, columns = dependencies.operands(places)
                self.budget.spend(rows.size)
                products = self.at(apply.operands[0] or 0, rows) * self.at(apply.operands[1] or 0, columns)
                return vector(scalars.add_up(list(line)) for line in products)
            case Gathered():
                out = dependencies.constants[places].copy()
                for number, k in enumerate(apply.operands):
                    gathered = dependencies.operand[places] == number
                    if k is not None and gathered.any():
                        out[gathered] = self.at(k, dependencies.place[places[gathered]])
                return out
        operands = [None if k is None else self.whole(k) for k in apply.operands]
        types = [None if k is None else self.typed.types[k] for k in apply.operands]
        result = self.typed.types[node]
        self.budget.spend(row.cost(result, *types, **arguments))
        values = np.asarray(row.reference(*operands, **arguments), dtype=object).reshape(-1)
        return self._mark_undefined(row, values, operands, whole=True)[places]

    def _mark_undefined(
        self, row: Operator, values: Objects, operands: Sequence[Objects | None], whole: bool = False
    ) -> Objects:
        """The values with nan where one is infinite although none of its operands is: outside the row's domain.

        Inside the domain, such a value is too large even for a number of many digits. With `whole` each value is made
        of all entries of its operands, otherwise of those at its own position.
        """
        for place in [n for n, v in enumerate(values) if mp.isinf(v)]:
            arguments = [(o if whole else o[place : place + 1]).reshape(-1) for o in operands if o is not None]
            if any(mp.isinf(v) for entries in arguments for v in entries):
                continue
            if not row.domain or (row.name in POWERS and arguments[0][0] != 0):
                self.too_large = True
            else:
                values[place] = mp.nan
        return values


#: Rows whose infinite values are a pole at 0, and too large a number elsewhere.
POWERS = ("pow", "float_power")


class ShiftedValues(Values):
    """The values of the same nodes where one entry of one input is shifted by `step`.

    Entries that it does not reach are shared with the unshifted values.
    """

    def __init__(self, base: Values, reach: Reach, step: Any) -> None:
        super().__init__(base.typed, {}, base.budget)
        self._base, self._reach, self._step = base, reach, step
        self._dependencies = base._dependencies

    def capacity(self, node: int) -> int:
        """As many as the shifted entry reaches."""
        return len(self._reach.places[node])

    def slots(self, node: int, places: Places) -> Places:
        """Positions among the entries that the shifted entry reaches."""
        return np.searchsorted(self._reach.places[node], places)

    def at(self, node: int, places: Places) -> Objects:
        """The node's entries at these places: the unshifted ones except where the shifted entry reaches them."""
        mask = self._reach.masks[node]
        if mask is None:
            return self._base.at(node, places)
        reached = mask[places]
        if reached.all():
            return super().at(node, places)
        out = np.empty(places.shape, dtype=object)
        out[reached] = super().at(node, places[reached])
        out[~reached] = self._base.at(node, places[~reached])
        return out

    def compute(self, node: int, places: Places) -> Objects:
        """The shifted entries: by the sum of the changes where the operator is a sum, otherwise by the operator."""
        match self.typed.program.nodes[node]:
            case Input(name) if name == self._reach.name:
                return np.asarray(self._base.at(node, places) + self._step, dtype=object)
            case Apply() if self._is_linear(node):
                return np.asarray(self._base.at(node, places) + self.change(node, places), dtype=object)
        return super().compute(node, places)

    def change(self, node: int, places: Places) -> Objects:
        """How far entries change, without computing the entries themselves where they are sums."""
        if not self._is_linear(node):
            return np.asarray(self.at(node, places) - self._base.at(node, places), dtype=object)
        apply, dependencies = self.typed.program.nodes[node], self.dependencies(node)
        assert isinstance(apply, Apply)
        if isinstance(dependencies, RowsByColumns):
            return self._product_change(apply, dependencies, places)
        assert isinstance(dependencies, AlongLines)
        operand = apply.operands[0] or 0
        shifted = self._reach.places[operand]
        lines = dependencies.line_of(shifted)
        divisor = dependencies.length if BY_NAME[apply.operator].name == "mean" else 1
        return vector(mp.fsum(self.change(operand, shifted[lines == line])) / divisor for line in places)

    def _product_change(self, apply: Apply, dependencies: RowsByColumns, places: Places) -> Objects:
        """The changes of the side that is reached, times the entries of the other side."""
        one, two = (k or 0 for k in apply.operands)
        left = self._reach.masks[one] is not None
        moving, resting = (one, two) if left else (two, one)
        reached = self._reach.masks[moving]
        assert reached is not None
        out = []
        for row, column in zip(*dependencies.operands(places), strict=True):
            near, far = (row, column) if left else (column, row)
            mask = reached[near]
            change, fixed = self.change(moving, near[mask]), self._base.at(resting, far[mask])
            out.append(mp.fsum(change * fixed) if mask.any() else mp.mpf(0))
        return vector(out)

    def _is_linear(self, node: int) -> bool:
        """Whether the node is a sum, or a product in which the shifted entry reaches one side only."""
        apply = self.typed.program.nodes[node]
        if not isinstance(apply, Apply) or self._reach.masks[node] is None:
            return False
        if isinstance(self.dependencies(node), RowsByColumns):
            return sum(self._reach.masks[k or 0] is not None for k in apply.operands) == 1
        return is_sum(apply.operator)
