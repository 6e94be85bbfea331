"""Responses put together: the numbers first, then the verdicts beside them, then the closed form in its notations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch

from ..numeric import NumericResult
from ..symbolic import UNWRITTEN, NotationState
from .check import CheckResult
from .preparation import Places
from .reasons import UndecidedReason
from .values import DONE, OF_ALL_INPUTS, Derivative, Leg, LegState, NamedEntry, Request, Response, Timings, Verdict
from .written_form import WrittenForm, shapes_of, unwritten, zero

NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
FORM_LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
FORM_GIVEN_UP = Leg(LegState.DEADLINE, "This closed form took too long before, and is not tried again yet.")
NOT_CHECKED = Verdict.undecided(UndecidedReason.NOT_CHECKED)


def numeric_response(
    numbers: NumericResult, wrt: tuple[str, ...], request: Request, device: torch.device, timings: Timings
) -> Response:
    """The response of the numeric leg alone."""
    written = unwritten(request.notations, NotationState.DEADLINE)
    return Response(
        value=numbers.value.cpu(),
        derivatives=tuple(
            Derivative(name, numbers.gradients[name].cpu(), written, DONE, NOT_REQUESTED, NOT_CHECKED) for name in wrt
        ),
        intermediates=tuple((name, value.cpu()) for name, value in numbers.intermediates),
        device=str(device),
        timings=timings,
    )


def without_form(response: Response, request: Request, leg: Leg, places: Places) -> Response:
    """The response with a symbolic leg that has no closed form, or not yet, and so without a comparison."""
    reason = UndecidedReason[leg.state.name]
    verdict = Verdict.undecided(reason, f"There is nothing to compare with: {leg.message}")
    state = NotationState.NO_FORM if leg.state is LegState.NO_CLOSED_FORM else NotationState.DEADLINE
    written = unwritten(request.notations, state)
    code, steps = (state if n in request.notations else NotationState.NOT_REQUESTED for n in OF_ALL_INPUTS)
    derivatives = tuple(
        replace(
            d,
            symbolic=leg,
            verdict=verdict,
            written=written,
            named_entries=tuple(NamedEntry(kind, index, UNWRITTEN[state]) for kind, index in places.get(d.name, ())),
        )
        for d in response.derivatives
    )
    return replace(response, derivatives=derivatives, code_state=code, steps_state=steps)


def with_form(
    response: Response, request: Request, used: Collection[str], result: CheckResult, form: WrittenForm, places: Places
) -> Response:
    """The response with the verdicts, and the closed form in those of the requested notations that are there.

    The value depends on the inputs that are `used`.
    """
    shapes = shapes_of(request)
    written, late = form.derivatives(request.notations, shapes), unwritten(request.notations, NotationState.DEADLINE)
    named = form.named_entries(places, used, shapes)
    derivatives = []
    for d in response.derivatives:
        name, evaluated = d.name, result.gradients.get(d.name) if request.closed_form_gradients else None
        derivatives.append(
            Derivative(
                name=name,
                gradient=d.gradient,
                written=written.get(name, late) if name in used else zero(request.notations),
                numeric=DONE,
                symbolic=result.leg,
                verdict=result.verdicts.get(name, NOT_CHECKED),
                closed_form_gradient=None if evaluated is None else evaluated.cpu(),
                named_entries=tuple(named.get(name, ())),
            )
        )
    code, steps = form.code(request.notations), form.steps(request.notations)
    return replace(
        response,
        derivatives=tuple(derivatives),
        code=code,
        code_state=code.state,
        steps=steps.steps,
        steps_state=steps.state,
    )
