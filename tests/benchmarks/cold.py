"""Requests of which no closed form is known: processor time until the verdict, and until the whole reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time

import numpy as np
import sympy as sp
import torch
from pullback_server.program import Limits
from pullback_server.service.wire import derivative_messages
from pullback_server.verdict import Differentiator, Operand, Outcome, Request
from pullback_server.verdict.preparation import differentiated_inputs, prepare, types_of
from sympy.core.cache import clear_cache

from tests.case_files import Case, draw_inputs, read

from .bounds import COLD_LARGE, COLD_LARGE_VERDICT, COLD_MEDIAN, COLD_REPLY, COLD_VERDICT, Bound
from .pairs import Effort, Finding, Spread, by_round, interleave, p50, ratio, torch_threads
from .servers import Servers

AGAINST = "the yardstick: sympy differentiates and prints"
#: The case that has bounds of its own.
LARGE = "encoder-layer"
#: The stages whose end the verdict is: the numbers, and the comparison.
UNTIL_VERDICT = 2


def yardstick() -> None:
    """A fixed expression differentiated twice and printed by sympy: about 50 ms of a fast machine."""
    clear_cache()
    x, y = sp.symbols("x y", real=True)
    derivative = sp.diff(sp.sin(x * y) * sp.exp(x**2) / (1 + sp.tanh(x + y) ** 2) * sp.log(1 + y**2), x, 2)
    assert len(str(derivative)) < len(sp.latex(derivative))


@dataclass(frozen=True)
class Cold:
    """A request to a worker that is warm, but knows none of its closed forms; sympy's cache is empty."""

    request: Request

    def __call__(self, stages: int | None = None) -> None:
        """Answers it, up to so many responses, each of which is made into a message as the worker makes it."""
        clear_cache()
        for number, response in enumerate(Differentiator("cpu").respond(self.request), 1):
            derivative_messages.reply("", response, {}, 0.0, 0.0)
            if number == stages:
                break
        if stages is None:
            outcomes = {derivative.verdict.outcome for derivative in response.derivatives}
            assert outcomes <= {Outcome.AGREE, Outcome.PRECISION_LIMITED}, outcomes

    def until_verdict(self) -> None:
        """Answers it up to the verdict."""
        self(UNTIL_VERDICT)


def cold(_: Servers, effort: Effort) -> Iterator[Finding]:
    """Networks and losses written out, each with its bounds; then the median over identities and expressions."""
    with torch_threads(1):
        for case in read("cold"):
            yield from _finding(case, effort)
        yield from _median(effort)


def _finding(case: Case, effort: Effort) -> Iterator[Finding]:
    contender = Cold(request_of(case["f"], _normal(case)))
    stages = (contender.until_verdict, contender)
    bounds = (COLD_LARGE_VERDICT, COLD_LARGE) if case["name"] == LARGE else (COLD_VERDICT, COLD_REPLY)
    for name, stage, bound in zip(("verdict", "reply"), stages, bounds, strict=True):
        yield _in_yardsticks(f"{case['name']}, {name}", stage, effort, bound)


def _in_yardsticks(what: str, stage: Callable[[], None], effort: Effort, bound: Bound) -> Finding:
    times = interleave(
        stage, yardstick, rounds=effort.rounds, patience=effort.patience / 2, warm_up=1, clock=process_time
    )
    measured = by_round(times)
    return ratio(what, AGAINST, measured[0], measured[1], bound)


def _median(effort: Effort) -> Iterator[Finding]:
    cases = [case for name in ("identities", "expressions", "more_expressions") for case in read(name)]
    cases = cases[:: 20 if effort.quick else 1]
    unit = by_round(interleave(yardstick, rounds=effort.rounds, clock=process_time))[0]
    for name, stages in (("verdict", UNTIL_VERDICT), ("reply", None)):
        seconds = np.array([_seconds(case, stages) for case in cases])
        yield Finding(
            f"median of {len(cases)} identities and expressions, {name}", AGAINST, "s", p50(seconds), p50(unit),
            Spread.of(seconds / p50(unit)), COLD_MEDIAN, "least and greatest are those of the cases",
        )  # fmt: skip


def _seconds(case: Case, stages: int | None) -> float:
    contender, start = Cold(request_of(case["f"], draw_inputs(case))), process_time()
    for number, _ in enumerate(Differentiator("cpu").respond(contender.request), 1):
        if number == stages:
            break
    return process_time() - start


def _normal(case: Case) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    shapes = case["shapes"].items()
    return {name: torch.randn(shape, dtype=torch.float64, generator=random) for name, shape in shapes}


def request_of(expression: str, inputs: dict[str, torch.Tensor]) -> Request:
    """A request with an upstream gradient of ones."""
    request = Request(expression, tuple(Operand(name, tensor) for name, tensor in inputs.items()))
    typed = prepare(expression, types_of(request), differentiated_inputs(request), Limits()).typed
    return Request(expression, request.inputs, torch.ones(typed.output.shape, dtype=torch.float64))
