"""From the first line to the exit code: start, health, drain, and what goes wrong on the way."""

import signal
import socket
import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2
from pullback.v1 import derivative_pb2 as wire
from service_harness import (
    NOT_SERVING,
    SERVICE,
    SERVING,
    details,
    many_request,
    refused,
    result,
    running,
    start_error,
)  # fmt: skip
from waiting import PATIENCE, eventually

from tests.processes import state


def watch(service):
    body = health_pb2.HealthCheckRequest(service=SERVICE).SerializeToString()
    for answer in service.channel.unary_stream("/grpc.health.v1.Health/Watch")(body):
        yield health_pb2.HealthCheckResponse.FromString(answer).status


class Drained:
    """What callers met while a signal ended a service that was busy with three calls and two streams."""

    def __init__(self, number):
        with running(workers=5) as service:
            statuses = watch(service)
            self.health_before = next(statuses)
            open_until = threading.Event()
            with service.begins(5):
                calls = [service.future("sleep 1") for _ in range(3)]
                closed = service.many([many_request("sleep 1", "closed")])
                still_open = service.many_bytes(requests_until(open_until), timeout=PATIENCE)
            service.process.send_signal(number)
            self.health_after = list(statuses)
            # Calls that come at the moment in which a server stops to listen are CANCELLED by gRPC itself.
            eventually(lambda: not listens(service.port))
            self.latecomer = refused(service.differentiate, "echo")
            self.calls = [result(call).id for call in calls]
            self.closed = [answer.id for answer in closed]
            self.still_open = wire.DifferentiateManyResponse.FromString(next(still_open)).id
            self.end_of_still_open = refused(next, still_open)
            open_until.set()
            self.exit_code = service.process.wait(PATIENCE)
            self.printed = service.process.stdout.read()


def requests_until(event):
    """A stream's one request, and no end before the event."""
    yield many_request("sleep 1", "still open").SerializeToString()
    event.wait(PATIENCE)


@pytest.fixture(
    scope="module", params=[signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)], ids=lambda n: n.name
)
def drained(request):
    return Drained(request.param)


def test_a_signal_ends_the_service_with_0_and_takes_its_health_down(drained):
    assert (drained.health_before, drained.health_after) == (SERVING, [NOT_SERVING])
    assert (drained.exit_code, drained.printed) == (0, "")


def test_calls_and_streams_finish_before_the_drain_ends(drained):
    assert (drained.calls, drained.closed) == (["r"] * 3, ["closed"])


def test_an_open_stream_is_answered_and_ended_by_the_drain(drained):
    assert drained.still_open == "still open"
    assert drained.end_of_still_open.code() is grpc.StatusCode.UNAVAILABLE
    assert details(drained.end_of_still_open)["ErrorInfo"].reason == "DRAINING"


def test_a_call_during_the_drain_is_unavailable(drained):
    assert drained.latecomer.code() is grpc.StatusCode.UNAVAILABLE


def test_the_end_of_stdin_drains_where_it_is_asked_for_and_the_grace_ends_what_goes_on():
    with running(until_stdin_closes=True, drain_grace=0.3) as service:
        with service.begins(2):
            number, nothing = service.future("late 3600", timeout=None), service.future("sleep 3600", timeout=None)
        family = service.family()
        service.process.stdin.close()
        assert service.process.wait(PATIENCE) == 0
        assert result(number).derivatives[0].symbolic.state == wire.LEG_STATE_DEADLINE
        assert nothing.exception().code() is grpc.StatusCode.UNAVAILABLE
        eventually(lambda: not any(alive(pid) for pid in family))


@pytest.mark.slow
def test_the_end_of_stdin_is_nothing_where_it_is_not_asked_for():
    with running() as service:
        service.process.stdin.close()
        assert service.differentiate("echo").id == "r"


def test_no_process_outlives_a_service_that_is_killed():
    with running() as service:
        with service.begins():
            call = service.future("sleep 30")
        family = service.family()
        assert len(family) == 3
        service.process.kill()
        call.exception()
        eventually(lambda: not any(alive(pid) for pid in family))


def test_a_port_that_is_taken_is_an_error_in_one_line(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = start_error(capfd, port=taken.getsockname()[1])
    assert last_line(error).startswith("Error: cannot listen on 127.0.0.1:")


def test_workers_that_all_die_while_they_warm_up_are_an_error(capfd):
    assert "workers died while they warmed up" in last_line(start_error(capfd, {"DOUBLE_DIES": "1"}))


@pytest.mark.slow
def test_why_a_worker_could_not_warm_up_is_in_the_log(capfd):
    assert "ValueError: no warmth" in start_error(capfd, {"DOUBLE_FAILS": "1"}, workers=1)


@pytest.mark.parametrize(
    "settings",
    [{"mathematics": "no_such_module"}, pytest.param({"device": "cuda:99"}, marks=pytest.mark.slow)],
    ids=str,
)
def test_what_is_not_there_is_an_error(capfd, settings):
    assert last_line(start_error(capfd, **settings)).startswith("Error: ")


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def alive(pid):
    return state(pid) != "Z"


def last_line(error):
    assert "Traceback" not in error
    return error.splitlines()[-1]
