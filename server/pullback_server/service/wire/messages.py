"""The one place where wire messages become domain values, and answers become wire messages."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import language_pb2, tensor_pb2

from ...language import check_names
from ...operators import Operator
from ...program import Limits, Reason, Refusal
from ...symbolic import Step
from ...verdict import (
    READY,
    ClosedForm,
    Derivative,
    Description,
    FormOrigin,
    Leg,
    LegState,
    Notation,
    Operand,
    Request,
    Response,
    example_jacobians,
)
from .tensors import from_wire, to_wire
from .verdict_messages import verdict_message

#: The longest id, in characters.
ID_CHARACTERS = 256

_NOTATIONS = {int(wire.Notation.Value(f"NOTATION_{notation.name}")): notation for notation in Notation}

_ORIGINS = {None: "FORM_ORIGIN_UNSPECIFIED"} | {origin: f"FORM_ORIGIN_{origin.name}" for origin in FormOrigin}

_Message = TypeVar("_Message", bound=Message)


def parse_request(body: bytes, limits: Limits) -> tuple[str, Request]:
    """The id and the question of a DifferentiateRequest.

    Raises Refusal with the field's path for what is malformed, missing, twice there, or over a limit.

    >>> parse_request(wire.DifferentiateRequest(id="r", expression="2").SerializeToString(), Limits())[0]
    'r'
    """
    return _question(parsed(wire.DifferentiateRequest, body), limits)


def parse_stream_request(body: bytes, limits: Limits) -> tuple[str, Request]:
    """The id and the question of a DifferentiateManyRequest; its budget is the front's concern."""
    return _question(parsed(wire.DifferentiateManyRequest, body).request, limits)


def provisional(answer: Response) -> bool:
    """Whether an answer's closed form was not to be waited for, so that a later answer may be better."""
    return any(derivative.symbolic.state is LegState.DEADLINE for derivative in answer.derivatives)


def reply(request: str, answer: Response, versions: Mapping[str, str], queue: float, total: float) -> bytes:
    """The DifferentiateResponse that says an answer; `queue` and `total` are in seconds."""
    spent = answer.timings
    message = wire.DifferentiateResponse(
        id=request,
        value=to_wire(answer.value),
        derivatives=[_derivative(derivative) for derivative in answer.derivatives],
        intermediates=[
            tensor_pb2.NamedTensor(name=name, tensor=to_wire(tensor)) for name, tensor in answer.intermediates
        ],
        device=answer.device,
        versions=versions,
        timings=wire.Timings(
            queue=queue, parse=spent.parse, numeric=spent.numeric, derive=spent.derive, check=spent.check, total=total
        ),
        form_origin=_ORIGINS[answer.form_origin],
        code=wire.Code(**vars(answer.code)),
        steps=map(_step, answer.steps),
    )
    return message.SerializeToString()


def describe_reply(body: bytes, description: Description) -> bytes:
    """The DescribeLanguageResponse to a DescribeLanguageRequest; raises Refusal where no operator has that name."""
    wanted = parsed(wire.DescribeLanguageRequest, body).operator
    rows = [row for row in description.operators if not wanted or wanted in (row.name, *row.aliases)]
    if not rows:
        names = [name for row in description.operators for name in (row.name, *row.aliases)]
        near = difflib.get_close_matches(wanted[:64], names)
        hint = f"did you mean {' or '.join(near)}?" if near else ""
        raise Refusal(Reason.UNKNOWN_OPERATOR, "there is no operator of that name", "operator", found=wanted, hint=hint)
    return wire.DescribeLanguageResponse(
        operators=[_operator(row, alone=bool(wanted)) for row in rows],
        constants=description.constants,
        prefixes=description.prefixes,
        limits=[language_pb2.Limit(name=n, value=value, description=doc) for n, value, doc in description.limits],
        device=description.device,
        versions=description.versions,
    ).SerializeToString()


