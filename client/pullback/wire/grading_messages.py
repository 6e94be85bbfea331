"""Turns problems and answers into messages, and messages into grades."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from google.protobuf.duration_pb2 import Duration
from numpy.typing import NDArray

from ..v1 import grading_pb2, tensor_pb2
from ..values import grading as values
from .checks import bad_problem, integer_of, number_of, string_of, word_of
from .codec import Reader, decoder, encode, names_of, words_of
from .messages import budget_message
from .tensors import array_from

_STRUCTURES = words_of(grading_pb2.Structure.DESCRIPTOR)
_CODES = {word.upper().replace(" ", "_"): name for word, name in words_of(grading_pb2.FindingCode.DESCRIPTOR).items()}
_SYNTAXES = names_of(grading_pb2.Syntax.DESCRIPTOR)
_CONFIRMATIONS = names_of(grading_pb2.Confirmation.DESCRIPTOR) | {0: ""}

#: Other words for a structure, as problems are written with them.
_SYNONYMS = {"spd": "positive definite", "invertible": "well conditioned", "": "real"}
_FIELDS = frozenset(("shape", "domain", "structure", "value"))


def grade_message(submission: values.Submission) -> grading_pb2.GradeRequest:
    """The message for a submission; raises InvalidRequest for what no service could read."""
    problem, attempt = problem_message(submission.problem), attempt_of(submission.answer)
    answer = encode(attempt, grading_pb2.Answer, "answer")
    return encode(submission, grading_pb2.GradeRequest, problem=problem, answer=answer)


def attempt_of(answer: object, syntax: str = "math") -> values.Attempt:
    """An answer as an Attempt: a string in that syntax, or else numbers.

    >>> attempt_of("3x^2").syntax, attempt_of([1.0]).tensor
    ('math', [1.0])
    """
    if isinstance(answer, values.Attempt):
        return answer
    return values.Attempt(answer, syntax) if isinstance(answer, str) else values.Attempt(tensor=answer)


def problem_message(problem: values.Problem) -> grading_pb2.Problem:
    """The message for a problem."""
    if not isinstance(problem.inputs, Mapping):
        kind = type(problem.inputs).__name__
        raise bad_problem("the inputs are not a mapping", "problem.inputs", kind, "give a mapping of names to inputs")
    inputs = [_input(*item, f"problem.inputs[{place}]") for place, item in enumerate(problem.inputs.items())]
    wrt, order = _wrt(problem), integer_of(problem.order or 0, "problem.order", bits=32)
    policy = _policy(problem.policy)
    return encode(problem, grading_pb2.Problem, "problem", inputs=inputs, wrt=wrt, order=order, policy=policy)


def grade_from(response: grading_pb2.GradeResponse | grading_pb2.ReplayResponse) -> values.Grade:
    """The grade that a response holds; raises InternalError where it contradicts itself."""
    return replace(_grade_from(response.grade), versions=dict(response.versions))


def variable_of(entry: object, field: str) -> values.Variable:
    """An input as a Variable: one as it is, a mapping of its fields, or a value that fixes the input."""
    if isinstance(entry, values.Variable):
        return entry
    if not isinstance(entry, Mapping):
        return values.Variable(value=entry)
    if unknown := [str(name) for name in entry if name not in _FIELDS]:
        hint = f"choose among {', '.join(sorted(_FIELDS))}"
        raise bad_problem(f"an input has no field `{unknown[0]}`", field, unknown[0], hint)
    fields: dict[str, Any] = {name: value for name, value in entry.items() if value is not None}
    return values.Variable(**fields)


def structure_of(word: str, field: str) -> str:
    """The contract's word for a structure; raises InvalidRequest naming the field where there is none.

    >>> structure_of("spd", "inputs.A.structure")
    'positive definite'
    """
    if isinstance(word, str):
        word = word.replace("_", " ").replace("-", " ")
        word = _SYNONYMS.get(word, word)
    word_of(_STRUCTURES, word, field)
    return word


def _input(name: str, entry: object, field: str) -> grading_pb2.Variable:
    variable = variable_of(entry, field)
    shape = variable.shape if isinstance(variable.shape, Sequence) else [variable.shape]
    return encode(
        variable,
        grading_pb2.Variable,
        field,
        name=string_of(name, f"{field}.name"),
        structure=_STRUCTURES[structure_of(variable.structure, f"{field}.structure")],
        shape=[integer_of(length, f"{field}.shape") for length in shape],
        domain=_interval(variable.domain, f"{field}.domain"),
    )


def _interval(domain: Any, field: str) -> grading_pb2.Interval | None:
    if domain is None:
        return None
    try:
        low, high = (float(end) for end in domain)
    except (TypeError, ValueError):
        low = high = math.nan
    if math.isnan(low) or math.isnan(high):
        raise bad_problem("a domain is two numbers", field, repr(domain)[:100], "[low, high]")
    return grading_pb2.Interval(low=low, high=high)


def _wrt(problem: values.Problem) -> list[str]:
    if problem.wrt is None:
        names = list(problem.inputs)
        if len(names) != 1:
            hint = f"name one of {', '.join(map(str, names))}" if names else "there are no inputs"
            raise bad_problem("it is not clear which input to differentiate with respect to", "problem.wrt", "", hint)
        return names
    names = [problem.wrt] if isinstance(problem.wrt, str) else list(problem.wrt)
    return [string_of(name, "problem.wrt") for name in names]


def _policy(policy: values.Policy) -> grading_pb2.Policy:
    field = "problem.policy.partial_credit"
    credits = [
        grading_pb2.PartialCredit(code=word_of(_CODES, code, field), score=number_of(score, field))
        for code, score in policy.partial_credit.items()
    ]
    return encode(policy, grading_pb2.Policy, "problem.policy", budget=_budget(policy), partial_credit=credits)


def _budget(policy: values.Policy) -> Duration | None:
    if policy.budget is None:
        return None
    seconds = number_of(policy.budget, "problem.policy.budget")
    if not 0 <= seconds < 1e9:
        message = f"{seconds:g} is not a valid budget"
        raise bad_problem(message, "problem.policy.budget", f"{seconds:g}", "give seconds, more than 0")
    return budget_message(seconds)


def _point(tensor: tensor_pb2.Tensor) -> NDArray[Any] | float:
    array = array_from(tensor)
    return array if array.ndim else float(array)


# fmt: off
#: The fields that a grade and its parts hold in another way than their messages.
_DIFFERING: dict[type, dict[str, Reader]] = {
    values.Grade: {
        "right":        lambda m: {_SYNTAXES.get(f.syntax, "UNSPECIFIED").lower(): f.text for f in m.right},
        "versions":     lambda m: {},
    },
    values.GradeFinding: {
        "line":         attrgetter("place.line"),
        "column":       attrgetter("place.column"),
    },
    values.Evidence: {
        "confirmation": lambda m: _CONFIRMATIONS.get(m.confirmation, ""),
    },
    values.Counterexample: {
        "inputs":       lambda m: {named.name: _point(named.tensor) for named in m.inputs},
    },
}
# fmt: on
_grade_from = decoder(values.Grade, grading_pb2.Grade, _DIFFERING)
