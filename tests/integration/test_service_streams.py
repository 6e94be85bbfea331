"""DifferentiateMany: each request has an answer of its own, and none of them ends the stream."""

from google.rpc.code_pb2 import Code
from pullback.v1 import derivative_pb2 as wire
from service_harness import many_request, status_details
from waiting import PATIENCE


def answers(service, requests):
    by_id = {}
    for answer in service.many(requests):
        assert answer.id not in by_id
        by_id[answer.id] = answer
    return by_id


def code(answer):
    return Code.Name(answer.status.code)


def test_every_request_of_a_stream_is_answered_once(service):
    by_id = answers(service, [many_request("echo", f"r{i}") for i in range(300)])
    assert set(by_id) == {f"r{i}" for i in range(300)}
    assert all(answer.response.id == name for name, answer in by_id.items())


def test_answers_come_as_they_finish(service):
    order = [answer.id for answer in service.many([many_request("sleep 1", "slow"), many_request("echo", "fast")])]
    assert order == ["fast", "slow"]


def test_one_that_fails_has_a_status_and_leaves_the_others_alone(service, tmp_path):
    statuses = {
        "refuse": "INVALID_ARGUMENT",
        "fail": "INTERNAL",
        "kill": "INTERNAL",
        f"kill_once {tmp_path / 'killed'}": "OK",
        "late 30": "OK",
        "echo": "OK",
    }
    by_id = answers(service, [many_request(order, order) for order in statuses])
    assert {order: code(answer) for order, answer in by_id.items()} == statuses
    assert status_details(by_id["refuse"].status)["ErrorInfo"].metadata["output_shape"] == "2,3"
    assert status_details(by_id["kill"].status)["ErrorInfo"].reason == "WORKER_CRASHED"
    assert by_id["late 30"].response.derivatives[0].symbolic.state == wire.LEG_STATE_DEADLINE


def test_a_budget_ends_its_own_request_only(service):
    budgets = {"late": ("sleep 3600", 0.3), "none": ("echo", 0), "ample": ("echo", PATIENCE)}
    by_id = answers(service, [many_request(order, name, budget) for name, (order, budget) in budgets.items()])
    assert code(by_id["late"]) == code(by_id["none"]) == "DEADLINE_EXCEEDED"
    assert by_id["ample"].response.id == "ample"


def test_a_message_that_is_malformed_is_answered_and_the_stream_goes_on(service):
    bodies = [b"\xff\xff\xff", many_request("echo", "fine").SerializeToString()]
    replies = [wire.DifferentiateManyResponse.FromString(body) for body in service.many_bytes(iter(bodies))]
    assert {answer.id: code(answer) for answer in replies} == {"": "INVALID_ARGUMENT", "fine": "OK"}


def test_a_malformed_request_is_answered_under_its_id(service):
    request = wire.DifferentiateRequest(id="bad", expression="echo").SerializeToString() + b"\x12\x02\xff\xfe"
    body = bytes([0x0A, len(request)]) + request
    [answer] = [wire.DifferentiateManyResponse.FromString(body) for body in service.many_bytes(iter([body]))]
    assert (answer.id, code(answer)) == ("bad", "INVALID_ARGUMENT")


def test_an_empty_stream_ends(service):
    assert answers(service, []) == {}


def test_a_cancelled_stream_frees_its_workers(service):
    with service.begins(2):
        stream = service.many_bytes(many_request("sleep 3600", f"r{i}").SerializeToString() for i in range(4))
    stream.cancel()
    assert service.differentiate("echo").id == "r"
