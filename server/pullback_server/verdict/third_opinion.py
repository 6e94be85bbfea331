"""The third opinion asked where agreement alone settles nothing, entry by entry within a budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import mpmath as mp
import numpy as np
import torch

from ..numeric import local_gradients, node_gradients
from ..numeric.vjp import Differentiated
from ..program import Apply
from ..symbolic import UPSTREAM
from ..symbolic.lowering.plan import Plan
from .compare import Comparison, Status, index_of
from .diagnosis import Scene, Witness, diagnose
from .entry_outcome import NOTHING, UNIT, Numbers, judge
from .exact import BITS, Budget, FormValues, Mask, OverBudget, Reach, Values, scale_of, slopes
from .exact.slopes import Slope as ExactSlope
from .kinks import Guard, followed
from .preparation import Prepared
from .suspects import Sort, sorts
from .values import Diagnosis, Examined, Outcome, Question, Slope

#: Entries of results that may be computed in many digits for one question: some seconds at the most.
BUDGET = 300_000
#: As many for an entry of which the comparison itself says enough.
LITTLE = 10_000
#: How many entries of a value are compared with what a rewritten expression gives.
SEEN = 256


@dataclass(frozen=True)
class Looked:
    """What the examination of a sort of suspects came to; `diagnoses` go with the entries.

    `exhausted` says that not even one of its entries could be examined within the budget.
    """

    sort: Sort
    entries: tuple[Examined, ...]
    diagnoses: tuple[Diagnosis | None, ...]
    exhausted: bool


class Examination:
    """The third opinion on one question: the expression in many digits, prepared once for all its inputs."""

    def __init__(
        self,
        question: Question,
        prepared: Prepared,
        numbers: Differentiated,
        plan: Plan,
        met: tuple[Guard, ...],
        device: torch.device,
    ) -> None:
        """`met` are the guards of the program that are met; `plan` is that of its closed forms."""
        self._question, self._prepared, self._numbers, self._device = question, prepared, numbers, device
        self._inputs = {o.name: o.tensor for o in question.inputs}
        self._met = met
        upstream = torch.ones(prepared.forward.shape) if question.upstream is None else question.upstream
        budget = self._budget = Budget(BUDGET)
        self._forms = FormValues(plan, self._inputs | {UPSTREAM: upstream}, budget)
        self._values = Values(prepared.typed, self._inputs, budget, numbers.values)
        self._scale = scale_of(self._inputs)
        #: Steps are measured by the scale, so a small one takes more bits.
        self._bits = BITS + math.ceil(-math.log2(self._scale))

    @property
    def digits(self) -> int:
        """The decimal digits that the third opinion computes with."""
        return int(self._bits * math.log10(2))

    @cached_property
    def _marks(self) -> dict[str, list[tuple[int, Mask]]]:
        """For each input which of its entries each guard, by its number, is about."""
        found: dict[str, list[tuple[int, Mask]]] = {}
        marks = [(number, guard.marks) for number, guard in enumerate(self._met)]
        infinite = ~self._numbers.value.detach().reshape(-1).cpu().isfinite()
        if bool(infinite.any()):
            # A value that is not finite is suspect too, whatever made it so.
            marks.append((len(self._met), {self._prepared.typed.program.output: infinite.numpy()}))
        for number, own in marks:
            for name, mask in followed(self._values, own).items():
                found.setdefault(name, []).append((number, mask))
        return found

    def of(self, name: str, comparison: Comparison) -> tuple[Looked, ...]:
        """The suspects of one input, sort by sort, with what their examination came to."""
        with mp.workprec(self._bits):
            return tuple(self._look(name, sort, comparison) for sort in sorts(comparison, self._marks.get(name, [])))

    def same_value(self, value: torch.Tensor, share: float) -> bool:
        """Whether a value is the expression's own, within a share of each entry: in many digits where that is cheap."""
        own = self._numbers.value.reshape(-1).cpu()
        flat, output = value.detach().reshape(-1).cpu(), self._prepared.typed.program.output
        if flat.shape != own.shape:
            return False
        try:
            with mp.workprec(self._bits), self._budget.within(LITTLE):
                places = np.arange(min(flat.numel(), SEEN))
                exact = zip(flat.tolist(), self._values.at(output, places), strict=False)
                return all(abs(v - e) <= share * abs(e) + share * UNIT for v, e in exact if mp.isfinite(e))
        except OverBudget:
            finite = own.isfinite()
            return torch.allclose(flat[finite], own[finite], rtol=share, atol=share)

    def _look(self, name: str, sort: Sort, comparison: Comparison) -> Looked:
        entries, diagnoses = [], []
        for place in sort.chosen:
            try:
                settled = sort.status in (Status.FRAGILE, Status.LIMITED) and not sort.guards
                with self._budget.within(LITTLE if settled else BUDGET):
                    entry, diagnosis = self._examined(name, place, sort.guards, comparison)
            except OverBudget:
                break
            entries.append(entry)
            diagnoses.append(diagnosis)
        return Looked(sort, tuple(entries), tuple(diagnoses), not entries)

    def _examined(
        self, name: str, place: int, on: tuple[int, ...], comparison: Comparison
    ) -> tuple[Examined, Diagnosis | None]:
        tensor = self._inputs[name]
        at = float(tensor.reshape(-1)[place])
        if not math.isfinite(at):
            raise OverBudget
        reach = self._values.reach(name, place)
        found = slopes(self._values, reach, self._question.upstream, at, self._scale)
        exact = self._forms.gradient(name, place) if name in dict(self._forms.results) else mp.mpf(0)
        autograd, ours = float(comparison.theirs[place]), float(comparison.ours[place])
        arriving = cache(lambda: self._arriving(reach, place))
        numbers = Numbers(
            autograd,
            ours,
            exact,
            comparison.unit,
            torch.finfo(self._prepared.coarsest).max,
            comparison.error_at(place),
            lambda: comparison.terms_at(place),
            arriving,
            lambda: comparison.moved_at(place),
            lambda: comparison.spread(arriving()),
        )
        judged = judge(numbers, found)
        right = found.derivative
        entry = Examined(
            index_of(place, tuple(tensor.shape)),
            judged.outcome,
            autograd,
            ours,
            float(exact),
            math.nan if right is None else _plain(right),
            judged.error,
            _shown(found.left),
            _shown(found.right),
        )
        if judged.outcome is Outcome.AGREE:
            return entry, None
        guards = tuple(self._met[number] for number in on if number < len(self._met))
        return entry, diagnose(Witness(self._scene, reach, judged.outcome, found, autograd, exact, guards))

    def _arriving(self, reach: Reach, place: int) -> float:
        """The largest gradient that arrives at an operator, times how its operands move with an entry.

        An operator's own derivative is computed to some roundings of 1 and not of itself: torch's of tanh is 1 minus a
        square.
        """
        gradients, rates = self._scene.torch_gradients(), self._rates(reach, place)
        sizes = [
            _largest(gradients[n], reach.places[n]) * max((rates[o] for o in node.operands if o in rates), default=0.0)
            for n, node in enumerate(self._prepared.typed.program.nodes)
            if isinstance(node, Apply) and n in gradients
        ]
        return max((size for size in sizes if math.isfinite(size)), default=0.0)

    def _rates(self, reach: Reach, place: int) -> dict[int, float]:
        """How fast the fastest entry of each node's value moves with an entry of an input, by a difference quotient."""
        moved = self._inputs[reach.name].detach().clone(memory_format=torch.contiguous_format)
        flat = moved.view(-1)
        at = float(flat[place])
        flat[place] += torch.finfo(moved.dtype).eps ** 0.5 * max(abs(at), self._scale)
        step = float(flat[place]) - at
        there = self._prepared.forward({k: v.to(self._device) for k, v in (self._inputs | {reach.name: moved}).items()})
        return {
            n: _largest(there[n].to(torch.float64) - value.to(torch.float64), reach.places[n]) / step
            for n, value in enumerate(self._numbers.values)
            if isinstance(value, torch.Tensor) and value.is_floating_point()
        }

    @cached_property
    def _scene(self) -> Scene:
        @cache
        def gradients() -> Mapping[int, torch.Tensor]:
            upstream = self._question.upstream
            return node_gradients(self._prepared.forward, self._inputs, upstream, self._device)

        def sent_back(node: int, operands: Sequence[int]) -> Mapping[int, torch.Tensor]:
            own = gradients().get(node)
            if own is None:
                return {}
            values = self._numbers.values
            differentiable = [
                k for k in operands if isinstance(values[k], torch.Tensor) and values[k].is_floating_point()
            ]
            return local_gradients(self._prepared.forward, values, node, differentiable, own)

        unit = torch.finfo(self._prepared.coarsest).eps
        return Scene(self._values, self._numbers.values, gradients, sent_back, self._met, unit)


def _largest(tensor: torch.Tensor, places: np.ndarray[Any, Any]) -> float:
    """The largest magnitude of a tensor at some places, 0 where there are none."""
    found = tensor.detach().reshape(-1).cpu()[torch.from_numpy(places)].abs()
    return float(found.amax()) if found.numel() else 0.0


def _shown(slope: ExactSlope) -> Slope:
    return Slope(slope.side, _plain(slope.value), float(slope.error))


def _plain(number: mp.mpf) -> float:
    """A number of many digits as a double, without what is left of the digits where it is nothing."""
    return 0.0 if abs(number) <= NOTHING else float(number)
