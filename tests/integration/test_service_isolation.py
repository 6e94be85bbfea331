"""A worker has no network, no other programs and only so much memory; when it is worn out it is replaced."""

import errno
import struct
import time

import grpc
import pytest
from pullback.v1 import derivative_pb2 as wire
from service_harness import SERVING, details, refused, result, running
from waiting import eventually

DENIED = {"socket": errno.EPERM, "exec": errno.EPERM, "spawn": errno.EPERM, "fork": errno.EPERM, "kill": errno.EPERM,
          "namespace": errno.EPERM, "files": errno.EMFILE}  # fmt: skip


@pytest.fixture(scope="module")
def service():
    with running(worker_memory=2**30, worker_growth=0) as started:
        yield started


def attempt(service, what):
    [number] = struct.unpack("<d", service.differentiate(f"forbidden {what}").value.data)
    return int(number)


@pytest.mark.parametrize("what", DENIED)
def test_a_worker_is_denied_what_it_does_not_need(service, what):
    assert attempt(service, what) == DENIED[what]
    assert service.differentiate("echo").id == "r"


@pytest.mark.slow
def test_without_the_sandbox_a_worker_is_a_process_like_others():
    with running(sandbox=False, workers=1) as service:
        assert attempt(service, "socket") == 0


def test_an_allocation_over_the_address_space_is_an_answer_and_costs_no_worker(service):
    family = service.family()
    assert details(refused(service.differentiate, f"allocate {2**31}"))["ErrorInfo"].reason == "DEVICE_OUT_OF_MEMORY"
    assert service.differentiate(f"allocate {2**28}").id == "r"
    assert service.family() == family


@pytest.fixture(scope="module")
def short_lived():
    with running(workers=1, worker_tasks=40, worker_growth=64 * 2**20, time_limit=2) as started:
        yield started


def test_a_worker_is_replaced_after_its_tasks_without_a_pause(short_lived):
    first = short_lived.differentiate("echo").device
    tasks = 1
    while short_lived.differentiate("echo", timeout=None).device == first:
        tasks += 1
        assert short_lived.health() == SERVING
    assert tasks >= 39
    eventually(lambda: len(short_lived.family()) == 2)


def test_a_worker_that_has_grown_is_replaced_without_losing_a_call(short_lived):
    first = short_lived.differentiate("echo").device
    for _ in range(20):
        short_lived.differentiate(f"grow {8 * 2**20}", timeout=None)
    eventually(lambda: short_lived.differentiate("echo", timeout=None).device != first)
    eventually(lambda: len(short_lived.family()) == 2)


@pytest.mark.parametrize("order", ["spin", "sleep 3600"])
def test_a_task_that_never_ends_is_ended_where_the_caller_has_no_limit(short_lived, order):
    error = refused(short_lived.differentiate, order, timeout=None)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(error)["ErrorInfo"].reason == "TIME_BUDGET"
    eventually(lambda: short_lived.health() == SERVING)
    assert short_lived.differentiate("echo", timeout=None).id == "r"


def test_a_closed_form_that_never_ends_costs_no_number_where_the_caller_has_no_limit(short_lived):
    reply = short_lived.differentiate("late 3600", timeout=None)
    assert reply.derivatives[0].symbolic.state == wire.LEG_STATE_DEADLINE
    eventually(lambda: short_lived.health() == SERVING)


def test_a_call_that_ends_soon_after_it_is_given_up_costs_no_worker(service):
    service.differentiate("echo")
    family = service.family()
    for _ in range(10):
        call = service.future("sleep 0.02")
        time.sleep(0.005)
        call.cancel()
        time.sleep(0.03)
    assert result(service.future("echo")).id == "r"
    assert service.family() == family
