"""The magnitudes of the terms whose sum a plan's result is: roundings are measured by them where terms cancel.

Two orders of the same sums differ by some roundings of the sum of the terms' magnitudes (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.1), entry by entry, however little the sum itself comes to.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch

from ..lowering.plan import Call, Gather, Operand, Plan, Product, Reduce, Scatter, Step, reads
from .evaluate import Slots, closure, functions, operand_views, restore

#: How many times as many entries a tensor has before those that are asked for are taken out of it first.
FEW_TIMES = 4


class Magnitudes:
    """The magnitudes of the terms of a plan's results on given tensors; what results share is computed once.

    `slots` are the values of the plan's steps on these tensors. Products and sums are followed back to the first values
    that are made otherwise.
    """

    def __init__(
        self, plan: Plan, linear_slots: LinearSlots, slots: Slots, tensors: Mapping[str, torch.Tensor]
    ) -> None:
        self._plan, self._linear_slots, self._slots, self._tensors = plan, linear_slots, slots, tensors
        #: The magnitudes of a slot's terms, None where they are the magnitudes of its values.
        self._known: dict[int, torch.Tensor | None] = {}

    def of(self, name: str, places: torch.Tensor | None = None) -> torch.Tensor | None:
        """The magnitudes of one result's terms, flat; None where nothing is added up in it.

        With `places`, only those of these entries, which are numbered in row-major order.
        """
        linear, result = self._linear_slots.get(name), self._plan.results.get(name)
        if linear is None or result is None or not isinstance(result.slot, tuple):
            return None
        slot, like = result.slot[0], self._tensors[name]
        if places is None:
            magnitudes = self._all(slot, linear)
            return None if magnitudes is None else restore(result, {slot: magnitudes}, like).reshape(-1)
        indices = zip(torch.unravel_index(places, like.shape), like.shape, strict=True)
        at = dict(zip(result.axes, (index for index, n in indices if n != 1), strict=True))
        return self._at(slot, tuple(at[k] for k in range(self._slots[slot].dim())), len(places))

    def _all(self, slot: int, linear: Sequence[int] | None = None) -> torch.Tensor | None:
        for source in _linear(self._plan, slot) if linear is None else linear:
            if source not in self._known:
                self._known[source] = self._compute(source)
        return self._known[slot]

    def _at(self, slot: int, index: tuple[torch.Tensor, ...], count: int) -> torch.Tensor | None:
        """The magnitudes of some entries' terms: without those of the others, where there are many more of them."""
        value = self._slots[slot]
        if slot in self._known or value.numel() <= FEW_TIMES * count:
            return self._taken(slot, index)
        match self._plan.steps[slot]:
            case Call("add" | "sub" | "neg" | "mul" as function, operands):
                combine = operator.mul if function == "mul" else operator.add
                return torch.as_tensor(reduce(combine, (self._operand_at(o, index, count) for o in operands)))
            case Product(slots, labels, out) if {k for term in labels for k in term} == set(out):
                total: Any = 1.0
                for source, term in zip(slots, labels, strict=True):
                    total = total * self._size_at(source, tuple(index[out.index(k)] for k in term), count)
                return torch.as_tensor(total)
        return self._taken(slot, index)

    def _taken(self, slot: int, index: tuple[torch.Tensor, ...]) -> torch.Tensor | None:
        magnitudes = self._all(slot)
        return None if magnitudes is None else magnitudes[index]

    def _operand_at(self, operand: Operand, index: tuple[torch.Tensor, ...], count: int) -> Any:
        if not isinstance(operand, tuple):
            return abs(operand)
        value = torch.as_tensor(self._slots[operand[0]])
        axes = tuple(range(value.dim())) if operand[1] is None else operand[1]
        by_axis = dict(zip(axes, index[len(index) - len(axes) :], strict=True))
        at = tuple(by_axis[k] if value.shape[k] != 1 else torch.zeros_like(by_axis[k]) for k in range(value.dim()))
        return self._size_at(operand[0], at, count)

    def _size_at(self, slot: int, index: tuple[torch.Tensor, ...], count: int) -> Any:
        value = torch.as_tensor(self._slots[slot])
        magnitudes = self._at(slot, index, count) if value.dim() else self._all(slot)
        return abs(value[index].to(torch.float64)) if magnitudes is None else magnitudes

    def _compute(self, slot: int) -> torch.Tensor | None:
        """The magnitudes of a slot's terms, from those of the slots that it is linear in, which must be known."""
        step = self._plan.steps[slot]
        match step:
            case Call("add" | "sub", operands):
                return self._run(operator.add, operands)
            case Call("neg", operands) if self._added(operands):
                return self._run(lambda a: a, operands)
            case Call("mul", operands) if self._added(operands):
                return self._run(operator.mul, operands)
            case Call("div", (a, b)) if self._added((a,)):
                return self._run(lambda u, w: u / w, (a,), (b,))
            case Call("where", (c, a, b)) if self._added((a, b)):
                (condition,) = operand_views((c,))
                return self._run(lambda u, w: functions()["where"](condition(self._slots), u, w), (a, b))
            case Gather(source) if self._known.get(source) is None:
                return None
            case Product() | Reduce("sum" | "cumsum" | "cumsum_back") | Gather() | Scatter(tuple()):
                return self._replay(slot)
        return None

    def _added(self, operands: tuple[Operand, ...]) -> bool:
        return any(isinstance(o, tuple) and self._known.get(o[0]) is not None for o in operands)

    def _size(self, slot: int) -> Any:
        known = self._known.get(slot)
        if known is not None:
            return known
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
        for source in _sources(step):
            sizes[source] = self._size(source)
        return torch.as_tensor(closure(step)(sizes, self._tensors))


#: For each result in which something is added up, the slots that it is linear in, in order.
LinearSlots = Mapping[str, tuple[int, ...]]


def linear_slots(plan: Plan) -> LinearSlots:
    """The slots that each result of a plan is linear in, the same for all tensors."""
    by_name = {}
    for name, result in plan.results.items():
        if result is not None and isinstance(result.slot, tuple):
            linear = tuple(_linear(plan, result.slot[0]))
            if any(_adds(plan.steps[slot]) for slot in linear):
                by_name[name] = linear
    return by_name


def _adds(step: Step) -> bool:
    match step:
        case Call(function):
            return function in ("add", "sub")
        case Product() | Scatter() | Reduce("sum" | "cumsum" | "cumsum_back"):
            return True
    return False


def _linear(plan: Plan, slot: int) -> list[int]:
    """The slots that one is linear in, itself included, in order: those that sums and products are followed back to."""
    wanted, reached = [slot], {slot}
    while wanted:
        sources = _sources(plan.steps[wanted.pop()])
        wanted += sources - reached
        reached |= sources
    return sorted(reached)


def _sources(step: Step) -> set[int]:
    """The slots that a step is linear in."""
    match step:
        case Call("add" | "sub" | "neg" | "mul") | Product() | Reduce("sum" | "cumsum" | "cumsum_back"):
            return set(reads(step))
        case Call("div", (*linear, _)) | Call("where", (_, *linear)):
            return {o[0] for o in linear if isinstance(o, tuple)}
        case Gather(source) | Scatter((source, _)):
            return {source}
    return set()
