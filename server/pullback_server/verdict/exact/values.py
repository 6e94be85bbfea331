"""The values of a program's nodes in many digits at exact inputs, each entry computed when it is asked for."""

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
from ...operators.reference.columns import Elementwise, Objects, Reduced
from ...program import Apply, Input, Literal, Size, TypedProgram
from .budget import Budget
from .dependencies import AlongLines, EachEntry, Mask, Moved, Places, RowsByColumns, Wiring, wiring

#: Sums of more terms are not computed in many digits only to see whether they are finite.
LONG = 64


def adds_up(operator: str) -> bool:
    """Whether an operator is a sum along lines, or a mean.

    >>> adds_up("sum"), adds_up("prod")
    (True, False)
    """
    reference = BY_NAME[operator].reference
    return isinstance(reference, Reduced) and reference.reduce in (scalars.add_up, scalars.mean)


@dataclass(frozen=True)
class Reach:
    """What one entry of an input reaches: for each node the entries that depend on it, None where none does."""

    name: str
    place: int
    masks: tuple[Mask | None, ...]

    @cached_property
    def places(self) -> tuple[Places, ...]:
        """The same as the places of those entries."""
        return tuple(np.zeros(0, dtype=np.int64) if m is None else np.flatnonzero(m) for m in self.masks)


