"""Requests of GradingService as problems and answers, and grades as messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import TypeVar

import torch
from pullback.v1 import grading_pb2 as wire
from pullback.v1 import tensor_pb2

from ... import grading
from ...program import Limits, Reason, Refusal
from ..protocol.channel import Buffer
from ..protocol.decoding import decode
from .checks import check_elements, check_id, check_names, check_shape
from .codec import fill, members
from .tensors import from_wire

#: The most entries of a tensor in a problem or an answer: they are compared one by one, at many points.
ENTRIES = 2**14
#: Problems that are kept in the form of the domain, by their bytes, and how many bytes such a problem has at most.
PROBLEMS, KEPT_BYTES = 512, 2**14

_UPSTREAM = grading.Problem("", (), ()).upstream

E = TypeVar("E", bound=Enum)

# The members by the contract's numbers; UNSPECIFIED means the default.
_KINDS = {0: grading.Kind.DERIVATIVE} | members(wire.ProblemKind.DESCRIPTOR, grading.Kind)
_STRUCTURES = {0: grading.Structure.REAL} | members(wire.Structure.DESCRIPTOR, grading.Structure)
_LAYOUTS = {0: grading.Layout.NUMERATOR} | members(wire.Layout.DESCRIPTOR, grading.Layout)
_SYMMETRIES = {0: grading.Symmetry.INDEPENDENT} | members(wire.Symmetry.DESCRIPTOR, grading.Symmetry)
_SYNTAXES = {0: grading.Syntax.MATH} | members(wire.Syntax.DESCRIPTOR, grading.Syntax)
_CODES = {wire.FindingCode.Value(f"FINDING_CODE_{name}"): code for name, code in grading.FINDING_CODES.items()}


def parse_request(body: Buffer, limits: Limits, *, stream: bool = False) -> tuple[str, grading.Problem, grading.Answer]:
    """The id, the problem and the answer of a GradeRequest, or of the one in a stream's GradeManyRequest.

    Raises Refusal with the field's path for what is wrong.

    >>> problem = wire.Problem(expression="x**2", inputs=[wire.Variable(name="x")], wrt=["x"])
    >>> request = wire.GradeRequest(id="r", problem=problem, answer=wire.Answer(text="2x"))
    >>> _, problem, answer = parse_request(request.SerializeToString(), Limits())
    >>> problem.wrt, answer.text
    (('x',), '2x')
    """
    if stream:  # whose budget is the front's concern
        return _request(decode(wire.GradeManyRequest, body).request, limits)
    return _request(decode(wire.GradeRequest, body), limits)


def parse_token(body: Buffer) -> str:
    """The token of a ReplayRequest."""
    return decode(wire.ReplayRequest, body).token


def reply(request_id: str, grade: grading.Grade, versions: Mapping[str, str], total: float) -> bytes:
    """The GradeResponse with a grade; `total` is in seconds."""
    message = wire.GradeResponse(id=request_id, versions=versions, total=total)
    fill(message.grade, grade)
    return message.SerializeToString()


def replay_reply(grade: grading.Grade, versions: Mapping[str, str]) -> bytes:
    """The ReplayResponse with a grade."""
    message = wire.ReplayResponse(versions=versions)
    fill(message.grade, grade)
    return message.SerializeToString()


def unfinished(problem: grading.Problem) -> grading.Grade:
    """The grade of an answer whose outcome does not come within the problem's budget."""
    reason = grading.UndecidedReason.DEADLINE.value.format(budget=f"{problem.policy.budget:g}")
    missing = grading.PartState.DEADLINE
    return grading.Grade(
        grading.GradeOutcome.UNDECIDED, 0.0, reason=reason, findings_state=missing, right_state=missing
    )


def _request(request: wire.GradeRequest, limits: Limits) -> tuple[str, grading.Problem, grading.Answer]:
    check_id(request.id)
    body = request.problem.SerializeToString()
    small = len(body) <= KEPT_BYTES
    problem = _kept_problem(body, limits) if small else _problem(request.problem, limits)
    return request.id, problem, _answer(request.answer, limits)


@lru_cache(maxsize=PROBLEMS)
def _kept_problem(body: bytes, limits: Limits) -> grading.Problem:
    return _problem(wire.Problem.FromString(body), limits)


def _problem(message: wire.Problem, limits: Limits) -> grading.Problem:
    try:
        check_names(tuple(variable.name for variable in message.inputs), limits)
    except Refusal as refused:
        raise replace(refused, field=f"problem.{refused.field}") from None
    return grading.Problem(
        expression=message.expression,
        inputs=tuple(_variable(each, f"problem.inputs[{n}]", limits) for n, each in enumerate(message.inputs)),
        wrt=tuple(message.wrt),
        kind=_member(_KINDS, message.kind, "problem.kind"),
        order=message.order or (len(message.wrt) if message.kind == wire.PROBLEM_KIND_PARTIAL else 1),
        upstream=message.upstream or _UPSTREAM,
        policy=_policy(message.policy),
    )


