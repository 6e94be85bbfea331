"""The case file of grading and hostile answers, on the real service over a real socket."""

from __future__ import annotations

import pullback
import pytest
from pullback import Attempt, GradeOutcome, Policy, Problem, Submission

from tests.case_files import read

CASES = {case["id"]: case for case in read("grading")}


@pytest.fixture(scope="module")
def graded(client):
    """Every case graded over one stream, by id."""
    return {answer.id: answer for answer in client.grade_many(map(submission, CASES.values()))}


def submission(case):
    problem = Problem(case["expression"], case["inputs"], case["wrt"], case["kind"])
    return Submission(problem, Attempt(case["answer"], case["syntax"]), id=case["id"])


@pytest.mark.parametrize("name", CASES)
def test_each_case_has_its_outcome_and_one_of_its_findings(graded, name):
    grade, case = graded[name].result(), CASES[name]
    assert grade.outcome.name in case["outcome"].split("|"), str(grade)
    codes = {finding.code for finding in grade.findings}
    assert not case["finding"] or codes & set(case["finding"].split("|")), str(grade)
    assert grade.score == float(grade.outcome is GradeOutcome.CORRECT)
    assert grade.message


@pytest.mark.parametrize("name", ["case-0", "case-11", "case-7", "case-28", "case-33"])
def test_a_token_gives_the_same_grade_to_the_last_bit(client, graded, name):
    grade = graded[name].result()
    again = client.replay(grade.replay)
    assert repr(again) == repr(grade)


def test_the_policy_decides_what_a_grade_contains(client):
    policy = Policy(reveal=False, partial_credit={"SIGN": 0.5})
    grade = client.grade(Problem("x**3", {"x": {"domain": [-2, 2]}}, policy=policy), "-3x^2")
    assert (grade.right, grade.score) == ({}, 0.5)
    latex = client.grade(Problem("x**3", {"x": {"domain": [-2, 2]}}, policy=Policy(notations=["latex"])), "-3x^2")
    assert list(latex.right) == ["latex"]


def test_numbers_are_graded_at_fixed_inputs(client):
    problem = Problem("A @ x", {"A": [[1, 2], [3, 4]], "x": [5, 6]}, wrt="x", kind="jacobian")
    assert client.grade(problem, [[1, 2], [3, 4]]).correct
    assert client.grade(problem, [[1, 3], [2, 4]]).outcome is GradeOutcome.INCORRECT


def test_a_problem_that_is_not_valid_is_refused_by_its_field(client):
    for problem, field in (
        (Problem("sine(x)", {"x": {}}), "problem.expression"),
        (Problem("x", {"x": {}}, wrt="y"), "problem.wrt[0]"),
        (Problem("x", {"x": {}}, order=7), "problem.order"),
        (Problem("x", {"x y": {}}, wrt="x y"), "problem.inputs[0].name"),
    ):
        with pytest.raises(pullback.InvalidRequest) as refused:
            client.grade(problem, "1")
        assert refused.value.field == field


@pytest.mark.parametrize("syntax", ["python", "math", "latex"])
def test_hostile_answers_are_graded_and_none_is_correct(client, syntax):
    policy = Policy(budget=1.0)
    problem = Problem("x**3 + 2*x", {"x": {"domain": [-2, 2]}}, policy=policy)
    texts = [case["expression"] for case in read("hostile") if isinstance(case.get("expression"), str)]
    texts += [
        "(" * 100_000,
        "x" * 100_000,
        "9^9^9^9",
        "x^(10^100)",
        "\\frac{" * 5000,
        "1/" * 5000 + "x",
        "x" + "^x" * 400,
    ]
    sent = [Submission(problem, Attempt(text[:200_000], syntax), timeout=30) for text in texts]
    for answer in client.grade_many(sent, in_flight=2):
        grade = answer.result()
        assert grade.outcome is not GradeOutcome.CORRECT, texts[answer.position][:100]
