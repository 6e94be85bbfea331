"""One question answered by both legs, with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from time import perf_counter

import torch

from ..numeric import best_device, device_for
from ..numeric import differentiate as autograd
from ..program import Limits
from .assembly import (
    DONE,
    LATE,
    OVER_BUDGET,
    UNEXPLAINED,
    explained,
    numeric_answer,
    with_forms,
    with_leg,
    without_forms,
)
from .check import check
from .form_cache import FormBook, FormOverBudget, FormStore
from .preparation import Prepared, check_upstream, differentiated, prepare, types_of
from .values import READY, Answer, Leg, LegState, Operand, Question, Timings

#: A provisional answer precedes the check of a request with more entries than this, even with its form at hand.
LARGE = 2**18
#: How many expressions, each with its inputs' types, are kept ready.
PREPARED = 512


class Differentiator:
    """Answers questions on one device, keeping programs, plans and closed forms between them.

    >>> x = Operand("x", torch.tensor(3.0, dtype=torch.float64))
    >>> *_, answer = Differentiator("cpu").answer(Question("x**2", (x,)))
    >>> answer.derivatives[0].gradient.item(), answer.derivatives[0].jacobian.text
    (6.0, '2*x')
    """

    def __init__(
        self,
        device: str = "auto",
        limits: Limits | None = None,
        forms: FormStore | None = None,
        admit: Callable[[int, int], None] = lambda memory, work: None,
    ) -> None:
        """`device` is torch's name of one (`cpu`, `cuda:0`) or `auto` for the best there is.

        `admit` is called with the estimated memory and work of each question before anything is computed, and may wait.
        """
        self.device = best_device() if device == "auto" else torch.device(device)
        self.limits = limits or Limits()
        self._forms = FormBook(forms)
        self._admit = admit
        self._prepare = lru_cache(maxsize=PREPARED)(prepare)

    def answer(self, question: Question) -> Iterator[Answer]:
        """The answers to a question: a provisional one if the closed form is not at hand, then the final one.

        A provisional answer has its numbers, and symbolic legs in state DEADLINE: it is what a caller gets who
        cannot wait. Raises Refusal for what will never succeed and DeviceExhausted where the device's memory is full.
        """
        start = perf_counter()
        wrt = differentiated(question)
        prepared = self._prepare(question.expression, types_of(question), wrt, self.limits)
        check_upstream(question.upstream, prepared.typed.output)
        self._admit(prepared.typed.memory, prepared.typed.work)
        parsed = perf_counter()
        tensors = {o.name: o.tensor for o in question.inputs}
        device = device_for(self.device, {t.dtype for t in tensors.values()})
        numbers = autograd(prepared.forward, tensors, wrt, question.upstream, device)
        computed = perf_counter()
        answer = numeric_answer(numbers, wrt, device, Timings(parse=parsed - start, numeric=computed - parsed))
        evaluated = question.check or question.closed_form_gradients
        if not evaluated and not question.notations:
            yield answer
            return
        if prepared.key not in self._forms or sum(t.numel() for t in tensors.values()) > LARGE:
            yield without_forms(answer, LATE)
        try:
            bound, origin = self._forms.find(prepared)
        except FormOverBudget:
            yield without_forms(answer, OVER_BUDGET)
            return
        derived = perf_counter()
        if bound.forms.reason:
            final = without_forms(answer, Leg(LegState.NO_CLOSED_FORM, f"{bound.forms.reason}."))
        else:
            verdicts, own, leg = check(question, prepared, numbers, bound, device) if evaluated else ({}, {}, DONE)
            final = with_forms(answer, question, bound, verdicts, own, leg)
        timings = replace(answer.timings, derive=derived - computed, check=perf_counter() - derived)
        final = replace(final, form_origin=origin, timings=timings)
        if bound.forms.reason or question.notations <= READY:
            yield final
            return
        yield from self._explained(final, question, prepared)

    def _explained(self, answer: Answer, question: Question, prepared: Prepared) -> Iterator[Answer]:
        """The answer with code and steps, after one without where they are not at hand."""
        started = perf_counter()
        if not self._forms.explains(prepared.key):
            yield with_leg(answer, UNEXPLAINED)
        try:
            final = explained(answer, question, self._forms.explanation(prepared))
        except FormOverBudget:
            final = with_leg(answer, UNEXPLAINED)
        spent = answer.timings.derive + perf_counter() - started
        yield replace(final, timings=replace(answer.timings, derive=spent))

    def warm_up(self) -> None:
        """Runs one small question through both legs, so that the next is answered at full speed.

        It asks nothing of the shared store, which may not be there yet.
        """
        x = Operand("x", torch.tensor([1.0, 2.0], dtype=torch.float64))
        alone = Differentiator(str(self.device), self.limits)
        for _ in range(2):
            list(alone.answer(Question("x**2", (x,), torch.ones(2, dtype=torch.float64))))
