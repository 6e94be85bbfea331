"""How the client speaks to a service: message sizes, retries, round robin and reconnection."""

from __future__ import annotations

import json

import grpc
import grpc.aio

from .security import TlsFiles, on_loopback

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


def open_channel(target: str, tls: TlsFiles | None) -> grpc.Channel:
    """A channel for programs that wait; it connects when it is first used."""
    if tls is None:
        return grpc.insecure_channel(target, options=channel_options(target))
    return grpc.secure_channel(target, tls.credentials(), options=channel_options(target) + tls.options())


def open_async_channel(target: str, tls: TlsFiles | None) -> grpc.aio.Channel:
    """A channel for the tasks of one event loop; it connects when it is first used."""
    if tls is None:
        return grpc.aio.insecure_channel(target, options=channel_options(target))
    return grpc.aio.secure_channel(target, tls.credentials(), options=channel_options(target) + tls.options())


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