class Values:
    """Nodes of a program in many digits, by mpmath at the precision in force, which must stay the same.

    What is infinite though no operand is (a logarithm of 0, a division by 0) counts as undefined: nan. `roughly` are
    the nodes' values in floating point; all that is taken from them is that a long sum is finite.
    """

    def __init__(
        self, typed: TypedProgram, inputs: Mapping[str, torch.Tensor], budget: Budget, roughly: Sequence[Any] = ()
    ) -> None:
        self.typed, self.budget, self._roughly = typed, budget, roughly
        #: Whether some value was larger than numbers of many digits go.
        self.too_large = False
        self._inputs = {name: tensor.detach().reshape(-1) for name, tensor in inputs.items()}
        self._found: dict[int, tuple[Objects, Mask]] = {}
        self._wirings: dict[int, Wiring] = {}

    def at(self, node: int, places: Places) -> Objects:
        """The node's entries at these places, in their order; raises OverBudget."""
        if node not in self._found:
            room = self.room(node)
            self._found[node] = np.empty(room, dtype=object), np.zeros(room, dtype=bool)
        values, done = self._found[node]
        kept = self.kept_at(node, places)
        absent = ~done[kept]
        if absent.any():
            fresh, first = np.unique(kept[absent], return_index=True)
            values[fresh] = self.computed(node, places[absent][first])
            done[fresh] = True
        return values[kept]

    def defined(self, node: int, reach: Reach) -> bool:
        """Whether all that an entry reaches in a node is finite."""
        places, apply = reach.places[node], self.typed.program.nodes[node]
        if isinstance(apply, Apply) and self._roughly and adds_up(apply.operator):
            operand, rough = apply.operands[0] or 0, torch.as_tensor(self._roughly[node]).reshape(-1)
            long = self.typed.types[operand].elements > LONG
            if long and bool(rough.cpu()[torch.from_numpy(places)].isfinite().all()):
                return self.defined(operand, reach)
        return all(mp.isfinite(v) for v in self.at(node, places))

    def room(self, node: int) -> int:
        """How many entries of a node may be asked for."""
        return self.typed.types[node].elements

    def kept_at(self, node: int, places: Places) -> Places:
        """Where entries are kept among those that may be asked for."""
        del node
        return places

    def whole(self, node: int) -> Objects:
        """All of a node's entries in its shape."""
        kind = self.typed.types[node]
        return self.at(node, np.arange(kind.elements)).reshape(kind.shape)

    def wiring(self, node: int) -> Wiring:
        """How a node's entries hang together with those of its operands."""
        if node not in self._wirings:
            apply = self.typed.program.nodes[node]
            assert isinstance(apply, Apply)
            types = [None if k is None else self.typed.types[k] for k in apply.operands]
            self._wirings[node] = wiring(
                BY_NAME[apply.operator],
                types,
                self.typed.types[node],
                self.typed.arguments[node],
                lambda operand: self.whole(apply.operands[operand] or 0),
            )
        return self._wirings[node]

    def reach(self, name: str, place: int) -> Reach:
        """For each node the entries that depend on one entry of an input."""
        found: list[Mask | None] = []
        for number, node in enumerate(self.typed.program.nodes):
            match node:
                case Input(own) if own == name:
                    mask = np.zeros(self.typed.types[number].elements, dtype=bool)
                    mask[place] = True
                    found.append(mask)
                case Apply(_, operands):
                    masks = [None if k is None else found[k] for k in operands]
                    if all(m is None for m in masks):
                        found.append(None)
                    else:
                        reached = self.wiring(number).reached(masks)
                        found.append(reached if reached.any() else None)
                case _:
                    found.append(None)
        return Reach(name, place, tuple(found))

    def computed(self, node: int, places: Places) -> Objects:
        """Entries that nobody has computed yet."""
        match self.typed.program.nodes[node]:
            case Input(name):
                return _objects([mp.mpf(v) for v in self._inputs[name][torch.from_numpy(places)].tolist()])
            case Literal(Size(operand, axis)):
                return _objects([mp.mpf(self.typed.types[operand].shape[axis])])
            case Literal(value):
                return _objects([mp.mpf(value)])
            case Apply() as apply:
                return self._applied(apply, node, places)

    def _applied(self, apply: Apply, node: int, places: Places) -> Objects:
        row, arguments, own = BY_NAME[apply.operator], self.typed.arguments[node], self.wiring(node)
        match own:
            case EachEntry() if isinstance(row.reference, Elementwise):
                self.budget.spend(len(places))
                operands = [
                    None if k is None else self.at(k, own.places(n, places)) for n, k in enumerate(apply.operands)
                ]
                return self._defined(row, row.reference(*operands, **arguments), operands)
            case AlongLines() if isinstance(row.reference, Reduced):
                lines = self.at(apply.operands[0] or 0, own.lines[places])
                self.budget.spend(lines.size)
                given = {k: v for k, v in arguments.items() if k not in ("dim", "keepdim")}
                return self._defined(
                    row, _objects([row.reference.reduce(list(line), **given) for line in lines]), [lines]
                )
            case RowsByColumns():
                rows, columns = own.operands(places)
                self.budget.spend(rows.size)
                products = self.at(apply.operands[0] or 0, rows) * self.at(apply.operands[1] or 0, columns)
                return _objects([scalars.add_up(list(line)) for line in products])
            case Moved():
                out = own.constants[places].copy()
                for number, k in enumerate(apply.operands):
                    mine = own.operand[places] == number
                    if k is not None and mine.any():
                        out[mine] = self.at(k, own.place[places[mine]])
                return out
        operands = [None if k is None else self.whole(k) for k in apply.operands]
        types = [None if k is None else self.typed.types[k] for k in apply.operands]
        result = self.typed.types[node]
        self.budget.spend(row.cost(result, *types))
        whole = np.asarray(row.reference(*operands, **arguments), dtype=object).reshape(-1)
        return self._defined(row, whole, operands, whole=True)[places]

    def _defined(
        self, row: Operator, values: Objects, operands: Sequence[Objects | None], whole: bool = False
    ) -> Objects:
        """The values with nan where one is infinite though nothing it is made of is: outside the row's domain.

        Where it is not outside, it is larger than numbers of many digits go.
        """
        for place in [n for n, v in enumerate(values) if mp.isinf(v)]:
            given = [o.reshape(-1) if whole else o[place : place + 1].reshape(-1) for o in operands if o is not None]
            if any(mp.isinf(v) for own in given for v in own):
                continue
            if not row.domain or (row.name in POWERS and given[0][0] != 0):
                self.too_large = True
            else:
                values[place] = mp.nan
        return values


