"""Points fill the declared domain, its edges and both signs, and f has a derivative there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pullback_server.grading import Answer, GradeOutcome, Grader, Interval, Kind, Policy, Problem, Structure, Variable
from pullback_server.grading.checked_problem import check_problem
from pullback_server.grading.points import RightDerivative, draw
from pullback_server.grading.work import Work
from pullback_server.program import DType, Limits, TensorType

NUMBER = TensorType(DType.FLOAT64, ())


def right_derivative(expression: str, *inputs: Variable, **more: Any) -> RightDerivative:
    derivative = RightDerivative(check_problem(Problem(expression, inputs, (inputs[0].name,), **more), Limits()))
    derivative.prepare(Work(Policy().work))
    return derivative


FINITE = (Interval(-2.0, 2.0), Interval(0.0, 1.0), Interval(-5.0, 100.0))


@pytest.mark.parametrize("interval", [*FINITE, Interval(), Interval(low=1.0), Interval(high=-1.0)], ids=str)
def test_numbers_fill_the_domain_and_touch_its_ends(interval: Interval) -> None:
    points = draw([Variable("x", domain=interval)], "", {"x": NUMBER}, 128, seed=3).values["x"].numpy()
    assert all(x in interval for x in points)
    low = interval.low if math.isfinite(interval.low) else min(interval.high, 0.0) - 3
    high = interval.high if math.isfinite(interval.high) else max(interval.low, 0.0) + 3
    counts, _ = np.histogram(points, bins=10, range=(low, high))
    assert counts.min() >= 1
    assert all(end in points for end in (interval.low, interval.high) if math.isfinite(end))
    if interval.low < 0 < interval.high:
        assert 0.0 in points
        assert (points < 0).any()
        assert (points > 0).any()


@pytest.mark.parametrize(
    ("structure", "holds"),
    [
        (Structure.SYMMETRIC, lambda a: np.allclose(a, a.T)),
        (Structure.POSITIVE_DEFINITE, lambda a: np.linalg.eigvalsh(a).min() > 0),
        (Structure.WELL_CONDITIONED, lambda a: np.linalg.cond(a) < 100),
        (Structure.DIAGONAL, lambda a: np.allclose(a, np.diag(np.diag(a)))),
        (Structure.ORTHOGONAL, lambda a: np.allclose(a @ a.T, np.eye(3))),
        (Structure.POSITIVE, lambda a: (a > 0).all()),
        (Structure.PROBABILITY, lambda a: np.allclose(a.sum(-1), 1)),
    ],
)
def test_matrices_have_their_structure(structure: Structure, holds: object) -> None:
    drawn = draw([Variable("A", (3, 3), structure=structure)], "", {"A": TensorType(DType.FLOAT64, (3, 3))}, 6, 0)
    assert all(holds(a) for a in drawn.values["A"].numpy())  # type: ignore[operator]


def test_another_input_does_not_move_the_points() -> None:
    x, y = (Variable(n, domain=Interval(-1.0, 1.0)) for n in "xy")
    alone = draw([x], "", {"x": NUMBER}, 20, 0).values["x"][:20]
    both = draw([y, x], "", {"x": NUMBER, "y": NUMBER}, 20, 0).values["x"][:20]
    assert (alone == both).all()


def test_answers_are_not_graded_at_kinks() -> None:
    kinked = right_derivative("abs(x)", Variable("x", domain=Interval(-2.0, 2.0)))
    at_kink = kinked.points.values["x"].numpy() == 0
    assert at_kink.any()
    assert not kinked.gradable[at_kink].any()
    assert kinked.gradable[~at_kink].all()


@pytest.mark.parametrize(
    ("expression", "interval"),
    [("log(x - 1.95)", Interval(-2.0, 2.0)), ("sqrt(x)", Interval(-2.0, 2.0)), ("asin(x)", Interval(-30.0, 30.0))],
)
def test_where_f_is_defined_on_a_small_part_points_are_found_there(expression: str, interval: Interval) -> None:
    assert right_derivative(expression, Variable("x", domain=interval)).gradable.sum() >= 60


@pytest.mark.parametrize("expression", ["sum(log(x))", "sum(asin(x))", "sum(acosh(x))", "sum(sqrt(x))"])
def test_tensors_without_a_domain_have_entries_that_f_takes(expression: str) -> None:
    assert right_derivative(expression, Variable("x", (6,)), kind=Kind.GRADIENT).gradable.any()


def test_both_opinions_on_the_derivative_agree() -> None:
    for order in (1, 2, 3):
        derivative = right_derivative(
            "exp(x)*sin(3*x)/(x**2 + 1)", Variable("x", domain=Interval(-2.0, 2.0)), order=order
        )
        for number in derivative.confirming_points:
            value, error = derivative.precise_entry(number, ())
            assert abs(float(value) - derivative.numerator[number]) <= 1e-10 * (1 + abs(float(value)))
            assert error < 1e-40


def test_nothing_to_grade_at_is_undecided() -> None:
    problem = Problem("sqrt(-1 - x**2)", (Variable("x"),), ("x",), policy=Policy(notations=()))
    grade = Grader().grade(problem, Answer("x"))
    assert grade.outcome is GradeOutcome.UNDECIDED
    assert "no derivative" in grade.reason
