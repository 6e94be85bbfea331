"""A value that goes out has a field in its message for everything that it holds, and the other way round."""

from dataclasses import fields

import pytest
from pullback.v1 import derivative_pb2, grading_pb2, language_pb2, verdict_pb2
from pullback_server import grading, program, symbolic, verdict
from pullback_server.operators import Operator
from pullback_server.service.wire.codec import DIFFERENT, LACKING

#: The messages that go out, each with the value that it is made from.
MESSAGES = {
    derivative_pb2.DifferentiateResponse: verdict.Response,
    derivative_pb2.Timings: verdict.Timings,
    derivative_pb2.Derivative: verdict.Derivative,
    derivative_pb2.Code: symbolic.Code,
    derivative_pb2.Step: symbolic.Step,
    derivative_pb2.Leg: verdict.Leg,
    verdict_pb2.Verdict: verdict.Verdict,
    verdict_pb2.WorstEntry: verdict.WorstEntry,
    verdict_pb2.Tolerance: verdict.Tolerance,
    verdict_pb2.Finding: verdict.Finding,
    verdict_pb2.ExaminedEntry: verdict.ExaminedEntry,
    verdict_pb2.Slope: verdict.Slope,
    verdict_pb2.Diagnosis: verdict.Diagnosis,
    grading_pb2.Grade: grading.Grade,
    grading_pb2.GradeFinding: grading.Finding,
    grading_pb2.TextPlace: program.Place,
    grading_pb2.Evidence: grading.Evidence,
    grading_pb2.Counterexample: grading.Counterexample,
    derivative_pb2.DescribeLanguageResponse: verdict.Description,
    language_pb2.Operator: Operator,
}

#: What a value has for the service's own use.
INNER = {
    verdict.Response: {"provisional", "derivatives"},
    verdict.Derivative: {"written", "named_entries"},
    verdict.Diagnosis: {"node"},
    verdict.Description: {"operators", "versions"},
    symbolic.Code: {"state"},
}
#: What a closed form has besides its notations.
BESIDE = {"states", "named_entries"}
#: Fields of messages that a row of a table makes.
MADE = ("versions", "workers", "jacobian", "vjp", "example_jacobians")


def names(message):
    return {field.name for field in message.DESCRIPTOR.fields} - {*LACKING.get(message.DESCRIPTOR.name, ())}


@pytest.mark.parametrize(("message", "value"), MESSAGES.items(), ids=lambda kind: kind.__name__)
def test_a_message_has_the_fields_of_its_value(message, value):
    attributes = {field.name for field in fields(value)} - INNER.get(value, set())
    if value is Operator:  # of which more is known than is told
        attributes = {name for name in names(message) if name in attributes or hasattr(value, name)}
    assert names(message) == attributes


def test_formulas_have_a_field_for_each_kind_of_derivative_and_each_notation():
    whole = {verdict.Notation.CODE, verdict.Notation.STEPS}
    assert {kind.value for kind in verdict.DerivativeKind} == {*LACKING["Derivative"]}
    notations = {notation.value for notation in {*verdict.Notation} - whole}
    assert names(derivative_pb2.NotationStates) == notations == names(derivative_pb2.ClosedForm) - BESIDE


def test_every_row_of_the_tables_names_a_field_that_there_is():
    by_name = {message.DESCRIPTOR.name: message.DESCRIPTOR.fields_by_name for message in MESSAGES}
    rows = [(name, field) for name, lacking in LACKING.items() for field in lacking]
    rows += [tuple(name.split(".")) for name in DIFFERENT]
    assert all(field in by_name[name] for name, field in rows)


def reached(descriptor):
    """The messages in a message, but for those of tensors and those that a row of a table makes."""
    for field in descriptor.fields:
        inner = field.message_type
        made = f"{descriptor.name}.{field.name}" in DIFFERENT or field.name in MADE
        if inner is not None and not made and inner.name != "Tensor":
            yield inner.name
            yield from reached(inner)


def test_no_message_that_goes_out_is_left_out_here():
    replies = derivative_pb2.DifferentiateResponse, derivative_pb2.DescribeLanguageResponse, grading_pb2.GradeResponse
    inner = {name for reply in replies for name in reached(reply.DESCRIPTOR)}
    assert inner | {"DifferentiateResponse", "DescribeLanguageResponse"} == {kind.DESCRIPTOR.name for kind in MESSAGES}
