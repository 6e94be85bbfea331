"""The third opinion, asked where agreement alone decides nothing, entry by entry within a budget."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import mpmath as mp
import numpy as np
import torch

from ..program import OverBudget, Work
from ..symbolic import UPSTREAM
from .compare import Comparison, Status, index_of
from .diagnosis import DiagnosisContext, EntryContext, diagnose
from .entry_outcome import NEGLIGIBLE, UNIT, EntryNumbers, entry_outcome
from .estimates import ErrorEstimates
from .exact import BITS, FormValues, Mask, Values, slopes
from .exact.slopes import Slope as ExactSlope
from .kinks import Guard, trace_to_inputs
from .suspects import SuspectGroup, group_suspects
from .values import Diagnosis, ExaminedEntry, Outcome, Slope

#: Entries of results that may be computed in many digits for one request: some seconds at most.
BUDGET = 300_000
#: As many for an entry whose comparison already says enough.
SMALL_BUDGET = 10_000
#: How many entries of a value are compared with the value of a rewritten expression.
VALUES_COMPARED = 256


@dataclass(frozen=True)
class ExaminedGroup:
    """A group of suspects with those that were examined: none where the budget was too small for the first."""

    suspects: SuspectGroup
    entries: tuple[tuple[ExaminedEntry, Diagnosis | None], ...]


class ThirdOpinion:
    """The third opinion on one request: the expression in many digits, prepared once for all its inputs."""

    def __init__(self, estimates: ErrorEstimates, guards: tuple[Guard, ...]) -> None:
        """`guards` are those that the program is on."""
        request = self.request = estimates.request
        self._estimates, self._guards = estimates, guards
        budget = self._budget = Work(BUDGET)
        tensors = {**request.inputs, UPSTREAM: request.upstream}
        self._forms = FormValues(estimates.form.compiled.plan, tensors, budget)
        self._values = Values(request.program.typed, request.inputs, budget, estimates.numbers.values)
        self._context = DiagnosisContext(estimates, self._values, guards)
        # Steps are measured by the scale, so a small one takes more bits.
        self._bits = BITS + math.ceil(-math.log2(request.scale))

    @property
    def digits(self) -> int:
        """The decimal digits that the third opinion computes with."""
        return int(self._bits * math.log10(2))

    @cached_property
    def _marks(self) -> Mapping[str, list[tuple[int, Mask]]]:
        """For each input the entries that each guard, by its number, depends on."""
        marks = [guard.marks for guard in self._guards]
        infinite = ~self._estimates.numbers.value.detach().reshape(-1).cpu().isfinite()
        if bool(infinite.any()):
            # Entries that a value which is not finite depends on are suspect too.
            marks.append({self.request.program.typed.program.output: infinite.numpy()})
        by_input: dict[str, list[tuple[int, Mask]]] = defaultdict(list)
        for number, node_marks in enumerate(marks):
            for name, mask in trace_to_inputs(self._values, node_marks).items():
                by_input[name].append((number, mask))
        return by_input

    def examine(self, comparison: Comparison) -> tuple[ExaminedGroup, ...]:
        """The suspects of one input, group by group, with the entries that were examined."""
        with mp.workprec(self._bits):
            groups = group_suspects(comparison, self._marks.get(comparison.name, []))
            return tuple(self._examine_group(group, comparison) for group in groups)

    def same_value(self, value: torch.Tensor, share: float) -> bool:
        """Whether a value is the expression's within a share of each entry: in many digits where that is cheap."""
        expected, value = (x.detach().reshape(-1).cpu() for x in (self._estimates.numbers.value, value))
        if value.shape != expected.shape:
            return False
        try:
            with mp.workprec(self._bits), self._budget.within(SMALL_BUDGET):
                places = np.arange(min(value.numel(), VALUES_COMPARED))
                exact = zip(value.tolist(), self._values.at(self._values.typed.program.output, places), strict=False)
                return all(abs(v - e) <= share * abs(e) + share * UNIT for v, e in exact if mp.isfinite(e))
        except OverBudget:
            finite = expected.isfinite()
            return torch.allclose(value[finite], expected[finite], rtol=share, atol=share)

    def _examine_group(self, suspects: SuspectGroup, comparison: Comparison) -> ExaminedGroup:
        certain = suspects.status in (Status.FRAGILE, Status.LIMITED) and not suspects.guards
        entries = []
        for place in suspects.chosen:
            try:
                with self._budget.within(SMALL_BUDGET if certain else BUDGET):
                    entries.append(self._examine_entry(place, suspects.guards, comparison))
            except OverBudget:
                break
        return ExaminedGroup(suspects, tuple(entries))

    def _examine_entry(
        self, place: int, guards: tuple[int, ...], comparison: Comparison
    ) -> tuple[ExaminedEntry, Diagnosis | None]:
        name, request = comparison.name, self.request
        at = float(request.inputs[name].reshape(-1)[place])
        if not math.isfinite(at):
            raise OverBudget
        reach = self._values.reach(name, place)
        one_sided = slopes(self._values, reach, request.upstream, at, request.scale)
        exact = self._forms.gradient(name, place)
        autograd, closed_form = float(comparison.autograd[place]), float(comparison.closed_form[place])
        numbers = EntryNumbers(comparison, reach, autograd, closed_form, exact)
        outcome, error = entry_outcome(numbers, one_sided)
        derivative = one_sided.derivative
        entry = ExaminedEntry(
            index=index_of(place, comparison.shape),
            outcome=outcome,
            autograd=autograd,
            closed_form=closed_form,
            closed_form_exact=float(exact),
            derivative=math.nan if derivative is None else _double(derivative),
            error=error,
            left=_slope(one_sided.left),
            right=_slope(one_sided.right),
        )
        if outcome is Outcome.AGREE:
            return entry, None
        active = tuple(self._guards[number] for number in guards if number < len(self._guards))
        return entry, diagnose(EntryContext(self._context, reach, outcome, one_sided, autograd, exact, active))


def _slope(slope: ExactSlope) -> Slope:
    return Slope(slope.kind, _double(slope.value), float(slope.error))


def _double(number: mp.mpf) -> float:
    """A number of many digits as a double; 0 where it is nothing but the rounding of those digits."""
    return 0.0 if abs(number) <= NEGLIGIBLE else float(number)
