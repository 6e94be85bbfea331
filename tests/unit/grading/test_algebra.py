"""What algebra proves of a derivative is so, and it proves the identities of school."""

from __future__ import annotations

import pytest
from pullback_server.grading.equivalence import Proof
from pullback_server.language import parse
from pullback_server.program import Limits

from tests.grading.generated import cases

PROVEN = (
    ("sin(x)**2", "sin(2*x)"),
    ("tanh(x)", "1/cosh(x)**2"),
    ("tanh(x)", "4/(exp(x) + exp(-x))**2"),
    ("x**x", "exp(x*log(x))*(log(x) + 1)"),
    ("sqrt(x)", "1/(2*sqrt(x))"),
    ("sqrt(x)", "x**(-1/2)/2"),
    ("2**x", "2**x*log(2)"),
    ("tan(x)", "1 + tan(x)**2"),
    ("asin(x/2)", "1/sqrt(4 - x**2)"),
    ("log(cos(x))", "-tan(x)"),
    ("1/(1 + exp(-x))", "exp(x)/(1 + exp(x))**2"),
    ("abs(x)", "x/abs(x)"),
    ("log(8*x)", "1/x"),
    ("erf(x)", "2/sqrt(pi)*exp(-x**2)"),
    ("cos(x)*cos(2*x)", "-sin(x)*(1 - 2*sin(x)**2) - 4*sin(x)*cos(x)**2"),
    ("(x**2 + 1)**5", "10*x*(x**2 + 1)**4"),
    ("atan(x)", "1/(1 + x**2)"),
)
UNPROVEN = (
    ("x**3", "3*x**2 + 1"),
    ("sin(x)", "-cos(x)"),
    ("sqrt(x)", "1/sqrt(x)"),
    ("gelu(x)", "gelu(x)"),
    ("(x + 1)**400", "400*(x + 1)**399"),
    ("1/x", "1/(x - x)"),
)


def proof(f: str, answer: str) -> str:
    return Proof(parse(f, ["x", "y"], Limits()), ["x"]).confirms(parse(answer, ["x", "y"], Limits()))


@pytest.mark.parametrize(("f", "derivative"), PROVEN)
def test_identities_of_school_are_proven(f: str, derivative: str) -> None:
    assert proof(f, derivative) in ("identical", "symbolic")


@pytest.mark.parametrize(("f", "answer"), UNPROVEN)
def test_what_is_wrong_or_too_large_is_not_proven(f: str, answer: str) -> None:
    assert proof(f, answer) == ""


def test_no_wrong_answer_is_proven_right() -> None:
    for case in cases(25, seed=5):
        if not case.right and case.answer.syntax.value == "python":
            assert proof(case.problem.expression, case.answer.text) == "", case
