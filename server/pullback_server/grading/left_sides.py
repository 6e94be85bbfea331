"""Whether what stands before an answer's equality sign names the derivative that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ..program import Place
from .codes import Mistake
from .problem import Finding, Kind
from .question import Question
from .syntax import LeftSide, NotAnAnswer
from .syntax.symbols import GREEK, LETTERS


def check_left_sides(left_sides: Sequence[tuple[LeftSide | None, Place]], question: Question) -> None:
    """Raises NotAnAnswer where the first left side names another derivative, or none; the others are steps."""
    if not left_sides:
        return
    side, place = left_sides[0]
    asked = "the derivative by " + ", ".join(f"`{n}`" for n in dict.fromkeys(question.problem.wrt))
    if side is None:
        raise _other(Mistake.WRONG_VARIABLE, f"the left side does not name {asked}", place)
    by = tuple(_input(name, question) for name in side.wrt)
    order = question.problem.order if question.stacked else len(question.chain)
    names = set(question.problem.wrt)
    if any(name not in names for name in by):
        raise _other(Mistake.WRONG_VARIABLE, f"the left side names a derivative by {_listed(by)}, not {asked}", place)
    if side.order and side.order != order and not (question.problem.kind is Kind.GRADIENT and side.order == 2):
        message = f"the left side names a derivative of order {side.order}; one of order {order} is asked for"
        raise _other(Mistake.WRONG_ORDER, message, place)
    if question.problem.kind is Kind.PARTIAL and by and sorted(by) != sorted(question.chain):
        raise _other(Mistake.WRONG_VARIABLE, f"the left side names a derivative by {_listed(by)}, not {asked}", place)


def _input(name: str, question: Question) -> str:
    for candidate in (name, LETTERS.get(name, name), GREEK.get(name, name), name.replace("_", "")):
        if candidate in question.types:
            return candidate
    return name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in dict.fromkeys(names)) or "something else"


def _other(code: Mistake, message: str, place: Place) -> NotAnAnswer:
    error = NotAnAnswer(code, message)
    error.finding = Finding(code, message, place)
    return error
