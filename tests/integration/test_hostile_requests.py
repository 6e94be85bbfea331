"""Every line of the hostile corpus, sent as its README says, is answered with a code that the line allows."""

import signal
import time

import grpc
import numpy as np
import pytest
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2
from service_harness import result, running
from waiting import PATIENCE

from tests.hostile_lines import CASES, CHANNEL, LINES, OWN_SERVICE, Refused, body_of, outcome, send

ORDINARY = {"expression": "x**2", "inputs": [{"name": "x", "dtype": "FP64", "shape": [], "data": 3.0}]}


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
        grpc.insecure_channel(service.target, options=CHANNEL) as channel,
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
    reply = send(channel, body_of(ORDINARY), {})
    assert np.frombuffer(reply.derivatives[0].gradient.data) == 6


@pytest.mark.slow
def test_the_corpus_costs_no_worker_and_leaves_no_memory_behind():
    """One worker meets every line, and gives back what it has freed; one that is given up late may be replaced."""
    cases = [case for case in CASES if case.get("request", {}).get("decompressed_bytes", 0) <= 2**27]
    given_up = [case for case in cases if {"deadline_s", "cancel_after_s"} & set(case.get("request", {}))]
    with (
        running(mathematics="thrifty_mathematics", workers=1) as service,
        grpc.insecure_channel(service.target, options=CHANNEL) as channel,
    ):

        def after_a_pass():
            for case in given_up:
                outcome(channel, case)
            outcome(channel, ORDINARY)
            family = service.family()
            for case in cases:
                if case not in given_up:
                    code, reason = outcome(channel, case)
                    assert code in case["expected_code"].split("|"), reason
            assert service.family() == family
            return service.memory()

        before = after_a_pass()
        after_a_pass()
        assert after_a_pass() < 1.15 * before
