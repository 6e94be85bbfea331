"""The closed form evaluated on the request's own tensors, compared with autograd, and the verdict on every input."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import torch

from ..numeric import DeviceExhausted, device_for, memory_guard, moved, unsteady
from ..numeric import differentiate as autograd
from ..numeric.vjp import Differentiated
from ..program import Limits, Refusal
from ..symbolic import UPSTREAM, Magnitudes, error_bound
from .assembly import DONE
from .compare import CLOSE, Comparison, Estimates, compare
from .form_cache import Bound
from .input_verdict import decide, settled_verdict
from .preparation import Prepared, prepare, types_of
from .third_opinion import Examination
from .values import Examined, Leg, LegState, Outcome, Question, Verdict

log = logging.getLogger(__name__)

#: How often the inputs are moved by a rounding before the legs are said to differ.
MOVES = 4
#: The values of all steps of a plan are kept for the comparison while the inputs have no more entries than this.
KEPT = 2**22
#: Inputs with no more entries together are compared thoroughly: it costs little.
THOROUGH = 2**12
#: How many roundings of a remedy's gradient are forgiven, beyond those of a leg.
FORGIVEN = 2**10

Checked = tuple[dict[str, Verdict], dict[str, torch.Tensor], Leg]


def check(
    question: Question, prepared: Prepared, numbers: Differentiated, bound: Bound, device: torch.device
) -> Checked:
    """The verdict on every differentiated input if the question wants a check, what its closed form comes to, and how
    the symbolic leg fared.

    The closed form is evaluated in float64, on the CPU where the device has none.
    """
    try:
        with memory_guard():
            return _Check(question, prepared, numbers, bound, device).run()
    except DeviceExhausted:
        reason, message = "MEMORY", "There was not enough memory to evaluate the closed form."
    except Exception:
        # A closed form that cannot be evaluated must not cost the number; it is a fault of ours, so it is logged.
        log.exception("a closed form could not be evaluated")
        reason, message = "EVALUATION_FAILED", "The closed form could not be evaluated on these tensors."
    return dict.fromkeys(prepared.wrt, Verdict(Outcome.UNDECIDED, reason, message)), {}, Leg(LegState.FAILED, message)


class _Check:
    """One question's closed form evaluated, compared and judged."""

    def __init__(
        self, question: Question, prepared: Prepared, numbers: Differentiated, bound: Bound, device: torch.device
    ) -> None:
        self._question, self._prepared, self._numbers = question, prepared, numbers
        self._bound, self._device = bound, device
        self._wide = device_for(device, (torch.float64,))
        named = prepared.typed.program.inputs()
        self._point = {o.name: o.tensor.to(self._wide, torch.float64) for o in question.inputs if o.name in named}
        upstream = torch.ones_like(numbers.value) if question.upstream is None else question.upstream
        self._point[UPSTREAM] = upstream.to(self._wide, torch.float64)
        self._spreads: dict[bool, dict[str, float]] = {}
        self._moved: dict[str, torch.Tensor] = {}
        self._slots: list[Any] = []
        self._magnitudes: Magnitudes | None = None

    def run(self) -> Checked:
        """The verdicts, the closed forms' gradients, and how the leg fared."""
        entries = sum(t.numel() for t in self._point.values())
        kept = self._slots if entries <= KEPT else None
        found = self._bound.evaluate(self._point, kept)
        own: dict[str, torch.Tensor] = {}
        comparisons: dict[str, Comparison] = {}
        for name in self._prepared.wrt:
            theirs, ours = self._numbers.gradients[name].to(self._wide), found.get(name)
            own[name] = torch.zeros_like(theirs, dtype=torch.float64) if ours is None else ours
            if self._question.check:
                estimates = Estimates(
                    partial(self._terms, name),
                    partial(self._bounds, name),
                    partial(self._spread, name),
                    partial(self._moves, name),
                    partial(self._spread, name, within=True),
                )
                thorough = bool(self._slots) and entries <= THOROUGH
                comparisons[name] = compare(theirs, own[name], self._prepared.coarsest, estimates, thorough)
        return self._verdicts(comparisons), own, DONE

    def _verdicts(self, comparisons: dict[str, Comparison]) -> dict[str, Verdict]:
        if not comparisons:
            return {}
        met = tuple(self._prepared.watch.met(self._numbers.values)) if self._numbers.values else ()
        settled = not met and bool(self._numbers.value.sum().isfinite())
        examination: Examination | None = None
        verdicts = {}
        for name, comparison in comparisons.items():
            shape = tuple(self._numbers.gradients[name].shape)
            if settled and not comparison.places.numel():
                verdicts[name] = settled_verdict(comparison, shape)
                continue
            examination = examination or Examination(
                self._question, self._prepared, self._numbers, self._bound.forms.plan, met, self._device
            )
            looked, tried = examination.of(name, comparison), partial(self._tried, name, examination)
            program = self._prepared.typed.program
            verdicts[name] = decide(comparison, shape, looked, program, tried, examination.digits)
        return verdicts

    def _terms(self, name: str, places: torch.Tensor | None) -> torch.Tensor | None:
        if name not in self._bound.tails:
            return None
        if self._magnitudes is None:
            if not self._slots:
                self._bound.evaluate(self._point, self._slots)
            self._magnitudes = Magnitudes(self._bound.forms.plan, self._bound.tails, self._slots, self._point)
        return self._magnitudes.of(name, places)

    def _bounds(self, name: str, unit: float) -> torch.Tensor | None:
        return error_bound(self._bound.forms.plan, name, self._point, unit)

    def _spread(self, name: str, within: bool = False) -> float:
        """The largest move of an entry of one gradient; all gradients are computed when the first is asked for.

        The inputs move, and what every operator makes of them too with `within`.

        Entry by entry it would say too little: what is left of a cancellation is a rounding at some and zero at others.
        """
        if within not in self._spreads:
            spreads = self._spreads[within] = {}
            random = torch.Generator().manual_seed(0)
            for _ in range(MOVES):
                inputs = {o.name: moved(o.tensor, random) for o in self._question.inputs}
                forward = unsteady(self._prepared.forward, random) if within else self._prepared.forward
                wrt, upstream = self._prepared.wrt, self._question.upstream
                try:
                    gradients = autograd(forward, inputs, wrt, upstream, self._device).gradients
                except Refusal:
                    # A rounding took the inputs out of what an operator takes.
                    continue
                for n, gradient in gradients.items():
                    far = (gradient - self._numbers.gradients[n]).abs().nan_to_num(nan=0.0, posinf=0.0)
                    spreads[n] = max(spreads.get(n, 0.0), float(far.amax()) if far.numel() else 0.0)
        return self._spreads[within].get(name, 0.0)

    def _moves(self, name: str) -> torch.Tensor:
        """How far each entry of one closed form moves at most when every input moves by a rounding of its dtype."""
        if not self._moved:
            random = torch.Generator().manual_seed(0)
            inputs = {o.name: o.tensor for o in self._question.inputs}
            still = self._bound.evaluate(self._point)
            for _ in range(MOVES):
                point = {n: moved(inputs[n], random).to(x) if n in inputs else x for n, x in self._point.items()}
                for n, gradient in self._bound.evaluate(point).items():
                    was = still[n]
                    if gradient is not None and was is not None:
                        far = (gradient - was).abs().nan_to_num(nan=0.0, posinf=0.0)
                        self._moved[n] = torch.maximum(self._moved[n], far) if n in self._moved else far
        return self._moved.get(name, torch.zeros_like(self._numbers.gradients[name], dtype=torch.float64))

    def _tried(self, name: str, examination: Examination, text: str, entries: tuple[Examined, ...]) -> bool:
        """Whether an expression has the same value here, and the right gradient at these entries."""
        question = self._question
        try:
            prepared = prepare(text, types_of(question), self._prepared.wrt, Limits())
            inputs = {o.name: o.tensor for o in question.inputs}
            found = autograd(prepared.forward, inputs, (name,), question.upstream, self._device)
        except (Refusal, RuntimeError):
            return False
        unit = FORGIVEN * torch.finfo(self._prepared.coarsest).eps
        if not examination.same_value(found.value, unit):
            return False
        gradient = found.gradients[name]
        right = [(float(gradient[e.index]), e.derivative) for e in entries]
        return all(abs(g - d) <= CLOSE * unit * abs(d) + unit * torch.finfo(torch.float64).tiny for g, d in right)
