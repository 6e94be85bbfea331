"""At each step of a worker's life something breaks, and every call still gets exactly one outcome."""

import pytest
from google.rpc.code_pb2 import Code
from pullback_server.service import failpoints
from row_samples import mostly_slow
from service_harness import SERVING, many_request, running, start_error
from waiting import eventually

#: The points that a call passes; the others are passed while workers start.
ON_THE_WAY = [point for point in failpoints.POINTS if point.startswith(("worker.", "front."))]
STARTING = ("worker.warm", "worker.isolated", "worker.ready", "fork.forked")


def armed(terms, **settings):
    return running({failpoints.VARIABLE: terms}, symbolic_budget=0.5, worker_tasks=3, **settings)


def answer_all(service):
    """Twelve calls and a stream of twelve requests over every path: how each of them ended."""
    orders = ["echo", "late 0.01", "form k 0.01", "refuse"] * 3
    calls = [service.future(order, request_id=f"r{k}") for k, order in enumerate(orders)]
    codes = [call.code().name for call in calls]
    answers = {}
    for answer in service.many([many_request(order, f"s{k}") for k, order in enumerate(orders)]):
        assert answer.id not in answers
        answers[answer.id] = answer.status.code
    assert len(answers) == len(orders)
    return codes + [Code.Name(number) for number in answers.values()]


KILLS = [point for point in ON_THE_WAY if point.startswith("worker.") and point not in STARTING]


# One kill a service: a call that meets two is WORKER_CRASHED, rightly, and which calls meet which is chance.
@pytest.mark.parametrize("point", mostly_slow(KILLS, every=5))
def test_a_worker_that_dies_once_at_any_step_costs_no_call(point):
    with armed(f"{point}=1*kill") as service:
        assert set(answer_all(service)) == {"OK", "INVALID_ARGUMENT"}
        eventually(lambda: service.health() == SERVING)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["raise(out of the blue)", "sleep(0.02)", "memory"])
def test_whatever_a_worker_meets_while_it_answers_has_a_documented_code(action):
    points = ("worker.taken", "worker.parsed", "worker.form_asked", "worker.form_derived", "worker.answered")
    with armed(";".join(f"{point}=2*{action}" for point in points)) as service:
        assert set(answer_all(service)) <= {"OK", "INVALID_ARGUMENT", "INTERNAL", "RESOURCE_EXHAUSTED"}
        assert service.differentiate("echo").id == "r"


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["front.accepted", "front.dispatched", "front.received", "front.lost", "front.settled"]
)
def test_whatever_the_front_meets_has_a_documented_code(point):
    with armed(f"{point}=2*raise(a secret);worker.taken=1*kill") as service:
        assert set(answer_all(service)) <= {"OK", "INVALID_ARGUMENT", "INTERNAL"}
        assert service.differentiate("echo").id == "r"


@pytest.mark.slow
@pytest.mark.parametrize("point", STARTING)
def test_a_worker_that_dies_while_it_starts_is_tried_again(point):
    with armed(f"{point}=1*kill") as service:
        assert set(answer_all(service)) == {"OK", "INVALID_ARGUMENT"}
        eventually(lambda: len(service.family()) == 3)


def test_a_worker_that_is_stopped_is_replaced_and_its_call_is_replayed():
    with armed("worker.taken=1*stop") as service:
        assert service.differentiate("echo").id == "r"
        assert service.differentiate("echo").id == "r"
        eventually(lambda: len(service.family()) == 3)


@pytest.mark.slow
def test_a_full_disk_for_the_log_costs_no_call():
    with armed("log.written=full", log_calls=True) as service:
        assert set(answer_all(service)) == {"OK", "INVALID_ARGUMENT"}


@pytest.mark.slow
def test_a_fork_server_that_always_dies_is_an_error_and_not_tried_for_ever(capfd):
    assert "Error: " in start_error(capfd, {failpoints.VARIABLE: "fork.asked=kill"})


@pytest.mark.slow
@pytest.mark.parametrize("terms", ["nowhere=kill", "worker.taken=explode", "worker.taken=kill kill"])
def test_terms_that_cannot_be_read_are_an_error(terms, capfd):
    assert failpoints.VARIABLE in start_error(capfd, {failpoints.VARIABLE: terms})


def test_a_failpoint_that_is_not_armed_does_nothing():
    assert failpoints.armed_points() == ()
    assert {failpoints.at(point) for point in failpoints.POINTS} == {failpoints._nothing}
