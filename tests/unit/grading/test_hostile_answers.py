"""No answer makes the grader hang or fail, whatever it contains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pullback_server.grading import Answer, GradeOutcome, Grader, Interval, Kind, Policy, Problem, Syntax, Variable

from tests import case_files

RANGE = Interval(-2.0, 2.0)
POLICY = Policy(notations=())
NUMBERS = Problem("sin(x)*exp(x)", (Variable("x", domain=RANGE), Variable("y", domain=RANGE)), ("x",), policy=POLICY)
TENSORS = Problem("x @ A @ x", (Variable("A", (3, 3)), Variable("x", (3,))), ("x",), Kind.GRADIENT, policy=POLICY)

ANY = Grader()

BLOW_UPS = (
    "9^9^9^9", "9**9**9**9", "x" * 3000, "(" * 3000, "(" * 50 + "x" + ")" * 50, "-" * 3000 + "x", "x^" * 500 + "x",
    "sin " * 800 + "x", "|" * 2000, "2" * 3000, "x+" * 1900 + "x", "e^" * 300 + "x", "\\frac" * 800,
    "\\frac{1}{" * 200, "\\begin{bmatrix}" * 200, "{" * 3000, "\\left(" * 600, "\\sqrt" * 700 + "x", "x_" * 1000,
    "x'" * 1000, "&" * 2000, "=" * 2000, "x=" * 1500, "\\boxed{" * 500 + "x", "$" * 3000, "sinx" * 900,
    "abcdefgh" * 400, "exp(" * 50 + "x" + ")" * 50, "(x^100+1)^100", "sin(10^300 x)", "x^(10^18)", "lgamma(x*10^300)",
    "*".join(f"(x+{k})" for k in range(300)), "\u0000", "\u202ex", "𝑥²", "²" * 2000, "where(x>0)", "<" * 1000,
    "<x," * 500, "nan", "inf-inf", "x/0", "0^0", "log(-1)", "polygamma(3,x)", "kron(x,x)", "\\text{" * 300,
    "_" * 3000, "\\" * 999, "x\\\\" * 300, "\\end{cases}", "\\begin{",
)  # fmt: skip


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader()


@pytest.mark.parametrize(
    ("problem", "syntax"),
    [
        pytest.param(NUMBERS, Syntax.MATH, id="numbers, math"),
        pytest.param(TENSORS, Syntax.PYTHON, id="tensors, python"),
        pytest.param(NUMBERS, Syntax.LATEX, id="numbers, latex", marks=pytest.mark.slow),
        pytest.param(NUMBERS, Syntax.PYTHON, id="numbers, python", marks=pytest.mark.slow),
        pytest.param(TENSORS, Syntax.MATH, id="tensors, math", marks=pytest.mark.slow),
        pytest.param(TENSORS, Syntax.LATEX, id="tensors, latex", marks=pytest.mark.slow),
    ],
)
def test_hostile_expressions_as_answers_end_and_are_never_right(
    problem: Problem, syntax: Syntax, grader: Grader, caplog: pytest.LogCaptureFixture
) -> None:
    texts = [c["expression"] for c in case_files.read("hostile") if isinstance(c.get("expression"), str)]
    for text in (*texts, *BLOW_UPS):
        assert grader.grade(problem, Answer(text, syntax)).outcome is not GradeOutcome.CORRECT, text
    assert not caplog.records


@pytest.mark.parametrize(
    "change", ["+ 10^-9", "+ 10^-30", "*(1 + 10^-25)", "+ 10^-12 x", "+ (x^2)^(1/2) - |x| + 10^(-20)"]
)
def test_the_smallest_change_is_found(change: str, grader: Grader) -> None:
    answer = Answer(f"e^x (sin x + cos x) {change}")
    assert grader.grade(NUMBERS, answer).outcome is GradeOutcome.INCORRECT


@pytest.mark.parametrize("zero", ["(x^50+1)^9-(x^50+1)^9", "sin^2 x + cos^2 x - 1", "ln(e^x) - x", "sqrt(x^2) - |x|"])
def test_what_cancels_is_no_difference(zero: str, grader: Grader) -> None:
    answer = Answer(f"e^x (sin x + cos x) + {zero}")
    assert grader.grade(NUMBERS, answer).outcome is GradeOutcome.CORRECT


@given(text=st.text(alphabet="x2+-*/^()[]{}|,.=<>'_ \\fracsindyloge&$∂²", max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_has_a_grade(text: str) -> None:
    for syntax in Syntax:
        assert ANY.grade(NUMBERS, Answer(text, syntax)).outcome in GradeOutcome
