"""How long the refusal of a hostile request takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter

import grpc
import numpy as np
from pullback import Request
from pullback.v1 import derivative_pb2, tensor_pb2

from .bounds import REFUSAL
from .pairs import Effort, Finding, absolute, by_round, p99
from .requests import SMALL, encoded
from .servers import Send, Servers


def hostile() -> Mapping[str, bytes]:
    """Requests that will never succeed, by name."""
    texts = {
        "a sum of 100,000 characters": "+".join(["x"] * 50_000),
        "9**9**9": "x + 9**9**9",
        "5,000 brackets": "(" * 5_000 + "x" + ")" * 5_000,
        "90 nested calls of 90 sums": "sum(" * 90 + "x" + ")" * 90 + "+1" * 4000,
        "a call of the shell": "__import__('os').system('true')",
        "an attribute of a class": "x.__class__.__mro__",
    }
    requests = {name: encoded(Request(text, {"x": [1.0]})) for name, text in texts.items()}
    # The same 10^12 entries asked for in 16 MB and in 32 KB.
    row, column = np.zeros((10**6, 1)), np.zeros((1, 10**6))
    requests["two inputs that broadcast to 10^12"] = encoded(Request("a + b", {"a": row, "b": column}, upstream=1.0))
    lines = {name: np.zeros([1000 if k == axis else 1 for k in range(4)]) for axis, name in enumerate("abcd")}
    requests["four inputs that broadcast to 10^12"] = encoded(Request("a + b + c + d", lines, upstream=1.0))
    lying = tensor_pb2.Tensor(dtype=tensor_pb2.DTYPE_FLOAT64, shape=[2**40], data=b"\0" * 8)
    message = derivative_pb2.DifferentiateRequest(expression="x", inputs=[derivative_pb2.Input(name="x", tensor=lying)])
    requests["a shape without its bytes"] = message.SerializeToString()
    requests["bytes that are no message"] = b"\xff" * 200
    return requests


def refusals(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """p99 for each text on a free service, a round each, and a good request after every one, which must succeed."""
    send, good = servers.sender(), encoded(SMALL)
    calls = 3 if effort.quick else 20
    for name, body in hostile().items():
        seconds = np.array([[_refused(send, body, good) for _ in range(calls)] for _ in range(effort.rounds)])
        yield absolute(f"{name}, p99", by_round(seconds, p99), REFUSAL)


def _refused(send: Send, body: bytes, good: bytes) -> float:
    start = perf_counter()
    code = grpc.StatusCode.OK
    try:
        send(body)
    except grpc.RpcError as refusal:
        code = refusal.code()
    seconds = perf_counter() - start
    if code is not grpc.StatusCode.INVALID_ARGUMENT:
        raise RuntimeError(f"a hostile request was answered with {code}")
    send(good)
    return seconds
