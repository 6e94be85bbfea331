"""Where wire messages become problems and answers, and grades become wire messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from pullback.v1 import grading_pb2 as wire
from pullback.v1 import tensor_pb2

from ...grading import (
    Answer,
    Code,
    Confirmation,
    Counterexample,
    Evidence,
    Finding,
    Grade,
    GradeOutcome,
    Interval,
    Kind,
    Layout,
    Policy,
    Problem,
    Structure,
    Symmetry,
    Syntax,
    Tensor,
    Variable,
)
from ...language import check_names
from ...program import Limits, Reason, Refusal
from .messages import check_id, parsed
from .tensors import from_wire

#: The most entries of a tensor in a problem or an answer: they are compared one by one, at many points.
ENTRIES = 2**14
#: The least and the most points at which an answer is compared.
POINTS = (1, 10_000)
#: Problems that are kept in the form of the domain, by their bytes, and how many bytes such a problem has at most.
PROBLEMS, KEPT_BYTES = 512, 2**14

_UPSTREAM = Problem("", (), ()).upstream

E = TypeVar("E", bound=Enum)


def _numbers(wrapper: EnumTypeWrapper, prefix: str, kind: type[E], usual: E) -> dict[int, E]:
    """The domain's members by the contract's numbers; the number of UNSPECIFIED stands for the usual one."""
    return {0: usual} | {wrapper.Value(f"{prefix}_{member.name}"): member for member in kind}


_KINDS = _numbers(wire.ProblemKind, "PROBLEM_KIND", Kind, Kind.DERIVATIVE)
_STRUCTURES = _numbers(wire.Structure, "STRUCTURE", Structure, Structure.REAL)
_LAYOUTS = _numbers(wire.Layout, "LAYOUT", Layout, Layout.NUMERATOR)
_SYMMETRIES = _numbers(wire.Symmetry, "SYMMETRY", Symmetry, Symmetry.INDEPENDENT)
_SYNTAXES = _numbers(wire.Syntax, "SYNTAX", Syntax, Syntax.MATH)
_CODES = {wire.FindingCode.Value(f"FINDING_CODE_{code.name}"): code for code in Code}


def parse_grade_request(body: bytes, limits: Limits) -> tuple[str, Problem, Answer]:
    """The id, the problem and the answer of a GradeRequest; raises Refusal with the field's path for what is wrong.

    >>> problem = wire.Problem(expression="x**2", inputs=[wire.Variable(name="x")], wrt=["x"])
    >>> request = wire.GradeRequest(id="r", problem=problem, answer=wire.Answer(text="2x"))
    >>> _, problem, answer = parse_grade_request(request.SerializeToString(), Limits())
    >>> problem.wrt, answer.text
    (('x',), '2x')
    """
    return _request(parsed(wire.GradeRequest, body), limits)


def parse_grade_stream_request(body: bytes, limits: Limits) -> tuple[str, Problem, Answer]:
    """The id, the problem and the answer of a GradeManyRequest; its budget is the front's concern."""
    return _request(parsed(wire.GradeManyRequest, body).request, limits)


def parse_token(body: bytes) -> str:
    """The token of a ReplayRequest."""
    return parsed(wire.ReplayRequest, body).token


def grade_reply(request: str, grade: Grade, versions: Mapping[str, str], total: float) -> bytes:
    """The GradeResponse that says a grade; `total` is in seconds."""
    return wire.GradeResponse(id=request, grade=_grade(grade), versions=versions, total=total).SerializeToString()


def replay_reply(grade: Grade, versions: Mapping[str, str]) -> bytes:
    """The ReplayResponse that says a grade."""
    return wire.ReplayResponse(grade=_grade(grade), versions=versions).SerializeToString()


def unfinished(problem: Problem) -> Grade:
    """The grade of an answer whose grader does not come to an end."""
    seconds = f"{problem.policy.budget:g} s"
    reason = f"the grader did not come to an end within the budget of {seconds}, or failed"
    return Grade(GradeOutcome.UNDECIDED, 0.0, reason=reason)


