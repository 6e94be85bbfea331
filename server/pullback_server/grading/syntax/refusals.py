"""Why a string is not an answer, or an answer of a wrong shape: exceptions that carry the finding."""

from __future__ import annotations

from ...program import Place, Reason, Refusal
from ..codes import FindingCode, Mistake, NotAnAnswerReason
from ..problem import Finding

#: What a refusal of the language means for an answer; every other one means SYNTAX.
_REASONS: dict[Reason, NotAnAnswerReason] = {
    Reason.UNKNOWN_NAME: NotAnAnswerReason.UNKNOWN_NAME,
    Reason.UNKNOWN_OPERATOR: NotAnAnswerReason.UNKNOWN_NAME,
    Reason.LIMIT_EXCEEDED: NotAnAnswerReason.LIMIT_EXCEEDED,
    Reason.BAD_NUMBER: NotAnAnswerReason.LIMIT_EXCEEDED,
}


class NotAnAnswer(Exception):
    """A string that is not an answer: it cannot be read, exceeds a limit, differentiates, or has an unknown name."""

    def __init__(self, code: FindingCode, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(code, message, place)


class Misshapen(Exception):
    """An answer whose parts do not fit each other, such as a sum of tensors of two shapes."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(Mistake.SHAPE, message, place)


def unreadable(message: str, column: int) -> NotAnAnswer:
    """The exception for an answer that cannot be read at a column, counted from 1."""
    return NotAnAnswer(NotAnAnswerReason.SYNTAX, message, Place(1, column))


def differentiates(operator: str, column: int) -> NotAnAnswer:
    """The exception for an answer with an operator of differentiation or integration in it."""
    message = f"`{operator}` asks for a derivative or an integral; write the result"
    return NotAnAnswer(NotAnAnswerReason.DERIVATIVE_OPERATOR, message, Place(1, column))


def from_refusal(refusal: Refusal) -> NotAnAnswer | Misshapen:
    """The exception for an answer that the language refuses."""
    message = refusal.message + (f"; {refusal.hint}" if refusal.hint else "")
    place = Place(refusal.line or 1, refusal.column) if refusal.column else None
    if refusal.reason is Reason.SHAPE_MISMATCH:
        return Misshapen(message, place)
    return NotAnAnswer(_REASONS.get(refusal.reason, NotAnAnswerReason.SYNTAX), message, place)
