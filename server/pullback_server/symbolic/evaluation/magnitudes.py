"""The magnitudes of the terms whose sum a plan's result is: roundings are measured by them where terms cancel.

Two orders of the same sums differ by some roundings of the sum of the terms' magnitudes (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.1), entry by entry, however little the sum itself comes to.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import torch

from ..lowering.plan import Call, Gather, Operand, Plan, Product, Reduce
from .evaluate import Slots, closure, functions, operand_views, restore
from .linearity import LinearSlots, linear_in

#: How many times as many entries a tensor has before those that are asked for are taken out of it first.
FEW_TIMES = 4
#: How many times as much an entry costs that is taken out of a tensor as one of a contraction of whole tensors.
TAKEN, CONTRACTED = 8, 1 / 16


class Magnitudes:
    """The magnitudes of the terms of a plan's results on given tensors; what results share is computed once.

    `slots` are the values of the plan's steps on these tensors. Products and sums are followed back to the first values
    that are made otherwise.
    """

    def __init__(self, plan: Plan, linear: LinearSlots, slots: Slots, tensors: Mapping[str, torch.Tensor]) -> None:
        self._plan, self._linear, self._slots, self._tensors = plan, linear, slots, tensors
        #: The magnitudes of the terms of slots in which something is added up, and bounds on those of any slot.
        self._known: dict[int, torch.Tensor] = {}
        self._bounds: dict[int, float] = {}

    def of(self, name: str, places: torch.Tensor | None = None) -> torch.Tensor | None:
        """The magnitudes of one result's terms, flat; None where nothing is added up in it.

        With `places`, only those of these entries, which are numbered in row-major order.
        """
        result = self._plan.results.get(name)
        if name not in self._linear.by_result or result is None or not isinstance(result.slot, tuple):
            return None
        slot, like = result.slot[0], self._tensors[name]
        if places is None:
            return restore(result, {slot: self._all(slot)}, like).reshape(-1)
        indices = zip(torch.unravel_index(places, like.shape), like.shape, strict=True)
        at = dict(zip(result.axes, (index for index, n in indices if n != 1), strict=True))
        return self._at(slot, tuple(at[k] for k in range(self._slots[slot].dim())), len(places)).expand(len(places))

    def largest(self, name: str) -> float:
        """A bound on the magnitudes of the terms of all entries of a result; 0 where nothing is added up in it."""
        bound = 0.0
        for slot in self._linear.by_result.get(name, ()):
            if slot in self._linear.adding:
                bound = self._operand_bound((slot, None))
        return bound

    def _bound(self, slot: int) -> float:
        """A bound on the magnitudes of a slot's terms, from those of the slots that it is linear in."""
        step = self._plan.steps[slot]
        if slot in self._linear.adding:
            match step:
                case Call("add" | "sub", operands):
                    return sum(map(self._operand_bound, operands))
                case Call("neg" | "mul", operands):
                    return math.prod(map(self._operand_bound, operands))
                case Call("where", (_, *branches)):
                    return max(map(self._operand_bound, branches))
                case Product(slots, labels, out):
                    lengths = self._lengths(slots, labels)
                    added = math.prod(n for label, n in lengths.items() if label not in out)
                    return added * math.prod(self._operand_bound((s, None)) for s in slots)
                case Reduce("sum" | "cumsum" | "cumsum_back", source, axes):
                    added = math.prod(self._slots[source].shape[k] for k in axes)
                    return added * self._operand_bound((source, None))
                case Gather(source):
                    return self._operand_bound((source, None))
        return _largest(self._slots[slot] if slot not in self._linear.adding else self._all(slot))

    def _operand_bound(self, operand: Operand) -> float:
        if not isinstance(operand, tuple):
            return abs(operand)
        if operand[0] not in self._bounds:
            self._bounds[operand[0]] = self._bound(operand[0])
        return self._bounds[operand[0]]

    def _all(self, slot: int) -> torch.Tensor:
        """The magnitudes of the terms of all entries of a slot in which something is added up."""
        for source in () if slot in self._known else self._linear.order(slot):
            if source in self._linear.adding and source not in self._known:
                self._known[source] = self._compute(source)
        return self._known[slot]

    def _at(self, slot: int, index: tuple[torch.Tensor, ...], count: int) -> torch.Tensor:
        """The magnitudes of some entries' terms: without those of the others, where there are many more of them.

        `index` has an array for each axis; these broadcast against one another, to `count` entries.
        """
        value = self._slots[slot]
        if slot not in self._linear.adding:
            return torch.as_tensor(abs(value[index].to(torch.float64)))
        if slot in self._known or value.numel() <= FEW_TIMES * count:
            return self._all(slot)[index]
        match self._plan.steps[slot]:
            case Call("add" | "sub" | "neg" | "mul" as function, operands):
                combine = operator.mul if function == "mul" else operator.add
                return torch.as_tensor(reduce(combine, (self._operand_at(o, index, count) for o in operands)))
            case Call("div", (a, b)):
                divisor = abs(operand_views((b,))[0](self._slots)) if isinstance(b, float) else self._taken(b, index)
                return torch.as_tensor(self._operand_at(a, index, count) / divisor)
            case Product() as step if (lengths := self._cheap_at(slot, step, count)) is not None:
                return self._product_at(step, lengths, index, count)
        return self._all(slot)[index]

    def _cheap_at(self, slot: int, step: Product, count: int) -> dict[int, int] | None:
        """The lengths of what a product adds up over, where it costs less to take its operands' entries one by one."""
        lengths = self._lengths(step.slots, step.labels)
        added = {label: n for label, n in lengths.items() if label not in step.out}
        whole = sum(self._slots[s].numel() for s in step.slots) + CONTRACTED * math.prod(lengths.values())
        return added if TAKEN * count * math.prod(added.values()) <= whole else None

    def _product_at(
        self, step: Product, added: Mapping[int, int], index: tuple[torch.Tensor, ...], count: int
    ) -> torch.Tensor:
        """Some entries of a product, whose terms stand along one more axis until they are added up."""
        terms = math.prod(added.values())
        device = self._slots[step.slots[0]].device
        along = torch.unravel_index(torch.arange(terms, device=device), tuple(added.values())) if added else ()
        at = {label: i[..., None] for label, i in zip(step.out, index, strict=True)}
        at |= zip(added, along, strict=True)
        total: Any = 1.0
        for source, term in zip(step.slots, step.labels, strict=True):
            total = total * self._size_at(source, tuple(at[k] for k in term), count * terms)
        return torch.as_tensor(total).expand(*total.shape[:-1], terms).sum(-1)

    def _taken(self, operand: tuple[int, tuple[int, ...] | None], index: tuple[torch.Tensor, ...]) -> Any:
        """The magnitudes of an operand's own values at some entries of what it is an operand of."""
        value = torch.as_tensor(self._slots[operand[0]])
        return abs(value[self._operand_index(operand, value, index)].to(torch.float64))

    def _operand_at(self, operand: Operand, index: tuple[torch.Tensor, ...], count: int) -> Any:
        if not isinstance(operand, tuple):
            return abs(operand)
        value = torch.as_tensor(self._slots[operand[0]])
        return self._size_at(operand[0], self._operand_index(operand, value, index), count)

    def _operand_index(
        self, operand: tuple[int, tuple[int, ...] | None], value: torch.Tensor, index: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, ...]:
        axes = tuple(range(value.dim())) if operand[1] is None else operand[1]
        by_axis = dict(zip(axes, index[len(index) - len(axes) :], strict=True))
        return tuple(by_axis[k] if value.shape[k] != 1 else torch.zeros_like(by_axis[k]) for k in range(value.dim()))

    def _size_at(self, slot: int, index: tuple[torch.Tensor, ...], count: int) -> Any:
        value = torch.as_tensor(self._slots[slot])
        return self._at(slot, index, count) if value.dim() else self._size(slot)

    def _lengths(self, slots: tuple[int, ...], labels: tuple[tuple[int, ...], ...]) -> dict[int, int]:
        """The length of each label of a product."""
        pairs = zip(slots, labels, strict=True)
        return {label: n for s, term in pairs for label, n in zip(term, self._slots[s].shape, strict=True)}

    def _compute(self, slot: int) -> torch.Tensor:
        """The magnitudes of a slot's terms, from those of the slots that it is linear in, which must be known."""
        match self._plan.steps[slot]:
            case Call("add" | "sub", operands):
                return self._run(operator.add, operands)
            case Call("neg", operands):
                return self._run(lambda a: a, operands)
            case Call("mul", operands):
                return self._run(operator.mul, operands)
            case Call("div", (a, b)):
                return self._run(operator.truediv, (a,), (b,))
            case Call("where", (c, a, b)):
                (condition,) = operand_views((c,))
                return self._run(lambda u, w: functions()["where"](condition(self._slots), u, w), (a, b))
        return self._replay(slot)

    def _size(self, slot: int) -> torch.Tensor:
        if slot in self._linear.adding:
            return self._all(slot)
        value = torch.as_tensor(self._slots[slot])
        return abs(value.to(torch.float64) if value.dtype == torch.bool else value)

    def _run(
        self, function: Callable[..., Any], operands: tuple[Operand, ...], plain: tuple[Operand, ...] = ()
    ) -> torch.Tensor:
        """A function of the operands' terms, and of the values of the `plain` ones."""
        sizes: Slots = [None] * len(self._slots)
        for operand in operands:
            if isinstance(operand, tuple):
                sizes[operand[0]] = self._size(operand[0])
        terms = [
            view(sizes) if isinstance(o, tuple) else abs(o)
            for o, view in zip(operands, operand_views(operands), strict=True)
        ]
        values = [abs(view(self._slots)) for view in operand_views(plain)]
        return torch.as_tensor(function(*terms, *values))

    def _replay(self, slot: int) -> torch.Tensor:
        """The step itself, on the terms."""
        step, sizes = self._plan.steps[slot], list(self._slots)
        for source in linear_in(step):
            sizes[source] = self._size(source)
        return torch.as_tensor(closure(step)(sizes, self._tensors))


def _largest(value: Any) -> float:
    sizes = torch.as_tensor(value).abs()
    return float(sizes.max()) if sizes.numel() else 0.0
