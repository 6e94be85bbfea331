"""Turns messages into verdicts, and numbers of the contract's enums into our members."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from ..v1 import verdict_pb2 as wire
from ..values.verdict import (
    Cause,
    Diagnosis,
    ExaminedEntry,
    Finding,
    Outcome,
    Slope,
    SlopeKind,
    Tolerance,
    Verdict,
    WorstEntry,
)
from .tensors import array_from

E = TypeVar("E", bound=Enum)


def verdict_from(message: wire.Verdict) -> Verdict:
    """The verdict that a message holds."""
    worst, tolerance = message.worst, message.tolerance
    return Verdict(
        outcome=_outcome(message.outcome),
        reason=message.reason,
        message=message.message,
        compared=message.compared,
        differing=message.differing,
        worst=WorstEntry(
            tuple(worst.index), worst.autograd, worst.closed_form, worst.absolute_error, worst.relative_error
        )
        if message.HasField("worst")
        else None,
        tolerance=Tolerance(tolerance.absolute, tolerance.relative, tolerance.source)
        if message.HasField("tolerance")
        else None,
        suspects=message.suspects,
        examined=message.examined,
        findings=tuple(_finding(finding) for finding in message.findings),
        derivative=array_from(message.derivative) if message.HasField("derivative") else None,
        derivative_source=message.derivative_source,
    )


def _finding(message: wire.Finding) -> Finding:
    return Finding(
        outcome=_outcome(message.outcome),
        count=message.count,
        examined=tuple(_entry(entry) for entry in message.examined),
        diagnosis=_diagnosis(message.diagnosis) if message.HasField("diagnosis") else None,
    )


def _entry(message: wire.ExaminedEntry) -> ExaminedEntry:
    return ExaminedEntry(
        index=tuple(message.index),
        outcome=_outcome(message.outcome),
        autograd=message.autograd,
        closed_form=message.closed_form,
        closed_form_exact=message.closed_form_exact,
        derivative=message.derivative,
        error=message.error,
        left=_slope(message.left),
        right=_slope(message.right),
    )


def _slope(message: wire.Slope) -> Slope:
    return Slope(member(SlopeKind, wire.SlopeKind, message.kind), message.value, message.error)


def _diagnosis(message: wire.Diagnosis) -> Diagnosis:
    return Diagnosis(
        cause=member(Cause, wire.Cause, message.cause),
        message=message.message,
        line=message.line,
        column=message.column,
        expression=message.expression,
        remedy=message.remedy,
    )


def _outcome(number: int) -> Outcome:
    return member(Outcome, wire.Outcome, number)


def member(kind: type[E], wrapper: EnumTypeWrapper, number: int) -> E:
    """The member of our enum for a number of the contract's, UNSPECIFIED for one that this client does not know."""
    prefix = wrapper.Name(0).removesuffix("UNSPECIFIED")
    name = wrapper.Name(number).removeprefix(prefix) if number in wrapper.values() else "UNSPECIFIED"
    return kind[name] if name in kind.__members__ else kind["UNSPECIFIED"]
