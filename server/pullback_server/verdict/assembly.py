"""Responses put together: the numbers first, then the closed forms and verdicts beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch

from ..numeric import NumericResult
from ..symbolic import Code, DerivativeKind, Explanation, Formula, Notation
from .check import CheckResult
from .form_cache import CompiledForms, Shapes
from .reasons import UndecidedReason
from .values import DONE, Derivative, Leg, LegState, Request, Response, Timings, Verdict, WrittenFormula

NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
FORM_LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
EXPLANATION_LATE = Leg(LegState.DEADLINE, "The closed form is there, but its code and steps did not come in time.")
FORM_GIVEN_UP = Leg(LegState.DEADLINE, "This closed form took too long before, and is not tried again yet.")
NOT_CHECKED = Verdict.undecided(UndecidedReason.NOT_CHECKED)
NO_FORMULAS: Mapping[DerivativeKind, WrittenFormula] = {kind: {} for kind in DerivativeKind}
#: The derivative with respect to an input that the value does not depend on.
ZERO = dict.fromkeys(DerivativeKind, Formula({Notation.TEXT: "0", Notation.LATEX: "0"}))


def numeric_response(numbers: NumericResult, wrt: tuple[str, ...], device: torch.device, timings: Timings) -> Response:
    """The response of the numeric leg alone."""
    return Response(
        value=numbers.value.cpu(),
        derivatives=tuple(
            Derivative(name, numbers.gradients[name].cpu(), NO_FORMULAS, DONE, NOT_REQUESTED, NOT_CHECKED)
            for name in wrt
        ),
        intermediates=tuple((name, value.cpu()) for name, value in numbers.intermediates),
        device=str(device),
        timings=timings,
    )


def without_forms(response: Response, leg: Leg) -> Response:
    """The response with a symbolic leg that has no closed form, and so without a comparison."""
    reason = UndecidedReason[leg.state.name]
    verdict = Verdict.undecided(reason, f"There is nothing to compare with: {leg.message}")
    return replace(response, derivatives=tuple(replace(d, symbolic=leg, verdict=verdict) for d in response.derivatives))


def with_forms(response: Response, request: Request, compiled: CompiledForms, result: CheckResult) -> Response:
    """The response with the closed forms in the requested notations, their gradients, and the verdicts."""
    shapes: Shapes = tuple((o.name, tuple(o.tensor.shape)) for o in request.inputs)
    derivatives = []
    for derivative in response.derivatives:
        name = derivative.name
        formulas = {
            kind: _written(formula, request.notations, partial(compiled.entries, name, kind, shapes))
            for kind, formula in compiled.forms.inputs.get(name, ZERO).items()
        }
        verdict = result.verdicts.get(name, NOT_CHECKED)
        evaluated = result.gradients.get(name) if request.closed_form_gradients else None
        gradient = None if evaluated is None else evaluated.cpu()
        derivatives.append(Derivative(name, derivative.gradient, formulas, DONE, result.leg, verdict, gradient))
    return replace(response, derivatives=tuple(derivatives))


def with_explanation(response: Response, request: Request, explanation: Explanation) -> Response:
    """The response with the requested of code and steps."""
    return replace(
        response,
        code=explanation.code if Notation.CODE in request.notations else Code(),
        steps=explanation.steps if Notation.STEPS in request.notations else (),
    )


def with_leg(response: Response, leg: Leg) -> Response:
    """The response with another state of its symbolic leg."""
    return replace(response, derivatives=tuple(replace(d, symbolic=leg) for d in response.derivatives))


def _written(
    formula: Formula, notations: frozenset[Notation], entries: Callable[[], tuple[str, ...]]
) -> WrittenFormula:
    written: dict[Notation, str | tuple[str, ...]] = {n: s for n, s in formula.notations.items() if n in notations}
    if Notation.ENTRIES in notations:
        written[Notation.ENTRIES] = entries()
    return written
