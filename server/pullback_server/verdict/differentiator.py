"""One request answered by both legs, with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from time import perf_counter

import torch

from ..numeric import best_device, device_for
from ..numeric import differentiate as autograd
from ..program import Limits
from ..symbolic import Notation
from .assembly import FORM_GIVEN_UP, FORM_LATE, Assembly
from .check import CheckResult, check
from .form_cache import FormCache, FormOverBudget, FormStore
from .preparation import (
    PreparedProgram,
    PreparedRequest,
    Types,
    differentiated_inputs,
    prepare,
    resolve_entries,
    resolve_upstream,
    types_of,
)
from .values import Leg, LegState, Operand, Request, Response, Timings

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
        take_time: Callable[[], None] = lambda: None,
    ) -> None:
        """`device` is torch's name of one (`cpu`, `cuda:0`) or `auto` for the best available.

        `admit` is called with the estimated memory and work of each request before anything is computed, and may wait.
        `take_time` is called before what may take long for a request of little work: reading an expression that is not
        known yet, and the third opinion.
        """
        self.device = best_device() if device == "auto" else torch.device(device)
        self.limits = limits or Limits()
        self._forms = FormCache(forms, self.limits)
        self._admit, self._take_time = admit, take_time
        self._prepare = lru_cache(maxsize=PREPARED)(self._prepare_anew)

    def respond(self, request: Request) -> Iterator[Response]:
        """The responses to a request, each with more than the one before; all but the last one are provisional.

        The numbers come first, then the verdicts, then the closed form in one notation after the other. What a response
        lacks has the state DEADLINE in it: it is for a caller who cannot wait. Stages that take no time have no
        response of their own. Raises Refusal for what can never succeed and DeviceExhausted where the device's memory
        is full.
        """
        start = perf_counter()
        wrt = differentiated_inputs(request)
        program = self._prepare(request.expression, types_of(request), wrt, self.limits)
        upstream = resolve_upstream(request.upstream, program.typed.output)
        places = resolve_entries(request, wrt, program.typed.output) if request.entries else {}
        self._admit(program.typed.memory, program.typed.work)
        parsed = perf_counter()
        device = device_for(self.device, program.dtypes)
        memory = self.limits.peak_memory - program.typed.memory
        prepared = PreparedRequest(request, program, upstream, device, memory)
        numbers = autograd(program.forward, prepared.inputs, wrt, upstream, device)
        computed = perf_counter()
        seconds = {"parse": parsed - start, "numeric": computed - parsed}
        assembly = Assembly(request, program, numbers, device, places)
        evaluated = request.check or request.closed_form_gradients
        if not evaluated and not request.notations and not places:
            yield assembly.numbers_alone(Timings(**seconds))
            return
        if program.entries > LARGE or program.key not in self._forms:
            yield assembly.without_form(FORM_LATE, Timings(**seconds), provisional=True)
        try:
            compiled, origin = self._forms.find(program)
        except FormOverBudget:
            yield assembly.without_form(FORM_GIVEN_UP, Timings(**seconds))
            return
        derived = perf_counter()
        seconds["derive"] = derived - computed
        if compiled.form.reason:
            leg = Leg(LegState.NO_CLOSED_FORM, f"{compiled.form.reason}.")
            yield assembly.without_form(leg, Timings(**seconds), origin)
            return
        result = check(prepared, numbers, compiled, self._take_time) if evaluated else CheckResult()
        checked = perf_counter()
        seconds["check"] = checked - derived
        written, shapes = compiled.written, program.shapes
        for notation in written.missing(request.notations, shapes, named=bool(places)):
            yield assembly.with_form(result, written, Timings(**seconds), origin, provisional=True)
            # One that was given up before keeps the state DEADLINE.
            with suppress(FormOverBudget):
                if notation not in written:
                    written.add(notation, self._forms.write(program, notation))
                if notation is Notation.ENTRIES and notation in request.notations:
                    written.write_entries(shapes)
            seconds["write"] = perf_counter() - checked
        yield assembly.with_form(result, written, Timings(**seconds), origin)

    def _prepare_anew(self, expression: str, types: Types, wrt: tuple[str, ...], limits: Limits) -> PreparedProgram:
        self._take_time()
        return prepare(expression, types, wrt, limits)

    def warm_up(self) -> None:
        """Runs one small request through both legs, so that the next is answered at full speed.

        It does not use the shared store, which may not be there yet.
        """
        x = Operand("x", torch.tensor([1.0, 2.0], dtype=torch.float64))
        alone = Differentiator(str(self.device), self.limits)
        for _ in range(2):
            list(alone.respond(Request("x**2", (x,), torch.ones(2, dtype=torch.float64))))
