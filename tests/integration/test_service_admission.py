"""A request over a limit is refused, what all requests hold together is bounded, and no client crowds out another."""

import time

import pytest
from pullback_server.service.front.tokens import make
from pullback_server.service.limits import ServiceLimits
from service_harness import many_request, reason, running
from waiting import eventually

GIB = 2**30


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """A service with a queue of 8, of which one client may hold 2, and the metadata of two clients."""
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens, lines = zip(*(make(name) for name in ("alice", "bob")), strict=True)
    file.write_text("\n".join(lines))
    with running(workers=1, queue=8, share=0.25, token_file=str(file)) as service:
        yield service, [(("authorization", f"Bearer {token}"),) for token in tokens]


def test_one_client_cannot_hold_more_than_its_share_of_the_queue(clients):
    service, (alice, bob) = clients
    with service.begins():
        calls = [service.future("sleep 1", metadata=alice)]
    calls += [service.future("echo", metadata=alice) for _ in range(2)]
    service.take_all()
    assert reason(service.future("echo", metadata=alice)) == "CLIENT_SHARE"
    others = [service.future("echo", metadata=bob) for _ in range(2)]
    assert [reason(call) for call in calls + others] == ["OK"] * 5


def test_clients_take_turns(clients):
    service, (alice, bob) = clients
    order = []
    with service.begins():
        busy = service.future("sleep 1", metadata=alice)
    calls = []
    for client, name in ((alice, "a1"), (alice, "a2"), (bob, "b1")):
        calls.append(service.future(f"sleep 0.05{name[1]}", metadata=client))
        calls[-1].add_done_callback(lambda _, name=name: order.append(name))
    assert [reason(call) for call in (busy, *calls)] == ["OK"] * 4
    eventually(lambda: len(order) == 3)
    assert order.index("b1") < order.index("a2")


@pytest.fixture(scope="module")
def service():
    settings = {"memory_in_flight": 4 * GIB, "bytes_in_flight": 100_000, "limit_nodes": 77}
    with running(workers=3, queue=16, share=1.0, **settings) as started:
        yield started


def test_the_bytes_of_all_requests_are_bounded(service):
    with service.begins():
        first = service.future("sleep 1", shape=(10_000,))
    assert reason(service.future("echo", shape=(10_000,))) == "BYTES_IN_FLIGHT"
    assert reason(service.future("echo")) == "OK"
    assert reason(first) == "OK"
    assert reason(service.future("echo", shape=(10_000,))) == "OK"


def test_large_tasks_wait_until_they_fit_beside_the_others(service):
    before = time.monotonic()
    with service.begins(2):
        large = [service.future(f"admit {2 * GIB} 1 1.5") for _ in range(2)]
    small = service.future("admit 1000 1 0")
    assert reason(small) == "OK"
    assert not all(call.done() for call in large)
    assert [reason(call) for call in large] == ["OK", "OK"]
    assert time.monotonic() - before >= 3


def test_a_large_task_that_is_given_up_makes_room_for_the_next(service):
    with service.begins():
        first = service.future(f"admit {3 * GIB} 1 3600", timeout=None)
    with service.begins():
        second = service.future(f"admit {3 * GIB} 1 0")
    first.cancel()
    assert reason(second) == "OK"


def test_every_limit_is_described_as_it_is_set(service):
    eventually(lambda: service.describe().workers.ready == 3)
    description = service.describe()
    values = {limit.name: limit.value for limit in description.limits}
    assert set(values) == {name for name, _, _ in ServiceLimits().describe()}
    assert (values["nodes"], values["queue"], values["memory_in_flight"]) == (77, 16, 4 * GIB)
    assert values["memory"] == 3 * GIB
    assert description.workers.wanted == 3


def test_beyond_its_capacity_a_service_answers_what_it_accepts_and_refuses_the_rest(service):
    eventually(lambda: service.describe().workers.ready == 3)
    calls = [service.future("sleep 0.02") for _ in range(200)]
    reasons = [reason(call) for call in calls]
    assert set(reasons) == {"OK", "QUEUE_FULL"}
    assert reasons.count("OK") >= 19


def test_a_stream_longer_than_the_queue_waits_instead_of_failing(service):
    answers = service.many([many_request("sleep 0.005", f"r{k}") for k in range(200)])
    assert [answer.status.code for answer in answers] == [0] * 200
