"""What the clients ask: requests whose right answers NumPy knows, and some that must be refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pullback.v1 import derivative_pb2 as wire
from pullback.values.reply import Outcome
from pullback.values.request import Request
from pullback.wire.messages import reply_from, request_message

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Question:
    """A request with the value and the gradients that are right; None where it must be refused."""

    message: wire.DifferentiateRequest
    right: tuple[Array, Mapping[str, Array]] | None

    def fault_of(self, body: bytes) -> str:
        """What is wrong with a reply of status OK; empty where nothing is."""
        if self.right is None:
            return "a request that can never succeed was answered"
        reply = reply_from(wire.DifferentiateResponse.FromString(body))
        if reply.id != self.message.id:
            return f"the answer to {self.message.id} says that it answers {reply.id}"
        value, gradients = self.right
        if not np.allclose(reply.value, value, rtol=1e-9, atol=1e-12):
            return f"{self.message.expression}: a wrong value"
        for name, gradient in gradients.items():
            if not np.allclose(reply.gradients[name], gradient, rtol=1e-9, atol=1e-12):
                return f"{self.message.expression}: a wrong gradient of {name}"
            verdict = reply.verdicts[name]
            # A tanh that is as good as 1 has a slope of few digits, which the verdict tells.
            if verdict.outcome not in (Outcome.AGREE, Outcome.PRECISION_LIMITED, Outcome.UNDECIDED):
                return f"{self.message.expression}: {name} is {verdict.outcome.name}"
        return ""


def ask(identity: str, chance: random.Random) -> Question:
    """A question of a kind drawn by chance, most of them small."""
    normal = np.random.default_rng(chance.getrandbits(32)).standard_normal
    (make,) = chance.choices(tuple(_KINDS), weights=tuple(_KINDS.values()))
    expression, inputs, upstream, value, gradients = make(lambda *shape: normal(shape), chance)
    message = request_message(Request(expression, inputs, upstream, id=identity))
    return Question(message, None if value is None else (value, gradients))


_Made = tuple[str, Mapping[str, Array], Array | None, Array | None, Mapping[str, Array]]
_Draw = Callable[..., Array]


def _elementwise(draw: _Draw, chance: random.Random) -> _Made:
    a, b, v = draw(3), draw(3), draw(3)
    return "3*a**3 - b**2", {"a": a, "b": b}, v, 3 * a**3 - b**2, {"a": 9 * a**2 * v, "b": -2 * b * v}


def _layer(draw: _Draw, chance: random.Random) -> _Made:
    weights, x = draw(4, 5), draw(5)
    y = np.tanh(weights @ x)
    slope = 1 - y**2
    return "tanh(W @ x).sum()", {"W": weights, "x": x}, None, y.sum(), {"W": np.outer(slope, x), "x": weights.T @ slope}


def _softmax(draw: _Draw, chance: random.Random) -> _Made:
    x, v = draw(6), draw(6)
    s = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    return "softmax(x, dim=0)", {"x": x}, v, s, {"x": s * (v - s @ v)}


def _new_form(draw: _Draw, chance: random.Random) -> _Made:
    """A closed form that nobody has asked for before, most likely."""
    k, x = chance.randrange(2, 10**6), draw(3)
    y = np.sin(k * x)
    return f"(x * sin({k}*x)).sum()", {"x": x}, None, (x * y).sum(), {"x": y + k * x * np.cos(k * x)}


def _large(draw: _Draw, chance: random.Random) -> _Made:
    """A body that goes beside the pipe."""
    x, v = draw(60_000), draw(60_000)
    return "x*x", {"x": x}, v, x * x, {"x": 2 * x * v}


def _refused(draw: _Draw, chance: random.Random) -> _Made:
    expression = chance.choice(("x +", "nobody(x)", "x @@ x", "__import__('os')", "x.reshape(7, 7)"))
    return expression, {"x": draw(3)}, None, None, {}


_KINDS = {_elementwise: 8, _layer: 4, _softmax: 4, _new_form: 1, _large: 1, _refused: 2}
