"""Answers put together: the numbers first, then the closed forms and verdicts beside them."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..numeric.vjp import Differentiated
from ..symbolic import Written
from .formbook import Bound
from .preparation import Prepared
from .question import Answer, ClosedForm, Derivative, Leg, LegState, Notation, Outcome, Question, Timings, Verdict

#: The shapes of a request's inputs by name.
Shapes = tuple[tuple[str, tuple[int, ...]], ...]

DONE = Leg(LegState.DONE)
NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
OVER_BUDGET = Leg(LegState.DEADLINE, "This closed form took too long before; it is not tried again yet.")
NOT_CHECKED = Verdict(Outcome.UNDECIDED, "NOT_CHECKED", "The check was not asked for.")
NO_FORM = ClosedForm()


def numeric_answer(numbers: Differentiated, wrt: tuple[str, ...], device: torch.device, timings: Timings) -> Answer:
    """The answer of the numeric leg alone."""
    return Answer(
        value=numbers.value.cpu(),
        derivatives=tuple(
            Derivative(name, numbers.gradients[name].cpu(), NO_FORM, NO_FORM, DONE, NOT_REQUESTED, NOT_CHECKED)
            for name in wrt
        ),
        intermediates=tuple((name, value.cpu()) for name, value in numbers.intermediates),
        device=str(device),
        timings=timings,
    )


def without_forms(answer: Answer, leg: Leg) -> Answer:
    """The answer with a symbolic leg that did not come to a closed form, and so with nothing to compare."""
    reason = leg.state.name
    verdict = Verdict(Outcome.UNDECIDED, reason, f"There is nothing to compare with: {leg.message}")
    return replace(answer, derivatives=tuple(replace(d, symbolic=leg, verdict=verdict) for d in answer.derivatives))


def with_forms(
    answer: Answer, question: Question, prepared: Prepared, bound: Bound, verdicts: dict[str, Verdict], leg: Leg
) -> Answer:
    """The answer with the closed forms in the notations that were asked for, and the verdicts."""
    shapes: Shapes = tuple((o.name, tuple(o.tensor.shape)) for o in question.inputs)
    written = dict(bound.forms.inputs)
    derivatives = []
    for derivative in answer.derivatives:
        name = derivative.name
        if name in written:
            form = written[name]
            jacobian = _form(form.jacobian, bound, name, "jacobian", shapes, question.notations)
            vjp = _form(form.vjp, bound, name, "vjp", shapes, question.notations)
        else:
            jacobian = vjp = _in(question.notations, Written("0", "0"))
        verdict = verdicts.get(name, NOT_CHECKED)
        derivatives.append(Derivative(name, derivative.gradient, jacobian, vjp, DONE, leg, verdict))
    return replace(answer, derivatives=tuple(derivatives))


def _form(
    written: Written, bound: Bound, name: str, kind: str, shapes: Shapes, notations: frozenset[Notation]
) -> ClosedForm:
    entries = bound.entries(name, kind, shapes) if Notation.TEXT in notations else ()
    return _in(notations, written, entries)


def _in(notations: frozenset[Notation], written: Written, entries: tuple[str, ...] = ()) -> ClosedForm:
    return ClosedForm(
        written.text if Notation.TEXT in notations else "",
        written.latex if Notation.LATEX in notations else "",
        entries,
    )
