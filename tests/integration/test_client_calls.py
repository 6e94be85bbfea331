"""The client against canned answers: what is sent, what comes back, what is raised, what is tried again."""

from __future__ import annotations

import grpc
import ml_dtypes
import numpy as np
import pullback
import pytest
from fake_service import FakeService, exhausted, refused, serving, status_of
from pullback.v1 import derivative_pb2 as pb
from pullback.v1 import verdict_pb2

DTYPES = (
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", ml_dtypes.bfloat16,
)  # fmt: skip


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def client(service):
    with serving(service) as target, pullback.Client(target) as client:
        yield client


def failing(*statuses):
    left = list(statuses)
    return lambda request: left.pop(0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 3), (1, 2, 1, 2)])
def test_every_dtype_and_shape_comes_back_as_it_went(client, dtype, shape):
    array = np.arange(int(np.prod(shape)), dtype="int64").reshape(shape).astype(dtype)
    reply = client.differentiate("x", {"x": array})
    assert reply.gradients["x"].dtype == array.dtype
    assert reply.gradients["x"].shape == shape
    assert np.array_equal(reply.gradients["x"], array)


def test_a_reply_holds_what_the_service_said(client):
    reply = client.differentiate("z = a; z", {"a": [2.0, 3.0], "A": pullback.constant(1)})
    assert list(reply.gradients) == list(reply.verdicts) == list(reply.legs) == ["a"]
    assert np.array_equal(reply.value, [2, 3])
    assert reply.jacobians["a"].text == "9*a[p]**2*delta(i, p)"
    assert reply.jacobians["a"].entries.tolist() == [["0", "1"], ["2", "3"]]
    assert reply.vjps["a"].entries is None
    assert reply.verdicts["a"].outcome is pullback.Outcome.AGREE
    assert reply.verdicts["a"].worst.index == (1,)
    assert reply.verdicts["a"].tolerance.relative == 1e-9
    assert reply.legs["a"].symbolic.state is pullback.LegState.DONE
    assert reply.form_origin is pullback.FormOrigin.DERIVED
    assert (reply.device, reply.versions["torch"], reply.timings.derive) == ("cpu", "2.13", 0.02)
    assert np.array_equal(reply.intermediates["z"], [2, 3])
    assert reply.agree


def test_a_request_says_what_was_asked(client, service):
    client.differentiate("x*w", {"x": 1, "w": 2}, upstream=[3], wrt="x", notations="latex", check=False)
    client.differentiate("x", {"x": 1}, notations=())
    first, second = service.received
    assert [(entry.name, entry.requires_grad) for entry in first.inputs] == [("x", True), ("w", False)]
    assert list(first.notations.notations) == [pb.NOTATION_LATEX]
    assert first.HasField("check")
    assert not first.check
    assert np.frombuffer(first.upstream.data, "<f8") == 3
    assert second.HasField("notations")
    assert not second.notations.notations
    assert not second.inputs[0].HasField("requires_grad")
    assert not second.HasField("upstream")


def test_a_refusal_says_where_and_what_would_do(client, service):
    service.answer = lambda request: refused(output_shape="2,3")
    with pytest.raises(pullback.InvalidRequest) as caught:
        client.differentiate("x + sine(x)", {"x": 1})
    error = caught.value
    assert (error.field, error.line, error.column) == ("expression", 1, 5)
    assert (error.found, error.hint, error.reason) == ("sine", "did you mean sin?", "UNKNOWN_OPERATOR")
    assert error.output_shape == (2, 3)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert str(error) == "expression, line 1, column 5: there is no operator `sine` (did you mean sin?)"


