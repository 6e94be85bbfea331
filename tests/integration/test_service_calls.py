"""Ordinary calls, refusals and failures over a real socket; the double stands for the mathematics."""

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from pullback.v1 import verdict_pb2
from pullback_server.operators import TABLE
from pullback_server.service.protocol.methods import ROWS
from service_harness import SERVICE, details, refused, request
from waiting import PATIENCE

MEGABYTES_8 = 1_000_000


def test_a_call_is_answered_with_value_derivative_and_timings(service):
    reply = service.differentiate("echo", request_id="an id", shape=(1, 2))
    assert reply.id == "an id"
    assert reply.value.shape == [1, 2]
    assert reply.derivatives[0].verdict.outcome == verdict_pb2.OUTCOME_AGREE
    assert 0 < reply.timings.queue < reply.timings.total < PATIENCE


def test_health_of_an_unknown_service_is_not_found(service):
    assert refused(service.health, "nothing").code() is grpc.StatusCode.NOT_FOUND


def test_a_refusal_says_where_and_what(service):
    error = refused(service.differentiate, "refuse")
    info = details(error)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == r"it does\x1b[31m not fit"
    assert info["BadRequest"].field_violations[0].field == "upstream"
    assert dict(info["ErrorInfo"].metadata) == {
        "line": "2",
        "column": "7",
        "found": "a[3]",
        "hint": "a[2, 3]",
        "output_shape": "2,3",
    }


def test_the_longest_refusal_arrives_as_one(service):
    error = refused(service.differentiate, "refuse_at_length")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(error)["ErrorInfo"].reason == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe", b"\x12\x7f", bytes(100)], ids=repr)
def test_bytes_that_are_not_a_request_are_refused_by_name(service, body):
    for call in (service.differentiate_bytes, service.describe_bytes):
        error = refused(call, body, timeout=PATIENCE)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert details(error)["ErrorInfo"].reason == "MALFORMED_MESSAGE"


FAILURES = [
    ("fail", grpc.StatusCode.INTERNAL, "INTERNAL"),
    ("exhaust", grpc.StatusCode.RESOURCE_EXHAUSTED, "DEVICE_OUT_OF_MEMORY"),
    ("memory", grpc.StatusCode.RESOURCE_EXHAUSTED, "DEVICE_OUT_OF_MEMORY"),
    (f"big {9 * 2**20}", grpc.StatusCode.RESOURCE_EXHAUSTED, "REPLY_TOO_LARGE"),
]


@pytest.mark.parametrize(("expression", "code", "reason"), FAILURES)
def test_a_failure_has_its_code_and_reason_and_the_next_call_succeeds(service, expression, code, reason):
    error = refused(service.differentiate, expression)
    assert (error.code(), details(error)["ErrorInfo"].reason) == (code, reason)
    assert "secret" not in f"{error.details()}{error.trailing_metadata()}"
    assert service.differentiate("echo").id == "r"


def test_8_megabytes_go_both_ways_unchanged(service):
    data = bytes(range(256)) * (MEGABYTES_8 * 8 // 256)
    for _ in range(3):
        reply = service.differentiate("echo", shape=(MEGABYTES_8,), data=data)
        assert reply.value.data == data
        assert reply.derivatives[0].gradient.data == data


def test_a_message_over_the_limit_is_resource_exhausted(service):
    error = refused(service.differentiate_bytes, bytes(65 * 2**20))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_language_is_described_from_the_table(service):
    description = service.describe()
    assert [row.name for row in description.operators] == [row.name for row in TABLE]
    assert {limit.name for limit in description.limits} > {"characters", "rank"}
    assert description.device == "cpu"


def test_one_operator_is_described_by_any_of_its_names(service):
    row = next(row for row in TABLE if row.aliases)
    for name in (row.name, *row.aliases):
        [operator] = service.describe(name).operators
        assert operator.name == row.name


def test_an_operator_that_is_not_there_is_refused_with_the_nearest(service):
    error = refused(service.describe, "expp")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "exp" in details(error)["ErrorInfo"].metadata["hint"]


BODIES = [
    b"\xff" * 50,
    b"\x0a\x02\xff\xfe",
    b"\x0a\xff\xff\xff\xff\x0f",
    b"\x0b" * 3000,
    b"\x08" * 300,
    b"\x00",
    b"\x0a\x00",
]
METHODS = (
    *ROWS,
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    f"/{SERVICE}/",
    f"/{SERVICE}/differentiate",
    "/",
)
#: Every code that may ever come, which UNKNOWN may not; NOT_FOUND is the health service's own.
DOCUMENTED = {"OK", "INVALID_ARGUMENT", "UNIMPLEMENTED", "NOT_FOUND"}


@pytest.mark.parametrize("path", METHODS)
def test_whatever_bytes_come_to_whatever_method_only_documented_codes_come_back(service, path):
    for body in BODIES:
        call = service.channel.stream_stream(path)(iter([body]), timeout=PATIENCE)
        try:
            next(iter(call), None)
            call.cancel()
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        assert code in DOCUMENTED, body
    assert service.differentiate("echo").id == "r"


def test_metadata_that_is_too_large_is_refused_and_the_next_call_succeeds(service):
    error = refused(service.future("echo", metadata=[("a", "x" * 100_000)]).result)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert service.differentiate("echo").id == "r"


def test_a_method_that_is_not_there_is_unimplemented(service):
    error = refused(service.channel.unary_unary(f"/{SERVICE}/Nothing"), b"")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_reflection_lists_the_services_and_knows_the_contract(service):
    stub = reflection_pb2_grpc.ServerReflectionStub(service.channel)
    request = reflection_pb2.ServerReflectionRequest
    questions = (request(list_services=""), request(file_containing_symbol=SERVICE))
    listed, described = stub.ServerReflectionInfo(iter(questions))
    names = {entry.name for entry in listed.list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health"} <= names
    assert described.file_descriptor_response.file_descriptor_proto


def test_200_calls_leave_no_descriptor_and_no_process_behind(service):
    service.differentiate("echo", shape=(MEGABYTES_8 // 10,))
    before, family = service.descriptors(), service.family()
    body = request("echo").SerializeToString()
    calls = [service.differentiate_bytes.future(body) for _ in range(100)]
    for call in calls:
        call.result()
    for _ in range(100):
        service.differentiate_bytes(body)
    assert service.descriptors() <= before + 1
    assert service.family() == family
