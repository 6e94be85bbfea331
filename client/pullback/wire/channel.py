"""How the client speaks to a service: message sizes, retries, round robin and reconnection."""

from __future__ import annotations

import json
from typing import Any

from grpc_health.v1.health_pb2_grpc import HealthStub

from ..v1.derivative_pb2_grpc import DerivativeServiceStub
from ..v1.grading_pb2_grpc import GradingServiceStub
from .security import TlsFiles, on_loopback, security_of

#: Bytes of the largest message: the 64 MiB that a service accepts unless it is told otherwise, and room around them.
LARGEST_MESSAGE = 65 * 2**20

#: How often a call is made before Unavailable is raised, and the pause before each further one, which doubles.
ATTEMPTS = 5
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0

#: The calls that gRPC itself makes again. Streams are not among them: gRPC does not know what was answered already,
#: and stream.py does it.
_RETRIED = {
    "pullback.v1.DerivativeService": ("Differentiate", "DescribeLanguage"),
    "pullback.v1.GradingService": ("Grade", "Replay"),
}


class Connection:
    """A channel of a library, `grpc` or `grpc.aio`, and the services at its end; it connects when it is first used."""

    _library: Any

    def __init__(self, target: str, *, token: str | None = None, tls: TlsFiles | bool | None = None) -> None:
        self.target = target
        files, self._metadata = security_of(target, token, tls)
        options = channel_options(target)
        if files is None:
            self._channel: Any = self._library.insecure_channel(target, options=options)
        else:
            self._channel = self._library.secure_channel(target, files.credentials(), options=options + files.options())
        self._stub: Any = DerivativeServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._health: Any = HealthStub(self._channel)
        self._grading: Any = GradingServiceStub(self._channel)  # type: ignore[no-untyped-call]


def channel_options(target: str) -> list[tuple[str, str | int]]:
    """The options of a channel to `target`.

    >>> dict(channel_options("localhost:50051"))["grpc.per_rpc_retry_buffer_size"] > LARGEST_MESSAGE
    True
    """
    return [
        ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ("grpc.max_receive_message_length", LARGEST_MESSAGE),
        # gRPC silently stops retrying a call of more bytes than this; its own default is 256 KiB.
        ("grpc.per_rpc_retry_buffer_size", LARGEST_MESSAGE + 2**20),
        # gRPC waits up to two minutes before it tries a lost server again; a fresh replica is there sooner.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # A proxy that the environment names is not for this machine.
        ("grpc.enable_http_proxy", 0 if on_loopback(target) else 1),
        ("grpc.service_config", json.dumps(_service_config())),
    ]


def pause_before(attempt: int) -> float:
    """Seconds to wait before a further attempt, the first of which is 1.

    >>> [pause_before(attempt) for attempt in (1, 2, 3, 10)]
    [0.05, 0.1, 0.2, 1.0]
    """
    return min(FIRST_PAUSE * 2.0 ** (attempt - 1), LONGEST_PAUSE)


def _service_config() -> dict[str, object]:
    methods = [{"service": service, "method": method} for service, names in _RETRIED.items() for method in names]
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": methods,
                "retryPolicy": {
                    "maxAttempts": ATTEMPTS,
                    "initialBackoff": f"{FIRST_PAUSE}s",
                    "maxBackoff": f"{LONGEST_PAUSE}s",
                    "backoffMultiplier": 2,
                    # A server that ends resets, as CANCELLED, the calls that have arrived and that it has not seen yet.
                    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
                },
            }
        ],
    }
