"""The expressions that the check is measured on, at the sizes that the bounds are about."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pullback_server.verdict import Operand, Question


@dataclass(frozen=True)
class Expression:
    """A text with the shapes of its inputs, all float64 and all differentiated."""

    name: str
    text: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    output: tuple[int, ...] = ()

    def question(self) -> Question:
        """The question, without notations, on random tensors; an upstream gradient where the output needs one."""
        random = torch.Generator().manual_seed(0)

        def draw(shape: tuple[int, ...]) -> torch.Tensor:
            return torch.randn(shape, dtype=torch.float64, generator=random)

        inputs = tuple(Operand(name, draw(shape)) for name, shape in self.shapes)
        return Question(self.text, inputs, draw(self.output) if self.output else None, frozenset())


def _softmax(n: int, written: str) -> Expression:
    return Expression(f"softmax(x), {written}", "softmax(x)", (("x", (n,)),), (n,))


_N, _D, _WIDTH = 512, 64, 500
_LAYERS = "tanh(W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3)"

EXPRESSIONS = (
    Expression("3*a**3 - b**2, 10^6", "3*a**3 - b**2", (("a", (10**6,)), ("b", (10**6,))), (10**6,)),
    Expression("matrix factorisation, 1000 x 800, rank 10", "sum((X - U @ V.T)**2)",
               (("X", (1000, 800)), ("U", (1000, 10)), ("V", (800, 10)))),
    Expression("logistic loss, 10^5 x 50", "mean(softplus(-y*(X @ w)))",
               (("y", (10**5,)), ("X", (10**5, 50)), ("w", (50,)))),
    _softmax(10**5, "10^5"),
    _softmax(10**6, "10^6"),
    Expression(f"attention, {_N} x {_D}", "softmax(Q @ K.T / sqrt(64), dim=-1) @ V",
               (("Q", (_N, _D)), ("K", (_N, _D)), ("V", (_N, _D))), (_N, _D)),
    Expression(f"three tanh layers, width {_WIDTH}", _LAYERS,
               (*((f"W{k}", (_WIDTH, _WIDTH)) for k in (1, 2, 3)), *((f"b{k}", (_WIDTH,)) for k in (1, 2, 3)),
                ("x", (_WIDTH,))), (_WIDTH,)),
)  # fmt: skip
