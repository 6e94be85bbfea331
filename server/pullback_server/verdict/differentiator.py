"""One request answered by both legs, with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from time import perf_counter

import torch

from ..numeric import best_device, device_for
from ..numeric import differentiate as autograd
from ..program import Limits
from . import assembly
from .check import CheckResult, check
from .form_cache import FormCache, FormOverBudget, FormStore
from .preparation import PreparedProgram, PreparedRequest, differentiated_inputs, prepare, resolve_upstream, types_of
from .values import DEFAULT_NOTATIONS, Leg, LegState, Operand, Request, Response, Timings

#: A provisional response precedes the check of a request with more entries than this, even when its form is known.
LARGE = 2**18
#: How many expressions, each with its inputs' types, are kept prepared.
PREPARED = 512


class Differentiator:
    """Answers requests on one device, keeping programs, plans and closed forms between them.

    >>> from ..symbolic import DerivativeKind, Notation
    >>> x = Operand("x", torch.tensor(3.0, dtype=torch.float64))
    >>> *_, response = Differentiator("cpu").respond(Request("x**2", (x,)))
    >>> response.derivatives[0].gradient.item()
    6.0
    >>> response.derivatives[0].formula(DerivativeKind.JACOBIAN, Notation.TEXT)
    '2*x'
    """

    def __init__(
        self,
        device: str = "auto",
        limits: Limits | None = None,
        forms: FormStore | None = None,
        admit: Callable[[int, int], None] = lambda memory, work: None,
    ) -> None:
        """`device` is torch's name of one (`cpu`, `cuda:0`) or `auto` for the best available.

        `admit` is called with the estimated memory and work of each request before anything is computed, and may wait.
        """
        self.device = best_device() if device == "auto" else torch.device(device)
        self.limits = limits or Limits()
        self._forms = FormCache(forms)
        self._admit = admit
        self._prepare = lru_cache(maxsize=PREPARED)(prepare)

    def respond(self, request: Request) -> Iterator[Response]:
        """The responses to a request: a provisional one if its closed form is not known yet, then the final one.

        A provisional response has its numbers, and symbolic legs in state DEADLINE: it is for a caller who cannot wait.
        Raises Refusal for what can never succeed and DeviceExhausted where the device's memory is full.
        """
        start = perf_counter()
        wrt = differentiated_inputs(request)
        program = self._prepare(request.expression, types_of(request), wrt, self.limits)
        upstream = resolve_upstream(request.upstream, program.typed.output)
        self._admit(program.typed.memory, program.typed.work)
        parsed = perf_counter()
        device = device_for(self.device, {operand.tensor.dtype for operand in request.inputs})
        prepared = PreparedRequest(request, program, upstream, device)
        numbers = autograd(program.forward, prepared.inputs, wrt, upstream, device)
        computed = perf_counter()
        timings = Timings(parse=parsed - start, numeric=computed - parsed)
        response = assembly.numeric_response(numbers, wrt, device, timings)
        evaluated = request.check or request.closed_form_gradients
        if not evaluated and not request.notations:
            yield response
            return
        if program.key not in self._forms or sum(o.tensor.numel() for o in request.inputs) > LARGE:
            yield assembly.without_forms(response, assembly.FORM_LATE)
        try:
            compiled, origin = self._forms.find(program)
        except FormOverBudget:
            yield assembly.without_forms(response, assembly.FORM_GIVEN_UP)
            return
        derived = perf_counter()
        reason = compiled.forms.reason
        if reason:
            final = assembly.without_forms(response, Leg(LegState.NO_CLOSED_FORM, f"{reason}."))
        else:
            result = check(prepared, numbers, compiled) if evaluated else CheckResult()
            final = assembly.with_forms(response, request, compiled, result)
        timings = replace(timings, derive=derived - computed, check=perf_counter() - derived)
        final = replace(final, form_origin=origin, timings=timings)
        if reason or request.notations <= DEFAULT_NOTATIONS:
            yield final
            return
        yield from self._explain(final, request, program)

    def _explain(self, response: Response, request: Request, program: PreparedProgram) -> Iterator[Response]:
        """The response with code and steps, after one without where they are not known yet."""
        started = perf_counter()
        if not self._forms.has_explanation(program.key):
            yield assembly.with_leg(response, assembly.EXPLANATION_LATE)
        try:
            final = assembly.with_explanation(response, request, self._forms.explanation(program))
        except FormOverBudget:
            final = assembly.with_leg(response, assembly.EXPLANATION_LATE)
        spent = response.timings.derive + perf_counter() - started
        yield replace(final, timings=replace(response.timings, derive=spent))

    def warm_up(self) -> None:
        """Runs one small request through both legs, so that the next is answered at full speed.

        It does not use the shared store, which may not be there yet.
        """
        x = Operand("x", torch.tensor([1.0, 2.0], dtype=torch.float64))
        alone = Differentiator(str(self.device), self.limits)
        for _ in range(2):
            list(alone.respond(Request("x**2", (x,), torch.ones(2, dtype=torch.float64))))
