"""What went wrong is named with the node of f, at any depth, and two mistakes at once are both named."""

from __future__ import annotations

from typing import Any

import pytest
from pullback_server.grading import (
    Answer,
    Grade,
    GradeOutcome,
    Grader,
    Interval,
    Kind,
    Mistake,
    PartState,
    Policy,
    Problem,
    Syntax,
    Variable,
)

X = (Variable("x", domain=Interval(0.3, 2.0)),)

SENTENCES = (
    # f                        answer                        the first finding's sentence
    ("sin(3*x)", "cos(3x)", "the inner derivative of `sin(3*x)` is missing: factor 3"),
    ("exp(sin(x**2))", "e^(sin(x^2)) cos(x^2)", "the inner derivative of `sin(x**2)` is missing: factor 2*x"),
    ("log(x)*sin(x**2)", "cos(x^2) 2x/x", "the product rule for `log(x)*sin(x**2)` is (fg)' = f'g + fg', not f'g'"),
    ("sin(x/(x + 1))", "cos(x/(x+1))(2x+1)/(x+1)^2",
     "the quotient rule for `x/(x + 1)` is (f/g)' = (f'g - fg')/g^2, not (f'g + fg')/g^2"),
    ("exp(x**3)", "x^2 e^(x^3)", "the power rule for `x**3` is (u^n)' = n u^(n-1) u', with n u^(n-1) and not u^(n-1)"),
    ("x**2 + exp(2*x) + x", "2x + 1",
     "a term is missing: the one from differentiating `exp(2*x)` in `x**2 + exp(2*x)`"),
    ("sin(x) + 5", "cos x + 5", "`5` in `sin(x) + 5` is constant: its derivative is 0"),
    ("7*sin(x) + x**2", "cos x + 2x", "the factor `7` of `7*sin(x)` is lost"),
    ("tan(x/2)", "1/(2cos(x/2))", "the derivative of tan(x), used for `tan(x/2)`, is not 1/cos(x)"),
    ("x**3", "5x^2", "this is 1.66667 times the derivative: a constant factor is wrong"),
)  # fmt: skip
#: f, an answer with two mistakes, and both codes.
COMPOUND = (
    ("tan(x**2) + x", "1/cos(x^2) + 1", {"FUNCTION_DERIVATIVE", "MISSING_INNER_DERIVATIVE"}),
    ("exp(3*x)*x", "e^(3x) + 3x^2 e^(3x-1)", {"FUNCTION_DERIVATIVE", "MISSING_INNER_DERIVATIVE"}),
    ("sin(3*x)*x**2", "-(cos(3x) x^2 + 2x sin(3x))", {"MISSING_INNER_DERIVATIVE", "SIGN"}),
    ("sin(3*x)*exp(x**2)", "cos(3x) e^(x^2) + sin(3x) e^(x^2)", {"MISSING_INNER_DERIVATIVE"}),
    ("sqrt(x)*log(2*x + 1)", "log(2x+1)/sqrt(x) + sqrt(x)/(2x+1)", {"MISSING_INNER_DERIVATIVE"}),
    ("log(x)/sin(2*x)", "(sin(2x)/x + log(x) cos(2x))/sin(2x)^2", {"QUOTIENT_RULE", "MISSING_INNER_DERIVATIVE"}),
)


def grade(f: str, answer: str, inputs: tuple[Variable, ...] = X, **problem: Any) -> Grade:
    return Grader().grade(Problem(f, inputs, ("x",), policy=Policy(notations=()), **problem), Answer(answer))


def codes_of(grade: Grade) -> set[str]:
    return {finding.code.name for finding in grade.findings}


def test_every_mistake_has_a_priority_of_its_own() -> None:
    priorities = [mistake.priority for mistake in Mistake]
    assert priorities == sorted(set(priorities))


@pytest.mark.parametrize(("f", "answer", "sentence"), SENTENCES)
def test_the_sentence_names_the_node(f: str, answer: str, sentence: str) -> None:
    wrong = grade(f, answer)
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert sentence in [finding.message for finding in wrong.findings], wrong.findings


@pytest.mark.parametrize(("f", "answer", "codes"), COMPOUND)
def test_two_mistakes_are_both_named(f: str, answer: str, codes: set[str]) -> None:
    wrong = grade(f, answer)
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert codes <= codes_of(wrong), wrong.findings


def test_what_nothing_explains_has_no_finding() -> None:
    wrong = grade("sin(x)", "x^5 - 17")
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert wrong.findings == ()


def test_findings_of_an_answer_with_a_place_point_at_it() -> None:
    matrices = tuple(Variable(n, (3, 3)) for n in "AB")
    problem = Problem("A @ B @ x", (*matrices, Variable("x", (3,))), ("x",), Kind.JACOBIAN, policy=Policy(notations=()))
    wrong = Grader().grade(problem, Answer("B @ A", Syntax.PYTHON))
    (finding,) = [f for f in wrong.findings if f.code is Mistake.FACTORS_SWAPPED]
    assert finding.place is not None
    assert (finding.place.line, finding.place.column) == (1, 1)


def test_a_mistake_that_explains_only_some_points_is_not_named() -> None:
    wide = (Variable("x", domain=Interval(-2.0, 2.0)),)
    # |x| x is x^2 on one half of the domain only.
    wrong = grade("x**3/3", "-|x| x", wide)
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert "SIGN" not in codes_of(wrong)


def test_a_part_that_stands_twice_may_be_mistaken_once() -> None:
    # sin(3x) is one node of f's program; its inner derivative is missing at one of its two places.
    f, answer = "x*sin(3*x) + exp(x)*sin(3*x)", "sin(3x) + x cos(3x) + e^x sin(3x) + 3 e^x cos(3x)"
    assert "MISSING_INNER_DERIVATIVE" in codes_of(grade(f, answer))


def test_mistakes_in_the_second_differentiation_are_named() -> None:
    wrong = grade("sin(3*x)", "-3 sin(3x)", order=2)
    assert wrong.findings[0].message == "the inner derivative of `cos(3*x)` is missing: factor 3"


@pytest.mark.parametrize(("work", "state"), [(20_000, PartState.OVER_BUDGET), (10**9, PartState.DONE)])
def test_pairs_of_mistakes_are_named_where_there_is_enough_work_for_all(work: int, state: PartState) -> None:
    problem = Problem("sin(3*x)*exp(x**2)", X, ("x",), policy=Policy(notations=(), work=work))
    wrong = Grader().grade(problem, Answer("cos(3x) e^(x^2) + sin(3x) e^(x^2)"))
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert (wrong.findings_state, bool(wrong.findings)) == (state, state is PartState.DONE)
    assert Grader().grade_again(wrong.replay) == wrong
