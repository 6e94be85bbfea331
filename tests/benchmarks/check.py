"""What the check costs beside autograd: the closed form evaluated and compared, over a forward and a backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from pullback_server.numeric import differentiate
from pullback_server.program import Limits
from pullback_server.verdict import Differentiator, FormOrigin, Request, Verdict
from pullback_server.verdict.preparation import prepare, resolve_upstream, types_of

from .bounds import CHECK_TYPICAL, CHECK_WORST
from .expressions import EXPRESSIONS
from .pairs import Effort, Finding, Spread, interleave, p50, ratio, torch_threads
from .servers import Servers

AGAINST = "autograd, forward and backward"
THREADS = (1, 2)


class Check:
    """A request that is answered in process at each call, all inputs differentiated, the closed form at hand.

    The check is what a response's own timings call so: the plan evaluated, and every entry compared.
    """

    def __init__(self, request: Request) -> None:
        self._request, self._differentiator = request, Differentiator("cpu")
        self._seconds: list[float] = []
        self.verdicts: tuple[Verdict, ...] = ()
        self.inputs = {operand.name: operand.tensor for operand in request.inputs}
        self.prepared = prepare(request.expression, types_of(request), tuple(self.inputs), Limits())
        self.upstream = resolve_upstream(request.upstream, self.prepared.typed.output)

    def __call__(self) -> None:
        """Answers the request, and keeps how long the check took, and the verdicts.

        The rest of the response is let go, for what holds its memory slows the next answer down.
        """
        *_, response = self._differentiator.respond(self._request)
        assert not self._seconds or response.form_origin is FormOrigin.WORKER
        self._seconds.append(response.timings.check)
        self.verdicts = tuple(derivative.verdict for derivative in response.derivatives)

    def seconds(self, rounds: int) -> NDArray[np.float64]:
        """Seconds of the check in the last rounds."""
        return np.array(self._seconds[-rounds:])


def check(_: Servers, effort: Effort) -> Iterator[Finding]:
    """The expressions of the bound, with one and two torch threads."""
    for threads in THREADS:
        with torch_threads(threads):
            yield from _with_threads(f"{threads} thread{'s' * (threads > 1)}", effort)


def _with_threads(threads: str, effort: Effort) -> Iterator[Finding]:
    findings = [_finding(Check(each.request()), f"{each.name}, {threads}", effort) for each in EXPRESSIONS]
    yield from findings
    middle = Spread.of(np.array([finding.figure.median for finding in findings]))
    candidate = p50(np.array([finding.candidate for finding in findings]))
    baseline = p50(np.array([finding.baseline for finding in findings]))
    note = f"median, least and greatest of the {len(findings)} medians above"
    yield Finding(f"all expressions, median, {threads}", AGAINST, "s", candidate, baseline, middle, CHECK_TYPICAL, note)
    worst = max(findings, key=lambda finding: finding.figure.median)
    yield replace(worst, what=f"all expressions, worst, {threads}", bound=CHECK_WORST, note=worst.what)


def _finding(checked: Check, what: str, effort: Effort) -> Finding:
    forward, wrt = checked.prepared.forward, tuple(checked.inputs)

    def passes() -> None:
        differentiate(forward, checked.inputs, wrt, checked.upstream, torch.device("cpu"))

    times = interleave(checked, passes, rounds=4 * effort.rounds, patience=effort.patience / 2)
    passed = times[1, :, 0]
    outcomes = {verdict.outcome.name for verdict in checked.verdicts}
    return ratio(what, AGAINST, checked.seconds(len(passed)), passed, note=", ".join(sorted(outcomes)))
