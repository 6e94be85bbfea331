"""One accepted request on its way through the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..protocol.channel import NO_LEGS, Frame, FrameKind, LegSeconds, Method
from ..protocol.errors import Failure
from .worker_handle import WorkerHandle

#: The result of a call: the bytes of a reply, or why there is none.
Outcome = bytes | Failure


#: The methods whose calls may take little time, and the bytes of a request that may.
QUICK, SMALL = frozenset((Method.DIFFERENTIATE, Method.DIFFERENTIATE_MANY)), 2**12


@dataclass(slots=True, eq=False, repr=False)
class Call:
    """One accepted request until it is answered; times are in seconds of CLOCK_MONOTONIC."""

    method: Method
    body: bytes
    #: Whose it is, and what the log and the caller call it.
    client: str
    request_id: str
    arrival: float
    #: Gets the outcome, at once and once, unless the call is given up before.
    settle: Callable[[Call, Outcome], None]
    settled: bool = False
    limit: float = 0.0
    #: Whether the caller would wait longer than the limit, which is the service's own then.
    waits_past_limit: bool = False
    attempts: int = 0
    #: Whether it was among several when their worker died, so that no other is sent with it any more.
    alone: bool = False
    provisional: bytes | None = None
    #: How many provisional replies came before it.
    provisional_place: int = 0
    worker: WorkerHandle | None = None
    timer: asyncio.TimerHandle | None = None
    #: When it was sent to a worker, and when its numbers were there; zero before that.
    dispatched: float = 0.0
    numbers_at: float = 0.0
    #: From the worker's answer: the time of both legs, the status inside it, and where its form came from.
    leg_seconds: LegSeconds = NO_LEGS
    code: int = 0
    note: str = ""

    @property
    def small(self) -> bool:
        """Whether it may be sent to a worker together with others."""
        return self.method in QUICK and len(self.body) <= SMALL and not self.attempts and not self.alone

    @property
    def queue_seconds(self) -> float | None:
        """How long it waited for a worker; None where it never got one."""
        return self.dispatched - self.arrival if self.dispatched else None

    def record(self, frame: Frame) -> None:
        """Keeps what a frame has about the answer beside its bytes."""
        self.leg_seconds, self.note = frame.leg_seconds, frame.note
        if frame.kind == FrameKind.FINAL:
            self.code = frame.code
