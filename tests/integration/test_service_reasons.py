"""Every reason of the table, one by one, as a caller gets it: its status, its sentence, and whether to try again."""

import numpy as np
import pytest
from grpc_status import rpc_status
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import grading_pb2, tensor_pb2
from pullback_server.program import Reason
from pullback_server.service.front import tokens
from pullback_server.service.protocol.errors import DETAILS_BYTES, Code
from service_harness import NOT_SERVING, SERVICE, SERVING, many_request, refused, request, running, status_details
from waiting import PATIENCE, eventually

from tests.hostile_lines import DIFFERENTIATE
from tests.reason_table import REASONS


def vector(name="x", data=(1.0, 2.0), dtype="DTYPE_FLOAT64", shape=None, raw=None):
    kind = {"DTYPE_FLOAT64": np.float64, "DTYPE_INT64": np.int64, "DTYPE_BOOL": np.uint8}.get(dtype, np.float64)
    number = dtype if isinstance(dtype, int) else tensor_pb2.Dtype.Value(dtype)
    content = np.array(data, dtype=kind).tobytes() if raw is None else raw
    shape = [len(data)] if shape is None else shape
    return wire.Input(name=name, tensor=tensor_pb2.Tensor(dtype=number, shape=shape, data=content))


def body(expression, *inputs, **fields):
    return wire.DifferentiateRequest(expression=expression, inputs=inputs or [vector()], **fields).SerializeToString()


INDEX = vector("n", [7], "DTYPE_INT64")

# fmt: off
#: A request that is refused for each reason that the language and the contract give.
REFUSED = {
    "EMPTY_EXPRESSION":         body(" "),
    "SYNTAX":                   body("sum(x"),
    "FORBIDDEN_CHARACTER":      body("sum(x)\x07"),
    "UNSUPPORTED_SYNTAX":       body("x if x else x"),
    "UNKNOWN_NAME":             body("sum(y)"),
    "UNKNOWN_OPERATOR":         body("sine(x)"),
    "BAD_ARGUMENT":             body("sum(x, colour=1)"),
    "BAD_NUMBER":               body("sum(x)*9**9**9"),
    "BAD_NAME":                 body("sum(x)", vector("for")),
    "DUPLICATE_NAME":           body("z = x\nz = x\nsum(z)"),
    "DUPLICATE_INPUT":          body("sum(x)", vector(), vector()),
    "SHAPE_MISMATCH":           body("sum(x + y)", vector(), vector("y", (1.0, 2.0, 3.0))),
    "LIMIT_EXCEEDED":           body("+".join(["x"] * 20_000)),
    "NOT_DIFFERENTIABLE":       body("x > 0"),
    "NOTHING_TO_DIFFERENTIATE": body("sum(x)", vector(dtype="DTYPE_INT64", data=[1])),
    "UPSTREAM_REQUIRED":        body("x"),
    "UPSTREAM_SHAPE":           body("x", upstream=vector(data=[1.0]).tensor),
    "UPSTREAM_DTYPE":           body("x", upstream=vector(data=[1, 2], dtype="DTYPE_INT64").tensor),
    "BAD_VALUE":                body("sum(gather(x, 0, n))", vector(), INDEX),
    "UNKNOWN_NOTATION":         body("sum(x)", notations=wire.NotationSelection(notations=[99])),
    "UNKNOWN_DTYPE":            body("sum(x)", vector(dtype=99)),
    "BAD_SHAPE":                body("sum(x)", vector(shape=[-1])),
    "BAD_BOOL":                 body("sum(x)", vector(), vector("b", [2], "DTYPE_BOOL")),
    "DATA_LENGTH":              body("sum(x)", vector(raw=b"\0")),
    "MALFORMED_MESSAGE":        b"\xff\xff\xff",
    "BAD_PROBLEM":              grading_pb2.GradeRequest(problem=grading_pb2.Problem(kind=77)).SerializeToString(),
}
# fmt: on
#: The methods of those requests that are not for Differentiate.
OTHER_METHODS = {"BAD_PROBLEM": "/pullback.v1.GradingService/Grade"}


def check(reason, status, trailing=None):
    """What any caller may rely on."""
    row = REASONS[reason]
    details = status_details(status)
    assert status.code == row.code
    assert (details["ErrorInfo"].reason, details["ErrorInfo"].domain) == (reason, "pullback")
    assert ("RetryInfo" in details) == (row.retry_after is not None)
    assert status.message.isprintable()
    assert status.ByteSize() <= DETAILS_BYTES
    if row.code != Code.INVALID_ARGUMENT:
        assert status.message == row.sentence
    if trailing is not None:
        assert ("grpc-retry-pushback-ms" in trailing) == (row.code == Code.INTERNAL)


