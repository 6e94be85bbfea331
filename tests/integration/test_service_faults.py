"""Deaths, deadlines, cancellations and full queues: every call still gets exactly one outcome."""

import grpc
import pytest
from pullback.v1 import derivative_pb2 as wire
from service_harness import details, refused, request, result, running
from waiting import eventually


@pytest.fixture(scope="module")
def service():
    with running(symbolic_budget=2, queue=8, share=1.0) as started:
        yield started


@pytest.fixture(scope="module")
def unhurried():
    """A service that waits for closed forms as long as its callers do."""
    with running(workers=1, symbolic_budget=3600) as started:
        yield started


def pid(reply):
    return int(reply.device)


def state(reply):
    return reply.derivatives[0].symbolic.state


def test_a_call_whose_worker_is_killed_succeeds_on_another(service, tmp_path):
    reply = service.differentiate(f"kill_once {tmp_path / 'killed'}")
    assert (tmp_path / "killed").exists()
    assert reply.id == "r"


def test_a_call_that_kills_two_workers_is_internal_and_not_to_be_retried(service):
    error = refused(service.differentiate, expression="kill")
    assert error.code() is grpc.StatusCode.INTERNAL
    assert details(error)["ErrorInfo"].reason == "WORKER_CRASHED"
    assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"
    assert service.differentiate("echo").id == "r"


def test_a_call_that_kills_its_workers_costs_those_that_wait_with_it_nothing():
    with running(workers=1) as one_worker:
        with one_worker.begins():
            first = one_worker.future("sleep 1")
        orders = ["echo", "echo", "kill", *["echo"] * 9]
        calls = [(order, one_worker.future(order)) for order in orders]
        assert first.result()
        for order, call in calls:
            if order == "echo":
                assert wire.DifferentiateResponse.FromString(call.result()).id == "r"
            else:
                assert call.code() is grpc.StatusCode.INTERNAL


def test_a_call_that_hangs_costs_those_that_wait_with_it_nothing():
    with running(workers=1) as one_worker:
        with one_worker.begins():
            first = one_worker.future("sleep 1")
        hanging, *others = [one_worker.future("spin", timeout=2), *(one_worker.future("echo") for _ in range(9))]
        assert first.result()
        assert hanging.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert {call.code() for call in others} == {grpc.StatusCode.OK}


def test_a_number_that_was_there_outlives_two_workers(service):
    assert state(service.differentiate("late_kill")) == wire.LEG_STATE_DEADLINE


def test_a_final_reply_that_is_late_gives_way_to_the_provisional_one(service):
    reply = service.differentiate("late 3600", timeout=None)
    assert state(reply) == wire.LEG_STATE_DEADLINE
    assert len(reply.value.data) == 16


def test_a_final_reply_in_time_is_the_one_sent(service):
    assert state(service.differentiate("late 0.05")) == wire.LEG_STATE_DONE


def test_the_provisional_reply_comes_before_the_callers_deadline(unhurried):
    reply = unhurried.differentiate("late 3600", timeout=2)
    assert state(reply) == wire.LEG_STATE_DEADLINE


def test_a_deadline_before_any_number_is_deadline_exceeded_and_frees_the_worker(service):
    for _ in range(2):
        error = refused(service.differentiate, expression="sleep 3600", timeout=0.3)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert service.differentiate("echo").id == "r"


def test_a_cancelled_call_frees_its_worker(service):
    with service.begins(2):
        calls = [service.future("sleep 3600", timeout=None) for _ in range(2)]
    for call in calls:
        call.cancel()
    assert service.differentiate("echo").id == "r"


def test_a_full_queue_refuses_at_once_and_says_when_to_retry(service):
    with service.begins(2):
        calls = [service.future("sleep 3600", timeout=None) for _ in range(2)]
    calls += [service.future("sleep 3600", timeout=None) for _ in range(8)]
    service.take_all()
    error = refused(service.differentiate, expression="echo")
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info = details(error)
    assert info["ErrorInfo"].reason == "QUEUE_FULL"
    assert info["RetryInfo"].retry_delay.ToNanoseconds() > 0
    for call in calls:
        call.cancel()
    assert service.differentiate("echo").id == "r"


def test_an_idle_worker_that_dies_is_replaced(service):
    service.differentiate("echo")
    workers = service.kill_workers()
    eventually(lambda: len(service.family()) == 3 and not workers & set(service.family()))
    assert service.differentiate("echo").id == "r"


def test_workers_that_die_before_they_take_a_call_do_not_count_against_it(service):
    for _ in range(5):
        eventually(lambda: len(service.family()) == 3)
        service.differentiate("echo")
        service.kill_workers()
        assert service.differentiate("echo").id == "r"


def test_a_fork_server_that_dies_is_started_again_and_the_call_is_replayed(service):
    with service.begins():
        call = service.future("sleep 1")
    family = service.family()
    service.kill_workers(fork_server=True)
    assert result(call).id == "r"
    assert not set(family) & set(service.family())


def test_a_form_that_one_worker_derived_is_there_for_the_other(service):
    first = service.differentiate("form shared 0.05")
    assert first.form_origin == wire.FORM_ORIGIN_DERIVED
    replies = [result(call) for call in [service.future("form shared 0.05") for _ in range(8)]]
    assert {reply.form_origin for reply in replies} == {wire.FORM_ORIGIN_SERVICE}
    with service.begins():
        busy = service.future("sleep 0.5")
    other = service.differentiate("form shared 0.05")
    assert other.form_origin == wire.FORM_ORIGIN_SERVICE
    assert pid(other) != pid(result(busy))


def test_a_form_over_the_budget_is_not_tried_again_for_a_while(service):
    """The second request would derive it in no time."""
    assert state(service.differentiate("form slow 3600")) == wire.LEG_STATE_DEADLINE
    for _ in range(2):
        assert state(service.differentiate("form slow 0")) == wire.LEG_STATE_DEADLINE


def test_a_form_that_only_a_short_deadline_stopped_is_tried_again(unhurried):
    unhurried.differentiate("late 0")
    assert state(unhurried.differentiate("form hurried 3600", timeout=2)) == wire.LEG_STATE_DEADLINE
    assert unhurried.differentiate("form hurried 0").form_origin == wire.FORM_ORIGIN_DERIVED


def test_large_bodies_survive_a_replay(service, tmp_path):
    count = 200_000
    reply = service.differentiate(f"kill_once {tmp_path / 'killed'}", shape=(count,), data=b"\x01" * 8 * count)
    assert reply.value.data == b"\x01" * 8 * count


def test_under_sigkill_every_call_has_one_outcome_and_nothing_leaks(service):
    service.differentiate("echo")
    eventually(lambda: len(service.family()) == 3)
    before = service.descriptors()
    body = request("sleep 0.01").SerializeToString()
    for _ in range(10):
        calls = [service.differentiate_bytes.future(body) for _ in range(8)]
        service.kill_workers(count=1)
        for call in calls:
            assert result(call).id == "r"
    eventually(lambda: len(service.family()) == 3 and service.descriptors() <= before + 1)
