"""What a small request costs a worker, message parsing and reply included, beside torch's own backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from pullback import Request
from pullback_server.program import Limits
from pullback_server.service.wire import derivative_messages
from pullback_server.verdict import Differentiator, FormOrigin, Outcome

from .bounds import WORKER
from .pairs import Effort, Finding, as_in_a_worker, by_round, interleave, ratio
from .requests import SMALL, encoded
from .servers import Servers

VERSIONS = {"pullback": "0", "torch": torch.__version__}


@dataclass(frozen=True)
class Small:
    """A request with check and notations, and what torch alone would compute; the shapes are those of the inputs."""

    expression: str
    function: Callable[..., torch.Tensor]
    shapes: Mapping[str, tuple[int, ...]]


_NETWORK = {"x": (4, 3), "V": (3, 5), "W": (5, 2), "y": (4, 2)}
CASES = (
    Small(SMALL.expression, lambda a, b: 3 * a**3 - b**2, {"a": (2,), "b": (2,)}),
    Small("softmax(x)", lambda x: torch.softmax(x, 0), {"x": (5,)}),
    Small("sum((tanh(x @ V) @ W - y)**2)", lambda x, v, w, y: ((torch.tanh(x @ v) @ w - y) ** 2).sum(), _NETWORK),
)


def worker(_: Servers, effort: Effort) -> Iterator[Finding]:
    """Bytes to bytes in this process, the closed form at hand, and torch's forward and backward pass in turn."""
    with as_in_a_worker():
        for small in CASES:
            yield _finding(small, effort)


def _finding(small: Small, effort: Effort) -> Finding:
    random, function = torch.Generator().manual_seed(0), small.function
    inputs = {name: torch.randn(shape, dtype=torch.float64, generator=random) for name, shape in small.shapes.items()}
    upstream = torch.randn(function(*inputs.values()).shape, dtype=torch.float64, generator=random)
    body = encoded(Request(small.expression, inputs, upstream))
    differentiator, limits = Differentiator("cpu"), Limits()

    def answer() -> object:
        request_id, request = derivative_messages.parse_request(body, limits)
        *_, response = differentiator.respond(request)
        return derivative_messages.reply(request_id, response, VERSIONS, 0.0, 0.0)

    def product() -> tuple[torch.Tensor, ...]:
        leaves = [tensor.detach().requires_grad_() for tensor in inputs.values()]
        return torch.autograd.grad(function(*leaves), leaves, upstream)

    answer()
    *_, response = differentiator.respond(derivative_messages.parse_request(body, limits)[1])
    assert response.form_origin is FormOrigin.WORKER
    assert {derivative.verdict.outcome for derivative in response.derivatives} == {Outcome.AGREE}
    times = by_round(interleave(answer, product, rounds=effort.rounds, calls=effort.calls))
    against = "torch's forward and backward pass"
    return ratio(small.expression, against, times[0], times[1], WORKER, note=f"{len(body)} bytes")
