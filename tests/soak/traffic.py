"""What is sent: small questions of every day, and lines of the hostile corpus among them."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from pullback.values.request import Request
from pullback.wire.messages import request_message

from tests.hostile_lines import CASES, body_of

#: Expressions of every day with the shapes of their inputs; each has one element, so that no upstream is needed.
_EVERY_DAY = (
    ("(3*a**3 - b**2).sum()", {"a": (8,), "b": (8,)}),
    ("tanh(W @ x).sum()", {"W": (16, 16), "x": (16,)}),
    ("-log(softmax(x, dim=0))[0]", {"x": (10,)}),
    ("x.T @ A @ x", {"x": (12,), "A": (12, 12)}),
    ("((A @ x - b)**2).mean()", {"A": (40, 5), "x": (5,), "b": (40,)}),
    ("(softmax(Q @ K.T / 2.0, dim=-1) @ V).sum()", {"Q": (6, 4), "K": (6, 4), "V": (6, 4)}),
)
#: A hostile line's ways of sending that are not a matter of its bytes.
_OF_TRANSPORT = {"cancel_after_s", "metadata", "compression", "decompressed_bytes", "wire_bytes", "deadline_s"}
#: Larger lines would measure how fast this side makes bytes.
_LARGEST = 2**20


@dataclass(frozen=True, eq=False)
class Parcel:
    """A request's bytes, and the statuses that are right for it."""

    body: bytes
    right: frozenset[str]
    hostile: bool


def parcels(share: float, seed: str, count: int = 4000) -> list[Parcel]:
    """So many parcels in an order drawn by chance, of which `share` are hostile."""
    chance = random.Random(seed)
    lines = [line for line in CASES if not _OF_TRANSPORT & line.get("request", {}).keys()]
    # A line that only lacks an upstream gradient is refused for that where it would else be answered.
    hostile = [
        Parcel(body, frozenset(line["expected_code"].split("|")) | {"INVALID_ARGUMENT"}, hostile=True)
        for line in lines
        if len(body := body_of(line)) <= _LARGEST
    ]
    return [chance.choice(hostile) if chance.random() < share else _every_day(chance) for _ in range(count)]


def _every_day(chance: random.Random) -> Parcel:
    draw = np.random.default_rng(chance.getrandbits(32))
    expression, shapes = chance.choice(_EVERY_DAY)
    inputs = {name: draw.standard_normal(shape) for name, shape in shapes.items()}
    message = request_message(Request(expression, inputs))
    return Parcel(message.SerializeToString(), frozenset({"OK"}), hostile=False)
