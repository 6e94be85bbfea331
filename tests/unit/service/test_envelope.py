"""A stream's id and budget are read from a message's bytes without parsing it, and no bytes make that fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullback.v1 import derivative_pb2 as wire
from pullback_server.service.protocol import envelope


def many(request_id="r", budget=None):
    message = wire.DifferentiateManyRequest(request=wire.DifferentiateRequest(expression="x", id=request_id))
    if budget is not None:
        message.budget.FromNanoseconds(budget)
    return message.SerializeToString()


@pytest.mark.parametrize("nanoseconds", [0, 1, 10**9, 2_500_000_000, -1, -3_000_000_000])
def test_the_budget_is_read_in_seconds(nanoseconds):
    assert envelope.budget(many(budget=nanoseconds)) == pytest.approx(nanoseconds * 1e-9)


def test_no_budget_is_none():
    assert envelope.budget(many()) is None


@pytest.mark.parametrize("name", ["", "r", "ü語", "x" * 256])
def test_the_id_is_read(name):
    assert envelope.request_id(many(name)) == name


def test_fields_that_are_not_known_are_passed_over():
    fixed = bytes([0x29]) + bytes(8) + bytes([0x35]) + bytes(4) + bytes([0x38, 0x01])
    assert envelope.budget(fixed + many(budget=10**9)) == 1.0


@given(st.binary(max_size=64))
def test_no_bytes_make_the_scan_fail(message):
    envelope.budget(message)
    envelope.request_id(message).encode()


def test_a_message_of_very_many_fields_is_not_scanned_to_its_end():
    assert envelope.budget(bytes([0x18, 0x01]) * 10**6 + many(budget=10**9)) is None


@pytest.mark.parametrize(("field", "name"), [(envelope.RESPONSE, "response"), (envelope.STATUS, "status")])
def test_an_answer_is_a_message_of_the_contract(field, name):
    content = wire.DifferentiateResponse(id="y" * 300).SerializeToString() if name == "response" else b"\x08\x03"
    answer = wire.DifferentiateManyResponse.FromString(envelope.stream_response("r" * 200, field, content))
    assert answer.id == "r" * 200
    assert answer.WhichOneof("result") == name
    assert getattr(answer, name).SerializeToString() == content
