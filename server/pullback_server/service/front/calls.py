"""One accepted request on its way through the service."""

from __future__ import annotations

import asyncio

from ..protocol.channel import NO_LEGS, Frame, LegSeconds, Method
from ..protocol.errors import Failure
from .worker_handle import WorkerHandle

#: The result of a call: the bytes of a reply, or why there is none.
Outcome = bytes | Failure


class Call:
    """One accepted request until it is answered; times are in seconds of CLOCK_MONOTONIC."""

    __slots__ = (
        "arrival",
        "attempts",
        "body",
        "client",
        "code",
        "dispatched",
        "future",
        "leg_seconds",
        "limit",
        "method",
        "note",
        "numbers_at",
        "provisional",
        "request_id",
        "timer",
        "waits_past_limit",
        "worker",
    )

    def __init__(
        self,
        method: Method,
        body: bytes,
        client: str,
        request_id: str,
        arrival: float,
        future: asyncio.Future[Outcome],
    ) -> None:
        self.method = method
        self.body = body
        #: Whose it is, and what the log and the caller call it.
        self.client, self.request_id = client, request_id
        self.arrival = arrival
        self.future = future
        self.limit = 0.0
        #: Whether the caller would wait longer than the limit, which is the service's own then.
        self.waits_past_limit = False
        self.attempts = 0
        self.provisional: bytes | None = None
        self.worker: WorkerHandle | None = None
        self.timer: asyncio.TimerHandle | None = None
        #: When it was sent to a worker, and when its numbers were there; zero before that.
        self.dispatched = self.numbers_at = 0.0
        #: From the worker's answer: the time of both legs, the status inside it, and where its form came from.
        self.leg_seconds: LegSeconds = NO_LEGS
        self.code, self.note = 0, ""

    @property
    def queue_seconds(self) -> float | None:
        """How long it waited for a worker; None where it never got one."""
        return self.dispatched - self.arrival if self.dispatched else None

    def record(self, frame: Frame) -> None:
        """Keeps what a frame has about the answer beside its bytes."""
        self.leg_seconds, self.code, self.note = frame.leg_seconds, frame.code, frame.note
