"""Turns requests into messages, and messages into replies and the description of the language."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2
from numpy.typing import NDArray

from ..errors import InternalError, InvalidRequest
from ..reasons import Reason
from ..v1 import derivative_pb2, verdict_pb2
from ..values.deferred import contents
from ..values.formulas import ClosedForm
from ..values.language import Language, Operator
from ..values.reply import Legs, Reply
from ..values.request import Constant, Request
from ..values.verdict import Verdict
from .checks import integer_of, string_of
from .codec import Reader, decoder, encode, readers_of, words_of
from .tensors import FLOATING, array_from, array_of, fill_tensor, is_typed

#: The contract's notations by the names that callers use: `text`, `latex`, `matrix`, `code`, `steps`.
NOTATIONS = {
    word: derivative_pb2.Notation.Value(name) for word, name in words_of(derivative_pb2.Notation.DESCRIPTOR).items()
}


def request_message(request: Request) -> derivative_pb2.DifferentiateRequest:
    """The message for a request; raises InvalidRequest for what no service could read."""
    message = encode(
        request,
        derivative_pb2.DifferentiateRequest,
        inputs=(),
        upstream=None,
        notations=None,
        entries=[_entry_place(place, f"entries[{number}]") for number, place in enumerate(request.entries)],
    )
    message.notations.SetInParent()  # none is not the same as unset
    message.notations.notations.extend(_notations(request))  # type: ignore[arg-type]  # stubs want the enum
    requires_grad = _requires_grad(request)
    arrays = []
    for place, (name, value) in enumerate(request.inputs.items()):
        array = array_of(value.value if isinstance(value, Constant) else value, f"inputs[{place}].tensor")
        arrays.append(array)
        operand = message.inputs.add(name=string_of(name, f"inputs[{place}].name"), requires_grad=requires_grad(name))
        fill_tensor(operand.tensor, array)
    if request.upstream is not None:
        fill_tensor(message.upstream, _upstream(request.upstream, arrays))
    return message


def budget_message(seconds: float) -> Duration:
    """A number of seconds as a message, to the nanosecond.

    >>> budget_message(1.5).nanos
    500000000
    """
    full = math.floor(seconds)
    return Duration(seconds=full, nanos=int((seconds - full) * 1e9))


def health_request(service: str) -> health_pb2.HealthCheckRequest:
    """The message that asks for the health of a service, or of the whole server."""
    return health_pb2.HealthCheckRequest(service=service)


def health_from(message: health_pb2.HealthCheckResponse) -> str:
    """What a message says of health, in gRPC's words."""
    statuses: dict[int, str] = {number: name for name, number in health_pb2.HealthCheckResponse.ServingStatus.items()}
    return statuses.get(message.status, "UNKNOWN")


def _requires_grad(request: Request) -> Callable[[str], bool | None]:
    """Whether an input of that name is differentiated; None where its dtype decides."""
    constants = {name for name, value in request.inputs.items() if isinstance(value, Constant)}
    if request.wrt is None:
        return lambda name: False if name in constants else None
    names = [request.wrt] if isinstance(request.wrt, str) else list(request.wrt)
    for name in names:
        if name not in request.inputs or name in constants:
            fault = "is marked as a constant" if name in constants else "is not among the inputs"
            others = [other for other in request.inputs if other not in constants]
            message = f"wrt names `{name}`, which {fault}"
            hint = f"choose among {', '.join(others)}" if others else "there are no inputs"
            raise InvalidRequest(message, reason=Reason.UNKNOWN_INPUT, field="wrt", found=str(name), hint=hint)
    return lambda name: name in names


def _notations(request: Request) -> list[int]:
    notations = [request.notations] if isinstance(request.notations, str) else list(request.notations)
    for notation in notations:
        if notation not in NOTATIONS:
            text, hint = str(notation), f"choose among {', '.join(NOTATIONS)}"
            message = f"{notation!r} is not a valid notation"
            raise InvalidRequest(message, reason=Reason.UNKNOWN_NOTATION, field="notations", found=text, hint=hint)
    return [NOTATIONS[notation] for notation in notations]


