"""Requests of DerivativeService as values of the domain, and responses as messages."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pullback.v1 import derivative_pb2 as wire

from ...language import check_names
from ...program import Limits, Reason, Refusal
from ...verdict import (
    DEFAULT_NOTATIONS,
    DerivativeKind,
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
from . import attachments
from .checks import check_id
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
    timings = wire.Timings(queue=queue, total=total)
    message = wire.DifferentiateResponse(id=request_id, versions=versions, timings=timings)
    fill(message, response)
    for derivative, filled in zip(response.derivatives, message.derivatives, strict=True):
        for kind, closed_form in _closed_forms(derivative.written).items():
            getattr(filled, kind.value).CopyFrom(closed_form)
        for entry in derivative.named_entries:
            named = getattr(filled, entry.kind.value).named_entries
            named.add(index=entry.index, text=entry.formula.written, state=_STATES[entry.formula.state])
    return attachments.join(message.SerializeToString())


#: The numbers of the states of notations.
_STATES = {state: number for number, state in members(wire.NotationState.DESCRIPTOR, NotationState).items()}


@lru_cache(maxsize=1024)
def _closed_forms(written: WrittenDerivative) -> Mapping[DerivativeKind, wire.ClosedForm]:
    """A derivative in writing as messages, the same ones for all replies that have it in the same notations."""
    return {kind: _closed_form(formulas) for kind, formulas in written.formulas.items()}


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
    check_names([operand.name for operand in message.inputs], limits)
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
