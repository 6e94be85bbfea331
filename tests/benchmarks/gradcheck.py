"""An answer with its check, against `torch.autograd.gradcheck`: what a user would otherwise check a gradient with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from pullback_server.verdict import Differentiator, Outcome
from torch.autograd import gradcheck as torch_gradcheck

from .expressions import Drawn, Expression, elementwise
from .pairs import Effort, Finding, by_round, interleave, ratio
from .servers import Servers


def _layer(n: int) -> Expression:
    inputs = (Drawn("W", (n, n)), Drawn("x", (n,)))
    return Expression(f"tanh(W @ x), {n} x {n}", "tanh(W @ x)", inputs, (n,))


#: An expression, and the same in torch on its inputs in order.
CASES: tuple[tuple[Expression, Callable[..., torch.Tensor]], ...] = (
    *((elementwise(n), lambda a, b: 3 * a**3 - b**2) for n in (2, 30, 300)),
    *((_layer(n), lambda w, x: torch.tanh(w @ x)) for n in (4, 12, 36)),
)


def gradcheck(_: Servers, effort: Effort) -> Iterator[Finding]:
    """Whole answers in process, the closed form at hand, against gradcheck in slow and fast mode, default tolerances.

    Slow mode compares the whole Jacobian with finite differences, fast mode one random projection of it; the verdict
    compares every entry of one vector-Jacobian product with the closed form.
    """
    for expression, function in CASES:
        yield from _findings(expression, function, effort)


def _findings(expression: Expression, function: Callable[..., torch.Tensor], effort: Effort) -> Iterator[Finding]:
    request = expression.request()
    differentiator = Differentiator("cpu")
    leaves = tuple(operand.tensor.clone().requires_grad_(True) for operand in request.inputs)

    def candidate() -> None:
        *_, last = differentiator.respond(request)
        assert all(derivative.verdict.outcome is Outcome.AGREE for derivative in last.derivatives)

    contenders = (
        candidate,
        lambda: torch_gradcheck(function, leaves),
        lambda: torch_gradcheck(function, leaves, fast_mode=True),
    )
    times = interleave(*contenders, rounds=effort.rounds, calls=3, patience=effort.patience / 2, warm_up=1)
    answered, slow, fast = by_round(times)
    yield ratio(expression.name, "gradcheck, slow mode", answered, slow)
    yield ratio(expression.name, "gradcheck, fast mode", answered, fast)
