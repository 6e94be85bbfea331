"""GradingService under the service's rules: tokens, shares, admission of large problems, metrics, ids, lost workers."""

import time
from functools import partial

import pytest
import service_harness
from pullback import AsyncClient, Client, GradeOutcome, Problem, Unauthenticated
from pullback.errors import REQUEST_ID
from pullback.v1 import grading_pb2 as wire
from pullback.v1.grading_pb2_grpc import GradingServiceStub
from pullback_server.service import failpoints
from pullback_server.service.front import tokens
from service_harness import SERVING, growth, metrics_address, reason, running, samples, status_details
from waiting import PATIENCE, eventually

GIB = 2**30
SQUARE = Problem("x**2", {"x": {}})

grade_request = partial(service_harness.grade_request, budget=20.0)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service with tokens, a queue of 8 of which one client may hold 2, metrics, and a log of all calls."""
    folder = tmp_path_factory.mktemp("guarded")
    log, file = folder / "log", folder / "tokens"
    token, line = tokens.make("alice")
    file.write_text(line)
    settings = {"workers": 1, "queue": 8, "share": 0.25, "token_file": str(file), "metrics_port": 0, "log_calls": True}
    with log.open("w") as out, running(log=out, **settings) as service:
        service.metrics = metrics_address(log)
        yield service, token, log


@pytest.fixture
def alice(guarded):
    """The stub, and the metadata of alice."""
    return GradingServiceStub(guarded[0].channel), (("authorization", f"Bearer {guarded[1]}"),)


def test_both_clients_show_their_token_to_every_method_of_grading(guarded):
    service, token, _ = guarded
    target = f"localhost:{service.port}"
    with Client(target, token=token) as known, Client(target) as stranger:
        grade = known.grade(SQUARE, "right")
        assert known.replay(grade.replay).outcome is GradeOutcome.CORRECT
        assert [graded.result().score for graded in known.grade_many([(SQUARE, "right")])] == [1.0]
        for call in (lambda: stranger.grade(SQUARE, "right"), lambda: stranger.replay(grade.replay)):
            with pytest.raises(Unauthenticated):
                call()
        [refused] = stranger.grade_many([(SQUARE, "right")])
        assert isinstance(refused.error, Unauthenticated)


async def test_the_client_for_asyncio_shows_its_token_too(guarded):
    service, token, _ = guarded
    async with AsyncClient(f"localhost:{service.port}", token=token) as known:
        grade = await known.grade(SQUARE, "right")
        assert (await known.replay(grade.replay)).outcome is GradeOutcome.CORRECT
        assert [graded.result().score async for graded in known.grade_many([(SQUARE, "right")])] == [1.0]


def test_grades_wait_in_the_same_queue_and_have_no_larger_share_of_it(guarded, alice):
    stub, who = alice
    with guarded[0].begins():
        calls = [stub.Grade.future(grade_request("sleep 1"), timeout=PATIENCE, metadata=who)]
    calls += [stub.Grade.future(grade_request("right"), timeout=PATIENCE, metadata=who) for _ in range(2)]
    guarded[0].take_all()
    assert reason(stub.Grade.future(grade_request("right"), timeout=PATIENCE, metadata=who)) == "CLIENT_SHARE"
    assert [reason(call) for call in calls] == ["OK"] * 3


def test_grades_are_counted_by_method_status_and_reason_and_not_as_symbolic_time(guarded, alice):
    (stub, who), address = alice, guarded[0].metrics
    before = samples(address)
    late = stub.Grade(grade_request("sleep 3600", budget=0.2), timeout=PATIENCE, metadata=who)
    assert late.grade.outcome == wire.GRADE_OUTCOME_UNDECIDED
    stub.Replay(wire.ReplayRequest(token="token:right"), timeout=PATIENCE, metadata=who)
    requests = [
        wire.GradeManyRequest(request=grade_request("right", "a")),
        wire.GradeManyRequest(request=grade_request("right", "b", expression="refuse")),
    ]
    answers = {answer.id: answer for answer in stub.GradeMany(iter(requests), timeout=PATIENCE, metadata=who)}
    assert status_details(answers["b"].status)["ErrorInfo"].reason == "UNKNOWN_NAME"
    grown = growth(before, address)
    assert grown["pullback_requests_total", "", "Grade", "OK"] == 1
    assert grown["pullback_requests_total", "", "OK", "Replay"] == 1
    assert grown["pullback_requests_total", "", "GradeMany", "OK"] == 1
    assert grown["pullback_requests_total", "GradeMany", "INVALID_ARGUMENT", "UNKNOWN_NAME"] == 1
    assert grown["pullback_request_seconds_count",] == 4
    assert grown["pullback_symbolic_seconds_count",] == grown["pullback_numeric_seconds_count",] == 0


def test_a_grade_has_the_id_that_the_caller_gave_to_the_call(guarded, alice):
    stub, who = alice
    metadata = (*who, (REQUEST_ID, "of-the-caller"))
    call = stub.Grade.future(grade_request("right"), timeout=PATIENCE, metadata=metadata)
    assert dict(call.trailing_metadata())[REQUEST_ID] == "of-the-caller"
    eventually(lambda: '"of-the-caller"' in guarded[2].read_text())


@pytest.fixture(scope="module")
def limited():
    """The stub of a service with little room in memory and in messages."""
    with running(workers=3, memory_in_flight=4 * GIB, max_message_bytes=4096) as service:
        yield GradingServiceStub(service.channel)


def test_large_problems_wait_until_they_fit_beside_the_others(limited):
    before = time.monotonic()
    large = [limited.Grade.future(grade_request(f"admit {2 * GIB} 1 0.5"), timeout=PATIENCE) for _ in range(2)]
    assert reason(limited.Grade.future(grade_request("admit 1000 1 0"), timeout=PATIENCE)) == "OK"
    assert [call.result().grade.outcome for call in large] == [wire.GRADE_OUTCOME_CORRECT] * 2
    assert time.monotonic() - before >= 1


def test_a_reply_that_no_message_can_hold_is_refused_as_such(limited):
    message = grade_request("right " + "y" * 3000)  # which comes back in the reply twice
    assert reason(limited.Grade.future(message, timeout=PATIENCE)) == "REPLY_TOO_LARGE"


#: The steps that a grade passes.
STEPS = ("taken", "parsed", "numbers", "provisional", "answered", "replied", "retired")


@pytest.mark.parametrize("step", ["provisional", *(pytest.param(s, marks=pytest.mark.slow) for s in STEPS)])
def test_a_worker_that_dies_once_at_any_step_costs_no_grade(step):
    with running({failpoints.VARIABLE: f"worker.{step}=1*kill"}, worker_tasks=3) as service:
        stub = GradingServiceStub(service.channel)
        calls = [stub.Grade.future(grade_request("right", f"r{k}"), timeout=PATIENCE) for k in range(8)]
        requests = [wire.GradeManyRequest(request=grade_request("right", f"s{k}")) for k in range(8)]
        streamed = list(stub.GradeMany(iter(requests), timeout=PATIENCE))
        assert {call.result().grade.outcome for call in calls} == {wire.GRADE_OUTCOME_CORRECT}
        assert sorted(answer.id for answer in streamed) == [f"s{k}" for k in range(8)]
        assert {answer.response.grade.outcome for answer in streamed} == {wire.GRADE_OUTCOME_CORRECT}
        eventually(lambda: service.health() == SERVING)


def test_a_replay_never_takes_back_an_outcome(limited, tmp_path):
    answer = limited.Grade(grade_request(f"outcome_once SIGN {tmp_path}/marker"), timeout=PATIENCE)
    assert answer.grade.outcome == wire.GRADE_OUTCOME_INCORRECT


def test_an_unforeseen_error_in_a_grader_is_the_services_failure():
    with running({failpoints.VARIABLE: "worker.parsed=1*raise(a secret)"}) as service:
        stub = GradingServiceStub(service.channel)
        assert reason(stub.Grade.future(grade_request("right"), timeout=PATIENCE)) == "INTERNAL"
        assert stub.Grade(grade_request("right"), timeout=PATIENCE).grade.score == 1.0