def test_a_refusal_tells_a_scalar_from_no_shape(client, service):
    service.answer = failing(refused(output_shape=""), refused())
    shapes = []
    for _ in range(2):
        with pytest.raises(pullback.InvalidRequest) as caught:
            client.differentiate("x", {"x": 1})
        shapes.append(caught.value.output_shape)
    assert shapes == [(), None]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, pullback.DeadlineExceeded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, pullback.ResourceExhausted),
        (grpc.StatusCode.CANCELLED, pullback.Cancelled),
        (grpc.StatusCode.UNAUTHENTICATED, pullback.Unauthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, pullback.PermissionDenied),
        (grpc.StatusCode.UNIMPLEMENTED, pullback.Unimplemented),
        (grpc.StatusCode.INTERNAL, pullback.InternalError),
        (grpc.StatusCode.DATA_LOSS, pullback.InternalError),
    ],
)
def test_each_status_has_its_exception(client, service, code, kind):
    service.answer = lambda request: status_of(code, "no")
    with pytest.raises(kind, match="no") as caught:
        client.differentiate("x", {"x": 1})
    assert type(caught.value) is kind
    assert caught.value.code is code


def test_an_exhausted_service_says_when_to_come_back(client, service):
    service.answer = lambda request: exhausted()
    with pytest.raises(pullback.ResourceExhausted) as caught:
        client.differentiate("x", {"x": 1})
    assert (caught.value.retry_after, caught.value.reason) == (1.5, "QUEUE_FULL")


def test_a_call_is_made_again_while_the_service_is_unavailable(client, service):
    service.unavailable = 4
    assert client.differentiate("x", {"x": 1}).agree
    assert service.calls == 5


def test_a_large_call_is_made_again_too(client, service):
    service.unavailable = 2
    large = np.ones(500_000)
    assert np.array_equal(client.differentiate("x", {"x": large}).value, large)
    assert service.calls == 3


def test_after_five_attempts_the_service_is_unavailable(client, service):
    service.unavailable = 100
    with pytest.raises(pullback.Unavailable, match="no worker is ready"):
        client.differentiate("x", {"x": 1})
    assert service.calls == 5


def test_nobody_there_is_unavailable():
    with pullback.Client("127.0.0.1:1") as client, pytest.raises(pullback.Unavailable):
        client.differentiate("x", {"x": 1}, timeout=60)


def test_a_timeout_is_kept(client, service):
    service.delay = 1.0
    with pytest.raises(pullback.DeadlineExceeded):
        client.differentiate("x", {"x": 1}, timeout=0.1)


def test_a_reply_that_contradicts_itself_is_an_internal_error(client, service):
    service.answer = lambda request: pb.DifferentiateResponse(value={"dtype": "DTYPE_FLOAT64", "shape": [3]})
    with pytest.raises(pullback.InternalError) as caught:
        client.differentiate("x", {"x": 1})
    assert caught.value.reason == "BAD_REPLY"


def test_what_a_newer_service_says_is_unspecified(client, service):
    def newer(request):
        reply = pb.DifferentiateResponse(value=request.inputs[0].tensor)
        reply.derivatives.add(name="x", verdict=verdict_pb2.Verdict(outcome=77), symbolic=pb.Leg(state=78))
        return reply

    service.answer = newer
    reply = client.differentiate("x", {"x": 1})
    assert reply.verdicts["x"].outcome is pullback.Outcome.UNSPECIFIED
    assert reply.legs["x"].symbolic.state is pullback.LegState.UNSPECIFIED
    assert "x" not in reply.gradients
    assert not reply.agree


def test_the_language_is_described(client):
    language = client.describe_language()
    assert [operator.name for operator in language.operators] == ["sin", "sum"]
    assert language.limits[0].value == 10_000
    assert [operator.name for operator in client.describe_language("sum").operators] == ["sum"]
    with pytest.raises(pullback.InvalidRequest):
        client.describe_language("sine")


async def test_the_asynchronous_client_gives_the_same(service):
    with serving(service) as target:
        async with pullback.AsyncClient(target) as client:
            reply = await client.differentiate("a", {"a": [2.0, 3.0]}, timeout=60)
            assert np.array_equal(reply.gradients["a"], [2, 3])
            assert (await client.describe_language("sin")).operators[0].family == "elementwise"
            service.unavailable = 2
            assert (await client.differentiate("a", {"a": 1})).agree
            service.answer = lambda request: refused(output_shape="")
            with pytest.raises(pullback.InvalidRequest) as caught:
                await client.differentiate("a", {"a": 1})
            assert caught.value.column == 5
            with pytest.raises(pullback.InvalidRequest):
                await client.describe_language("sine")
