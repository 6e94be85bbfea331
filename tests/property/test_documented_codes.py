"""Whatever bytes are sent to whatever method, only statuses and reasons of the table come out, one for each."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import grading_pb2, tensor_pb2
from pullback_server.operators import BY_NAME

from tests.reason_table import REASONS

SERVICE = "/pullback.v1.DerivativeService"
GRADING = "/pullback.v1.GradingService"
SYMBOLS = [*"xyABn()[],.=+-*/@%<>&|~:'\"#\n ", "**", "=="]
WORDS = [*SYMBOLS, "0", "2", "-1", "1e400", "dim=", "x.T", "torch.", *sorted(BY_NAME)]

many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
expressions = st.lists(st.sampled_from(WORDS), max_size=12).map("".join) | st.text(max_size=30)
tensors = st.builds(
    lambda dtype, shape, data: tensor_pb2.Tensor(dtype=dtype, shape=shape, data=data),
    st.integers(0, 14),
    st.lists(st.integers(0, 3) | st.sampled_from([-1, 2**40, 2**63 - 1]), max_size=4),
    st.integers(0, 9).map(lambda count: bytes(range(8)) * count) | st.binary(max_size=40),
)
good = st.just(tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=[2], data=bytes(16)))
inputs = st.builds(
    lambda name, tensor: wire.Input(name=name, tensor=tensor),
    st.sampled_from(["x", "y", "", "1", "sin"]),
    good | tensors,
)
messages = st.builds(
    lambda expression, inputs, upstream, notations: wire.DifferentiateRequest(
        id="r", expression=expression, inputs=inputs, upstream=upstream, notations={"notations": notations}
    ),
    expressions,
    st.lists(inputs, max_size=3),
    st.none() | good | tensors,
    st.lists(st.integers(0, 9), max_size=2),
)


variables = st.builds(
    lambda name, shape, structure, value: grading_pb2.Variable(
        name=name, shape=shape, structure=structure, value=value
    ),
    st.sampled_from(["x", "y", "", "1", "sin"]),
    st.lists(st.integers(0, 3) | st.sampled_from([-1, 2**40, 2**63 - 1]), max_size=2),
    st.integers(0, 9),
    st.none() | good | tensors,
)
answers = st.builds(
    lambda text, syntax, tensor: grading_pb2.Answer(text=text, syntax=syntax, tensor=tensor),
    expressions | st.sampled_from(["2x", "x*cos(x)", "2*x**(1/0)", "log(x)", "nan", "x^x^x", "y"]),
    st.integers(0, 3) | st.integers(0, 9),
    st.none() | st.none() | good | tensors,
)
problems = st.builds(
    lambda expression, inputs, wrt, kind, order: grading_pb2.Problem(
        expression=expression, inputs=inputs, wrt=wrt, kind=kind, order=order, policy={"budget": {"seconds": 1}}
    ),
    expressions,
    st.lists(variables, max_size=3),
    st.lists(st.sampled_from(["x", "y", "z"]), max_size=3),
    st.integers(0, 7),
    st.integers(0, 4),
)
number, vector = grading_pb2.Variable(name="x"), grading_pb2.Variable(name="x", shape=[2])
sound = st.sampled_from(
    [
        grading_pb2.Problem(expression=text, inputs=[variable], wrt=["x"], policy={"budget": {"seconds": 1}})
        for text, variable in (("x**2", number), ("sin(x)*x", number), ("log(x - 9)", number), ("sum(x*x)", vector))
    ]
)
grades = st.builds(
    lambda problem, answer: grading_pb2.GradeRequest(id="r", problem=problem, answer=answer), sound | problems, answers
)


@st.composite
def bodies(draw, kind=messages):
    """A request, valid or with some of its bytes changed, or random bytes."""
    body = draw(kind.map(lambda message: message.SerializeToString()) | st.binary(max_size=60))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3)):
        body = body[:place] + bytes([byte]) + body[place + 1 :]
    return body[: draw(st.just(len(body)) | st.integers(0, len(body)))]


@pytest.fixture(scope="module")
def channel(mathematics):
    with grpc.insecure_channel(mathematics.target, options=[("grpc.enable_retries", 0)]) as connected:
        yield connected


def reason_of(status):
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), status
    return info.reason


def assert_documented(code, status):
    """The reason is in the table with that status, and the status is short and harmless."""
    reason = REASONS[reason_of(status)]
    assert reason.code == code == status.code
    assert reason.name not in ("INTERNAL", "WORKER_CRASHED")
    assert status.ByteSize() <= 3000
    assert status.message.isprintable()


def call(channel, method, body, service=SERVICE):
    """The reply's bytes; None where the call was refused as documented."""
    try:
        return channel.unary_unary(f"{service}/{method}")(body, timeout=300)
    except grpc.RpcError as error:
        trailing = dict(error.trailing_metadata())
        assert_documented(error.code().value[0], status_pb2.Status.FromString(trailing["grpc-status-details-bin"]))
        return None


@many
@given(body=bodies())
def test_differentiate_answers_or_says_a_reason_of_the_table(channel, body):
    reply = call(channel, "Differentiate", body)
    assert reply is None or wire.DifferentiateResponse.FromString(reply).HasField("value")


@many
@given(
    body=st.binary(max_size=30)
    | st.text(max_size=20).map(lambda name: wire.DescribeLanguageRequest(operator=name).SerializeToString())
)
def test_describe_language_answers_or_says_a_reason_of_the_table(channel, body):
    reply = call(channel, "DescribeLanguage", body)
    assert reply is None or wire.DescribeLanguageResponse.FromString(reply).device


@many
@given(sent=st.lists(bodies().filter(lambda body: len(body) < 128), max_size=5))
def test_a_stream_answers_each_message_once(channel, sent):
    framed = [bytes([0x0A, len(body)]) + body for body in sent]
    answers = list(channel.stream_stream(f"{SERVICE}/DifferentiateMany")(iter(framed), timeout=300))
    assert len(answers) == len(sent)
    for answer in map(wire.DifferentiateManyResponse.FromString, answers):
        if answer.WhichOneof("result") == "status":
            assert_documented(answer.status.code, answer.status)


@many
@given(body=bodies(grades))
def test_grade_answers_or_says_a_reason_of_the_table(channel, body):
    reply = call(channel, "Grade", body, GRADING)
    assert reply is None or grading_pb2.GradeResponse.FromString(reply).grade.outcome


@many
@given(
    body=st.binary(max_size=30)
    | st.text(max_size=20).map(lambda t: grading_pb2.ReplayRequest(token=t).SerializeToString())
)
def test_replay_answers_or_says_a_reason_of_the_table(channel, body):
    assert call(channel, "Replay", body, GRADING) is None