def _request(request: wire.GradeRequest, limits: Limits) -> tuple[str, Problem, Answer]:
    check_id(request.id)
    body = request.problem.SerializeToString()
    small = len(body) <= KEPT_BYTES
    problem = _kept_problem(body, limits) if small else _problem(request.problem, limits)
    return request.id, problem, _answer(request.answer, limits)


@lru_cache(maxsize=PROBLEMS)
def _kept_problem(body: bytes, limits: Limits) -> Problem:
    return _problem(wire.Problem.FromString(body), limits)


def _problem(message: wire.Problem, limits: Limits) -> Problem:
    try:
        check_names([given.name for given in message.inputs], limits)
    except Refusal as refused:
        raise replace(refused, field=f"problem.{refused.field}") from None
    return Problem(
        expression=message.expression,
        inputs=tuple(_variable(given, f"problem.inputs[{n}]", limits) for n, given in enumerate(message.inputs)),
        wrt=tuple(message.wrt),
        kind=_member(_KINDS, message.kind, "problem.kind"),
        order=message.order or (len(message.wrt) if message.kind == wire.PROBLEM_KIND_PARTIAL else 1),
        upstream=message.upstream or _UPSTREAM,
        policy=_policy(message.policy),
    )


def _variable(given: wire.Variable, field: str, limits: Limits) -> Variable:
    if len(given.shape) > limits.rank:
        raise Refusal(
            Reason.LIMIT_EXCEEDED,
            f"a tensor of {len(given.shape)} dimensions",
            f"{field}.shape",
            found=str(len(given.shape)),
            hint=f"at most {limits.rank} dimensions",
        )
    for axis, length in enumerate(given.shape):
        if length < 0:
            told = f"dimension {axis} is {length}"
            raise Refusal(Reason.BAD_SHAPE, told, f"{field}.shape[{axis}]", found=str(length), hint="0 or more")
    value = _tensor(given.value, f"{field}.value", limits) if given.HasField("value") else None
    shape = tuple(given.shape) if value is None else value.shape
    _check_entries(shape, f"{field}.shape")
    return Variable(
        name=given.name,
        shape=shape,
        domain=_interval(given.domain, f"{field}.domain") if given.HasField("domain") else None,
        structure=_member(_STRUCTURES, given.structure, f"{field}.structure"),
        value=value,
    )


def _interval(given: wire.Interval, field: str) -> Interval:
    if not given.low <= given.high or math.inf in (given.low, -given.high):
        found = f"[{given.low:g}, {given.high:g}]"
        raise Refusal(Reason.BAD_PROBLEM, "a domain without numbers", field, found=found, hint="low <= high")
    return Interval(given.low, given.high)


def _policy(given: wire.Policy) -> Policy:
    usual = Policy()
    seconds = given.budget.seconds + given.budget.nanos / 1e9 if given.HasField("budget") else usual.budget
    points = given.points if given.HasField("points") else usual.points
    notations = tuple(_member(_SYNTAXES, n, "problem.policy.notations").value for n in given.notations)
    _check("tolerance", given.tolerance, 0.0 <= given.tolerance < math.inf, "0 or more")
    _check("points", points, POINTS[0] <= points <= POINTS[1], f"{POINTS[0]} to {POINTS[1]}")
    _check("budget", seconds, seconds > 0.0, "more than 0 seconds")
    return Policy(
        layout=_member(_LAYOUTS, given.layout, "problem.policy.layout"),
        symmetry=_member(_SYMMETRIES, given.symmetry, "problem.policy.symmetry"),
        tolerance=given.tolerance,
        points=points,
        seed=given.seed,
        budget=seconds,
        partial_credit=tuple(_credit(credit) for credit in given.partial_credit),
        accept_smaller_domain=given.accept_smaller_domain if given.HasField("accept_smaller_domain") else True,
        reveal=given.reveal if given.HasField("reveal") else True,
        notations=notations or usual.notations,
    )


