"""One question answered by both legs, with the verdict."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from time import perf_counter

import torch

from ..numeric import DeviceExhausted, best_device, device_for, memory_guard
from ..numeric import differentiate as autograd
from ..numeric.vjp import Differentiated
from ..program import Limits
from ..symbolic import Written, error_bound
from .comparison import compare
from .formbook import Bound, FormBook, FormOverBudget, FormStore
from .preparation import Prepared, check_upstream, differentiated, prepare, types_of
from .question import (
    Answer,
    ClosedForm,
    Derivative,
    FormOrigin,
    Leg,
    LegState,
    Notation,
    Operand,
    Outcome,
    Question,
    Timings,
    Verdict,
)

#: A provisional answer is given before the closed form of a larger request is evaluated, even if it is at hand.
LARGE = 2**18

DONE = Leg(LegState.DONE)
NOT_REQUESTED = Leg(LegState.NOT_REQUESTED)
NOT_CHECKED = Verdict(Outcome.UNDECIDED, "NOT_CHECKED", "The check was not asked for.")
LATE = Leg(LegState.DEADLINE, "The closed form did not come in time.")
LATE_VERDICT = Verdict(Outcome.UNDECIDED, "DEADLINE", "The closed form did not come in time, so nothing was compared.")
OVER_BUDGET = Leg(LegState.DEADLINE, "The closed form of this expression took too long before; it is not tried again yet.")

log = logging.getLogger(__name__)


class Differentiator:
    """Answers questions on one device, keeping programs, plans and closed forms between them.

    >>> from pullback_server.verdict import Question
    >>> x = Operand("x", torch.tensor(3.0, dtype=torch.float64))
    >>> *_, answer = Differentiator("cpu").answer(Question("x**2", (x,)))
    >>> answer.derivatives[0].gradient.item(), answer.derivatives[0].jacobian.text
    (6.0, '2*x')
    """

    def __init__(self, device: str = "auto", limits: Limits | None = None, forms: FormStore | None = None) -> None:
        """`device` is torch's name of one (`cpu`, `cuda:0`) or `auto` for the best there is."""
        self.device = best_device() if device == "auto" else torch.device(device)
        self.limits = limits or Limits()
        self._forms = FormBook(forms)
        self._prepare = lru_cache(maxsize=512)(prepare)

    def answer(self, question: Question) -> Iterator[Answer]:
        """The answers to a question: a provisional one if the closed form is not at hand, then the final one.

        A provisional answer has its numbers, and symbolic legs in state DEADLINE: it is what a caller gets who
        cannot wait. Raises Refusal for what will never succeed and DeviceExhausted where the device's memory is full.
        """
        start = perf_counter()
        wrt = differentiated(question)
        prepared = self._prepare(question.expression, types_of(question), wrt, self.limits)
        check_upstream(question.upstream, prepared.typed.output)
        parsed = perf_counter()
        tensors = {o.name: o.tensor for o in question.inputs}
        device = device_for(self.device, {t.dtype for t in tensors.values()})
        numbers = autograd(prepared.forward, tensors, wrt, question.upstream, device)
        answer = _numeric_answer(numbers, wrt, device)
        computed = perf_counter()
        answer = replace(answer, timings=Timings(parse=parsed - start, numeric=computed - parsed))
        if not question.check and not question.notations:
            yield answer
            return
        if prepared.key not in self._forms or prepared.typed.output.elements > LARGE:
            yield replace(answer, derivatives=tuple(replace(d, symbolic=LATE, verdict=LATE_VERDICT) for d in answer.derivatives))
        try:
            bound, origin = self._forms.find(prepared)
        except FormOverBudget:
            yield replace(answer, derivatives=tuple(replace(d, symbolic=OVER_BUDGET, verdict=LATE_VERDICT) for d in answer.derivatives))
            return
        derived = perf_counter()
        derivatives = _symbolic_answer(question, prepared, numbers, bound, tensors, device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        timings = replace(answer.timings, derive=derived - computed, check=perf_counter() - derived)
        yield replace(answer, derivatives=derivatives, form_origin=origin, timings=timings)

    def warm_up(self) -> None:
        """Runs one small question through both legs, so that the next is answered at full speed.

        It asks nothing of the shared store, which may not be there yet.
        """
        x = Operand("x", torch.tensor([1.0, 2.0], dtype=torch.float64))
        alone = Differentiator(str(self.device), self.limits)
        for _ in range(2):
            list(alone.answer(Question("x**2", (x,), torch.ones(2, dtype=torch.float64))))


def _numeric_answer(numbers: Differentiated, wrt: tuple[str, ...], device: torch.device) -> Answer:
    empty = ClosedForm()
    return Answer(
        value=numbers.value.cpu(),
        derivatives=tuple(
            Derivative(name, numbers.gradients[name].cpu(), empty, empty, DONE, NOT_REQUESTED, NOT_CHECKED)
            for name in wrt
        ),
        intermediates=tuple((name, value.cpu()) for name, value in numbers.intermediates),
        device=str(device),
    )


def _symbolic_answer(
    question: Question,
    prepared: Prepared,
    numbers: Differentiated,
    bound: Bound,
    tensors: Mapping[str, torch.Tensor],
    device: torch.device,
) -> tuple[Derivative, ...]:
    gradients = {n: g.cpu() for n, g in numbers.gradients.items()}
    empty = ClosedForm()
    if bound.forms.reason:
        leg = Leg(LegState.NO_CLOSED_FORM, bound.forms.reason)
        verdict = Verdict(Outcome.UNDECIDED, "NO_CLOSED_FORM", f"There is nothing to compare with: {leg.message}.")
        return tuple(Derivative(n, gradients[n], empty, empty, DONE, leg, verdict) for n in prepared.wrt)
    verdicts, leg = _check(question, prepared, numbers, bound, tensors, device) if question.check else ({}, DONE)
    shapes = tuple((name, tuple(tensor.shape)) for name, tensor in tensors.items())
    written = dict(bound.forms.inputs)
    found = []
    for name in prepared.wrt:
        if name in written:
            form = written[name]
            jacobian = _closed_form(form.jacobian, bound, name, "jacobian", shapes, question.notations)
            vjp = _closed_form(form.vjp, bound, name, "vjp", shapes, question.notations)
        else:
            jacobian = vjp = _zero(question.notations)
        verdict = verdicts.get(name, NOT_CHECKED)
        found.append(Derivative(name, gradients[name], jacobian, vjp, DONE, leg, verdict))
    return tuple(found)


def _closed_form(
    written: Written,
    bound: Bound,
    name: str,
    kind: str,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    notations: frozenset[Notation],
) -> ClosedForm:
    if Notation.TEXT not in notations:
        return ClosedForm(latex=written.latex if Notation.LATEX in notations else "")
    latex = written.latex if Notation.LATEX in notations else ""
    return ClosedForm(written.text, latex, bound.entries(name, kind, shapes))


def _zero(notations: frozenset[Notation]) -> ClosedForm:
    return ClosedForm("0" if Notation.TEXT in notations else "", "0" if Notation.LATEX in notations else "")


def _check(
    question: Question,
    prepared: Prepared,
    numbers: Differentiated,
    bound: Bound,
    tensors: Mapping[str, torch.Tensor],
    device: torch.device,
) -> tuple[dict[str, Verdict], Leg]:
    """Every differentiated input's verdict: the closed form evaluated in float64 beside autograd's gradient."""
    wide = device_for(device, (torch.float64,))
    named = prepared.typed.program.inputs()
    upstream = question.upstream if question.upstream is not None else torch.ones_like(numbers.value)
    point = {name: t.to(wide, torch.float64) for name, t in tensors.items() if name in named}
    point["^"] = upstream.to(wide, torch.float64)
    try:
        with memory_guard():
            found = bound.evaluate(point)
            verdicts = {}
            for name in prepared.wrt:
                gradient = numbers.gradients[name]
                closed = found.get(name)
                ours = torch.zeros_like(gradient, dtype=torch.float64, device=wide) if closed is None else closed
                verdicts[name] = compare(gradient.to(wide), ours, prepared.coarsest, partial(error_bound, bound.forms.plan, name, point))
            return verdicts, DONE
    except DeviceExhausted:
        reason, message = "MEMORY", "There was not enough memory to evaluate the closed form."
    except (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError):
        # A closed form that cannot be evaluated must not cost the number; it is a fault of ours, so it is logged.
        log.exception("a closed form could not be evaluated")
        reason, message = "EVALUATION_FAILED", "The closed form could not be evaluated on these tensors."
    verdict = Verdict(Outcome.UNDECIDED, reason, message)
    return dict.fromkeys(prepared.wrt, verdict), Leg(LegState.FAILED, message)


__all__ = ["Differentiator", "FormOrigin", "FormOverBudget", "FormStore"]
