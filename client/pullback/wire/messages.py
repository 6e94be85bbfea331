"""Turns requests into messages and messages into replies: the one place of the client that knows both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2
from numpy.typing import NDArray

from ..errors import InternalError, InvalidRequest
from ..v1 import derivative_pb2
from ..values.language import Language, Limit, Operator, Workers
from ..values.reply import ClosedForm, Code, FormOrigin, Leg, Legs, LegState, Reply, Step, StepKind, Timings
from ..values.request import Constant, Request
from .tensors import FLOATING, array_from, array_of, is_typed, tensor_of
from .verdict_messages import member, verdict_from

#: The contract's notations by the names that callers use: `text`, `latex`, `matrix`, `code`, `steps`.
NOTATIONS = {name.removeprefix("NOTATION_").lower(): name for name, number in derivative_pb2.Notation.items() if number}


def request_message(request: Request) -> derivative_pb2.DifferentiateRequest:
    """The message for a request; raises InvalidRequest for what no service could read."""
    arrays = {
        name: array_of(value.value if isinstance(value, Constant) else value, f"inputs[{place}].tensor")
        for place, (name, value) in enumerate(request.inputs.items())
    }
    wanted = _wanted(request)
    message = derivative_pb2.DifferentiateRequest(
        id=text_of(request.id, "id"),
        expression=text_of(request.expression, "expression"),
        notations=derivative_pb2.NotationSelection(notations=_notations(request)),
        check=request.check,
        closed_form_gradients=request.closed_form_gradients,
    )
    for place, (name, array) in enumerate(arrays.items()):
        message.inputs.add(
            name=text_of(name, f"inputs[{place}].name"), tensor=tensor_of(array), requires_grad=wanted[name]
        )
    if request.upstream is not None:
        message.upstream.CopyFrom(tensor_of(_upstream(request.upstream, arrays)))
    return message


def budget_message(seconds: float) -> Duration:
    """A number of seconds as a message, to the nanosecond.

    >>> budget_message(1.5).nanos
    500000000
    """
    whole = math.floor(seconds)
    return Duration(seconds=whole, nanos=int((seconds - whole) * 1e9))


def reply_from(message: derivative_pb2.DifferentiateResponse) -> Reply:
    """The reply that a message holds; raises InternalError where it contradicts itself."""
    value = array_from(message.value)
    gradients = {d.name: array_from(d.gradient) for d in message.derivatives if d.HasField("gradient")}
    derivatives = {d.name: d for d in message.derivatives}
    shapes = {name: gradient.shape for name, gradient in gradients.items()}
    return Reply(
        id=message.id,
        value=value,
        gradients=gradients,
        jacobians={name: _closed_form(d.jacobian, shapes.get(name), value.shape) for name, d in derivatives.items()},
        vjps={name: _closed_form(d.vjp, shapes.get(name)) for name, d in derivatives.items()},
        verdicts={name: verdict_from(d.verdict) for name, d in derivatives.items()},
        legs={name: Legs(_leg(d.numeric), _leg(d.symbolic)) for name, d in derivatives.items()},
        intermediates={named.name: array_from(named.tensor) for named in message.intermediates},
        device=message.device,
        form_origin=member(FormOrigin, derivative_pb2.FormOrigin, message.form_origin),
        timings=Timings(**{name: getattr(message.timings, name) for name in vars(Timings())}),
        versions=dict(message.versions),
        closed_form_gradients={
            d.name: array_from(d.closed_form_gradient)
            for d in message.derivatives
            if d.HasField("closed_form_gradient")
        },
        code=Code(message.code.torch, message.code.numpy),
        steps=tuple(
            Step(member(StepKind, derivative_pb2.StepKind, step.kind), step.rule, step.text, step.latex, step.input)
            for step in message.steps
        ),
    )


def language_from(message: derivative_pb2.DescribeLanguageResponse) -> Language:
    """The description of the language that a message holds."""
    return Language(
        operators=tuple(
            Operator(
                name=operator.name,
                aliases=tuple(operator.aliases),
                family=operator.family,
                signature=operator.signature,
                spellings=tuple(operator.spellings),
                doc=operator.doc,
                domain=operator.domain,
                kinks=operator.kinks,
                closed_form=operator.closed_form,
                example=operator.example,
                example_jacobians={formula.input: formula.text for formula in operator.example_jacobians},
            )
            for operator in message.operators
        ),
        constants=tuple(message.constants),
        prefixes=tuple(message.prefixes),
        limits=tuple(Limit(limit.name, limit.value, limit.description) for limit in message.limits),
        device=message.device,
        versions=dict(message.versions),
        workers=_workers(message),
    )


def health_request(service: str) -> health_pb2.HealthCheckRequest:
    """The message that asks for the health of a service, or of the whole server."""
    return health_pb2.HealthCheckRequest(service=service)


def health_from(message: health_pb2.HealthCheckResponse) -> str:
    """What a message says of health, in gRPC's words."""
    statuses: dict[int, str] = {number: name for name, number in health_pb2.HealthCheckResponse.ServingStatus.items()}
    return statuses.get(message.status, "UNKNOWN")


