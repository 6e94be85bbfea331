"""Every reason becomes a status that names it, and details are short and harmless, whatever a request holds."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from pullback_server.program import Reason, Refusal
from pullback_server.service.protocol import errors

from tests.reason_table import REASONS

NEVER = {"OK", "UNKNOWN", "ABORTED", "ALREADY_EXISTS", "DATA_LOSS", "OUT_OF_RANGE", "NOT_FOUND"}


def unpack(failure):
    status = status_pb2.Status.FromString(failure.status)
    assert (status.code, status.message) == (failure.code, failure.message)
    details = {}
    for packed in status.details:
        kind = getattr(error_details_pb2, packed.type_url.rpartition(".")[2])
        details[kind.__name__] = kind.FromString(packed.value)
    return details


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.name)
def test_every_reason_of_the_table_is_a_status_that_names_it(reason):
    refused = reason.code == errors.Code.INVALID_ARGUMENT
    name, sentence = reason.name, reason.sentence
    failure = errors.refusal(Refusal(Reason[name], sentence)) if refused else errors.failure(errors.FailureReason[name])
    details = unpack(failure)
    assert failure.code == reason.code
    assert failure.reason == reason.name
    assert failure.message == reason.sentence
    assert failure.final == (reason.code == errors.Code.INTERNAL)
    assert (details["ErrorInfo"].reason, details["ErrorInfo"].domain) == (reason.name, "pullback")
    assert ("RetryInfo" in details) == (reason.retry_after is not None)
    if reason.retry_after is not None:
        assert details["RetryInfo"].retry_delay.ToNanoseconds() == reason.retry_after * 1e9


@pytest.mark.parametrize("code", errors.Code)
def test_every_code_is_one_that_the_service_may_give(code):
    assert code in {status.value[0] for status in grpc.StatusCode}
    assert code.name not in NEVER


def test_a_refusal_says_where_what_and_what_would_do():
    refused = Refusal(Reason.BAD_SHAPE, "no", "inputs[1].tensor.shape", 2, 7, "found", "hint", ())
    details = unpack(errors.refusal(refused))
    [violation] = details["BadRequest"].field_violations
    assert (violation.field, violation.description, violation.reason) == ("inputs[1].tensor.shape", "no", "BAD_SHAPE")
    expected = {"line": "2", "column": "7", "found": "found", "hint": "hint", "output_shape": ""}
    assert dict(details["ErrorInfo"].metadata) == expected


@given(st.text(st.characters()), st.integers(1, 6000))
def test_details_are_bounded_and_carry_no_control_characters(text, times):
    refused = Refusal(Reason.LIMIT_EXCEEDED, text * times, text, 1, 1, text * times, text * times)
    failure = errors.refusal(refused)
    assert len(failure.status) <= errors.DETAILS_BYTES
    assert failure.message.isprintable()
    unpack(failure)


@pytest.mark.parametrize("text", ["\x00", "a\nb", "\x1b]0;x\x07", "\u202e", "\ud800", "\u2028"])
def test_what_a_terminal_might_act_on_is_escaped(text):
    assert errors.escape(text, 100).isprintable()


def test_a_cut_text_keeps_whole_characters():
    assert errors.escape("語" * 50, 20) == "語語語語語…"
