"""A service with canned answers on a real socket: what the client and the shell are tried against."""

# ruff: noqa: N802 -- the methods have the names of the contract
from __future__ import annotations

import math
import struct
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from pullback.v1 import derivative_pb2 as pb
from pullback.v1 import language_pb2, tensor_pb2
from pullback.v1 import verdict_pb2 as verdicts
from pullback.v1.derivative_pb2_grpc import DerivativeServiceServicer, add_DerivativeServiceServicer_to_server


def status_of(code, message, *details):
    """A google.rpc.Status with its details packed."""
    status = Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    return status


def refused(field="expression", line=1, column=5, **metadata):
    """The status of a request that is refused."""
    metadata = {"line": str(line), "column": str(column), "found": "sine", "hint": "did you mean sin?"} | metadata
    message, reason = "there is no operator `sine`", "UNKNOWN_OPERATOR"
    violation = BadRequest.FieldViolation(field=field, description=message, reason=reason)
    info = ErrorInfo(reason=reason, domain="pullback", metadata=metadata)
    return status_of(grpc.StatusCode.INVALID_ARGUMENT, message, BadRequest(field_violations=[violation]), info)


def exhausted():
    """The status of a full queue."""
    return status_of(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "as many calls are waiting as may wait",
        ErrorInfo(reason="QUEUE_FULL", domain="pullback"),
        RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
    )


def echo(request):
    """A reply whose value is the first input and whose gradients are the inputs themselves."""
    reply = pb.DifferentiateResponse(
        id=request.id,
        device="cpu",
        versions={"pullback": "0.1.0", "torch": "2.13"},
        timings=pb.Timings(numeric=0.001, derive=0.02, total=0.03),
        form_origin=pb.FORM_ORIGIN_DERIVED,
    )
    reply.value.CopyFrom(request.inputs[0].tensor)
    size = math.prod(request.inputs[0].tensor.shape)
    for entry in request.inputs:
        if entry.HasField("requires_grad") and not entry.requires_grad:
            continue
        entries = size * math.prod(entry.tensor.shape)
        reply.derivatives.add(
            name=entry.name,
            gradient=entry.tensor,
            jacobian=pb.ClosedForm(
                text="9*a[p]**2*delta(i, p)",
                latex=r"9 a_{p}^{2} \delta_{i p}",
                entries=[str(number) for number in range(entries)] if entries <= 64 else [],
            ),
            vjp=pb.ClosedForm(text="9*a[p]**2*v[p]", latex="9 a_{p}^{2} v_{p}"),
            numeric=pb.Leg(state=pb.LEG_STATE_DONE),
            symbolic=pb.Leg(state=pb.LEG_STATE_DONE),
            verdict=verdicts.Verdict(
                outcome=verdicts.OUTCOME_AGREE,
                message="both legs agree at 2 of 2 entries",
                compared=2,
                worst=verdicts.WorstEntry(index=[1], autograd=81, closed_form=81, relative_error=math.inf),
                tolerance=verdicts.Tolerance(absolute=1e-12, relative=1e-9, source="float64"),
            ),
        )
    reply.intermediates.add(name="z", tensor=request.inputs[0].tensor)
    return reply


def differing(request):
    """As echo, but the legs differ on every input."""
    reply = echo(request)
    for derivative in reply.derivatives:
        verdict = derivative.verdict
        verdict.outcome, verdict.message = verdicts.OUTCOME_TORCH_DEVIATES, "autograd is not right"
        finding = verdict.findings.add(outcome=verdicts.OUTCOME_TORCH_DEVIATES, count=7)
        finding.diagnosis.cause, finding.diagnosis.message = verdicts.CAUSE_OVERFLOW, "it is too large"
        finding.diagnosis.line, finding.diagnosis.column, finding.diagnosis.remedy = 1, 9, "softplus(x)"
        finding.examined.add(
            index=[1],
            outcome=verdicts.OUTCOME_TORCH_DEVIATES,
            autograd=math.nan,
            closed_form=0.25,
            derivative=0.5,
            left=verdicts.Slope(kind=verdicts.SLOPE_KIND_FINITE, value=0.5),
            right=verdicts.Slope(kind=verdicts.SLOPE_KIND_INFINITE, value=math.inf),
        )
        verdict.derivative.CopyFrom(tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=[1], data=struct.pack("<d", 0.5)))
        verdict.derivative_source = "difference quotients"
    return reply