def _entry_place(place: Any, field: str) -> derivative_pb2.EntryPlace:
    try:
        name, index = place
        indices = list(index)
    except (TypeError, ValueError) as error:
        hint = "an input's name and an index, such as ('W', (0, 1))"
        message = f"{place!r} is not the place of an entry"
        raise InvalidRequest(message, reason=Reason.BAD_VALUE, field=field, found=repr(place), hint=hint) from error
    return derivative_pb2.EntryPlace(
        input=string_of(name, f"{field}.input"), index=[integer_of(i, f"{field}.index") for i in indices]
    )


def _upstream(value: object, inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    array = array_of(value, "upstream")
    # The client does not know the output's dtype, which is the floating inputs' own, unless the expression promotes it.
    dtypes = {operand.dtype for operand in inputs}
    if (dtypes == {array.dtype} and array.dtype in FLOATING) or is_typed(value):
        return array
    floating = {dtype.newbyteorder("=") for dtype in dtypes} & FLOATING
    (dtype,) = floating if len(floating) == 1 else (np.dtype(np.float64),)
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _closed_form(
    message: derivative_pb2.ClosedForm, derivative: derivative_pb2.Derivative, before: Sequence[int] = ()
) -> ClosedForm:
    """A formula, whose entries have the gradient's shape behind that of `before`."""
    entries: NDArray[np.object_] | None = None
    if message.entries and derivative.HasField("gradient"):
        entries = np.array(list(message.entries), dtype=object)
        try:
            entries = entries.reshape((*before, *derivative.gradient.shape))
        except ValueError as error:
            raise InternalError("the service sent too many or too few entries", reason=Reason.BAD_REPLY) from error
    return replace(_without_entries(message), entries=entries)


_without_entries = decoder(ClosedForm, derivative_pb2.ClosedForm, {ClosedForm: {"entries": lambda _: None}})
_verdict_from = decoder(Verdict, verdict_pb2.Verdict)
_legs_from = decoder(Legs, derivative_pb2.Derivative)

# fmt: off
#: What a reply and an operator have by name, and their messages in a list.
_BY_NAME: dict[type, dict[str, Reader]] = {
    Reply: {
        "gradients":     lambda m: {d.name: array_from(d.gradient) for d in m.derivatives if d.HasField("gradient")},
        "jacobians":     lambda m: {d.name: _closed_form(d.jacobian, d, m.value.shape) for d in m.derivatives},
        "vjps":          lambda m: {d.name: _closed_form(d.vjp, d) for d in m.derivatives},
        "verdicts":      lambda m: {d.name: _verdict_from(d.verdict) for d in m.derivatives},
        "legs":          lambda m: {d.name: _legs_from(d) for d in m.derivatives},
        "intermediates": lambda m: {named.name: array_from(named.tensor) for named in m.intermediates},
        "closed_form_gradients": lambda m: {
            d.name: array_from(d.closed_form_gradient) for d in m.derivatives if d.HasField("closed_form_gradient")
        },
    },
    Operator: {
        "example_jacobians": lambda m: {formula.input: formula.text for formula in m.example_jacobians},
    },
}
# fmt: on

_REPLY_READERS = readers_of(Reply, derivative_pb2.DifferentiateResponse, _BY_NAME)
#: A reply of more bytes is decoded at once, so that its message need not be kept beside its arrays.
_LARGE = 2**16


def reply_from(message: derivative_pb2.DifferentiateResponse) -> Reply:
    """The reply that a message holds; raises InternalError where its value contradicts itself."""
    reply = Reply.read_from(message, _REPLY_READERS)
    if reply.value.nbytes > _LARGE or message.ByteSize() > _LARGE:
        contents(reply)
    return reply


#: The description of the language that a message holds.
language_from = decoder(Language, derivative_pb2.DescribeLanguageResponse, _BY_NAME)