def _credit(given: wire.PartialCredit) -> tuple[Code, float]:
    _check("partial_credit.score", given.score, 0.0 <= given.score <= 1.0, "0 to 1")
    return _member(_CODES, given.code, "problem.policy.partial_credit.code"), given.score


def _check(name: str, found: float, fits: bool, accepted: str) -> None:
    if not fits:
        raise Refusal(
            Reason.BAD_PROBLEM, f"{name} is {found:g}", f"problem.policy.{name}", found=f"{found:g}", hint=accepted
        )


def _answer(given: wire.Answer, limits: Limits) -> Answer:
    tensor = _tensor(given.tensor, "answer.tensor", limits) if given.HasField("tensor") else None
    return Answer(given.text, _member(_SYNTAXES, given.syntax, "answer.syntax"), tensor)


def _tensor(given: tensor_pb2.Tensor, field: str, limits: Limits) -> Tensor:
    _check_entries(tuple(given.shape), f"{field}.shape")
    tensor = from_wire(given, field, limits)
    if tensor.dtype is torch.bool:
        hint = "a floating or integer dtype"
        raise Refusal(Reason.UNKNOWN_DTYPE, "bools are no numbers here", f"{field}.dtype", found="bool", hint=hint)
    return Tensor(tuple(tensor.shape), tuple(tensor.to(torch.float64).flatten().tolist()))


def _check_entries(shape: tuple[int, ...], field: str) -> None:
    if math.prod(length or 1 for length in shape) > ENTRIES:
        told = f"a tensor of shape {list(shape)}"
        raise Refusal(Reason.LIMIT_EXCEEDED, told, field, hint=f"at most {ENTRIES} entries")


def _member(members: Mapping[int, E], number: int, field: str) -> E:
    if number not in members:
        hint = f"one of {', '.join(dict.fromkeys(member.name for member in members.values()))}"
        raise Refusal(Reason.BAD_PROBLEM, f"there is no {field} of that number", field, found=str(number), hint=hint)
    return members[number]


def _grade(grade: Grade) -> wire.Grade:
    return wire.Grade(
        outcome=f"GRADE_OUTCOME_{grade.outcome.name}",
        score=grade.score,
        findings=[_finding(finding) for finding in grade.findings],
        evidence=_evidence(grade.evidence),
        reason=grade.reason,
        right=[wire.Formulation(syntax=f"SYNTAX_{Syntax(name).name}", text=text) for name, text in grade.right],
        replay=grade.replay,
    )


def _finding(finding: Finding) -> wire.GradeFinding:
    place = finding.place
    return wire.GradeFinding(
        code=f"FINDING_CODE_{finding.code.name}",
        message=finding.message,
        place=wire.TextPlace(line=place.line, column=place.column) if place else None,
    )


def _evidence(evidence: Evidence) -> wire.Evidence:
    return wire.Evidence(
        confirmation=_confirmation(evidence.confirmation),
        counterexample=_counterexample(evidence.counterexample) if evidence.counterexample else None,
        points=evidence.points,
        error=evidence.error,
        precision=evidence.precision,
    )


def _confirmation(confirmation: Confirmation | None) -> str:
    return f"CONFIRMATION_{'UNSPECIFIED' if confirmation is None else confirmation.name}"


def _counterexample(point: Counterexample) -> wire.Counterexample:
    return wire.Counterexample(
        inputs=[tensor_pb2.NamedTensor(name=name, tensor=_float64(tensor)) for name, tensor in point.inputs],
        index=point.index,
        answer=point.answer,
        derivative=point.derivative,
        error=point.error,
    )


def _float64(tensor: Tensor) -> tensor_pb2.Tensor:
    data = np.array(tensor.values, dtype="<f8").tobytes()
    return tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=tensor.shape, data=data)