def explained(request):
    """As echo, with everything that a request may ask for beside."""
    reply = echo(request)
    reply.code.torch, reply.code.numpy = "import torch\n", "import numpy as np\n"
    reply.steps.add(kind=pb.STEP_KIND_FORWARD, rule="entry by entry", text="f[i] = 3*a[i]**3", latex="f_i = 3 a_i^3")
    reply.steps.add(
        kind=pb.STEP_KIND_RESULT, rule="the chain rule through f", text="v_a[i] = 9*a[i]**2*v[i]", input="a"
    )
    for derivative in reply.derivatives:
        derivative.jacobian.matrix, derivative.jacobian.matrix_latex = "diag(9*a**2)", r"\operatorname{diag}(9 a^2)"
        if request.closed_form_gradients:
            derivative.closed_form_gradient.CopyFrom(derivative.gradient)
    return reply


LANGUAGE = pb.DescribeLanguageResponse(
    operators=[
        language_pb2.Operator(
            name="sin", family="elementwise", signature="x", spellings=["sin(x)", "x.sin()"], doc="The sine of x.",
            closed_form=True, example="sin(x)",
            example_jacobians=[language_pb2.Formula(input="x", text="cos(x[p])*delta(i, p)", latex="")],
        ),
        language_pb2.Operator(
            name="sum", family="reductions", signature="x, dim: dims = None", spellings=["sum(x)"], doc="The sum.",
        ),
    ],
    constants=["pi"],
    prefixes=["torch."],
    limits=[language_pb2.Limit(name="characters", value=10_000, description="characters in an expression")],
    device="cpu",
    versions={"torch": "2.13"},
)  # fmt: skip


@dataclass
class FakeService(DerivativeServiceServicer):
    """Answers with what `answer` makes of a request: a reply, or a status; counts calls, streams and their ends.

    `unavailable` calls, or streams, are refused first. A stream breaks after each number of answers in `breaks`, with
    `break_code`, or quietly where that is OK. `delay` seconds pass before an answer; ids in `silent` get none.
    """

    answer: object = echo
    unavailable: int = 0
    breaks: list[int] = field(default_factory=list)
    break_code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    delay: float = 0.0
    silent: frozenset[str] = frozenset()
    received: list = field(default_factory=list)
    budgets: list = field(default_factory=list)
    sent: Counter = field(default_factory=Counter)
    calls: int = 0
    streams: int = 0
    ended: int = 0

    def Differentiate(self, request, context):
        self.calls += 1
        self._admit(context)
        self.received.append(request)
        time.sleep(self.delay)
        result = self.answer(request)
        if isinstance(result, Status):
            context.abort_with_status(rpc_status.to_status(result))
        return result

    def DifferentiateMany(self, request_iterator, context):
        self.streams += 1
        self._admit(context)
        limit = self.breaks.pop(0) if self.breaks else None
        answered = 0
        for envelope in request_iterator:
            if answered == limit:
                if self.break_code is not grpc.StatusCode.OK:
                    context.abort(self.break_code, "the stream broke")
                return
            self.received.append(envelope.request)
            self.budgets.append(envelope.budget if envelope.HasField("budget") else None)
            self.sent[envelope.request.id] += 1
            if envelope.request.id in self.silent:
                continue
            time.sleep(self.delay)
            result = self.answer(envelope.request)
            answered += 1
            kind = "status" if isinstance(result, Status) else "response"
            yield pb.DifferentiateManyResponse(id=envelope.request.id, **{kind: result})
        self.ended += 1

    def DescribeLanguage(self, request, context):
        self._admit(context)
        chosen = pb.DescribeLanguageResponse()
        chosen.CopyFrom(LANGUAGE)
        if request.operator:
            kept = [operator for operator in LANGUAGE.operators if operator.name == request.operator]
            if not kept:
                context.abort_with_status(rpc_status.to_status(refused("operator", line=0)))
            del chosen.operators[:]
            chosen.operators.extend(kept)
        return chosen

    def _admit(self, context):
        if self.unavailable:
            self.unavailable -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "no worker is ready")


@contextmanager
def serving(service: DerivativeServiceServicer, address: str = "127.0.0.1:0") -> Iterator[str]:
    """The target at which a service answers while the block runs."""
    options = [("grpc.max_receive_message_length", 65 * 2**20), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(4), options=[*options, ("grpc.so_reuseport", 0)])
    add_DerivativeServiceServicer_to_server(service, server)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
