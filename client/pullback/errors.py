"""What can go wrong, as one tree of exceptions, and how a gRPC status becomes one of them.

PullbackError             any of the below
├── InvalidRequest        the request will never succeed; says where, what was found, what would be accepted
├── DeadlineExceeded      the timeout passed before there was any number
├── ResourceExhausted     a queue, a budget, the device's memory or the largest message is too small
├── Unavailable           no service answers at the target, or it is about to end
├── Cancelled             the call was cancelled
├── Unauthenticated       the service requires credentials
├── PermissionDenied      these credentials do not suffice
├── Unimplemented         the service has no such method
└── InternalError         the service failed, or answered what this client cannot read
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

from .reasons import Reason

DOMAIN = "pullback"

#: The metadata in which the service says what its log calls the call.
REQUEST_ID = "x-request-id"

M = TypeVar("M", bound=Message)


class PullbackError(Exception):
    """Anything that keeps a request from being answered.

    `code` is the `grpc.StatusCode`; `reason` a stable UPPER_SNAKE code such as QUEUE_FULL, the service's or a Reason of
    this client, whose sentence is the message where there is no other, and empty where there is none; `request_id` is
    what the service's log calls the call, empty where it did not say.

    >>> Unavailable("no worker is ready", reason="NO_WORKER").code
    <StatusCode.UNAVAILABLE: (14, 'unavailable')>
    """

    usual_code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN

    def __init_subclass__(cls, code: grpc.StatusCode | None = None) -> None:
        cls.usual_code = code or cls.usual_code

    def __init__(self, message: str = "", *, code: grpc.StatusCode | None = None, reason: Reason | str = "") -> None:
        if isinstance(reason, Reason):
            message, reason = message or reason.value, reason.name
        super().__init__(message)
        self.message = message
        self.code = code or self.usual_code
        self.reason = reason
        self.request_id = ""


class InvalidRequest(PullbackError, code=grpc.StatusCode.INVALID_ARGUMENT):
    """A request that will never succeed.

    `field` is the path of what is wrong (`expression`, `inputs[1].tensor`, `upstream`); `line` and `column` count from
    1 and are 0 where the field is not a string; `found` and `hint` are empty where there is nothing to say;
    `output_shape` is set where the upstream gradient does not fit the output.

    >>> str(InvalidRequest("there is no `sine`", field="expression", line=1, column=3, hint="did you mean sin?"))
    'expression, line 1, column 3: there is no `sine` (did you mean sin?)'
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: grpc.StatusCode | None = None,
        reason: Reason | str = "",
        field: str = "",
        line: int = 0,
        column: int = 0,
        found: str = "",
        hint: str = "",
        output_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(message, code=code, reason=reason)
        self.field, self.line, self.column = field, line, column
        self.found, self.hint, self.output_shape = found, hint, output_shape

    def __str__(self) -> str:
        where = f"{self.field}, line {self.line}, column {self.column}" if self.line else self.field
        return (f"{where}: " if where else "") + self.message + (f" ({self.hint})" if self.hint else "")


class DeadlineExceeded(PullbackError, code=grpc.StatusCode.DEADLINE_EXCEEDED):
    """The timeout passed before there was any number."""


class ResourceExhausted(PullbackError, code=grpc.StatusCode.RESOURCE_EXHAUSTED):
    """A queue, a budget, the device's memory or the largest message is too small for the request.

    `retry_after` is how many seconds to wait before trying again, None where that is of no use.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: grpc.StatusCode | None = None,
        reason: Reason | str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, reason=reason)
        self.retry_after = retry_after


class Unavailable(PullbackError, code=grpc.StatusCode.UNAVAILABLE):
    """No service answers at the target, or it is about to end; every retry has been made."""


class Cancelled(PullbackError, code=grpc.StatusCode.CANCELLED):
    """The call was cancelled, here or on the way."""


class Unauthenticated(PullbackError, code=grpc.StatusCode.UNAUTHENTICATED):
    """The service requires credentials and received none that it knows."""


class PermissionDenied(PullbackError, code=grpc.StatusCode.PERMISSION_DENIED):
    """The credentials are known and do not suffice."""


class Unimplemented(PullbackError, code=grpc.StatusCode.UNIMPLEMENTED):
    """The service at the target has no such method."""


class InternalError(PullbackError, code=grpc.StatusCode.INTERNAL):
    """The service failed, gave a status that it should never give, or answered what this client cannot read."""


_CLASSES = {kind.usual_code: kind for kind in PullbackError.__subclasses__()}
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def from_rpc_error(error: grpc.RpcError) -> PullbackError:
    """The exception for a call that failed; its details come from the `google.rpc.Status` in the trailing metadata."""
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # what grpcio raises for a call is that call
    except (ValueError, DecodeError):
        status = None  # the details contradict the call, whose own code and message are then used
    exception = from_status(status or Status(code=error.code().value[0], message=error.details() or ""))
    trailing: Any = error.trailing_metadata() or ()
    exception.request_id = next((str(value) for key, value in trailing if key == REQUEST_ID), "")
    return exception


def from_status(status: Status) -> PullbackError:
    """The exception for a `google.rpc.Status`, as it stands in an answer of a stream or in a call's metadata."""
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    kind = _CLASSES.get(code, InternalError)
    info = _detail(status, ErrorInfo()) or ErrorInfo()
    reason = info.reason if info.domain == DOMAIN else ""
    if kind is InvalidRequest:
        return _invalid(status, code, reason, dict(info.metadata))
    if kind is ResourceExhausted:
        retry = _detail(status, RetryInfo())
        retry_after = None if retry is None else retry.retry_delay.ToTimedelta().total_seconds()
        return ResourceExhausted(status.message, code=code, reason=reason, retry_after=retry_after)
    return kind(status.message, code=code, reason=reason)


def _invalid(status: Status, code: grpc.StatusCode, reason: str, metadata: dict[str, str]) -> InvalidRequest:
    violations = (_detail(status, BadRequest()) or BadRequest()).field_violations
    violation = violations[0] if violations else BadRequest.FieldViolation()
    shape = metadata.get("output_shape")
    return InvalidRequest(
        violation.description or status.message,
        code=code,
        reason=reason or violation.reason,
        field=violation.field,
        line=_number(metadata.get("line", "")),
        column=_number(metadata.get("column", "")),
        found=metadata.get("found", ""),
        hint=metadata.get("hint", ""),
        output_shape=None if shape is None else tuple(_number(size) for size in shape.split(",") if size),
    )


def _detail(status: Status, message: M) -> M | None:
    for detail in status.details:
        if detail.Is(message.DESCRIPTOR):
            detail.Unpack(message)
            return message
    return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
