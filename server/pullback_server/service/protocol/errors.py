"""The table of failures' reasons, and the one place where refusals and failures become statuses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from ...program import Refusal

DOMAIN = "pullback"

#: grpcio answers RESOURCE_EXHAUSTED instead when message and details together do not fit in 8 KB of metadata.
DETAILS_BYTES = 3000


class Code(IntEnum):
    """The gRPC status codes that this service gives."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    RESOURCE_EXHAUSTED = 8
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class FailureReason(Enum):
    """Why a call failed though it was not refused: status, seconds until a retry makes sense or None, sentence."""

    # fmt: off
    NO_TOKEN             = Code.UNAUTHENTICATED,    None, "a token is required: `authorization: Bearer TOKEN`"
    UNKNOWN_TOKEN        = Code.UNAUTHENTICATED,    None, "this service does not know the token"
    SEVERAL_TOKENS       = Code.UNAUTHENTICATED,    None, "there is more than one authorization header"
    DEADLINE             = Code.DEADLINE_EXCEEDED,  None, "the deadline passed before any number was there"
    QUEUE_FULL           = Code.RESOURCE_EXHAUSTED, 1.0,  "the queue of waiting calls is full"
    CLIENT_SHARE         = Code.RESOURCE_EXHAUSTED, 1.0,  "this client has as many waiting calls as one client may have"
    BYTES_IN_FLIGHT      = Code.RESOURCE_EXHAUSTED, 1.0,  "the requests in flight hold as many bytes as they may"
    TIME_BUDGET          = Code.RESOURCE_EXHAUSTED, None, "the service's time limit passed before any number was there"
    DEVICE_OUT_OF_MEMORY = Code.RESOURCE_EXHAUSTED, None, "the device has too little memory for this request"
    REPLY_TOO_LARGE      = Code.RESOURCE_EXHAUSTED, None, "the reply is larger than a message may be"
    NO_WORKER            = Code.UNAVAILABLE,        1.0,  "no worker is ready"
    DRAINING             = Code.UNAVAILABLE,        0.1,  "the service is shutting down"
    WORKER_CRASHED       = Code.INTERNAL,           None, "this request crashed two workers"
    INTERNAL             = Code.INTERNAL,           None, "the service failed; its log has the details"
    # fmt: on

    def __init__(self, code: Code, retry_after: float | None, sentence: str) -> None:
        self.code = code
        self.retry_after = retry_after
        self.sentence = sentence


@dataclass(frozen=True)
class Failure:
    """A status on its way out: gRPC's code and message, the bytes of a google.rpc.Status, and the reason's name."""

    code: int
    message: str
    status: bytes
    reason: str

    @property
    def final(self) -> bool:
        """Whether a client must not retry the call, which its code alone does not tell."""
        return self.code == Code.INTERNAL


def failure(reason: FailureReason) -> Failure:
    """The failure for that reason.

    >>> failure(FailureReason.QUEUE_FULL).message
    'the queue of waiting calls is full'
    """
    return _FAILURES[reason]


def refusal(refused: Refusal) -> Failure:
    """The failure that says where a request is wrong, what was found there and what would be accepted.

    >>> from pullback_server.program import Reason
    >>> refusal(Refusal(Reason.UNKNOWN_NAME, "there is no `z`", line=1, column=5)).code
    3
    """
    budget = 400
    while True:
        failure = _refusal(refused, budget)
        if len(failure.status) <= DETAILS_BYTES:
            return failure
        budget = budget * 3 // 4


def escape(text: str, budget: int) -> str:
    r"""The string with control characters escaped, cut to at most `budget` bytes of UTF-8.

    >>> escape("a\x1b[31m", 100)
    'a\\x1b[31m'
    """
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:budget])
    encoded = printable.encode()
    if len(encoded) <= budget and len(text) <= budget:
        return printable
    return encoded[: max(0, budget - 3)].decode(errors="ignore") + "…"


def _refusal(refused: Refusal, budget: int) -> Failure:
    reason = refused.reason.name
    message = escape(refused.message, budget)
    metadata = {
        "line": str(refused.line) if refused.line else "",
        "column": str(refused.column) if refused.column else "",
        "found": escape(refused.found, budget // 2),
        "hint": escape(refused.hint, budget),
    }
    if refused.output_shape is not None:
        metadata["output_shape"] = ",".join(map(str, refused.output_shape))
    field = BadRequest.FieldViolation(field=escape(refused.field, 100), description=message, reason=reason)
    present = {key: value for key, value in metadata.items() if value or key == "output_shape"}
    info = ErrorInfo(reason=reason, domain=DOMAIN, metadata=present)
    return _failure(Code.INVALID_ARGUMENT, reason, message, (BadRequest(field_violations=[field]), info))


def _failure(code: Code, reason: str, message: str, details: tuple[Message, ...]) -> Failure:
    status = Status(code=int(code), message=message)
    for detail in details:
        status.details.add().Pack(detail)
    return Failure(int(code), message, status.SerializeToString(), reason)


def _failure_for(reason: FailureReason) -> Failure:
    details: list[Message] = [ErrorInfo(reason=reason.name, domain=DOMAIN)]
    if reason.retry_after is not None:
        nanoseconds = round(reason.retry_after * 1e9)
        delay = Duration(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)
        details.append(RetryInfo(retry_delay=delay))
    return _failure(reason.code, reason.name, reason.sentence, tuple(details))


_FAILURES = {reason: _failure_for(reason) for reason in FailureReason}
