"""The right answer in the notations asked for, each checked against the numbers before it is shown."""

from __future__ import annotations

from functools import reduce

import numpy as np

from ..language import check, parse
from ..program import Limits, Refusal, TypedProgram, Work
from ..symbolic import Derivation, DerivativeKind, Notation
from .checked_problem import CheckedProblem
from .equivalence import ProgramCandidate
from .points import RightDerivative
from .work import derivation_work


def right_answers(right_derivative: RightDerivative, work: Work) -> dict[str, str]:
    """The derivative by notation: `python`, `math` and `latex`, as far as a closed form is at hand.

    The order of differentiation is repeated on the formula itself; a formula that does not give the derivative's
    numbers at the question's points is withheld. Raises OverBudget.
    """
    right_derivative.prepare(work)
    question = right_derivative.question
    if question.stacked:
        entries = [closed_form(question, (name,), work) for name in question.problem.wrt]
        formulas = [entry for entry in entries if entry is not None and "\n" not in entry[0]]
        if len(formulas) < len(entries):
            return {}
        python = f"stack([{', '.join(text for text, _ in formulas)}])"
        mathematics = f"({', '.join(_math_syntax(text) for text, _ in formulas)})"
        latex = "\\begin{bmatrix} " + " \\\\ ".join(text for _, text in formulas) + " \\end{bmatrix}"
    elif (formula := closed_form(question, question.chain, work)) is not None:
        python, latex = formula
        mathematics = _math_syntax(python)
    else:
        return {}
    return {"python": python, "math": mathematics, "latex": latex} if _is_right(right_derivative, python, work) else {}


def closed_form(question: CheckedProblem, chain: tuple[str, ...], work: Work) -> tuple[str, str] | None:
    """A derivative in the language and in LaTeX, by sympy with respect to each input of the chain in turn.

    Raises OverBudget.
    """
    if question.stacked and question.problem.order > 1:
        return None
    typed: TypedProgram = question.typed
    text = latex = ""
    for number, name in enumerate(chain):
        if name not in typed.program.inputs():
            return "0", "0"
        work.spend(derivation_work(typed))
        derivation = Derivation(typed, (name,))
        kind = DerivativeKind.VJP if question.upstream else DerivativeKind.JACOBIAN
        text = str(derivation.formula(name, kind, Notation.MATRIX).written)
        if not text:
            return None
        latex = str(derivation.formula(name, kind, Notation.MATRIX_LATEX).written)
        if number + 1 < len(chain):
            first = parse_formula(question, text)
            if first is None:
                return None
            typed = first
    return text, latex


def parse_formula(question: CheckedProblem, text: str) -> TypedProgram | None:
    """A formula as a program over the question's inputs; None where it is not valid."""
    try:
        return check(parse(text, tuple(question.types), Limits()), question.types, Limits())
    except Refusal:
        return None


def _is_right(right_derivative: RightDerivative, text: str, work: Work) -> bool:
    typed = parse_formula(right_derivative.question, text)
    if typed is None or typed.output.shape != right_derivative.question.numerator_shape:
        return False
    formula = ProgramCandidate(typed, right_derivative)
    work.spend(formula.values_work)
    values, right = formula.values, right_derivative.numerator
    compared = np.isfinite(right) & np.isfinite(values)
    close = np.abs(values - right) <= 1e-7 * (np.abs(values) + np.abs(right)) + 1e-9
    return bool(compared.any()) and bool(close[compared].all())


def _math_syntax(python: str) -> str:
    """A formula as people type it: `^` for powers."""
    return reduce(lambda text, pair: text.replace(*pair), (("**", "^"), ("torch.", "")), python)
