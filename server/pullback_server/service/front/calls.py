"""One accepted request on its way through the service."""

from __future__ import annotations

import asyncio

from ..protocol.channel import NOTHING_SPENT, Frame, Method, Spent
from ..protocol.errors import Failure
from .handle import Worker

#: What comes of a call: the bytes of a reply, or why there is none.
Outcome = bytes | Failure


class Call:
    """One accepted request until it is answered; times are in seconds of CLOCK_MONOTONIC."""

    __slots__ = (
        "arrival",
        "attempts",
        "body",
        "client",
        "code",
        "future",
        "given",
        "limit",
        "method",
        "note",
        "numbers",
        "patient",
        "provisional",
        "request",
        "spent",
        "timer",
        "worker",
    )

    def __init__(
        self,
        method: Method,
        body: bytes,
        client: str,
        request: str,
        arrival: float,
        future: asyncio.Future[Outcome],
    ) -> None:
        self.method = method
        self.body = body
        #: Whose it is, and what the log and the caller call it.
        self.client, self.request = client, request
        self.arrival = arrival
        self.future = future
        self.limit = 0.0
        #: Whether it is the service that sets the limit, because the caller would wait longer.
        self.patient = False
        self.attempts = 0
        self.provisional: bytes | None = None
        self.worker: Worker | None = None
        self.timer: asyncio.TimerHandle | None = None
        #: When it was given to a worker and when its numbers were there; zero where that has not been.
        self.given = self.numbers = 0.0
        #: What the worker says of its answer: the time of both legs, the status inside it, and where its form is from.
        self.spent: Spent = NOTHING_SPENT
        self.code, self.note = 0, ""

    def hear(self, frame: Frame) -> None:
        """Keeps what a frame says of the answer beside its bytes."""
        self.spent, self.code, self.note = frame.spent, frame.code, frame.note
