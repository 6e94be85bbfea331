"""What becomes of each call: counted, logged, and traced where that is asked for."""

from __future__ import annotations

import logging
import time
from typing import Protocol

import grpc

from .. import logs
from ..protocol.errors import Code
from ..protocol.methods import MethodRow
from .callers import Caller
from .calls import Call
from .tally import Tally

_log = logging.getLogger(__name__)

#: gRPC's statuses by their numbers.
STATUSES = {status.value[0]: status for status in grpc.StatusCode}
_NAMES = {number: status.name for number, status in STATUSES.items()}
CANCELLED = grpc.StatusCode.CANCELLED.value[0]


class Traces(Protocol):
    """Where spans go."""

    def record(self, row: MethodRow, caller: Caller, call: Call, status: str, seconds: float) -> None:
        """A call is over."""


class Observer:
    """Records each call once, when it is over."""

    def __init__(self, tally: Tally | None, log_calls: bool, traces: Traces | None = None) -> None:
        """`tally` is None where nobody reads it."""
        self._tally, self._log_calls, self._traces = tally, log_calls, traces

    def record_rejection(self, row: MethodRow, caller: Caller, code: int, reason: str) -> None:
        """A call was rejected before its request was read."""
        status = _NAMES[code]
        if self._tally is not None:
            self._tally.calls[row.name, status, reason] += 1
        if self._log_calls:
            _log.info("a call was rejected", extra=logs.about(**_describe(row, caller, status, reason)))

    def record_call(self, row: MethodRow, caller: Caller, call: Call, code: int, reason: str, sent: int) -> None:
        """A call is over: with gRPC's status, the reason in the table of errors or none, and so many bytes sent."""
        status, seconds = _NAMES[code], time.monotonic() - call.arrival
        if self._tally is not None:
            self._count(self._tally, call, seconds, sent)
            self._tally.calls[row.name, status, reason] += 1
            if not code and call.note:
                self._tally.forms[call.note] += 1
        if self._log_calls or code == Code.INTERNAL:
            numeric, symbolic = call.leg_seconds
            times = {"seconds": seconds, "queue": call.queue_seconds or 0.0, "numeric": numeric, "symbolic": symbolic}
            about = logs.about(
                **_describe(row, caller._replace(client=call.client), status, reason),
                **{name: round(value, 6) for name, value in times.items()},
                received=len(call.body),
                sent=sent,
                attempts=call.attempts,
            )
            _log.log(logging.ERROR if code == Code.INTERNAL else logging.INFO, "a call is over", extra=about)
        if self._traces is not None:
            self._traces.record(row, caller, call, status, seconds)

    @staticmethod
    def _count(tally: Tally, call: Call, seconds: float, sent: int) -> None:
        queue, (numeric, symbolic) = call.queue_seconds, call.leg_seconds
        tally.bytes["received"] += len(call.body)
        tally.bytes["sent"] += sent
        tally.total.add(seconds)
        if queue is not None:
            tally.queue.add(queue)
        if numeric:
            tally.numeric.add(numeric)
        if symbolic:
            tally.symbolic.add(symbolic)


def _describe(row: MethodRow, caller: Caller, status: str, reason: str) -> dict[str, str]:
    fields = {"request": caller.request_id, "client": caller.client, "method": row.name, "status": status}
    return fields | ({"reason": reason} if reason else {})
