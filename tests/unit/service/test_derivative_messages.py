"""Requests are parsed field by field or refused with the field, and responses reach the wire in full."""

import struct

import pytest
import torch
from google.protobuf.message import Message
from pullback.v1 import derivative_pb2 as wire
from pullback.v1 import tensor_pb2, verdict_pb2
from pullback_server.program import DType, Limits, Refusal
from pullback_server.service.wire import derivative_messages, tensors
from pullback_server.symbolic import Code, Formula, Step, StepKind
from pullback_server.verdict import (
    Cause,
    DerivativeKind,
    EntryPlace,
    FormOrigin,
    LegState,
    Notation,
    NotationState,
    Outcome,
    SlopeKind,
    values,
)

LIMITS = Limits()


def tensor(dtype="DTYPE_FLOAT64", shape=(1,), data=bytes(8)):
    return tensor_pb2.Tensor(dtype=dtype, shape=shape, data=data)


def request(**fields):
    defaults = {"id": "r", "expression": "x", "inputs": [wire.Input(name="x", tensor=tensor())]}
    return wire.DifferentiateRequest(**{**defaults, **fields})


def parse(message):
    body = message.SerializeToString() if isinstance(message, Message) else message
    return derivative_messages.parse_request(body, LIMITS)


def named(*names):
    return request(inputs=[wire.Input(name=name, tensor=tensor()) for name in names])


def with_tensor(**fields):
    return request(inputs=[wire.Input(name="x", tensor=tensor(**fields))])


REFUSED = [
    (b"\xff\xff\xff", "MALFORMED_MESSAGE", "request"),
    (b"\x0a\x02\xff\xfe", "MALFORMED_MESSAGE", "request"),
    (b"\x12\x7f", "MALFORMED_MESSAGE", "request"),
    (b"", "EMPTY_EXPRESSION", "expression"),
    (request(expression=" \n"), "EMPTY_EXPRESSION", "expression"),
    (request(id="x" * 257), "LIMIT_EXCEEDED", "id"),
    (named(*(f"x{i}" for i in range(65))), "LIMIT_EXCEEDED", "inputs"),
    (named("x", "x"), "DUPLICATE_INPUT", "inputs[1].name"),
    (named(""), "BAD_NAME", "inputs[0].name"),
    (named("1x"), "BAD_NAME", "inputs[0].name"),
    (named("x y"), "BAD_NAME", "inputs[0].name"),
    (named("lambda"), "BAD_NAME", "inputs[0].name"),
    (named("None"), "BAD_NAME", "inputs[0].name"),
    (named("__class__"), "BAD_NAME", "inputs[0].name"),
    (named("ﬁ"), "BAD_NAME", "inputs[0].name"),
    (named("x" * 65), "BAD_NAME", "inputs[0].name"),
    (request(notations=wire.NotationSelection(notations=[0])), "UNKNOWN_NOTATION", "notations.notations[0]"),
    (request(notations=wire.NotationSelection(notations=[1, 9])), "UNKNOWN_NOTATION", "notations.notations[1]"),
    (request(inputs=[wire.Input(name="x")]), "UNKNOWN_DTYPE", "inputs[0].tensor.dtype"),
    (with_tensor(dtype=99), "UNKNOWN_DTYPE", "inputs[0].tensor.dtype"),
    (with_tensor(shape=[1] * 9), "LIMIT_EXCEEDED", "inputs[0].tensor.shape"),
    (with_tensor(shape=[1, -1]), "BAD_SHAPE", "inputs[0].tensor.shape[1]"),
    (with_tensor(shape=[2**40]), "LIMIT_EXCEEDED", "inputs[0].tensor.shape"),
    (with_tensor(shape=[2**62, 0, 2**62], data=b""), "LIMIT_EXCEEDED", "inputs[0].tensor.shape"),
    (with_tensor(shape=[2]), "DATA_LENGTH", "inputs[0].tensor.data"),
    (with_tensor(shape=[], data=b""), "DATA_LENGTH", "inputs[0].tensor.data"),
    (with_tensor(dtype="DTYPE_BOOL", data=b"\x02"), "BAD_BOOL", "inputs[0].tensor.data"),
    (request(upstream=tensor(data=b"")), "DATA_LENGTH", "upstream.data"),
    (request(upstream=tensor_pb2.Tensor()), "UNKNOWN_DTYPE", "upstream.dtype"),
]


