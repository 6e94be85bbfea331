"""Responses put together: the numbers alone, or with the verdicts and the closed form in its notations beside them."""

from __future__ import annotations

import torch

from ..numeric import NumericResult
from ..symbolic import UNWRITTEN, NotationState
from .check import CheckResult
from .preparation import Places, PreparedProgram
from .reasons import UndecidedReason
from .values import (
    DONE,
    OF_ALL_INPUTS,
    Derivative,
    FormOrigin,
    Leg,
    LegState,
    NamedEntry,
    Request,
    Response,
    Timings,
    Verdict,
)
from .written_form import WrittenForm, unwritten, zero

NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
FORM_LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
FORM_GIVEN_UP = Leg(LegState.DEADLINE, "This closed form took too long before, and is not tried again yet.")
NOT_CHECKED = Verdict.undecided(UndecidedReason.NOT_CHECKED)


class Assembly:
    """All responses to one request: what they have in common is its numbers, which are brought to the CPU once."""

    def __init__(
        self, request: Request, program: PreparedProgram, numbers: NumericResult, device: torch.device, places: Places
    ) -> None:
        self._request, self._program, self._places = request, program, places
        self._value, self._device = numbers.value.cpu(), str(device)
        self._gradients = [(name, gradient.cpu()) for name, gradient in numbers.gradients.items()]
        self._intermediates = tuple((name, value.cpu()) for name, value in numbers.intermediates)

    def numbers_alone(self, timings: Timings) -> Response:
        """The response of the numeric leg, where nothing else was asked for."""
        written = unwritten(self._request.notations, NotationState.DEADLINE)
        derivatives = tuple(
            Derivative(name, gradient, written, DONE, NOT_REQUESTED, NOT_CHECKED) for name, gradient in self._gradients
        )
        return Response(self._value, derivatives, self._intermediates, self._device, None, timings)

    def without_form(
        self, leg: Leg, timings: Timings, origin: FormOrigin | None = None, *, provisional: bool = False
    ) -> Response:
        """The response with a symbolic leg that has no closed form, or not yet, and so without a comparison."""
        notations, places = self._request.notations, self._places
        verdict = Verdict.undecided(UndecidedReason[leg.state.name], f"There is nothing to compare with: {leg.message}")
        state = NotationState.NO_FORM if leg.state is LegState.NO_CLOSED_FORM else NotationState.DEADLINE
        written = unwritten(notations, state)
        code, steps = (state if n in notations else NotationState.NOT_REQUESTED for n in OF_ALL_INPUTS)
        derivatives = tuple(
            Derivative(
                name,
                gradient,
                written,
                DONE,
                leg,
                verdict,
                named_entries=tuple(NamedEntry(kind, index, UNWRITTEN[state]) for kind, index in places.get(name, ())),
            )
            for name, gradient in self._gradients
        )
        return Response(
            self._value,
            derivatives,
            self._intermediates,
            self._device,
            origin,
            timings,
            code_state=code,
            steps_state=steps,
            provisional=provisional,
        )

    def with_form(
        self,
        result: CheckResult,
        form: WrittenForm,
        timings: Timings,
        origin: FormOrigin,
        *,
        provisional: bool = False,
    ) -> Response:
        """The response with the verdicts, and the closed form in those of the requested notations that are there."""
        request, program = self._request, self._program
        notations, used = request.notations, program.used
        texts = form.texts(notations, program.shapes)
        named = form.named_entries(self._places, used, program.shapes) if self._places else {}
        derivatives = []
        for name, gradient in self._gradients:
            evaluated = result.gradients.get(name) if request.closed_form_gradients else None
            derivatives.append(
                Derivative(
                    name,
                    gradient,
                    (texts.derivatives.get(name) or unwritten(notations, NotationState.DEADLINE))
                    if name in used
                    else zero(notations),
                    DONE,
                    result.leg,
                    result.verdicts.get(name, NOT_CHECKED),
                    None if evaluated is None else evaluated.cpu(),
                    tuple(named.get(name, ())),
                )
            )
        return Response(
            self._value,
            tuple(derivatives),
            self._intermediates,
            self._device,
            origin,
            timings,
            texts.code,
            texts.steps.steps,
            texts.code.state,
            texts.steps.state,
            provisional,
        )
