"""Which slots of a plan its results are linear in, and in which of them something is added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..lowering.plan import Call, Gather, Plan, Product, Reduce, Scatter, Step, reads


@dataclass(frozen=True)
class LinearSlots:
    """The slots that each result of a plan is linear in, in order, where something is added up in it.

    `adding` are the slots in which something is added up, there or in what they are linear in; `values_read` those
    whose own values the magnitudes of terms are made of.
    """

    plan: Plan
    by_result: Mapping[str, tuple[int, ...]]
    adding: frozenset[int]
    values_read: frozenset[int]
    _orders: dict[tuple[int, bool], tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    def order(self, slot: int, last_contractions: bool = False) -> tuple[int, ...]:
        """The slots that one is linear in, in order, itself included; if asked, only up to the last contractions."""
        key = slot, last_contractions
        if key not in self._orders:
            self._orders[key] = _linear(self.plan, slot, last_contractions)
        return self._orders[key]


def linear_slots(plan: Plan) -> LinearSlots:
    """The slots that the results of a plan are linear in, the same for all tensors."""
    adding: set[int] = set()
    for slot, step in enumerate(plan.steps):
        if adds(step) or linear_in(step) & adding:
            adding.add(slot)
    by_result = {
        name: _linear(plan, result.slot[0])
        for name, result in plan.results.items()
        if result is not None and isinstance(result.slot, tuple) and result.slot[0] in adding
    }
    values_read = set[int]()
    for name in by_result:
        result = plan.results[name]
        assert result is not None
        assert isinstance(result.slot, tuple)
        values_read |= _values_read(plan, result.slot[0], adding)
    return LinearSlots(plan, by_result, frozenset(adding), frozenset(values_read))


def _values_read(plan: Plan, slot: int, adding: set[int]) -> set[int]:
    """The slots whose values the magnitudes of a result's terms are made of, and those of some of its terms."""
    values = set[int]()
    for followed in adding.intersection(_linear(plan, slot)):
        step = plan.steps[followed]
        values |= (linear_in(step) - adding) | _nonlinear_in(step)
    wanted, reached = [slot], {slot}
    while wanted:
        step = plan.steps[wanted.pop()]
        sources = linear_in(step)
        if contracts(step):
            values |= sources
        else:
            wanted += sources & adding - reached
            reached |= sources
    return values


def _nonlinear_in(step: Step) -> set[int]:
    """The slots that a linear step reads without being linear in them."""
    match step:
        case Call("div", (_, b)) | Call("where", (b, _, _)):
            return {b[0]} if isinstance(b, tuple) else set()
        case Gather(_, _, indices) | Scatter(_, _, indices):
            return {o[0] for o in indices if isinstance(o, tuple)}
    return set()


def adds(step: Step) -> bool:
    """Whether a step adds something up."""
    match step:
        case Call(function):
            return function in ("add", "sub")
        case Product() | Scatter(tuple()) | Reduce("sum" | "cumsum" | "cumsum_back"):
            return True
    return False


def contracts(step: Step) -> bool:
    """Whether a step adds up entries of one tensor."""
    return adds(step) and not isinstance(step, Call)


def linear_in(step: Step) -> set[int]:
    """The slots that a step is linear in."""
    match step:
        case Call("add" | "sub" | "neg" | "mul") | Product() | Reduce("sum" | "cumsum" | "cumsum_back"):
            return set(reads(step))
        case Call("div", (*linear, _)) | Call("where", (_, *linear)):
            return {o[0] for o in linear if isinstance(o, tuple)}
        case Gather(source) | Scatter((source, _)):
            return {source}
    return set()


def _linear(plan: Plan, slot: int, last_contractions: bool = False) -> tuple[int, ...]:
    """The slots that one is linear in, itself included, in order: those that sums and products are followed back to.

    With `last_contractions` what these add up is not followed.
    """
    wanted, reached = [slot], {slot}
    while wanted:
        step = plan.steps[wanted.pop()]
        sources = set[int]() if last_contractions and contracts(step) else linear_in(step)
        wanted += sources - reached
        reached |= sources
    return tuple(sorted(reached))
