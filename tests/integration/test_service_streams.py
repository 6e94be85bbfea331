"""DifferentiateMany: each request has an answer of its own, and none of them ends the stream."""

import grpc
import pytest
from pullback.v1 import derivative_pb2 as wire
from service_harness import many_request, status_details
from waiting import PATIENCE


@pytest.fixture(scope="module")
def service(doubles):
    return doubles


def answers(service, requests):
    by_id = {}
    for answer in service.many(requests):
        assert answer.id not in by_id
        by_id[answer.id] = answer
    return by_id


def code(answer):
    return answer.status.code


def test_every_request_of_a_stream_is_answered_once(service):
    by_id = answers(service, [many_request("echo", f"r{i}") for i in range(300)])
    assert set(by_id) == {f"r{i}" for i in range(300)}
    assert all(answer.response.id == name for name, answer in by_id.items())


def test_answers_come_as_they_finish(service):
    order = [answer.id for answer in service.many([many_request("sleep 1", "slow"), many_request("echo", "fast")])]
    assert order == ["fast", "slow"]


def test_one_that_fails_has_a_status_and_leaves_the_others_alone(service, tmp_path):
    by_id = answers(
        service,
        [
            many_request("refuse", "refused"),
            many_request("fail", "failed"),
            many_request("kill", "crashed"),
            many_request(f"kill_once {tmp_path / 'killed'}", "replayed"),
            many_request("late 30", "provisional"),
            many_request("echo", "fine"),
        ],
    )
    codes = {grpc.StatusCode[name].value[0]: name for name in ("INVALID_ARGUMENT", "INTERNAL", "OK")}
    assert {name: codes[code(answer)] for name, answer in by_id.items()} == {
        "refused": "INVALID_ARGUMENT",
        "failed": "INTERNAL",
        "crashed": "INTERNAL",
        "replayed": "OK",
        "provisional": "OK",
        "fine": "OK",
    }
    assert status_details(by_id["refused"].status)["ErrorInfo"].metadata["output_shape"] == "2,3"
    assert status_details(by_id["crashed"].status)["ErrorInfo"].reason == "WORKER_CRASHED"
    assert by_id["provisional"].response.derivatives[0].symbolic.state == wire.LEG_STATE_DEADLINE


def test_a_budget_ends_its_own_request_only(service):
    by_id = answers(
        service,
        [
            many_request("sleep 3600", "late", budget=0.3),
            many_request("echo", "none", budget=0),
            many_request("echo", "ample", budget=PATIENCE),
        ],
    )
    assert code(by_id["late"]) == code(by_id["none"]) == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    assert by_id["ample"].response.id == "ample"


def test_a_message_that_is_malformed_is_answered_and_the_stream_goes_on(service):
    bodies = [b"\xff\xff\xff", many_request("echo", "fine").SerializeToString()]
    replies = [wire.DifferentiateManyResponse.FromString(body) for body in service.many_bytes(iter(bodies))]
    assert {answer.id: code(answer) for answer in replies} == {"": 3, "fine": 0}


def test_a_malformed_request_is_answered_under_its_id(service):
    request = wire.DifferentiateRequest(id="bad", expression="echo").SerializeToString() + b"\x12\x02\xff\xfe"
    body = bytes([0x0A, len(request)]) + request
    [answer] = [wire.DifferentiateManyResponse.FromString(body) for body in service.many_bytes(iter([body]))]
    assert (answer.id, code(answer)) == ("bad", 3)


def test_an_empty_stream_ends(service):
    assert answers(service, []) == {}


def test_a_cancelled_stream_frees_its_workers(service):
    with service.begins(2):
        stream = service.many_bytes(many_request("sleep 3600", f"r{i}").SerializeToString() for i in range(4))
    stream.cancel()
    assert service.differentiate("echo").id == "r"