@pytest.mark.parametrize(("message", "reason", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_refused_with_its_field(message, reason, field):
    with pytest.raises(Refusal) as caught:
        parse(message)
    assert (caught.value.reason.name, caught.value.field) == (reason, field)


def test_a_stream_request_is_parsed_like_its_request():
    message = wire.DifferentiateManyRequest(request=request(id="s"))
    name, parsed = derivative_messages.parse_request(message.SerializeToString(), LIMITS, stream=True)
    assert (name, parsed.expression) == ("s", "x")


def test_an_unset_field_has_its_default():
    name, parsed = parse(request())
    assert name == "r"
    assert parsed.upstream is None
    assert parsed.notations == set(Notation) - {Notation.CODE, Notation.STEPS}
    assert parsed.entries == ()
    assert parsed.closed_form_gradients is False
    assert parsed.check is True
    assert parsed.inputs[0].requires_grad is None


def test_a_field_that_is_set_is_kept():
    inputs = [wire.Input(name="x", tensor=tensor(), requires_grad=False)]
    selected = {"notations": wire.NotationSelection(), "check": False, "closed_form_gradients": True}
    places = [wire.EntryPlace(input="x", index=[2, -1]), wire.EntryPlace(input="y")]
    _, parsed = parse(request(inputs=inputs, upstream=tensor(shape=[], data=bytes(8)), entries=places, **selected))
    assert parsed.entries == (EntryPlace("x", (2, -1)), EntryPlace("y", ()))
    assert parsed.notations == frozenset()
    assert parsed.check is False
    assert parsed.closed_form_gradients is True
    assert parsed.inputs[0].requires_grad is False
    assert parsed.upstream.shape == ()


@pytest.mark.parametrize("dtype", DType)
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0, 3), (2, 3)], ids=str)
def test_a_tensor_of_every_dtype_survives_the_wire(dtype, shape):
    before = torch.arange(6).to(getattr(torch, dtype.label))
    before = before.to(torch.bool) if dtype is DType.BOOL else before
    before = before[: torch.empty(shape).numel()].reshape(shape)
    after = tensors.from_wire(tensors.to_wire(before), "x", LIMITS)
    assert after.dtype is before.dtype
    assert torch.equal(after, before)


def test_the_bytes_are_row_major_and_little_endian():
    columns = torch.arange(6, dtype=torch.float32).reshape(2, 3).T
    assert tensors.to_wire(columns).data == struct.pack("<6f", 0, 3, 1, 4, 2, 5)
    assert tensors.to_wire(torch.ones(2, dtype=torch.bfloat16)).data == b"\x80\x3f" * 2
    assert tensors.to_wire(torch.ones(1, dtype=torch.float64).expand(3)).data == struct.pack("<3d", 1, 1, 1)


def derivative(state):
    worst = values.WorstEntry((0, 1), 1.0, 2.0, 3.0, float("inf"))
    sides = values.Slope(SlopeKind.FINITE, -1.0, 1e-30), values.Slope(SlopeKind.INFINITE, float("inf"))
    entry = values.ExaminedEntry((0, 1), Outcome.BOTH_DEVIATE, 1.0, 2.0, 2.5, 3.0, 1e-9, *sides)
    why = values.Diagnosis(Cause.TIE, "because", 4, 1, 7, "relu(x)", "x")
    findings = (values.Finding(Outcome.BOTH_DEVIATE, 3, (entry,), why),)
    comparison = (6, 1, worst, values.Tolerance(1e-3, 1e-6, "s"), 5, 4, findings)
    right = torch.full((2, 3), 7.0, dtype=torch.float64)
    verdict = values.Verdict(Outcome.BOTH_DEVIATE, "R", "m", *comparison, right, "by hand")
    notations = (Notation.TEXT, Notation.LATEX, Notation.ENTRIES, Notation.MATRIX, Notation.MATRIX_LATEX)
    jacobian = {n: Formula(w) for n, w in zip(notations, ("t", "l", ("e", "f"), "m", "ml"), strict=True)}
    vjp = {n: Formula("", state) for n, state in zip(notations, NotationState, strict=True)}
    written = values.WrittenDerivative({DerivativeKind.JACOBIAN: jacobian, DerivativeKind.VJP: vjp})
    named = (
        values.NamedEntry(DerivativeKind.VJP, (1, 2), Formula("g")),
        values.NamedEntry(DerivativeKind.JACOBIAN, (0, 1, 2), Formula("", NotationState.OVER_BUDGET)),
    )
    legs = values.Leg(LegState.DONE), values.Leg(state, "why")
    closed_form_gradient = torch.zeros(2, 3, dtype=torch.float64)
    return values.Derivative("x", torch.ones(2, 3), written, *legs, verdict, closed_form_gradient, named)


