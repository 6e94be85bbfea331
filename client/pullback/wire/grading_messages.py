"""Turns problems and answers into messages, and messages into grades."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from numpy.typing import NDArray

from ..errors import InvalidRequest
from ..v1 import grading_pb2, tensor_pb2
from ..values.grading import (
    Attempt,
    Counterexample,
    Evidence,
    Grade,
    GradeFinding,
    GradeOutcome,
    Policy,
    Problem,
    Submission,
    Variable,
)
from .messages import budget_message, text_of
from .tensors import array_from, array_of, tensor_of
from .verdict_messages import member


def words(wrapper: EnumTypeWrapper, prefix: str) -> dict[str, str]:
    """The contract's names of an enum's members by the words that callers use.

    >>> words(grading_pb2.Layout, "LAYOUT")["either"]
    'LAYOUT_EITHER'
    """
    names = [name for name, number in wrapper.items() if number]
    return {name.removeprefix(f"{prefix}_").lower().replace("_", " "): name for name in names}


_KINDS = words(grading_pb2.ProblemKind, "PROBLEM_KIND")
_LAYOUTS = words(grading_pb2.Layout, "LAYOUT")
_SYMMETRIES = words(grading_pb2.Symmetry, "SYMMETRY")
_STRUCTURES = words(grading_pb2.Structure, "STRUCTURE")
_SYNTAXES = words(grading_pb2.Syntax, "SYNTAX")
_CODES = {name.upper().replace(" ", "_"): full for name, full in words(grading_pb2.FindingCode, "FINDING_CODE").items()}

#: Other words for a structure, as problems are written with them.
_ALSO = {"spd": "positive definite", "invertible": "well conditioned", "": "real"}
_FIELDS = frozenset(("shape", "domain", "structure", "value"))


def grade_message(submission: Submission) -> grading_pb2.GradeRequest:
    """The message for a submission; raises InvalidRequest for what no service could read."""
    return grading_pb2.GradeRequest(
        id=text_of(submission.id, "id"),
        problem=problem_message(submission.problem),
        answer=answer_message(attempt_of(submission.answer)),
    )


def attempt_of(answer: object, syntax: str = "math") -> Attempt:
    """An answer as an Attempt: a text in that syntax, or else numbers.

    >>> attempt_of("3x^2").syntax, attempt_of([1.0]).tensor
    ('math', [1.0])
    """
    if isinstance(answer, Attempt):
        return answer
    return Attempt(answer, syntax) if isinstance(answer, str) else Attempt(tensor=answer)


def problem_message(problem: Problem) -> grading_pb2.Problem:
    """The message for a problem."""
    return grading_pb2.Problem(
        expression=text_of(problem.expression, "problem.expression"),
        inputs=[
            _variable(name, given, f"problem.inputs[{place}]") for place, (name, given) in enumerate(_inputs(problem))
        ],
        wrt=_wrt(problem),
        kind=_chosen(_KINDS, problem.kind, "problem.kind"),
        order=_whole(problem.order or 0, "problem.order"),
        upstream=text_of(problem.upstream, "problem.upstream"),
        policy=_policy(problem.policy),
    )


def answer_message(attempt: Attempt) -> grading_pb2.Answer:
    """The message for an answer."""
    return grading_pb2.Answer(
        text=text_of(attempt.text, "answer.text"),
        syntax=_chosen(_SYNTAXES, attempt.syntax, "answer.syntax"),
        tensor=None if attempt.tensor is None else tensor_of(array_of(attempt.tensor, "answer.tensor")),
    )


def grade_from(message: grading_pb2.Grade, versions: Mapping[str, str]) -> Grade:
    """The grade that a message holds; raises InternalError where it contradicts itself."""
    return Grade(
        outcome=member(GradeOutcome, grading_pb2.GradeOutcome, message.outcome),
        score=message.score,
        findings=tuple(
            GradeFinding(
                _word(grading_pb2.FindingCode, found.code, "FINDING_CODE"),
                found.message,
                found.place.line,
                found.place.column,
            )
            for found in message.findings
        ),
        evidence=_evidence(message.evidence),
        reason=message.reason,
        right={_word(grading_pb2.Syntax, f.syntax, "SYNTAX").lower(): f.text for f in message.right},
        replay=message.replay,
        versions=dict(versions),
    )


def _inputs(problem: Problem) -> list[tuple[str, object]]:
    if not isinstance(problem.inputs, Mapping):
        raise _invalid("the inputs are no mapping", "problem.inputs", type(problem.inputs).__name__, "names to inputs")
    return list(problem.inputs.items())


def _wrt(problem: Problem) -> list[str]:
    if problem.wrt is None:
        names = list(problem.inputs)
        if len(names) != 1:
            hint = f"name one of {', '.join(map(str, names))}" if names else "there are no inputs"
            raise _invalid("it is not said by which input is differentiated", "problem.wrt", "", hint)
        return names
    given = [problem.wrt] if isinstance(problem.wrt, str) else list(problem.wrt)
    return [text_of(name, "problem.wrt") for name in given]


def _variable(name: str, given: object, field: str) -> grading_pb2.Variable:
    variable = variable_of(given, field)
    message = grading_pb2.Variable(
        name=text_of(name, f"{field}.name"),
        structure=_STRUCTURES[structure_of(variable.structure, f"{field}.structure")],
    )
    if variable.value is not None:
        message.value.CopyFrom(tensor_of(array_of(variable.value, f"{field}.value")))
    shape = variable.shape if isinstance(variable.shape, Sequence) else [variable.shape]
    message.shape.extend(_whole(length, f"{field}.shape") for length in shape)
    if variable.domain is not None:
        low, high = _bounds(variable.domain, f"{field}.domain")
        message.domain.low, message.domain.high = low, high
    return message


def variable_of(given: object, field: str) -> Variable:
    """An input as a Variable: one as it is, a mapping of its fields, or a value that fixes the input."""
    if isinstance(given, Variable):
        return given
    if not isinstance(given, Mapping):
        return Variable(value=given)
    if unknown := [str(name) for name in given if name not in _FIELDS]:
        raise _invalid(f"an input has no {unknown[0]}", field, unknown[0], f"there are {', '.join(sorted(_FIELDS))}")
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Variable(**fields)


def structure_of(word: str, field: str) -> str:
    """The contract's word for a structure; raises InvalidRequest naming the field where there is none.

    >>> structure_of("spd", "inputs.A.structure")
    'positive definite'
    """
    spelt = word.replace("_", " ").replace("-", " ") if isinstance(word, str) else ""
    found = _ALSO.get(spelt, spelt)
    _chosen(_STRUCTURES, found if isinstance(word, str) else word, field)
    return found


def _bounds(domain: object, field: str) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in domain)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low = high = math.nan
    if math.isnan(low) or math.isnan(high):
        raise _invalid("a domain is two numbers", field, repr(domain)[:100], "[low, high]")
    return low, high


def _policy(policy: Policy) -> grading_pb2.Policy:
    message = grading_pb2.Policy(
        layout=_chosen(_LAYOUTS, policy.layout, "problem.policy.layout"),
        symmetry=_chosen(_SYMMETRIES, policy.symmetry, "problem.policy.symmetry"),
        tolerance=_number(policy.tolerance, "problem.policy.tolerance"),
        seed=_whole(policy.seed, "problem.policy.seed"),
        accept_smaller_domain=policy.accept_smaller_domain,
        reveal=policy.reveal,
        notations=[_chosen(_SYNTAXES, name, "problem.policy.notations") for name in policy.notations],
    )
    if policy.points is not None:
        message.points = _whole(policy.points, "problem.policy.points", bits=32)
    if policy.budget is not None:
        seconds = _number(policy.budget, "problem.policy.budget")
        if not 0 <= seconds < 1e9:
            raise _invalid("that is no budget", "problem.policy.budget", f"{seconds:g}", "seconds, more than 0")
        message.budget.CopyFrom(budget_message(seconds))
    for code, score in policy.partial_credit.items():
        message.partial_credit.add(
            code=_chosen(_CODES, code, "problem.policy.partial_credit"),
            score=_number(score, "problem.policy.partial_credit"),
        )
    return message


def _evidence(message: grading_pb2.Evidence) -> Evidence:
    confirmation = _word(grading_pb2.Confirmation, message.confirmation, "CONFIRMATION")
    point = message.counterexample
    return Evidence(
        confirmation="" if confirmation == "UNSPECIFIED" else confirmation,
        counterexample=Counterexample(
            {named.name: _point(named.tensor) for named in point.inputs},
            tuple(point.index),
            point.answer,
            point.derivative,
            point.error,
        )
        if message.HasField("counterexample")
        else None,
        points=message.points,
        error=message.error,
        precision=message.precision,
    )


def _point(tensor: tensor_pb2.Tensor) -> NDArray[Any] | float:
    array = array_from(tensor)
    return array if array.ndim else float(array)


def _chosen(members: Mapping[str, str], word: object, field: str) -> str:
    spelt = word.replace("_", " ").replace("-", " ") if isinstance(word, str) and word not in members else word
    if not isinstance(spelt, str) or spelt not in members:
        raise _invalid(f"there is no {word!r}", field, str(word)[:100], f"there are {', '.join(members)}")
    return members[spelt]


def _whole(value: object, field: str, bits: int = 64) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | np.integer)
        or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    ):
        raise _invalid("that is no whole number", field, repr(value)[:100], f"a whole number of at most {bits} bits")
    return int(value)


def _number(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise _invalid("that is no number", field, repr(value)[:100], "a number")
    return float(value)


def _word(wrapper: EnumTypeWrapper, number: int, prefix: str) -> str:
    """The contract's name for a number without its prefix, UNSPECIFIED for one that this client does not know."""
    return wrapper.Name(number).removeprefix(f"{prefix}_") if number in wrapper.values() else "UNSPECIFIED"


def _invalid(told: str, field: str, found: str, hint: str) -> InvalidRequest:
    return InvalidRequest(told, reason="BAD_PROBLEM", field=field, found=found, hint=hint)
