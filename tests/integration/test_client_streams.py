"""`differentiate_many`: every request gets one answer, whatever becomes of the streams."""

from __future__ import annotations

import asyncio
import queue
import threading

import grpc
import numpy as np
import pullback
import pytest
from fake_service import FakeService, echo, refused, serving
from pullback import Request
from waiting import eventually


def numbered(count, **options):
    return (Request("x", {"x": float(number)}, id=f"n{number}", **options) for number in range(count))


@pytest.fixture(params=["Client", "AsyncClient"])
def answers_of(request):
    """The answers to requests, by either client."""

    def synchronous(service, requests, in_flight=16):
        with serving(service) as target, pullback.Client(target) as client:
            return list(client.differentiate_many(requests, in_flight))

    def asynchronous(service, requests, in_flight=16):
        async def run(target):
            async with pullback.AsyncClient(target) as client:
                return [answer async for answer in client.differentiate_many(requests, in_flight)]

        with serving(service) as target:
            return asyncio.run(run(target))

    return synchronous if request.param == "Client" else asynchronous


LISTED = pytest.mark.parametrize("listed", [list, iter], ids=["list", "iterator"])


def assert_each_is_answered_once(answers, count):
    assert sorted(answer.position for answer in answers) == list(range(count))
    for answer in answers:
        assert answer.id == answer.result().id == f"n{answer.position}"
        assert answer.result().value == answer.position


@LISTED
def test_each_request_is_answered(answers_of, listed):
    service = FakeService()
    assert_each_is_answered_once(answers_of(service, listed(numbered(100))), 100)
    assert service.streams == service.ended == 1


def test_no_requests_give_no_answers_and_no_stream(answers_of):
    service = FakeService()
    assert answers_of(service, []) == []
    assert service.streams == 0


def test_a_request_without_an_id_has_its_position(answers_of):
    answers = answers_of(FakeService(), [Request("x", {"x": 1.0}), Request("x", {"x": 2.0})])
    assert sorted((answer.id, float(answer.result().value)) for answer in answers) == [("0", 1.0), ("1", 2.0)]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.OK])
@LISTED
def test_a_stream_that_breaks_loses_and_doubles_nothing(answers_of, code, listed):
    service = FakeService(breaks=[3, 0, 0, 17, 1], break_code=code)
    assert_each_is_answered_once(answers_of(service, listed(numbered(60))), 60)
    assert service.streams == 6


def test_a_request_is_sent_five_times_at_most(answers_of):
    service = FakeService(unavailable=10)
    answers = answers_of(service, numbered(3))
    assert {answer.id for answer in answers} == {"n0", "n1", "n2"}
    assert all(isinstance(answer.error, pullback.Unavailable) for answer in answers)
    with pytest.raises(pullback.Unavailable):
        answers[0].result()
    assert service.streams >= 5


def test_what_will_not_change_is_not_tried_again(answers_of):
    service = FakeService(breaks=[0], break_code=grpc.StatusCode.UNAUTHENTICATED)
    answers = answers_of(service, numbered(1))
    assert isinstance(answers[0].error, pullback.Unauthenticated)
    assert service.streams == 1


def test_a_request_that_fails_leaves_the_others_alone(answers_of):
    service = FakeService(answer=lambda request: refused() if request.id == "n1" else echo(request))
    errors = {answer.id: answer.error for answer in answers_of(service, numbered(3))}
    assert errors["n0"] is None
    assert errors["n2"] is None
    assert errors["n1"].column == 5


def test_a_request_that_cannot_be_sent_is_answered_here(answers_of):
    requests = [
        Request("x", {"x": 1j}, id="complex"),
        Request("x", {"x": 1.0}, id="good"),
        Request("x", {"x": np.zeros(66 * 2**20, "int8")}, id="large"),
    ]
    answers = {answer.id: answer for answer in answers_of(FakeService(), requests)}
    assert answers["complex"].error.reason == "UNSUPPORTED_DTYPE"
    assert answers["large"].error.reason == "REQUEST_TOO_LARGE"
    assert answers["good"].error is None


def test_an_id_in_flight_is_refused_for_another_request(answers_of):
    service = FakeService(delay=0.2)
    answers = answers_of(service, [Request("x", {"x": 1.0}, id="same"), Request("x", {"x": 2.0}, id="same")])
    assert [(answer.position, answer.error and answer.error.reason) for answer in answers] == [
        (1, "DUPLICATE_ID"),
        (0, None),
    ]


def test_a_budget_goes_with_each_request(answers_of):
    service = FakeService()
    answers_of(service, [Request("x", {"x": 1.0}, timeout=3600), Request("x", {"x": 1.0}, timeout=None)])
    assert 3500 < service.budgets[0].ToTimedelta().total_seconds() <= 3600
    assert service.budgets[1] is None


def test_a_service_that_falls_silent_does_not_hold_the_rest(answers_of, monkeypatch):
    monkeypatch.setattr("pullback.wire.stream.GRACE", 0.1)
    service = FakeService(silent=frozenset(["n1"]))
    answers = {answer.id: answer.error for answer in answers_of(service, numbered(3, timeout=2))}
    assert isinstance(answers["n1"], pullback.DeadlineExceeded)
    assert answers["n0"] is None
    assert answers["n2"] is None


def test_a_list_is_sent_as_answers_make_room():
    service = FakeService(delay=0.01)
    with serving(service) as target, pullback.Client(target) as client:
        answers = client.differentiate_many(list(numbered(20)), in_flight=3)
        for taken, _ in enumerate(answers, start=1):
            assert sum(service.sent.values()) <= taken + 3


def test_no_more_than_so_many_are_in_flight(answers_of):
    service = FakeService(delay=0.01)
    most = 0

    def watched():
        nonlocal most
        for taken, request in enumerate(numbered(20), start=1):
            most = max(most, taken - sum(service.sent.values()))
            yield request

    assert_each_is_answered_once(answers_of(service, watched(), in_flight=3), 20)
    assert most <= 4


def test_what_the_requests_raise_comes_after_the_answers(answers_of):
    def failing():
        yield from numbered(2)
        raise LookupError("no more submissions")

    with pytest.raises(LookupError, match="no more submissions"):
        answers_of(FakeService(), failing())


def test_answers_do_not_wait_for_requests_still_to_come():
    source = queue.SimpleQueue()
    source.put(Request("x", {"x": 1.0}, id="first"))
    with serving(FakeService()) as target, pullback.Client(target) as client:
        answers = client.differentiate_many(iter(source.get, None))
        assert next(answers).id == "first"
        source.put(Request("x", {"x": 2.0}, id="second"))
        assert next(answers).id == "second"
        source.put(None)
        assert list(answers) == []


async def test_requests_may_be_asynchronous():
    async def submitted():
        for request in numbered(5):
            await asyncio.sleep(0)
            yield request

    with serving(FakeService()) as target:
        async with pullback.AsyncClient(target) as client:
            answers = [answer async for answer in client.differentiate_many(submitted())]
    assert_each_is_answered_once(answers, 5)


def test_answers_that_nobody_wants_end_the_stream():
    service = FakeService(delay=0.01)
    with serving(service) as target, pullback.Client(target) as client:
        answers = client.differentiate_many(numbered(1000), in_flight=4)
        next(answers)
        answers.close()
        eventually(lambda: not any(thread.name.startswith("pullback-") for thread in threading.enumerate()))
    assert sum(service.sent.values()) < 100