def refusal(call):
    """The status of a call that is refused, and its trailing metadata."""
    error = refused(call)
    return rpc_status.from_call(error), dict(error.trailing_metadata())


@pytest.mark.parametrize("reason", Reason.__members__)
def test_each_refusal_of_the_language_and_the_contract(channel, reason):
    method = channel.unary_unary(OTHER_METHODS.get(reason, DIFFERENTIATE))
    status, trailing = refusal(lambda: method(REFUSED[reason], timeout=PATIENCE))
    check(reason, status, trailing)
    [violation] = status_details(status)["BadRequest"].field_violations
    assert violation.field
    assert violation.description == status.message


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reasons")
    made = {name: tokens.make(name) for name in ("alice", "bob", "carol")}
    (folder / "tokens").write_text("\n".join(line for _, line in made.values()))
    settings = {"queue": 2, "share": 0.5, "bytes_in_flight": 100_000, "max_message_bytes": 2**20, "time_limit": 3}
    dies = folder / "dies"
    environment = {"DOUBLE_DIES_WHILE": str(dies)}
    with running(environment, workers=1, token_file=str(folder / "tokens"), **settings) as started:
        started.dies = dies
        started.tokens = {name: token for name, (token, _) in made.items()}
        yield started


def ask(service, order, client="alice", **fields):
    return service.future(order, metadata=[("authorization", f"Bearer {service.tokens[client]}")], **fields)


def fails(call):
    return refusal(call.result)


def metadata(*headers):
    def call(service):
        pairs = [("authorization", header) for header in headers]
        return refusal(lambda: service.differentiate_bytes(request("echo").SerializeToString(), metadata=pairs))

    return call


def order(text, **fields):
    return lambda service: fails(ask(service, text, **fields))


def deadline(service):
    pairs = [("authorization", f"Bearer {service.tokens['alice']}")]
    body = many_request("sleep 5", "r", budget=0.1).SerializeToString()
    [answer] = service.many_bytes(iter([body]), metadata=pairs)
    return wire.DifferentiateManyResponse.FromString(answer).status, None


def crowd(*waiting, newcomer):
    """The refusal of a newcomer while one call is worked on and these clients' calls wait."""

    def call(service):
        with service.begins():
            calls = [ask(service, "sleep 1")]
        calls += [ask(service, "echo", client) for client in waiting]
        service.take_all()
        refusal_of_newcomer = fails(ask(service, "echo", newcomer))
        assert all(each.result() for each in calls)
        return refusal_of_newcomer

    return call


def too_many_bytes(service):
    with service.begins():
        first = ask(service, "sleep 1", shape=(10_000,))
    refusal_of_second = fails(ask(service, "echo", "bob", shape=(10_000,)))
    assert first.result()
    return refusal_of_second


def health(service):
    """The health of the whole server, and of this service by name."""
    return service.health(), service.health(SERVICE)


def no_worker(service):
    assert health(service) == (SERVING, SERVING)
    service.dies.touch()
    service.kill_workers()
    eventually(lambda: health(service) == (NOT_SERVING, NOT_SERVING))
    refusal_of_call = fails(ask(service, "echo"))
    service.dies.unlink()
    eventually(lambda: health(service) == (SERVING, SERVING))
    assert ask(service, "echo").result()
    return refusal_of_call


#: What gets a caller each failure reason; DRAINING, which ends the service, is in test_service_life.py.
FAILED = {
    "NO_TOKEN": metadata(),
    "UNKNOWN_TOKEN": metadata("Bearer nobody"),
    "SEVERAL_TOKENS": metadata("Bearer a", "Bearer b"),
    "DEADLINE": deadline,
    "QUEUE_FULL": crowd("alice", "bob", newcomer="carol"),
    "CLIENT_SHARE": crowd("alice", newcomer="alice"),
    "BYTES_IN_FLIGHT": too_many_bytes,
    "TIME_BUDGET": order("sleep 30"),
    "DEVICE_OUT_OF_MEMORY": order("exhaust"),
    "REPLY_TOO_LARGE": order("big 500000"),
    "WORKER_CRASHED": order("kill"),
    "NO_WORKER": no_worker,
    "INTERNAL": order("fail"),
}


@pytest.mark.parametrize("reason", FAILED)
def test_each_reason_of_the_service_itself(service, reason):
    eventually(lambda: service.health() == SERVING)
    check(reason, *FAILED[reason](service))


def test_no_reason_is_without_a_test():
    assert set(REASONS) == set(REFUSED) | set(FAILED) | {"DRAINING"}