def _variable(message: wire.Variable, field: str, limits: Limits) -> grading.Variable:
    check_shape(message.shape, f"{field}.shape", limits)
    value = _tensor(message.value, f"{field}.value", limits) if message.HasField("value") else None
    shape = tuple(message.shape) if value is None else value.shape
    check_elements(shape, ENTRIES, "entries", f"{field}.shape")
    return grading.Variable(
        name=message.name,
        shape=shape,
        domain=_interval(message.domain, f"{field}.domain") if message.HasField("domain") else None,
        structure=_member(_STRUCTURES, message.structure, f"{field}.structure"),
        value=value,
    )


def _interval(message: wire.Interval, field: str) -> grading.Interval:
    low, high = message.low, message.high
    if not low <= high or math.inf in (low, -high):
        ends = f"[{low:g}, {high:g}]"
        raise Refusal(Reason.BAD_PROBLEM, "the domain contains no numbers", field, found=ends, hint="low <= high")
    return grading.Interval(low, high)


def _policy(message: wire.Policy) -> grading.Policy:
    default = grading.Policy()
    seconds = message.budget.seconds + message.budget.nanos / 1e9 if message.HasField("budget") else default.budget
    points = message.points if message.HasField("points") else default.points
    work = message.work if message.HasField("work") else default.work
    notations = tuple(_member(_SYNTAXES, n, "problem.policy.notations").value for n in message.notations)
    _check("tolerance", message.tolerance, 0.0 <= message.tolerance < math.inf, f"0 to below {grading.TOLERANCE_END:g}")
    _check("points", points, 1 <= points <= grading.MOST_POINTS, f"1 to {grading.MOST_POINTS}")
    _check("work", work, 1 <= work <= grading.MOST_WORK, f"1 to {grading.MOST_WORK}")
    _check("budget", seconds, seconds > 0.0, "more than 0 seconds")
    return grading.Policy(
        layout=_member(_LAYOUTS, message.layout, "problem.policy.layout"),
        symmetry=_member(_SYMMETRIES, message.symmetry, "problem.policy.symmetry"),
        tolerance=message.tolerance,
        points=points,
        seed=message.seed,
        work=work,
        budget=seconds,
        partial_credit=tuple(_credit(credit) for credit in message.partial_credit),
        accept_smaller_domain=message.accept_smaller_domain if message.HasField("accept_smaller_domain") else True,
        reveal=message.reveal if message.HasField("reveal") else True,
        notations=notations or default.notations,
    )


def _credit(message: wire.PartialCredit) -> tuple[grading.FindingCode, float]:
    _check("partial_credit.score", message.score, 0.0 <= message.score <= 1.0, "0 to 1")
    return _member(_CODES, message.code, "problem.policy.partial_credit.code"), message.score


def _check(name: str, number: float, fits: bool, accepted: str) -> None:
    if not fits:
        text, field = f"{number:g}", f"problem.policy.{name}"
        raise Refusal(Reason.BAD_PROBLEM, f"{name} is {text}", field, found=text, hint=accepted)


def _answer(message: wire.Answer, limits: Limits) -> grading.Answer:
    tensor = _tensor(message.tensor, "answer.tensor", limits) if message.HasField("tensor") else None
    return grading.Answer(message.text, _member(_SYNTAXES, message.syntax, "answer.syntax"), tensor)


def _tensor(message: tensor_pb2.Tensor, field: str, limits: Limits) -> grading.Tensor:
    check_elements(tuple(message.shape), ENTRIES, "entries", f"{field}.shape")
    tensor = from_wire(message, field, limits)
    if tensor.dtype is torch.bool:
        hint = "a floating or integer dtype"
        raise Refusal(Reason.UNKNOWN_DTYPE, "bools are not numbers here", f"{field}.dtype", found="bool", hint=hint)
    return grading.Tensor(tuple(tensor.shape), tuple(tensor.to(torch.float64).flatten().tolist()))


def _member(members: Mapping[int, E], number: int, field: str) -> E:
    if number not in members:
        hint = f"one of {', '.join(dict.fromkeys(member.name for member in members.values()))}"
        message = f"{number} is not a valid number for {field}"
        raise Refusal(Reason.BAD_PROBLEM, message, field, found=str(number), hint=hint)
    return members[number]
