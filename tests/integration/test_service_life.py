"""From the first line to the exit code: start, health, drain, and what goes wrong on the way."""

import json
import signal
import socket
import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2
from pullback.v1 import derivative_pb2 as wire
from service_harness import PATIENCE, SERVICE, details, eventually, launch, many_request, result, running

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def watch(service):
    body = health_pb2.HealthCheckRequest(service=SERVICE).SerializeToString()
    for answer in service.channel.unary_stream("/grpc.health.v1.Health/Watch")(body):
        yield health_pb2.HealthCheckResponse.FromString(answer).status


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_drains_calls_finish_health_is_down_and_the_exit_is_0(number):
    with running(workers=4) as service:
        statuses = watch(service)
        assert next(statuses) == SERVING
        with service.begins(4):
            calls = [service.future("sleep 1") for _ in range(3)]
            stream = service.many([many_request("sleep 1", "s")])
        service.process.send_signal(number)
        assert list(statuses) == [NOT_SERVING]
        assert [result(call).id for call in calls] == ["r"] * 3
        assert [answer.id for answer in stream] == ["s"]
        assert service.process.wait(PATIENCE) == 0
        assert service.process.stdout.read() == ""


def test_a_call_during_the_drain_is_unavailable():
    with running() as service:
        statuses = watch(service)
        assert next(statuses) == SERVING
        with service.begins():
            call = service.future("sleep 1")
        service.process.send_signal(signal.SIGTERM)
        assert next(statuses) == NOT_SERVING
        # Calls that come at the moment in which a server stops to listen are CANCELLED by gRPC itself.
        eventually(lambda: not listens(service.port))
        with pytest.raises(grpc.RpcError) as caught:
            service.differentiate("echo")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert call.result()
        assert service.process.wait(PATIENCE) == 0


def test_an_open_stream_is_answered_and_ended_by_the_drain():
    with running() as service:
        ended = threading.Event()

        def requests():
            yield many_request("sleep 0.5", "s").SerializeToString()
            ended.wait(PATIENCE)

        with service.begins():
            stream = service.many_bytes(requests(), timeout=PATIENCE)
        service.process.send_signal(signal.SIGTERM)
        assert wire.DifferentiateManyResponse.FromString(next(stream)).id == "s"
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        ended.set()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert details(caught.value)["ErrorInfo"].reason == "DRAINING"
        assert service.process.wait(PATIENCE) == 0


def test_the_drain_ends_with_its_grace_and_gives_what_there_is():
    with running(drain_grace=0.3) as service:
        with service.begins(2):
            number, nothing = service.future("late 3600", timeout=None), service.future("sleep 3600", timeout=None)
        assert service.end() == 0
        assert result(number).derivatives[0].symbolic.state == wire.LEG_STATE_DEADLINE
        assert nothing.exception().code() is grpc.StatusCode.UNAVAILABLE


def test_the_end_of_stdin_drains_where_it_is_asked_for():
    with running(until_stdin_closes=True) as service:
        family = service.family()
        service.process.stdin.close()
        assert service.process.wait(PATIENCE) == 0
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
        process = launch(port=taken.getsockname()[1])
        assert process.wait(PATIENCE) == 1
    assert ended_with(process, capfd).startswith("Error: cannot listen on 127.0.0.1:")


def test_workers_that_all_die_while_they_warm_up_are_an_error(capfd):
    process = launch({"DOUBLE_DIES": "1"})
    assert process.wait(PATIENCE) == 1
    assert "workers died while they warmed up" in ended_with(process, capfd)


@pytest.mark.slow
def test_why_a_worker_could_not_warm_up_is_in_the_log(capfd):
    process = launch({"DOUBLE_FAILS": "1"}, workers=1)
    assert process.wait(PATIENCE) == 1
    process.stdin.close()
    process.stdout.close()
    assert "ValueError: no warmth" in capfd.readouterr().err


@pytest.mark.parametrize(
    "settings",
    [{"mathematics": "no_such_module"}, pytest.param({"device": "cuda:99"}, marks=pytest.mark.slow)],
    ids=str,
)
def test_what_is_not_there_is_an_error(capfd, settings):
    process = launch(**settings)
    assert process.wait(PATIENCE) == 1
    assert ended_with(process, capfd).startswith("Error: ")


def test_without_workers_health_is_down_and_calls_are_unavailable(tmp_path):
    marker = tmp_path / "dies"
    with running({"DOUBLE_DIES_WHILE": str(marker)}, workers=1) as service:
        assert service.health() == service.health(SERVICE) == SERVING
        marker.touch()
        service.kill_workers()
        eventually(lambda: service.health() == service.health(SERVICE) == NOT_SERVING)
        error = service.future("echo").exception()
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        marker.unlink()
        eventually(lambda: service.health() == SERVING)
        assert service.differentiate("echo").id == "r"


def test_health_of_an_unknown_service_is_not_found():
    with running(workers=1) as service:
        with pytest.raises(grpc.RpcError) as caught:
            service.health("nothing")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended_with(process, capfd):
    process.stdin.close()
    assert process.stdout.read() == ""
    process.stdout.close()
    lines = capfd.readouterr().err.strip().splitlines()
    assert not any("Traceback" in line for line in lines), json.dumps(lines)
    return lines[-1]
