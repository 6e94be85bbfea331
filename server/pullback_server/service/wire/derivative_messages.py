"""Requests of DerivativeService as values of the domain, and responses as messages."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pullback.v1 import derivative_pb2 as wire

from ...language import check_names
from ...program import Limits, Reason, Refusal
from ...verdict import READY, Answer, Description, LegState, Notation, Operand, Question, example_jacobians
from .checks import check_id, decode
from .codec import fill, members
from .tensors import from_wire

_NOTATIONS = members(wire.Notation.DESCRIPTOR, Notation)


def parse_request(body: bytes, limits: Limits, *, stream: bool = False) -> tuple[str, Question]:
    """The id and the question of a DifferentiateRequest, or of the one in a stream's DifferentiateManyRequest.

    Raises Refusal with the field's path for what is malformed, missing, twice there, or over a limit.

    >>> parse_request(wire.DifferentiateRequest(id="r", expression="2").SerializeToString(), Limits())[0]
    'r'
    """
    if stream:  # whose budget is the front's concern
        return _question(decode(wire.DifferentiateManyRequest, body).request, limits)
    return _question(decode(wire.DifferentiateRequest, body), limits)


def is_provisional(answer: Answer) -> bool:
    """Whether an answer's closed form was not to be waited for, so that a later answer may be better."""
    return any(derivative.symbolic.state is LegState.DEADLINE for derivative in answer.derivatives)


def reply(request_id: str, answer: Answer, versions: Mapping[str, str], queue: float, total: float) -> bytes:
    """The DifferentiateResponse that says an answer; `queue` and `total` are in seconds."""
    message = wire.DifferentiateResponse(
        id=request_id, versions=versions, timings=wire.Timings(queue=queue, total=total)
    )
    fill(message, answer)
    return message.SerializeToString()


def describe_reply(body: bytes, description: Description) -> bytes:
    """The DescribeLanguageResponse to a DescribeLanguageRequest, without the workers, of which the front knows.

    Raises Refusal where no operator has that name.
    """
    name = decode(wire.DescribeLanguageRequest, body).operator
    rows = [row for row in description.operators if not name or name in (row.name, *row.aliases)]
    if not rows:
        names = [each for row in description.operators for each in (row.name, *row.aliases)]
        near = difflib.get_close_matches(name[:64], names)
        hint = f"did you mean {' or '.join(near)}?" if near else ""
        raise Refusal(Reason.UNKNOWN_OPERATOR, "there is no operator of that name", "operator", found=name, hint=hint)
    message = wire.DescribeLanguageResponse(versions=description.versions)
    fill(message, description)
    for row in rows:
        operator = message.operators.add()
        fill(operator, row)
        for input_name, jacobian in dict(example_jacobians(row)).items() if name else ():
            fill(operator.example_jacobians.add(input=input_name), jacobian)
    return message.SerializeToString()


def _question(request: wire.DifferentiateRequest, limits: Limits) -> tuple[str, Question]:
    check_id(request.id)
    if not request.expression.strip():
        raise Refusal(Reason.EMPTY_EXPRESSION, "there is no expression", hint="an expression such as `3*a**3 - b**2`")
    check_names([operand.name for operand in request.inputs], limits)
    operands = []
    for number, operand in enumerate(request.inputs):
        tensor = from_wire(operand.tensor, f"inputs[{number}].tensor", limits)
        requires_grad = operand.requires_grad if operand.HasField("requires_grad") else None
        operands.append(Operand(operand.name, tensor, requires_grad))
    question = Question(
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
    numbers = request.notations.notations
    for place, number in enumerate(numbers):
        if number not in _NOTATIONS:
            field = f"notations.notations[{place}]"
            hint = f"one of {', '.join(notation.name for notation in Notation)}"
            raise Refusal(Reason.UNKNOWN_NOTATION, "there is no such notation", field, found=str(number), hint=hint)
    return frozenset(_NOTATIONS[number] for number in numbers)
