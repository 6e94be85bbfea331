"""Requests of DerivativeService as values of the domain, and responses as messages."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from pullback.v1 import derivative_pb2 as wire

from ...program import Limits, Reason, Refusal
from ...verdict import (
    DEFAULT_NOTATIONS,
    Derivative,
    Description,
    EntryPlace,
    Notation,
    NotationState,
    Operand,
    Request,
    Response,
    WrittenDerivative,
    WrittenFormula,
    example_jacobians,
)
from ..protocol.channel import Buffer, Pieces
from ..protocol.decoding import decode
from ..protocol.envelope import field_head
from . import attachments
from .checks import check_id, check_names
from .codec import fill, members
from .tensors import from_wire

#: What a request gets for each notation that it asks for.
_NOTATIONS: Mapping[int, frozenset[Notation]] = {
    wire.NOTATION_TEXT: frozenset({Notation.TEXT, Notation.ENTRIES}),
    wire.NOTATION_LATEX: frozenset({Notation.LATEX}),
    wire.NOTATION_MATRIX: frozenset({Notation.MATRIX, Notation.MATRIX_LATEX}),
    wire.NOTATION_CODE: frozenset({Notation.CODE}),
    wire.NOTATION_STEPS: frozenset({Notation.STEPS}),
}


def parse_request(body: Buffer, limits: Limits, *, stream: bool = False) -> tuple[str, Request]:
    """The id and the request of a DifferentiateRequest, or of the one in a stream's DifferentiateManyRequest.

    Raises Refusal with the field's path for what is malformed, missing, twice there, or over a limit.

    >>> parse_request(wire.DifferentiateRequest(id="r", expression="2").SerializeToString(), Limits())[0]
    'r'
    """
    if stream:  # whose budget is the front's concern
        return _request(attachments.split(wire.DifferentiateManyRequest, body).request, limits)
    return _request(attachments.split(wire.DifferentiateRequest, body), limits)


def reply(
    request_id: str, response: Response, versions: Mapping[str, str], queue: float, total: float
) -> bytes | Pieces:
    """The DifferentiateResponse for a response; `queue` and `total` are in seconds."""
    message = wire.DifferentiateResponse(id=request_id, timings=wire.Timings(queue=queue, total=total))
    fill(message, response)
    pieces = [message.SerializeToString(), _versions(tuple(versions.items()))]
    for derivative in response.derivatives:
        encoded = _derivative(derivative)
        pieces += (field_head(wire.DifferentiateResponse.DERIVATIVES_FIELD_NUMBER, len(encoded)), encoded)
    return attachments.join(b"".join(pieces))


@cache
def _versions(versions: tuple[tuple[str, str], ...]) -> bytes:
    """The field of the versions, which are the same in all replies."""
    return wire.DifferentiateResponse(versions=dict(versions)).SerializeToString()


def _derivative(derivative: Derivative) -> bytes:
    """The Derivative for one: its parts one after the other are together one message, as in every protobuf format."""
    message = wire.Derivative()
    fill(message, derivative)
    encoded = message.SerializeToString() + _closed_forms(derivative.written)
    if derivative.named_entries:
        named = wire.Derivative()
        for entry in derivative.named_entries:
            entries = getattr(named, entry.kind.value).named_entries
            entries.add(index=entry.index, text=entry.formula.written, state=_STATES[entry.formula.state])
        encoded += named.SerializeToString()
    return encoded


#: The numbers of the states of notations.
_STATES = {state: number for number, state in members(wire.NotationState.DESCRIPTOR, NotationState).items()}


@lru_cache(maxsize=1024)
def _closed_forms(written: WrittenDerivative) -> bytes:
    """A derivative's fields in writing, the same for all replies that have it in the same notations."""
    fields: dict[str, Any] = {kind.value: _closed_form(formulas) for kind, formulas in written.formulas.items()}
    return wire.Derivative(**fields).SerializeToString()


def _closed_form(formulas: WrittenFormula) -> wire.ClosedForm:
    fields: dict[str, Any] = {notation.value: formula.written for notation, formula in formulas.items()}
    states: dict[str, Any] = {notation.value: _STATES[formula.state] for notation, formula in formulas.items()}
    return wire.ClosedForm(**fields, states=wire.NotationStates(**states))


def describe_reply(body: Buffer, description: Description) -> bytes:
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
        for input_name, formula in example_jacobians(row).items() if name else ():
            operator.example_jacobians.add(input=input_name, text=formula[Notation.TEXT], latex=formula[Notation.LATEX])
    return message.SerializeToString()


def _request(message: wire.DifferentiateRequest, limits: Limits) -> tuple[str, Request]:
    check_id(message.id)
    if not message.expression.strip():
        raise Refusal(Reason.EMPTY_EXPRESSION, "there is no expression", hint="an expression such as `3*a**3 - b**2`")
    check_names(tuple([operand.name for operand in message.inputs]), limits)
    operands = []
    for number, operand in enumerate(message.inputs):
        tensor = from_wire(operand.tensor, f"inputs[{number}].tensor", limits)
        requires_grad = operand.requires_grad if operand.HasField("requires_grad") else None
        operands.append(Operand(operand.name, tensor, requires_grad))
    request = Request(
        expression=message.expression,
        inputs=tuple(operands),
        upstream=from_wire(message.upstream, "upstream", limits) if message.HasField("upstream") else None,
        notations=_notations(message),
        check=message.check if message.HasField("check") else True,
        closed_form_gradients=message.closed_form_gradients,
        entries=tuple(EntryPlace(place.input, tuple(place.index)) for place in message.entries),
    )
    return message.id, request


def _notations(message: wire.DifferentiateRequest) -> frozenset[Notation]:
    if not message.HasField("notations"):
        return DEFAULT_NOTATIONS
    numbers = message.notations.notations
    for place, number in enumerate(numbers):
        if number not in _NOTATIONS:
            field = f"notations.notations[{place}]"
            hint = f"one of {', '.join(wire.Notation.Name(number).removeprefix('NOTATION_') for number in _NOTATIONS)}"
            raise Refusal(Reason.UNKNOWN_NOTATION, "there is no such notation", field, found=str(number), hint=hint)
    return frozenset().union(*(_NOTATIONS[number] for number in numbers))
