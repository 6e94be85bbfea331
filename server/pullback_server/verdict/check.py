"""The closed form evaluated on the request's own tensors, compared with autograd, and the verdict on every input."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from ..numeric import DeviceExhausted, MemoryGuard, NumericResult
from ..numeric import differentiate as autograd
from ..program import Refusal
from .compare import CLOSE, Comparison, compare
from .estimates import ErrorEstimates
from .evaluation import EvaluatedForms
from .form_cache import CompiledForm
from .input_verdict import agreement, input_verdict
from .kinks import is_finite
from .preparation import PreparedRequest
from .reasons import UndecidedReason
from .third_opinion import ThirdOpinion
from .values import DONE, ExaminedEntry, Leg, LegState, Verdict

log = logging.getLogger(__name__)

#: Inputs with no more entries together are compared thoroughly: it costs little.
THOROUGH = 2**12
#: How many roundings a remedy's gradient may be off by, beyond those that a leg may.
FORGIVEN = 2**10


@dataclass(frozen=True)
class CheckResult:
    """The verdict on every input, the closed forms' gradients, and the state of the symbolic leg."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    gradients: Mapping[str, torch.Tensor] = field(default_factory=dict)
    leg: Leg = DONE


def check(
    request: PreparedRequest,
    numbers: NumericResult,
    forms: CompiledForm,
    take_time: Callable[[], None] = lambda: None,
) -> CheckResult:
    """Evaluates the closed forms in float64, and judges every differentiated input if the request wants a check.

    `take_time` is called before the third opinion.
    """
    try:
        with MemoryGuard():
            return _check(request, numbers, EvaluatedForms(forms, request), take_time)
    except DeviceExhausted:
        reason = UndecidedReason.MEMORY
    except Exception:
        # A closed form that cannot be evaluated must not cost the number; it is a fault of ours, so it is logged.
        log.exception("a closed form could not be evaluated")
        reason = UndecidedReason.EVALUATION_FAILED
    verdict = Verdict.undecided(reason)
    return CheckResult(dict.fromkeys(request.program.wrt, verdict), leg=Leg(LegState.FAILED, verdict.message))


def _check(
    request: PreparedRequest, numbers: NumericResult, form: EvaluatedForms, take_time: Callable[[], None]
) -> CheckResult:
    estimates = ErrorEstimates(request, numbers, form)
    thorough = form.kept and form.entries <= THOROUGH
    gradients = {}
    for name, numeric in numbers.gradients.items():
        symbolic = form.gradients.get(name)
        gradients[name] = torch.zeros_like(numeric, dtype=torch.float64) if symbolic is None else symbolic
    if not request.original.check:
        return CheckResult(gradients=gradients)
    with np.errstate(all="ignore"):
        comparisons = [
            compare(name, numbers.gradients[name], gradients[name], estimates, thorough) for name in gradients
        ]
    return CheckResult(_verdicts(estimates, comparisons, take_time), gradients)


def _verdicts(
    estimates: ErrorEstimates, comparisons: list[Comparison], take_time: Callable[[], None]
) -> Mapping[str, Verdict]:
    request, numbers = estimates.request, estimates.numbers
    program = request.program.typed.program
    guards = tuple(request.program.kinks.active(numbers.nodes)) if numbers.nodes else ()
    smooth = not guards and is_finite(numbers.value)
    opinion: ThirdOpinion | None = None
    verdicts = {}
    for comparison in comparisons:
        if smooth and not comparison.places.size:
            verdicts[comparison.name] = agreement(comparison)
            continue
        if opinion is None:
            take_time()
            opinion = ThirdOpinion(estimates, guards)
        groups, is_right = opinion.examine(comparison), partial(_is_right, opinion, comparison.name)
        verdicts[comparison.name] = input_verdict(comparison, groups, program, is_right, opinion.digits)
    return verdicts


def _is_right(opinion: ThirdOpinion, name: str, expression: str, entries: tuple[ExaminedEntry, ...]) -> bool:
    """Whether an expression has the same value at the request's inputs, and the right gradient at these entries."""
    request = opinion.request
    try:
        rewritten = request.with_expression(expression)
        result = autograd(rewritten.program.forward, request.inputs, (name,), rewritten.upstream, request.device)
    except (Refusal, RuntimeError):
        return False
    unit = FORGIVEN * torch.finfo(request.program.coarsest).eps
    if not opinion.same_value(result.value, unit):
        return False
    gradient = result.gradients[name]
    pairs = [(float(gradient[e.index]), e.derivative) for e in entries]
    return all(abs(g - d) <= CLOSE * unit * abs(d) + unit * torch.finfo(torch.float64).tiny for g, d in pairs)
