"""What the verdict adds to the closed form: comparing every entry, looking for guards, examining suspects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from pullback_server.program import Limits
from pullback_server.symbolic import UPSTREAM, derive, evaluator
from pullback_server.verdict import Differentiator, Operand, Request
from pullback_server.verdict.preparation import prepare, resolve_upstream, types_of

from .bounds import VERDICT
from .expressions import EXPRESSIONS
from .pairs import Effort, Finding, interleave, ratio
from .servers import Servers

GROUP = "verdict"

#: Entries of the input with kinks, and on how many of them it sits.
ENTRIES, KINKS = 10**6, 10


def verdict(_: Servers, effort: Effort) -> Iterator[Finding]:
    """The whole check over the evaluation of the same closed form: all is well, so nothing is examined."""
    for expression in EXPRESSIONS:
        checked, evaluated = _seconds(expression.request(), effort)
        yield ratio(GROUP, expression.name, "evaluating the closed form", checked, evaluated, VERDICT)
    yield from _kinks(effort)


def _kinks(effort: Effort) -> Iterator[Finding]:
    """The check with ten entries on kinks over the check with none."""
    x = torch.randn(ENTRIES, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    on = x.clone()
    on[:: ENTRIES // KINKS] = 0
    smooth, kinked = (Request("sum(relu(x)*x + abs(x))", (Operand("x", t),), None, frozenset()) for t in (x, on))
    differentiator, seconds, found = Differentiator("cpu"), ([], []), []

    def respond(request: Request, into: list[float]) -> None:
        *_, last = differentiator.respond(request)
        into.append(last.timings.check)
        found.append(last.derivatives[0].verdict)

    rounds = 4 * effort.rounds
    times = interleave(
        lambda: respond(kinked, seconds[0]),
        lambda: respond(smooth, seconds[1]),
        rounds=rounds,
        patience=effort.patience,
    )
    count = times.shape[1]
    note = f"{found[-2].examined} of {found[-2].suspects} examined, {found[-2].outcome.name}"
    one, two = (np.array(own[-count:]) for own in seconds)
    yield ratio(GROUP, f"{KINKS} of {ENTRIES:,} entries on kinks", "none on kinks", one, two, note=note)


def _seconds(request: Request, effort: Effort) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of the check and of evaluating the plan alone, a round each."""
    differentiator, checks = Differentiator("cpu"), []
    wrt = tuple(operand.name for operand in request.inputs)
    prepared = prepare(request.expression, types_of(request), wrt, Limits())
    evaluate = evaluator(derive(prepared.typed, prepared.used).plan)
    inputs = {operand.name: operand.tensor for operand in request.inputs}
    point = inputs | {UPSTREAM: resolve_upstream(request.upstream, prepared.typed.output)}

    def respond() -> None:
        *_, last = differentiator.respond(request)
        checks.append(last.timings.check)

    times = interleave(respond, lambda: evaluate(point), rounds=4 * effort.rounds, patience=effort.patience / 2)
    evaluated = times[1, :, 0]
    return np.array(checks[-len(evaluated) :]), evaluated
