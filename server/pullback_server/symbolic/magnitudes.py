"""How large the terms are whose sum a plan's result is: what roundings are to be measured by, where terms cancel.

Two orders of the same sums differ by some roundings of the sum of the terms' magnitudes (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 3.1), entry by entry, however little the sum itself comes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from .evaluation import Slots, closure, functions, operand_views, restore
from .plan import Call, Gather, Operand, Plan, Product, Reduce, Scatter, reads


def magnitudes(plan: Plan, name: str, slots: Slots, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """The magnitudes of one result's terms, in the result's shape; None where nothing is added up in it.

    `slots` are the values of the plan's steps on these tensors. Products and sums are followed back to the first values
    that are made otherwise.
    """
    result = dict(plan.results)[name]
    if result is None or not isinstance(result.slot, tuple):
        return None
    of = _Magnitudes(plan, slots, tensors)
    for slot in _linear(plan, result.slot[0]):
        of.known[slot] = of.computed(slot)
    found = of.known[result.slot[0]]
    return None if found is None else restore(result, _Only(result.slot[0], found), tensors[name])


def _linear(plan: Plan, slot: int) -> list[int]:
    """The slots that one is linear in, itself included, in order: those that sums and products are followed back to."""
    wanted, found = [slot], {slot}
    while wanted:
        step = plan.steps[wanted.pop()]
        match step:
            case Call("add" | "sub" | "neg" | "mul", operands):
                own = [o[0] for o in operands if isinstance(o, tuple)]
            case Call("div", (above, _)):
                own = [above[0]] if isinstance(above, tuple) else []
            case Call("where", (_, *branches)):
                own = [o[0] for o in branches if isinstance(o, tuple)]
            case Product() | Reduce("sum" | "cumsum" | "cumsum_back"):
                own = list(reads(step))
            case Gather(source):
                own = [source]
            case Scatter((source, _)):
                own = [source]
            case _:
                own = []
        new = set(own) - found
        found |= new
        wanted += new
    return sorted(found)


class _Only(list[Any]):
    """Slots of which one is asked for."""

    def __init__(self, slot: int, value: torch.Tensor) -> None:
        super().__init__([None] * slot + [value])


class _Magnitudes:
    def __init__(self, plan: Plan, slots: Slots, tensors: Mapping[str, torch.Tensor]) -> None:
        self._plan, self._slots, self._tensors = plan, slots, tensors
        #: The magnitudes of a slot's terms, None where they are the magnitudes of its values.
        self.known: dict[int, torch.Tensor | None] = {}

    def computed(self, slot: int) -> torch.Tensor | None:
        """The magnitudes of a slot's terms, from those of the slots that it is linear in, which must be known."""
        step = self._plan.steps[slot]
        match step:
            case Call("add" | "sub", operands):
                return self._run(lambda a, b: a + b, operands)
            case Call("neg", operands) if self._added(operands):
                return self._run(lambda a: a, operands)
            case Call("mul", operands) if self._added(operands):
                return self._run(lambda a, b: a * b, operands)
            case Call("div", (a, b)) if self._added((a,)):
                return self._run(lambda u, w: u / w, (a,), (b,))
            case Call("where", (c, a, b)) if self._added((a, b)):
                (condition,) = operand_views((c,))
                return self._run(lambda u, w: functions()["where"](condition(self._slots), u, w), (a, b))
            case Product() | Reduce("sum" | "cumsum" | "cumsum_back"):
                return self._replayed(slot)
            case Gather(source) if self.known.get(source) is not None:
                return self._replayed(slot)
            case Scatter(value) if isinstance(value, tuple):
                return self._replayed(slot)
        return None

    def _added(self, operands: tuple[Operand, ...]) -> bool:
        return any(isinstance(o, tuple) and self.known.get(o[0]) is not None for o in operands)

    def _size(self, slot: int) -> Any:
        known = self.known.get(slot)
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

    def _replayed(self, slot: int) -> torch.Tensor:
        """The step itself, of the terms."""
        step = self._plan.steps[slot]
        sizes = list(self._slots)
        moved = {step.value[0]} if isinstance(step, Scatter) and isinstance(step.value, tuple) else set(reads(step))
        if isinstance(step, Gather):
            moved = {step.slot}
        for source in moved:
            sizes[source] = self._size(source)
        return torch.as_tensor(closure(step)(sizes, self._tensors))