#: Rows that have a pole at 0 and are too large elsewhere.
POWERS = ("pow", "float_power")


class MovedValues(Values):
    """The values of the same nodes when one entry of one input is moved by `step`; what it does not reach is shared."""

    def __init__(self, base: Values, reach: Reach, step: Any) -> None:
        super().__init__(base.typed, {}, base.budget)
        self._base, self._reach, self._step = base, reach, step
        self._wirings = base._wirings

    def room(self, node: int) -> int:
        """As many as the moved entry reaches."""
        return len(self._reach.places[node])

    def kept_at(self, node: int, places: Places) -> Places:
        """Among those that it reaches."""
        return np.searchsorted(self._reach.places[node], places)

    def at(self, node: int, places: Places) -> Objects:
        """The node's entries at these places: those of the base but for what the moved entry reaches."""
        mask = self._reach.masks[node]
        if mask is None:
            return self._base.at(node, places)
        mine = mask[places]
        if mine.all():
            return super().at(node, places)
        out = np.empty(places.shape, dtype=object)
        out[mine] = super().at(node, places[mine])
        out[~mine] = self._base.at(node, places[~mine])
        return out

    def computed(self, node: int, places: Places) -> Objects:
        """What the move comes to: the sum of its differences where the operator is a sum, else the operator anew."""
        match self.typed.program.nodes[node]:
            case Input(name) if name == self._reach.name:
                return np.asarray(self._base.at(node, places) + self._step, dtype=object)
            case Apply() if self._sums(node):
                return np.asarray(self._base.at(node, places) + self.change(node, places), dtype=object)
        return super().computed(node, places)

    def change(self, node: int, places: Places) -> Objects:
        """How far entries move, without the entries themselves where a sum is all that they are."""
        if not self._sums(node):
            return np.asarray(self.at(node, places) - self._base.at(node, places), dtype=object)
        apply, own = self.typed.program.nodes[node], self.wiring(node)
        assert isinstance(apply, Apply)
        if isinstance(own, RowsByColumns):
            return self._product_change(apply, own, places)
        assert isinstance(own, AlongLines)
        operand = apply.operands[0] or 0
        moved = self._reach.places[operand]
        lines = own.line_of(moved)
        divisor = own.length if BY_NAME[apply.operator].name == "mean" else 1
        return _objects([mp.fsum(self.change(operand, moved[lines == line])) / divisor for line in places])

    def _product_change(self, apply: Apply, own: RowsByColumns, places: Places) -> Objects:
        """What the moved entries of one side come to, times those of the other side."""
        one, two = (k or 0 for k in apply.operands)
        left = self._reach.masks[one] is not None
        reached = self._reach.masks[one if left else two]
        assert reached is not None
        out = []
        for row, column in zip(*own.operands(places), strict=True):
            near, far = (row, column) if left else (column, row)
            mine = reached[near]
            moved, fixed = self.change(one if left else two, near[mine]), self._base.at(two if left else one, far[mine])
            out.append(mp.fsum(moved * fixed) if mine.any() else mp.mpf(0))
        return _objects(out)

    def _sums(self, node: int) -> bool:
        """Whether the node is linear in the one operand that the moved entry reaches, and cheap to say so of."""
        apply = self.typed.program.nodes[node]
        if not isinstance(apply, Apply) or self._reach.masks[node] is None:
            return False
        if isinstance(self.wiring(node), RowsByColumns):
            return sum(self._reach.masks[k or 0] is not None for k in apply.operands) == 1
        return adds_up(apply.operator)


def _objects(values: Sequence[Any]) -> Objects:
    out = np.empty(len(values), dtype=object)
    out[:] = list(values)
    return out
