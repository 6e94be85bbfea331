"""The replay token: everything that a grade depends on, as a string from which the same grade is made again."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from ..program import Reason, Refusal
from ..verdict.description import versions
from .codes import FINDING_CODES, Mistake, NotAnAnswerReason
from .problem import Answer, Interval, Kind, Layout, Policy, Problem, Structure, Symmetry, Syntax, Tensor, Variable

#: The form of tokens; a token of another form is refused.
FORM = 2
#: The most bytes that a token may decompress to.
LARGEST = 2**22

_CLASSES: dict[str, Any] = {c.__name__: c for c in (Answer, Interval, Policy, Problem, Tensor, Variable)}
_MEMBERS: dict[str, Mapping[str, Enum]] = {
    "Code": FINDING_CODES,
    **{enum.__name__: enum.__members__ for enum in (Kind, Layout, Structure, Symmetry, Syntax)},
}


def pack_problem(problem: Problem) -> str:
    """The part of a token that is about its problem, which all answers to it share."""
    return json.dumps([FORM, dict(versions()), _pack(problem)], separators=(",", ":"))[1:-1]


def encode_token(packed_problem: str, answer: Answer) -> str:
    """The token of a grade.

    >>> from .problem import Variable
    >>> problem, answer = Problem("x**2", (Variable("x"),), ("x",)), Answer("2x")
    >>> token = encode_token(pack_problem(problem), answer)
    >>> decode_token(token) == (problem, answer)
    True
    """
    packed_answer = json.dumps(_pack(answer), separators=(",", ":"))
    data = zlib.compress(f"[{packed_problem},{packed_answer}]".encode())
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_token(token: str) -> tuple[Problem, Answer]:
    """The problem and the answer of a token; raises Refusal for one that is not valid, or of other versions."""
    here = dict(versions())
    try:
        data = base64.urlsafe_b64decode(token.strip() + "=" * (-len(token.strip()) % 4))
        form, there, *rest = json.loads(zlib.decompressobj().decompress(data, LARGEST))
        if form == FORM and there == here:
            problem, answer = map(_unpack, rest)
            return problem, answer
        differing = ", ".join(f"{k} {there.get(k)} (here {here[k]})" for k in here if there.get(k) != here[k])
    except (AttributeError, ValueError, KeyError, TypeError, zlib.error, RecursionError):
        message, hint = "this is not a valid replay token", "the `replay` of a grade"
        raise Refusal(Reason.BAD_VALUE, message, field="replay", hint=hint) from None
    message = f"the grade was made with {differing or 'another form of token'}"
    raise Refusal(Reason.BAD_VALUE, message, field="replay", hint="replay it with the same versions")


def _pack(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"e": ["Code" if isinstance(value, Mistake | NotAnAnswerReason) else type(value).__name__, value.name]}
    if is_dataclass(value) and not isinstance(value, type):
        return {"d": [type(value).__name__, *(_pack(getattr(value, f.name)) for f in fields(value))]}
    return [_pack(v) for v in value] if isinstance(value, tuple) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, (name, *rest)),) = value.items()
        return _MEMBERS[name][rest[0]] if kind == "e" else _CLASSES[name](*map(_unpack, rest))
    return tuple(map(_unpack, value)) if isinstance(value, list) else value