def test_every_field_of_an_answer_reaches_the_wire():
    computed = torch.ones(()), (derivative(LegState.NO_CLOSED_FORM),), (("z", torch.zeros(2)),)
    explained = Code("t", "n"), (Step(StepKind.RESULT, "rule", "text", "latex", "x"),)
    states = NotationState.OVER_BUDGET, NotationState.DEADLINE
    answer = values.Response(*computed, "cpu", FormOrigin.SERVICE, values.Timings(1, 2, 3, 4, 7), *explained, *states)
    message = wire.DifferentiateResponse.FromString(derivative_messages.reply("r", answer, {"torch": "2"}, 5.0, 6.0))
    [x] = message.derivatives
    assert (message.id, message.device, message.versions, message.form_origin) == ("r", "cpu", {"torch": "2"}, 3)
    assert message.intermediates[0].name == "z"
    times = message.timings
    assert [times.parse, times.numeric, times.derive, times.check, times.queue, times.total] == [1, 2, 3, 4, 5, 6]
    assert times.write == 7
    assert (x.name, x.gradient.shape) == ("x", [2, 3])
    assert (x.jacobian.text, x.jacobian.latex, x.jacobian.entries) == ("t", "l", ["e", "f"])
    assert (x.jacobian.matrix, x.jacobian.matrix_latex) == ("m", "ml")
    written = [x.vjp.text, x.vjp.latex, [*x.vjp.entries], x.vjp.matrix, x.vjp.matrix_latex]
    assert written == ["", "", [], "", ""]
    fields = ("text", "latex", "entries", "matrix", "matrix_latex")
    assert [getattr(x.jacobian.states, field) for field in fields] == [wire.NOTATION_STATE_DONE] * 5
    assert [getattr(x.vjp.states, field) for field in fields] == [
        wire.NotationState.Value(f"NOTATION_STATE_{state.name}") for state in NotationState
    ]
    [pulled], [entry] = x.vjp.named_entries, x.jacobian.named_entries
    assert (pulled.index, pulled.text, pulled.state) == ([1, 2], "g", wire.NOTATION_STATE_DONE)
    assert (entry.index, entry.text, entry.state) == ([0, 1, 2], "", wire.NOTATION_STATE_OVER_BUDGET)
    assert message.code_state == wire.NOTATION_STATE_OVER_BUDGET
    assert message.steps_state == wire.NOTATION_STATE_DEADLINE
    assert (x.closed_form_gradient.dtype, x.closed_form_gradient.shape) == (tensor_pb2.DTYPE_FLOAT64, [2, 3])
    [step] = message.steps
    assert (message.code.torch, message.code.numpy) == ("t", "n")
    assert (step.kind, step.rule, step.text, step.latex, step.input) == (4, "rule", "text", "latex", "x")
    assert (x.numeric.state, x.symbolic.state, x.symbolic.message) == (1, 4, "why")
    verdict = x.verdict
    assert (verdict.outcome, verdict.reason, verdict.compared, verdict.differing) == (8, "R", 6, 1)
    assert (verdict.suspects, verdict.examined, verdict.derivative_source) == (5, 4, "by hand")
    assert verdict.derivative.data == struct.pack("<d", 7.0) * 6
    [finding] = verdict.findings
    [entry] = finding.examined
    assert (finding.outcome, finding.count, entry.index, entry.outcome) == (8, 3, [0, 1], 8)
    numbers = entry.autograd, entry.closed_form, entry.closed_form_exact, entry.derivative, entry.error
    assert numbers == (1.0, 2.0, 2.5, 3.0, 1e-9)
    assert (entry.left.kind, entry.left.value, entry.left.error) == (1, -1.0, 1e-30)
    assert (entry.right.kind, entry.right.value) == (2, float("inf"))
    why = finding.diagnosis
    assert (why.cause, why.message, why.line, why.column) == (6, "because", 1, 7)
    assert (why.expression, why.remedy) == ("relu(x)", "x")
    assert (verdict.worst.index, verdict.worst.relative_error) == ([0, 1], float("inf"))
    assert (verdict.tolerance.absolute, verdict.tolerance.source) == (1e-3, "s")


def test_the_notations_of_a_request_are_all_that_there_are():
    numbers = set(wire.Notation.values()) - {wire.NOTATION_UNSPECIFIED}
    notations = [parse(request(notations=wire.NotationSelection(notations=[n])))[1].notations for n in numbers]
    assert all(notations)
    assert frozenset().union(*notations) == set(Notation)


@pytest.mark.parametrize("kind", [LegState, NotationState, Outcome, Cause, SlopeKind, FormOrigin, StepKind])
def test_every_word_of_the_domain_has_its_number(kind):
    name = kind.__name__
    enum = getattr(verdict_pb2 if kind in (Outcome, Cause, SlopeKind) else wire, name)
    prefix = "".join(f"_{mark}" if mark.isupper() else mark for mark in name)[1:].upper()
    assert {f"{prefix}_{word.name}" for word in kind} == set(enum.keys()) - {f"{prefix}_UNSPECIFIED"}
