"""Every case of the files is graded as it says, with a finding of those named, and its token repeats the grade."""

from __future__ import annotations

from typing import Any

import pytest
from pullback_server.grading import Answer, GradeOutcome, Grader, Mistake, Syntax

from tests import case_files
from tests.grading.case_problems import answer, problem

#: Mistakes that no values at a point show.
WITHOUT_EXAMPLE = {
    "SHAPE", "TRANSPOSED", "SUMMED", "JACOBIAN_FOR_VJP", "MISSING_INNER_DERIVATIVE", "ELEMENTWISE_PRODUCT",
    "DOMAIN_DIFFERS",
}  # fmt: skip
CASES = [*case_files.read("grading"), *case_files.read("grading_more"), *case_files.read("grading_written")]


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader()


@pytest.fixture(scope="module")
def another() -> Grader:
    return Grader()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['id']}: {c['expression']} | {c['answer']}"[:80])
def test_the_outcome_and_a_named_finding_are_what_the_case_says(case: dict[str, Any], grader: Grader) -> None:
    grade = grader.grade(problem(case), answer(case))
    assert grade.outcome.name == case["outcome"], grade
    if case["finding"]:
        assert set(case["finding"].split("|")) & {f.code.name for f in grade.findings}, grade.findings


def test_every_mistake_has_a_case() -> None:
    assert {*Mistake.__members__} <= {code for case in CASES for code in (case["finding"] or "").split("|")}


@pytest.mark.parametrize("case", CASES[::3], ids=lambda c: c["id"])
def test_a_token_gives_the_same_grade_bit_for_bit(case: dict[str, Any], grader: Grader, another: Grader) -> None:
    grade = grader.grade(problem(case), answer(case))
    assert another.grade_again(grade.replay) == grade


def test_every_wrong_answer_has_a_counterexample_or_a_reason(grader: Grader) -> None:
    for case in CASES:
        grade = grader.grade(problem(case), answer(case))
        if grade.outcome.name == "INCORRECT" and grade.evidence.counterexample is not None:
            example = grade.evidence.counterexample
            assert not abs(example.answer - example.derivative) <= example.error
        elif grade.outcome.name == "INCORRECT":
            assert WITHOUT_EXAMPLE & {f.code.name for f in grade.findings}, case


IDENTITIES = case_files.read("identities")


@pytest.mark.parametrize("case", IDENTITIES, ids=lambda c: c["eq"])
def test_derivatives_printed_in_books_are_right_and_their_multiples_are_not(
    case: dict[str, Any], grader: Grader
) -> None:
    inputs = {n: {"shape": s, "structure": case["structure"].get(n, "")} for n, s in case["shapes"].items()}
    asked = problem({"expression": case["f"], "inputs": inputs, "wrt": case["wrt"], "kind": case["kind"]})
    assert grader.grade(asked, Answer(case["df"], Syntax.PYTHON)).outcome is GradeOutcome.CORRECT
    negative = grader.grade(asked, Answer(f"-({case['df']})", Syntax.PYTHON))
    assert negative.outcome is GradeOutcome.INCORRECT
    assert Mistake.SIGN in {f.code for f in negative.findings}
