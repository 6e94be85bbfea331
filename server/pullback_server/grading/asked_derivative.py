"""Whether what stands before an answer's equality sign names the derivative that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ..program import Place
from .checked_problem import CheckedProblem
from .codes import Mistake
from .phrasing import list_names
from .problem import Kind
from .syntax import LeftSide, NotAnAnswer
from .syntax.symbols import GREEK, LETTERS


def check_left_sides(left_sides: Sequence[tuple[LeftSide | None, Place]], question: CheckedProblem) -> None:
    """Raises NotAnAnswer where the first left side names another derivative, or none; the others are steps."""
    if not left_sides:
        return
    side, place = left_sides[0]
    problem = question.problem
    asked = f"the derivative with respect to {list_names(problem.wrt)}"
    if side is None:
        raise NotAnAnswer(Mistake.WRONG_VARIABLE, f"the left side does not name {asked}", place)
    wrt = tuple(_input_name(name, question) for name in side.wrt)
    order = problem.order if question.stacked else len(question.chain)
    message = f"the left side names a derivative with respect to {list_names(wrt) or 'something else'}, not {asked}"
    if any(name not in problem.wrt for name in wrt):
        raise NotAnAnswer(Mistake.WRONG_VARIABLE, message, place)
    if side.order and side.order != order and not (problem.kind is Kind.GRADIENT and side.order == 2):
        other_order = f"the left side names a derivative of order {side.order}; one of order {order} is asked for"
        raise NotAnAnswer(Mistake.WRONG_ORDER, other_order, place)
    if problem.kind is Kind.PARTIAL and wrt and sorted(wrt) != sorted(question.chain):
        raise NotAnAnswer(Mistake.WRONG_VARIABLE, message, place)


def _input_name(name: str, question: CheckedProblem) -> str:
    """The input that a name on the left side stands for; the name itself where it stands for none."""
    candidates = (name, LETTERS.get(name, name), GREEK.get(name, name), name.replace("_", ""))
    return next((c for c in candidates if c in question.types), name)
