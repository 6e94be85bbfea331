"""What the policy of a problem changes: layouts, tolerances, scores, domains, and what a grade contains."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from pullback_server.grading import (
    Answer,
    Confirmation,
    Grade,
    GradeOutcome,
    Grader,
    Interval,
    Kind,
    Layout,
    Mistake,
    Policy,
    Problem,
    Structure,
    Symmetry,
    Syntax,
    Tensor,
    Variable,
)
from pullback_server.program import Refusal
from pullback_server.verdict.description import versions

X = Variable("x", domain=Interval(-2.0, 2.0))
A, VECTOR = Variable("A", (3, 2)), Variable("x", (2,))
GELU = "x*exp(-x**2/2)/sqrt(2*pi) + (1 + erf(x/sqrt(2)))/2"
SQUARE = Problem("x**2", (X,), ("x",))
JACOBIAN = Problem("A @ x", (A, VECTOR), ("x",), Kind.JACOBIAN)


def grade(problem: Problem, text: str, syntax: Syntax = Syntax.PYTHON, **policy: Any) -> Grade:
    return Grader().grade(replace(problem, policy=Policy(notations=(), **policy)), Answer(text, syntax))


def test_a_denominator_layout_wants_the_transposed_jacobian() -> None:
    assert grade(JACOBIAN, "A.T", layout=Layout.DENOMINATOR).outcome is GradeOutcome.CORRECT
    wrong = grade(JACOBIAN, "A", layout=Layout.DENOMINATOR)
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert wrong.findings[0].code is Mistake.TRANSPOSED


@pytest.mark.parametrize("text", ["A", "A.T"])
def test_either_layout_takes_both(text: str) -> None:
    assert grade(JACOBIAN, text, layout=Layout.EITHER).outcome is GradeOutcome.CORRECT
    square = replace(JACOBIAN, inputs=(Variable("A", (3, 3)), Variable("x", (3,))))
    assert grade(square, text, layout=Layout.EITHER).outcome is GradeOutcome.CORRECT
    assert grade(square, "2*A", layout=Layout.EITHER).outcome is GradeOutcome.INCORRECT


def test_a_structured_symmetric_derivative_moves_mirrored_entries_together() -> None:
    problem = Problem("log(det(P))", (Variable("P", (3, 3), structure=Structure.POSITIVE_DEFINITE),), ("P",))
    both = {"inv(P)": Symmetry.INDEPENDENT, "2*inv(P) - diag(diag(inv(P)))": Symmetry.STRUCTURED}
    for text, symmetry in both.items():
        assert grade(problem, text, symmetry=symmetry).outcome is GradeOutcome.CORRECT
        other = next(s for s in Symmetry if s is not symmetry)
        assert grade(problem, text, symmetry=other).findings[0].code is Mistake.SYMMETRIC_CONVENTION


def test_a_tolerance_takes_rounded_numbers() -> None:
    problem = replace(SQUARE, expression="pi*x")
    assert grade(problem, "3.1416").outcome is GradeOutcome.INCORRECT
    assert grade(problem, "3.1416", tolerance=1e-4).outcome is GradeOutcome.CORRECT
    assert grade(problem, "3.15", tolerance=1e-4).outcome is GradeOutcome.INCORRECT


@pytest.mark.parametrize(("f", "shape"), [("sum(c.T @ x)", (3, 1)), ("sum(c @ x)", (1, 3))])
def test_a_column_or_a_row_stands_for_a_vector(f: str, shape: tuple[int, ...]) -> None:
    gradient = Problem(f, (Variable("c", shape), Variable("x", (3,))), ("x",), Kind.GRADIENT)
    assert grade(gradient, "c", Syntax.MATH).outcome is GradeOutcome.CORRECT
    assert grade(gradient, "2c", Syntax.MATH).outcome is GradeOutcome.INCORRECT


def test_partial_credit_goes_by_the_first_finding() -> None:
    credit = ((Mistake.SIGN, 0.5),)
    assert grade(SQUARE, "-2*x", partial_credit=credit).score == 0.5
    assert grade(SQUARE, "3*x**5", partial_credit=credit).score == 0
    assert grade(SQUARE, "2*x", partial_credit=credit).score == 1


def test_a_smaller_domain_is_a_finding_and_an_error_where_the_policy_says_so() -> None:
    accepted = grade(SQUARE, "2*x**2/x")
    assert accepted.outcome is GradeOutcome.CORRECT
    assert [f.code for f in accepted.findings] == [Mistake.DOMAIN_DIFFERS]
    assert grade(SQUARE, "2*x**2/x", accept_smaller_domain=False).outcome is GradeOutcome.INCORRECT


def test_the_right_answer_is_given_in_the_notations_asked_for_or_withheld() -> None:
    problem = Problem("x**2*sin(x)", (X,), ("x",), policy=Policy(notations=("python", "latex")))
    right = dict(Grader().grade(problem, Answer("2x")).right)
    assert set(right) == {"python", "latex"}
    assert Grader().grade(problem, Answer(right["python"], Syntax.PYTHON)).outcome is GradeOutcome.CORRECT
    assert Grader().grade(problem, Answer(right["latex"], Syntax.LATEX)).outcome is GradeOutcome.CORRECT
    withheld = replace(problem, policy=replace(problem.policy, reveal=False))
    assert Grader().grade(withheld, Answer("2x")).right == ()


def test_points_depend_on_the_seed_alone() -> None:
    first, second = grade(SQUARE, "3*x", seed=1), grade(SQUARE, "3*x", seed=2)
    assert first.evidence == grade(SQUARE, "3*x", seed=1).evidence
    assert first.evidence != second.evidence


def test_numbers_are_compared_at_fixed_inputs() -> None:
    fixed = Variable("x", value=Tensor((2,), (1.0, 3.0)))
    problem = Problem("sum(x**2)", (fixed,), ("x",), policy=Policy(notations=()))
    right, wrong = Tensor((2,), (2.0, 6.0)), Tensor((2,), (2.0, 5.0))
    assert Grader().grade(problem, Answer(tensor=right)).outcome is GradeOutcome.CORRECT
    assert Grader().grade(problem, Answer(tensor=wrong)).outcome is GradeOutcome.INCORRECT
    assert Grader().grade(problem, Answer("2*x", Syntax.PYTHON, right)).outcome is GradeOutcome.CORRECT
    assert Grader().grade(problem, Answer("2*x", Syntax.PYTHON, wrong)).outcome is GradeOutcome.INCORRECT
    short = Grader().grade(problem, Answer(tensor=Tensor((3,), (2.0, 6.0))))
    assert short.outcome is GradeOutcome.NOT_AN_ANSWER


def test_right_answers_say_how_they_were_confirmed() -> None:
    sigmoid = replace(SQUARE, expression="1/(1 + exp(-x))")
    for problem, text, confirmation in (
        (SQUARE, "x + x", Confirmation.IDENTICAL),
        (sigmoid, "exp(x)/(1 + exp(x))**2", Confirmation.SYMBOLIC),
        (replace(SQUARE, expression="gelu(x)"), GELU, Confirmation.POINTS),
    ):
        evidence = grade(problem, text).evidence
        assert evidence.confirmation is confirmation
        assert evidence.points > 100
        assert evidence.error < 1e-30


@pytest.mark.parametrize(
    ("problem", "field"),
    [
        (replace(SQUARE, expression="x +"), "problem.expression"),
        (replace(SQUARE, expression="x + z"), "problem.expression"),
        (replace(SQUARE, wrt=("z",)), "problem.wrt[0]"),
        (replace(SQUARE, wrt=()), "problem.wrt"),
        (replace(SQUARE, order=4), "problem.order"),
        (replace(SQUARE, inputs=(replace(X, domain=Interval(2.0, 1.0)),)), "problem.inputs[0].domain"),
        (replace(SQUARE, policy=Policy(points=0)), "problem.policy.points"),
        (replace(SQUARE, policy=Policy(work=0)), "problem.policy.work"),
        (replace(SQUARE, policy=Policy(work=10**13)), "problem.policy.work"),
        (replace(JACOBIAN, kind=Kind.GRADIENT), "problem.kind"),
        (replace(JACOBIAN, inputs=(A, VECTOR, Variable("A", (3, 3)))), "problem.inputs[2].name"),
        (replace(JACOBIAN, inputs=(A, Variable("x", (3,)))), "problem.expression"),
    ],
)
def test_a_problem_that_is_not_valid_is_refused_with_its_field(problem: Problem, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        Grader().grade(problem, Answer("2x"))
    assert refused.value.field == field


def packed(*fields: Any) -> str:
    """What a forger may send for a token."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(fields).encode())).decode()


