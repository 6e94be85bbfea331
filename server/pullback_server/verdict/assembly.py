"""Answers put together: the numbers first, then the closed forms and verdicts beside them."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..numeric.vjp import Differentiated
from ..symbolic import Code, Explanation, Written
from .form_cache import Bound
from .values import Answer, ClosedForm, Derivative, Leg, LegState, Notation, Outcome, Question, Timings, Verdict

#: The shapes of a request's inputs by name.
Shapes = tuple[tuple[str, tuple[int, ...]], ...]
#: What closed forms come to, by the input's name.
Gradients = dict[str, torch.Tensor]

DONE = Leg(LegState.DONE)
NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
UNEXPLAINED = Leg(LegState.DEADLINE, "The closed form is there; its code and steps did not come in time.")
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
    answer: Answer, question: Question, bound: Bound, verdicts: dict[str, Verdict], gradients: Gradients, leg: Leg
) -> Answer:
    """The answer with the closed forms in the notations that were asked for, what they come to, and the verdicts."""
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
        verdict, gradient = verdicts.get(name, NOT_CHECKED), gradients.get(name)
        own = gradient.cpu() if question.closed_form_gradients and gradient is not None else None
        derivatives.append(Derivative(name, derivative.gradient, jacobian, vjp, DONE, leg, verdict, own))
    return replace(answer, derivatives=tuple(derivatives))


def explained(answer: Answer, question: Question, explanation: Explanation) -> Answer:
    """The answer with the code and the steps that were asked for."""
    return replace(
        answer,
        code=explanation.code if Notation.CODE in question.notations else Code(),
        steps=explanation.steps if Notation.STEPS in question.notations else (),
    )


def with_leg(answer: Answer, leg: Leg) -> Answer:
    """The answer with another word on its symbolic leg."""
    return replace(answer, derivatives=tuple(replace(d, symbolic=leg) for d in answer.derivatives))


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
        written.matrix if Notation.MATRIX in notations else "",
        written.matrix_latex if Notation.MATRIX in notations else "",
    )
