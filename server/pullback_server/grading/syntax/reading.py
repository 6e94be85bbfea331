"""An answer, in any of the syntaxes, to a program of the language that f itself is written in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ...language import check
from ...program import Limits, Place, Program, Refusal, TensorType, TypedProgram
from ..codes import NotAnAnswerReason
from ..problem import Syntax
from .functions import DIFFERENTIATING
from .left_sides import LeftSide, left_side
from .names import Names
from .outline import Span, outline
from .parsing import parse_tokens
from .python import read_python
from .refusals import Misshapen, NotAnAnswer, differentiates, from_refusal
from .tokens import Tokeniser
from .values import Assembly

_CALL = re.compile(r"(?<![\w.])(?:(?:torch|np|sp|sympy|jax|jnp|torch\.autograd)\.)*([A-Za-z]\w*)\s*\(")
#: The limits of an answer; what exceeds them is not an answer to a question that a person asked.
LIMITS = Limits(characters=4_000, nodes=1_000, depth=60, memory=2**28, work=10**9)


@dataclass(frozen=True)
class Reading:
    """An answer as a typed program; `left_sides` are the derivatives that its left sides name, with their places.

    Where an expression stands before the first equality sign, as in `2sin(x)cos(x) = sin(2x)`, it is the first `step`.
    """

    typed: TypedProgram
    left_sides: tuple[tuple[LeftSide | None, Place], ...] = ()
    step: TypedProgram | None = None


def read(text: str, syntax: Syntax, types: Mapping[str, TensorType], expected: tuple[int, ...]) -> Reading:
    """The program of an answer, over inputs of these types; `expected` is the right answer's shape.

    Raises NotAnAnswer for what cannot be read, Misshapen for what can but whose shapes do not fit. Time and memory are
    linear in the answer's length, except for runs of letters, which are short.

    >>> from ...program import DType
    >>> number = TensorType(DType.FLOAT64, ())
    >>> reading = read(r"2\\sin^2 x", Syntax.LATEX, {"x": number}, ())
    >>> [getattr(node, "operator", "") for node in reading.typed.program.nodes]
    ['', 'sin', '', 'pow', 'mul']
    """
    if len(text) > LIMITS.characters:
        message = f"the answer has {len(text)} characters; at most {LIMITS.characters} are read"
        raise NotAnAnswer(NotAnAnswerReason.LIMIT_EXCEEDED, message, Place(1, LIMITS.characters + 1))
    if not text.strip():
        raise NotAnAnswer(NotAnAnswerReason.SYNTAX, "there is no answer", Place(1, 1))
    try:
        if syntax is Syntax.PYTHON:
            return Reading(check(_python(text, types), types, LIMITS))
        parts = outline(text, syntax)
        typed = check(_mathematics(text, parts.answer, syntax, types, expected), types, LIMITS)
        spans = [span for span in parts.left_sides if span.end > span.start]
        sides = tuple((left_side(text[span.start : span.end], types), Place(1, span.start + 1)) for span in spans)
        step = None
        if sides and sides[0][0] is None:
            with suppress(NotAnAnswer, Misshapen, Refusal):
                step = check(_mathematics(text, spans[0], syntax, types, expected), types, LIMITS)
        return Reading(typed, sides, step)
    except NotAnAnswer as error:
        raise _with_line(error, text) from None
    except Refusal as refusal:
        raise from_refusal(refusal) from None


def _python(text: str, types: Mapping[str, TensorType]) -> Program:
    for match in _CALL.finditer(text):
        if match[1] in DIFFERENTIATING - {"div"} and match[1] not in types:
            raise differentiates(match[1], match.start() + 1)
    return read_python(text, tuple(types), LIMITS)


def _mathematics(
    text: str, span: Span, syntax: Syntax, types: Mapping[str, TensorType], expected: tuple[int, ...]
) -> Program:
    """The program of one part of an answer."""
    units = len(expected) == 1 and expected[0] <= 3 and not {"i", "j"} & set(types)
    names = Names(types, units)
    assembly = Assembly(types, LIMITS)
    tokens = Tokeniser(text, syntax, names, span.start, span.end).read()
    value = parse_tokens(tokens, assembly, expected, span.end)
    if value.operand is None and expected:
        value = assembly.with_size(value, TensorType(value.type.dtype, expected), 1)
    return assembly.program(value)


def _with_line(error: NotAnAnswer, text: str) -> NotAnAnswer:
    """The same with the line of its place, since columns are counted through all lines before."""
    place = error.finding.place
    if place is None or place.line != 1 or "\n" not in text[: place.column - 1]:
        return error
    before = text[: place.column - 1]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return NotAnAnswer(error.finding.code, error.finding.message, Place(line, column))