def parsed(kind: type[_Message], body: bytes) -> _Message:
    """The message of that kind that the bytes are; raises Refusal where they are none."""
    try:
        return kind.FromString(body)
    except DecodeError:
        told = f"the bytes are not a {kind.DESCRIPTOR.full_name}"
        raise Refusal(Reason.MALFORMED_MESSAGE, told, "request", hint="a protobuf message with UTF-8 strings") from None


def check_id(given: str) -> None:
    """Raises Refusal for an id that is too long."""
    if len(given) > ID_CHARACTERS:
        raise Refusal(Reason.LIMIT_EXCEEDED, f"an id of {len(given)} characters", "id", hint=f"at most {ID_CHARACTERS}")


def _question(request: wire.DifferentiateRequest, limits: Limits) -> tuple[str, Request]:
    check_id(request.id)
    if not request.expression.strip():
        raise Refusal(Reason.EMPTY_EXPRESSION, "there is no expression", hint="an expression such as `3*a**3 - b**2`")
    check_names([given.name for given in request.inputs], limits)
    operands = []
    for number, given in enumerate(request.inputs):
        tensor = from_wire(given.tensor, f"inputs[{number}].tensor", limits)
        wanted = given.requires_grad if given.HasField("requires_grad") else None
        operands.append(Operand(given.name, tensor, wanted))
    question = Request(
        expression=request.expression,
        inputs=tuple(operands),
        upstream=from_wire(request.upstream, "upstream", limits) if request.HasField("upstream") else None,
        notations=_notations(request),
        check=request.check if request.HasField("check") else True,
        closed_form_gradients=request.closed_form_gradients,
    )
    return request.id, question


def _notations(request: wire.DifferentiateRequest) -> frozenset[Notation]:
    if not request.HasField("notations"):
        return READY
    for number, wanted in enumerate(request.notations.notations):
        if wanted not in _NOTATIONS:
            hint = f"one of {', '.join(notation.name for notation in Notation)}"
            field = f"notations.notations[{number}]"
            raise Refusal(Reason.UNKNOWN_NOTATION, "there is no such notation", field, found=str(wanted), hint=hint)
    return frozenset(_NOTATIONS[wanted] for wanted in request.notations.notations)


def _derivative(derivative: Derivative) -> wire.Derivative:
    own = derivative.closed_form_gradient
    return wire.Derivative(
        name=derivative.name,
        gradient=to_wire(derivative.gradient),
        jacobian=_closed_form(derivative.jacobian),
        vjp=_closed_form(derivative.vjp),
        numeric=_leg(derivative.numeric),
        symbolic=_leg(derivative.symbolic),
        verdict=verdict_message(derivative.verdict),
        closed_form_gradient=None if own is None else to_wire(own),
    )


def _step(step: Step) -> wire.Step:
    kind = f"STEP_KIND_{step.kind.name}"
    return wire.Step(kind=kind, input=step.input, rule=step.rule, text=step.text, latex=step.latex)


# What replies have in common is made into messages once: a form, how a leg fared.


@lru_cache(maxsize=1024)
def _closed_form(form: ClosedForm) -> wire.ClosedForm:
    return wire.ClosedForm(**vars(form))


@lru_cache(maxsize=64)
def _leg(leg: Leg) -> wire.Leg:
    return wire.Leg(state=f"LEG_STATE_{leg.state.name}", message=leg.message)


def _operator(row: Operator, alone: bool) -> language_pb2.Operator:
    """A row; one that was asked for alone with its example's Jacobians."""
    jacobians = example_jacobians(row) if alone else ()
    return language_pb2.Operator(
        name=row.name,
        aliases=row.aliases,
        family=row.family,
        signature=row.signature,
        spellings=row.spellings,
        doc=row.doc,
        domain=row.domain,
        kinks="; ".join(f"{kink.where}: {kink.gives}" for kink in row.kinks),
        closed_form=row.closed_form,
        example=row.example,
        example_jacobians=[language_pb2.Formula(input=n, text=w.text, latex=w.latex) for n, w in jacobians],
    )
