"""The replay token: everything that a grade depends on, in a text that gives the same grade again."""

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

#: The form of tokens; another one is refused.
FORM = 1
#: What a token may unfold to.
LARGEST = 2**22

_CLASSES: dict[str, Any] = {c.__name__: c for c in (Answer, Interval, Policy, Problem, Tensor, Variable)}
_MEMBERS: dict[str, Mapping[str, Enum]] = {
    "Code": FINDING_CODES,
    **{enum.__name__: enum.__members__ for enum in (Kind, Layout, Structure, Symmetry, Syntax)},
}


def packed_problem(problem: Problem) -> str:
    """What a token says of its problem, which all answers to it share."""
    return json.dumps([FORM, dict(versions()), _packed(problem)], separators=(",", ":"))[1:-1]


class CutOff(Enum):
    """What the budget cut off, which the clock may not do again at the same place."""

    NOTHING = 0
    EXPLANATION = 1
    COMPARISON = 2


def token(problem: str, answer: Answer, cut_off: CutOff) -> str:
    """The token of a grade, of a problem that is packed, with what its budget cut off.

    >>> from .problem import Variable
    >>> problem, answer = Problem("x**2", (Variable("x"),), ("x",)), Answer("2x")
    >>> opened(token(packed_problem(problem), answer, CutOff.NOTHING)) == (problem, answer, CutOff.NOTHING)
    True
    """
    own = json.dumps([_packed(answer), cut_off.value], separators=(",", ":"))[1:-1]
    data = zlib.compress(f"[{problem},{own}]".encode())
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def opened(text: str) -> tuple[Problem, Answer, CutOff]:
    """The problem and the answer of a token; raises Refusal for what is none, or one of other versions."""
    try:
        data = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
        unfolding = zlib.decompressobj()
        plain = unfolding.decompress(data, LARGEST)
        form, found, problem, answer, cut_off = json.loads(plain)
        if form == FORM and found == dict(versions()):
            return _unpacked(problem), _unpacked(answer), CutOff(cut_off)
    except (ValueError, KeyError, TypeError, zlib.error, RecursionError):
        raise Refusal(
            Reason.BAD_VALUE, "this is no replay token", field="replay", hint="the text that a grade has"
        ) from None
    own = dict(versions())
    differing = ", ".join(f"{k} {found.get(k)} (here {own.get(k)})" for k in own if found.get(k) != own.get(k))
    message = f"the grade was made with {differing or 'another form of token'}"
    raise Refusal(Reason.BAD_VALUE, message, field="replay", hint="replay it with the same versions")


def _packed(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"e": ["Code" if isinstance(value, Mistake | NotAnAnswerReason) else type(value).__name__, value.name]}
    if is_dataclass(value) and not isinstance(value, type):
        return {"d": [type(value).__name__, *(_packed(getattr(value, f.name)) for f in fields(value))]}
    if isinstance(value, tuple):
        return [_packed(v) for v in value]
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, (name, *rest)),) = value.items()
        return _MEMBERS[name][rest[0]] if kind == "e" else _CLASSES[name](*map(_unpacked, rest))
    return tuple(map(_unpacked, value)) if isinstance(value, list) else value