def _workers(message: derivative_pb2.DescribeLanguageResponse) -> Workers | None:
    if not message.HasField("workers"):
        return None
    found = message.workers
    return Workers(ready=found.ready, wanted=found.wanted, replaced=found.replaced, waiting=found.waiting)


def _wanted(request: Request) -> dict[str, bool | None]:
    constants = {name for name, value in request.inputs.items() if isinstance(value, Constant)}
    if request.wrt is None:
        return {name: False if name in constants else None for name in request.inputs}
    names = [request.wrt] if isinstance(request.wrt, str) else list(request.wrt)
    for name in names:
        if name not in request.inputs or name in constants:
            fault = "marked as a constant" if name in constants else "not among the inputs"
            rest = [other for other in request.inputs if other not in constants]
            raise InvalidRequest(
                f"`{name}` is to be differentiated and {fault}",
                reason="UNKNOWN_INPUT",
                field="wrt",
                found=str(name),
                hint=f"there are {', '.join(rest)}" if rest else "there are no inputs",
            )
    return {name: name in names for name in request.inputs}


def _notations(request: Request) -> list[str]:
    asked = [request.notations] if isinstance(request.notations, str) else list(request.notations)
    for notation in asked:
        if notation not in NOTATIONS:
            raise InvalidRequest(
                f"there is no notation {notation!r}",
                reason="UNKNOWN_NOTATION",
                field="notations",
                found=str(notation),
                hint=f"there are {', '.join(NOTATIONS)}",
            )
    return [NOTATIONS[notation] for notation in asked]


def _upstream(value: object, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    array = array_of(value, "upstream")
    floating = {array.dtype.name: array.dtype for array in inputs.values() if array.dtype.name in FLOATING}
    if is_typed(value):
        return array
    # The client does not know the output's dtype; one that all floating inputs share is it, unless the text promotes.
    (dtype,) = floating.values() if len(floating) == 1 else (np.dtype(np.float64),)
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def text_of(value: object, field: str) -> str:
    """The value, if it is a text that can be sent; raises InvalidRequest naming the field where it is not."""
    if not isinstance(value, str):
        raise InvalidRequest(f"{type(value).__name__} is not text", reason="NOT_TEXT", field=field, hint="give a str")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            "half of a surrogate pair is not text", reason="NOT_TEXT", field=field, column=error.start + 1, line=1
        ) from error
    return value


def _closed_form(
    message: derivative_pb2.ClosedForm, shape: tuple[int, ...] | None, before: Sequence[int] = ()
) -> ClosedForm:
    entries: NDArray[np.object_] | None = None
    if message.entries and shape is not None:
        entries = np.array(list(message.entries), dtype=object)
        try:
            entries = entries.reshape((*before, *shape))
        except ValueError as error:
            raise InternalError("the service sent too many or too few entries", reason="BAD_REPLY") from error
    return ClosedForm(message.text, message.latex, entries, message.matrix, message.matrix_latex)


def _leg(message: derivative_pb2.Leg) -> Leg:
    return Leg(member(LegState, derivative_pb2.LegState, message.state), message.message)
