"""Generated questions: no right answer is wrong, no wrong one right, and the mistake that was made is named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from pullback_server.grading import GradeOutcome, Grader, Policy

from tests.grading.generated import cases


def count_grades(count: int, seed: int) -> Counter[tuple[str, str, bool]]:
    """How often each truth had each outcome, and whether its code was named."""
    grader, counts = Grader(), Counter[tuple[str, str, bool]]()
    for case in cases(count, seed):
        grade = grader.grade(replace(case.problem, policy=Policy(notations=())), case.answer)
        truth = "right" if case.right else case.code
        outcome = grade.outcome
        false = GradeOutcome.INCORRECT if case.right else GradeOutcome.CORRECT
        assert outcome is not false, (case, grade)
        counts[truth, outcome.name, case.code in {f.code.name for f in grade.findings}] += 1
    return counts


def check(counts: Counter[tuple[str, str, bool]]) -> None:
    everything = sum(counts.values())
    undecided = sum(n for (_, outcome, _), n in counts.items() if outcome == "UNDECIDED")
    assert undecided <= 0.01 * everything
    single = {key: n for key, n in counts.items() if key[0] not in ("right", "edit")}
    assert sum(n for (_, _, named), n in single.items() if named) >= 0.9 * sum(single.values())


def test_a_few_generated_questions_are_graded_rightly() -> None:
    check(count_grades(12, seed=11))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(12))
def test_thousands_of_generated_answers_are_graded_rightly(seed: int) -> None:
    counts = count_grades(50, seed)
    assert sum(counts.values()) >= 400
    check(counts)
