"""How far rounding may have carried each leg: estimates of different cost, each computed when it is first needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from ..numeric import Forward, NumericResult, node_gradients, perturb, with_rounding_noise
from ..numeric import differentiate as autograd
from ..program import Apply, Refusal
from ..symbolic import Magnitudes, RunningErrors
from .evaluation import EvaluatedForms
from .exact import Reach
from .preparation import PreparedRequest

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

#: How often the inputs are perturbed by a rounding.
PERTURBATIONS = 4


class ErrorEstimates:
    """The estimates for one request, for autograd's gradients (`numbers`) and for the closed forms' (`form`).

    `dtype` is the least precise in which autograd computed, and `unit` its roundoff.
    """

    def __init__(self, request: PreparedRequest, numbers: NumericResult, form: EvaluatedForms) -> None:
        self.request, self.numbers, self.form = request, numbers, form
        self.dtype = request.program.coarsest
        self.unit = torch.finfo(self.dtype).eps

    def is_sum(self, name: str) -> bool:
        """Whether something is added up in a closed form."""
        return name in self.form.compiled.linear_slots.by_result

    def terms(self, name: str, places: Places | None = None) -> Numbers | None:
        """The magnitudes of the terms that entries of a closed form are the sum of; None where it is not a sum.

        They are those of the entries at `places`, or of all entries.
        """
        return self._terms(self._magnitudes, name, places)

    def some_terms(self, name: str, places: Places) -> Numbers | None:
        """The same of some of the terms alone: they are no larger, and cost a fraction."""
        return self._terms(self._some_magnitudes, name, places)

    def _terms(self, magnitudes: Magnitudes, name: str, places: Places | None) -> Numbers | None:
        terms = magnitudes.of(name, places)
        return None if terms is None else terms.cpu().numpy()

    def largest_terms(self, name: str) -> float:
        """A bound on the magnitudes of all terms that entries of a closed form are the sum of."""
        return self._magnitudes.largest(name)

    def bound(self, name: str, places: Places) -> Numbers | None:
        """The running error bound of a closed form at these places for autograd's roundoff; None where it is exact."""
        bound = self._running_errors.at(name, torch.from_numpy(places).to(self.form.device))
        return None if bound is None else bound.cpu().numpy()

    def input_sensitivity(self, name: str) -> float:
        """How far autograd's gradient changes, at the entry that changes most, with a rounding of its inputs.

        A closed form in which sympy cancelled terms has no error where autograd still has its own.
        """
        return self._input_sensitivities.get(name, 0.0)

    def rounding_sensitivity(self, name: str) -> float:
        """The same where the value of every operator changes by a rounding too.

        An operator may lose digits that the inputs have.
        """
        return self._rounding_sensitivities.get(name, 0.0)

    def form_sensitivity(self, name: str) -> torch.Tensor:
        """How far each entry of a closed form changes at most when every input changes by a rounding of its dtype."""
        changes = self._form_sensitivities.get(name)
        return torch.zeros_like(self.numbers.gradients[name], dtype=torch.float64) if changes is None else changes

    def incoming_gradient(self, reach: Reach) -> float:
        """The largest gradient that arrives at an operator, times how fast its operands change with an input's entry.

        An operator's own derivative is computed to within some roundings of 1, and not of its own size: torch's
        derivative of tanh is 1 minus a square.
        """
        gradients, rates = self.node_gradients, self._rates(reach)
        sizes = [
            _largest(gradients[n], reach.places[n]) * max((rates[o] for o in node.operands if o in rates), default=0.0)
            for n, node in enumerate(self.request.program.typed.program.nodes)
            if isinstance(node, Apply) and n in gradients
        ]
        return max((size for size in sizes if math.isfinite(size)), default=0.0)

    @cached_property
    def node_gradients(self) -> Mapping[int, torch.Tensor]:
        """Autograd's gradients of the nodes that have one, by the node's number."""
        request = self.request
        return node_gradients(request.program.forward, request.inputs, request.upstream, request.device)

    @cached_property
    def _magnitudes(self) -> Magnitudes:
        compiled = self.form.compiled
        return Magnitudes(compiled.plan, compiled.linear_slots, self.form.steps, self.form.point)

    @cached_property
    def _some_magnitudes(self) -> Magnitudes:
        compiled = self.form.compiled
        return Magnitudes(compiled.plan, compiled.linear_slots, self.form.steps, self.form.point, some=True)

    @cached_property
    def _running_errors(self) -> RunningErrors:
        return RunningErrors(self.form.compiled.plan, self.form.point, self.unit)

    @cached_property
    def _input_sensitivities(self) -> Mapping[str, float]:
        return self._sensitivities(lambda forward, random: forward)

    @cached_property
    def _rounding_sensitivities(self) -> Mapping[str, float]:
        return self._sensitivities(with_rounding_noise)

    def _sensitivities(self, disturb: Callable[[Forward, torch.Generator], Forward]) -> Mapping[str, float]:
        """The largest change of an entry of each of autograd's gradients.

        Entry by entry it would say too little: what remains of a cancellation is a rounding at some entries and zero at
        others.
        """
        request, random = self.request, torch.Generator().manual_seed(0)
        largest: dict[str, float] = {}
        for _ in range(PERTURBATIONS):
            inputs = {name: perturb(x, random) for name, x in request.inputs.items()}
            forward = disturb(request.program.forward, random)
            try:
                result = autograd(forward, inputs, request.program.wrt, request.upstream, request.device)
            except Refusal:
                # A rounding took the inputs out of what an operator takes.
                continue
            for name, gradient in result.gradients.items():
                change = _change(gradient, self.numbers.gradients[name])
                largest[name] = max(largest.get(name, 0.0), float(change.amax()) if change.numel() else 0.0)
        return largest

    @cached_property
    def _form_sensitivities(self) -> Mapping[str, torch.Tensor]:
        request, evaluate, point = self.request, self.form.compiled.evaluate, self.form.point
        random = torch.Generator().manual_seed(0)
        unperturbed = evaluate(point)
        largest: dict[str, torch.Tensor] = {}
        for _ in range(PERTURBATIONS):
            perturbed = {
                name: perturb(request.inputs[name], random).to(x) if name in request.inputs else x
                for name, x in point.items()
            }
            for name, gradient in evaluate(perturbed).items():
                before = unperturbed[name]
                if gradient is not None and before is not None:
                    change = _change(gradient, before)
                    largest[name] = torch.maximum(largest[name], change) if name in largest else change
        return largest

    def _rates(self, reach: Reach) -> dict[int, float]:
        """How fast the fastest entry of each node changes with an entry of an input, by a difference quotient."""
        request = self.request
        shifted = request.inputs[reach.name].detach().clone(memory_format=torch.contiguous_format)
        flat = shifted.view(-1)
        at = float(flat[reach.place])
        flat[reach.place] += torch.finfo(shifted.dtype).eps ** 0.5 * max(abs(at), request.scale)
        step = float(flat[reach.place]) - at
        inputs = {name: x.to(request.device) for name, x in {**request.inputs, reach.name: shifted}.items()}
        values = request.program.forward(inputs)
        return {
            n: _largest(values[n].to(torch.float64) - value.to(torch.float64), reach.places[n]) / step
            for n, value in enumerate(self.numbers.values)
            if isinstance(value, torch.Tensor) and value.is_floating_point()
        }


def _change(after: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """How far each entry changed; zero where that is not finite."""
    return (after - before).abs().nan_to_num(nan=0.0, posinf=0.0)


def _largest(tensor: torch.Tensor, places: Places) -> float:
    """The largest magnitude of a tensor at these places, 0 where there are none."""
    entries = tensor.detach().reshape(-1).cpu()[torch.from_numpy(places)].abs()
    return float(entries.amax()) if entries.numel() else 0.0
