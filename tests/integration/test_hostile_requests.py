"""Every line of the hostile corpus, sent as its README says, is answered with a code that the line allows."""

import signal
import time

import grpc
import numpy as np
import pullback
import pytest
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2
from service_harness import PATIENCE, result, running

from tests.hostile_lines import CASES, CHANNEL, LINES, OWN_SERVICE, Refused, body_of, outcome, send


@pytest.fixture(scope="module")
def channel():
    with pullback.local("--workers", "2") as client, grpc.insecure_channel(client.target, options=CHANNEL) as channel:
        yield channel


def marked(case):
    """The largest body, which takes seconds to compress, is for the slow tests."""
    slow = case.get("request", {}).get("decompressed_bytes", 0) > 2**27
    return pytest.param(case, marks=pytest.mark.slow) if slow else case


@pytest.mark.parametrize(
    "case", [marked(case) for case in CASES], ids=[f"{c['group']}-{k}" for k, c in enumerate(CASES)]
)
def test_each_line_is_answered_with_a_code_that_it_allows(channel, case):
    busy = keep_busy(channel) if races(case) else []
    code, reason = outcome(channel, case)
    assert code in case["expected_code"].split("|"), reason
    assert all(call.result() for call in busy)


def races(case):
    """Whether a line is given up so soon that a free service may have answered it by then."""
    how = case.get("request", {})
    return "cancel_after_s" in how or (how.get("deadline_s") or 1) < 0.01


def keep_busy(channel):
    """Calls that take both workers longer than a caller waits who gives up: it does so before it is answered."""
    square = tensor_pb2.Tensor(dtype=tensor_pb2.DTYPE_FLOAT64, shape=[700, 700], data=bytes(8 * 700 * 700))
    message = wire.DifferentiateRequest(expression="sum(A @ A)", inputs=[wire.Input(name="A", tensor=square)])
    call = channel.unary_unary("/pullback.v1.DerivativeService/Differentiate")
    calls = [call.future(message.SerializeToString(), timeout=PATIENCE) for _ in range(4)]
    time.sleep(0.05)
    return calls


def test_only_two_lines_need_a_service_of_their_own():
    elsewhere = [line["request"] for line in LINES if line not in CASES]
    assert [set(how) & set(OWN_SERVICE) for how in elsewhere] == [{"sigterm_during_call"}, {"limit"}]


def test_the_lines_that_need_a_service_of_their_own_are_answered_as_they_allow():
    ended, limited = (line for line in LINES if line not in CASES)
    with (
        running(max_message_bytes=limited["request"]["limit"]) as service,
        grpc.insecure_channel(f"127.0.0.1:{service.port}", options=CHANNEL) as channel,
    ):
        with pytest.raises(Refused) as refused:
            send(channel, body_of(limited), limited["request"])
        assert refused.value.code == limited["expected_code"]
        with service.begins():
            call = service.future(f"sleep {ended['request']['work_s']}")
        service.process.send_signal(signal.SIGTERM)
        assert ended["expected_code"] == "OK"
        assert result(call).id == "r"
        assert service.process.wait(PATIENCE) == 0


def test_after_all_of_them_an_ordinary_request_is_answered(channel):
    x = tensor_pb2.Tensor(dtype=tensor_pb2.DTYPE_FLOAT64, data=np.float64(3).tobytes())
    message = wire.DifferentiateRequest(expression="x**2", inputs=[wire.Input(name="x", tensor=x)])
    reply = send(channel, message.SerializeToString(), {})
    assert np.frombuffer(reply.derivatives[0].gradient.data) == 6


@pytest.mark.slow
def test_the_corpus_costs_no_worker_and_leaves_no_memory_behind():
    cases = [case for case in CASES if case.get("request", {}).get("decompressed_bytes", 0) <= 2**27]
    with (
        running(mathematics="pullback_server.verdict") as service,
        grpc.insecure_channel(f"127.0.0.1:{service.port}", options=CHANNEL) as channel,
    ):
        for case in cases:
            outcome(channel, case)
        family, before = service.family(), service.memory()
        for _ in range(2):
            for case in cases:
                code, reason = outcome(channel, case)
                assert code in case["expected_code"].split("|") or races(case), reason
        assert service.family() == family
        assert service.memory() < 1.15 * before