FORGED = (packed(), packed(2, "versions", {}, {}), packed(2, [1], {}, {}), packed(2, dict(versions()), {}, {}))


@pytest.mark.parametrize("token", ["", "abc", "!!!", "eJwDAAAAAAE", "A" * 1000, *FORGED, packed(1, dict(versions()))])
def test_a_token_that_is_not_valid_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as refused:
        Grader().grade_again(token)
    assert refused.value.field == "replay"


def test_an_input_named_as_the_upstream_gradient_keeps_its_name() -> None:
    v = Variable("v", (3,))
    problem = Problem("sin(v)", (v,), ("v",), Kind.VJP, policy=Policy(notations=()))
    assert Grader().grade(problem, Answer("v_*cos(v)", Syntax.PYTHON)).outcome is GradeOutcome.CORRECT
    wrong = Grader().grade(problem, Answer("cos(v)", Syntax.PYTHON))
    assert wrong.findings[0].code is Mistake.UPSTREAM_IGNORED


def test_what_is_too_large_for_many_digits_is_compared_in_float64() -> None:
    problem = Problem("sum((A @ B)**2)", (Variable("A", (40, 40)), Variable("B", (40, 40))), ("A",), Kind.GRADIENT)
    right = grade(problem, "2*A @ B @ B.T")
    assert right.outcome is GradeOutcome.CORRECT
    assert right.evidence.precision == 15
    wrong = grade(problem, "2*A @ B.T @ B")
    assert wrong.outcome is GradeOutcome.INCORRECT
    assert Mistake.FACTORS_SWAPPED in {f.code for f in wrong.findings}


def test_admission_is_requested_once_for_each_problem_with_what_its_expression_needs() -> None:
    requested: list[tuple[int, int]] = []
    grader = Grader(admit=lambda memory, work: requested.append((memory, work)))
    fewer = replace(JACOBIAN, policy=Policy(points=4))
    for problem in (JACOBIAN, JACOBIAN, fewer):
        assert grader.grade(problem, Answer("A", Syntax.PYTHON)).outcome is GradeOutcome.CORRECT
    (memory, work), (again, less) = requested
    assert memory == again > 0
    assert work * fewer.policy.points == less * JACOBIAN.policy.points > 0
