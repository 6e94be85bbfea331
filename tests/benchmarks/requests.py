"""The requests that are sent, as bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pullback import Request
from pullback.wire.messages import request_message

#: The small request that latency and throughput are measured with.
SMALL = Request("3*a**3 - b**2", {"a": [2.0, 3.0], "b": [6.0, 4.0]}, upstream=[1.0, 1.0])


def encoded(request: Request) -> bytes:
    """The bytes that the client sends for a request."""
    return request_message(request).SerializeToString()


def unchecked(expression: str, inputs: Mapping[str, object], upstream: NDArray[np.float64] | None = None) -> bytes:
    """A request for the numeric leg only."""
    return encoded(Request(expression, inputs, upstream, notations=(), check=False))
