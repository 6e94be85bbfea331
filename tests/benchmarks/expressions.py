"""The expressions that the check is measured on, at the sizes that the bounds are about."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pullback_server.verdict import Operand, Request


@dataclass(frozen=True)
class Drawn:
    """An input in float64 drawn from a normal distribution of mean 0; differentiated, as all inputs are."""

    name: str
    shape: tuple[int, ...]
    deviation: float = 1.0


@dataclass(frozen=True)
class Expression:
    """A text with its inputs; where `output` is given, there is an upstream gradient of that shape."""

    name: str
    text: str
    inputs: tuple[Drawn, ...]
    output: tuple[int, ...] = ()

    def request(self) -> Request:
        """The request, without notations, on the same random tensors each time."""
        random = torch.Generator().manual_seed(0)

        def draw(shape: tuple[int, ...], deviation: float = 1.0) -> torch.Tensor:
            return deviation * torch.randn(shape, dtype=torch.float64, generator=random)

        inputs = tuple(Operand(drawn.name, draw(drawn.shape, drawn.deviation)) for drawn in self.inputs)
        return Request(self.text, inputs, draw(self.output) if self.output else None, frozenset())


def softmax(n: int) -> Expression:
    """`softmax(x)` on n entries."""
    return Expression(f"softmax(x), {n:,}", "softmax(x)", (Drawn("x", (n,)),), (n,))


def elementwise(n: int) -> Expression:
    """`3*a**3 - b**2` on n entries each."""
    return Expression(f"3*a**3 - b**2, {n:,}", "3*a**3 - b**2", (Drawn("a", (n,)), Drawn("b", (n,))), (n,))


def _factorisation(rows: int, columns: int, rank: int) -> Expression:
    factors = (Drawn("U", (rows, rank)), Drawn("V", (columns, rank)))
    name = f"matrix factorisation, {rows} x {columns}, rank {rank}"
    return Expression(name, "sum((X - U @ V.T)**2)", (Drawn("X", (rows, columns)), *factors))


def _logistic(samples: int, features: int) -> Expression:
    drawn = (Drawn("y", (samples,)), Drawn("X", (samples, features)), Drawn("w", (features,), features**-0.5))
    return Expression(f"logistic loss, {samples:,} x {features}", "mean(log(1 + exp(-y*(X @ w))))", drawn)


def _attention(n: int, d: int) -> Expression:
    text = f"softmax(Q @ K.T / sqrt({d}), dim=-1) @ V"
    return Expression(f"attention, {n} x {d}", text, tuple(Drawn(name, (n, d)) for name in "QKV"), (n, d))


def _layers(n: int) -> Expression:
    weights = tuple(Drawn(f"W{k}", (n, n), n**-0.5) for k in (1, 2, 3))
    biases = tuple(Drawn(f"b{k}", (n,)) for k in (1, 2, 3))
    text = "tanh(W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3)"
    return Expression(f"three tanh layers, width {n}", text, (*weights, *biases, Drawn("x", (n,))), (n,))


EXPRESSIONS = (
    elementwise(10**6),
    _factorisation(1000, 800, 10),
    _logistic(10**5, 50),
    softmax(10**5),
    softmax(10**6),
    _attention(512, 64),
    _layers(500),
)
