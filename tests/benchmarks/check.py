"""What the check costs beside autograd: the closed form evaluated and compared, over a forward and a backward pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from pullback_server.numeric import differentiate
from pullback_server.program import Limits
from pullback_server.verdict import Differentiator, FormOrigin, Outcome
from pullback_server.verdict.preparation import prepare, resolve_upstream, types_of

from .bounds import CHECK_TYPICAL, CHECK_WORST
from .expressions import EXPRESSIONS, Expression
from .pairs import Effort, Finding, Spread, interleave, ratio
from .servers import Servers

GROUP = "check"
AGAINST = "autograd, forward and backward"
THREADS = (1, 2)


def check(_: Servers, effort: Effort) -> Iterator[Finding]:
    """The expressions of the bound, all inputs, in process, the closed form at hand, with one and two torch threads.

    The check is what a response's own timings call so: the plan evaluated, and every entry compared.
    """
    before = torch.get_num_threads()
    try:
        for threads in THREADS:
            torch.set_num_threads(threads)
            yield from _with_threads(f"{threads} thread{'s' * (threads > 1)}", effort)
    finally:
        torch.set_num_threads(before)


def _with_threads(threads: str, effort: Effort) -> Iterator[Finding]:
    findings = []
    for expression in EXPRESSIONS:
        checked, passes, outcome = _seconds(expression, effort)
        findings.append(ratio(GROUP, f"{expression.name}, {threads}", AGAINST, checked, passes, note=outcome))
    yield from findings
    figures = np.array([finding.figure.median for finding in findings])
    whole = Spread(float(np.median(figures)), float(figures.min()), float(figures.max()))
    ours, theirs = (
        float(np.median([finding.ours for finding in findings])),
        float(np.median([finding.theirs for finding in findings if finding.theirs is not None])),
    )
    worst = max(findings, key=lambda finding: finding.figure.median)
    note = f"median, least and greatest of the {len(findings)} medians above"
    yield Finding(GROUP, f"all expressions, median, {threads}", AGAINST, "s", ours, theirs, whole, CHECK_TYPICAL, note)
    yield Finding(
        GROUP, f"all expressions, worst, {threads}", AGAINST, "s", worst.ours, worst.theirs, worst.figure, CHECK_WORST,
        note=worst.what,
    )  # fmt: skip


def _seconds(expression: Expression, effort: Effort) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Seconds of the check and of both passes, a round each, and the outcomes."""
    request = expression.request()
    differentiator = Differentiator("cpu")
    wrt = tuple(operand.name for operand in request.inputs)
    prepared = prepare(request.expression, types_of(request), wrt, Limits())
    upstream = resolve_upstream(request.upstream, prepared.typed.output)
    inputs = {operand.name: operand.tensor for operand in request.inputs}
    checks: list[float] = []
    outcomes: set[Outcome] = set()

    def respond() -> None:
        *_, last = differentiator.respond(request)
        outcomes.update(derivative.verdict.outcome for derivative in last.derivatives)
        assert not checks or last.form_origin is FormOrigin.WORKER
        checks.append(last.timings.check)

    def passes() -> None:
        differentiate(prepared.forward, inputs, wrt, upstream, torch.device("cpu"))

    times = interleave(respond, passes, rounds=4 * effort.rounds, patience=effort.patience / 2)
    _, passed = times[..., 0]
    return np.array(checks[-len(passed) :]), passed, ", ".join(sorted(outcome.name for outcome in outcomes))
