"""Work is counted: a grade is the same under any clock and after any other answers, and everything ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
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
    UndecidedReason,
    Variable,
    marking,
)
from pullback_server.grading.equivalence import candidate
from pullback_server.grading.points import right_derivative
from pullback_server.grading.work import precise_work
from pullback_server.program import TypedProgram

from tests import case_files
from tests.grading.case_problems import answer, problem

CASES = [case for name in ("grading", "grading_more", "grading_written") for case in case_files.read(name)]
CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
#: Amounts of work that cut the cases off at every step, and the usual one.
AMOUNTS = (100, 1_000, 3_000, 10_000, 30_000, 100_000)

X = Variable("x", domain=Interval(-2.0, 2.0))
WRONG = Problem("sin(3*x)", (X,), ("x",)), Answer("cos(3x)")


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every clock run a thousand times as fast."""
    for name in CLOCKS:
        clock: Callable[[], float] = getattr(time, name)
        monkeypatch.setattr(time, name, lambda clock=clock: 1000 * clock())


def grades(cases: list[dict[str, Any]], policy: Policy) -> dict[str, Grade]:
    """The grades by the cases' ids, of one grader in the order of the cases."""
    grader = Grader()
    return {case["id"]: grader.grade(problem(case, policy), answer(case)) for case in cases}


@pytest.mark.usefixtures("fast_clock")
def test_a_fast_clock_changes_no_grade_and_no_token() -> None:
    policy = Policy(notations=(), budget=1e-3)
    quick = grades(CASES, policy)
    with pytest.MonkeyPatch.context() as usual:
        for name in CLOCKS:
            usual.setattr(time, name, lambda: 0.0)
        assert grades(CASES, policy) == quick
    for case in CASES:
        assert quick[case["id"]].outcome.name in case["outcome"].split("|")


@pytest.mark.parametrize("work", AMOUNTS)
def test_what_is_cut_off_depends_on_no_other_answer_and_is_the_same_in_a_replay(work: int) -> None:
    policy, some = Policy(notations=("python",), work=work), CASES[:: 6 if work < AMOUNTS[-1] else 12]
    first = grades(some, policy)
    assert grades(some[::-1], policy) == first
    replaying = Grader()
    for case in some:
        grade = first[case["id"]]
        assert replaying.grade_again(grade.replay) == grade
        if grade.outcome is GradeOutcome.UNDECIDED:
            assert grade.reason == UndecidedReason.OVER_BUDGET.value
        else:
            assert grade.outcome.name in case["outcome"].split("|")
    outcomes = {grade.outcome for grade in first.values()}
    assert (GradeOutcome.UNDECIDED in outcomes) == (work < AMOUNTS[-1]), outcomes


@pytest.mark.parametrize(
    ("work", "outcome", "findings", "right"),
    [
        (100, GradeOutcome.UNDECIDED, PartState.NOT_REQUESTED, PartState.OVER_BUDGET),
        (5_000, GradeOutcome.INCORRECT, PartState.OVER_BUDGET, PartState.OVER_BUDGET),
        (15_000, GradeOutcome.INCORRECT, PartState.DONE, PartState.OVER_BUDGET),
        (10**6, GradeOutcome.INCORRECT, PartState.DONE, PartState.DONE),
    ],
)
def test_each_part_of_a_grade_has_the_whole_work_for_itself(
    work: int, outcome: GradeOutcome, findings: PartState, right: PartState
) -> None:
    asked, wrong = WRONG
    grade = Grader().grade(replace(asked, policy=Policy(work=work)), wrong)
    assert (grade.outcome, grade.findings_state, grade.right_state) == (outcome, findings, right)
    assert bool(grade.right) == (right is PartState.DONE)
    assert bool(grade.findings) == (findings is PartState.DONE)


@pytest.mark.parametrize("work", [1, 10**7])
def test_a_wrong_shape_is_said_with_any_work(work: int) -> None:
    vectors = Problem("sum(x*y)", (Variable("x", (3,)), Variable("y", (3,))), ("x",), policy=Policy(work=work))
    grade = Grader().grade(vectors, Answer("outer(x, y)", Syntax.PYTHON))
    assert grade.outcome is GradeOutcome.INCORRECT
    assert [finding.code for finding in grade.findings] == [Mistake.SHAPE]


def test_the_outcome_comes_before_the_findings_and_these_before_the_right_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> dict[str, str]:
        raise RuntimeError("a test's own")

    monkeypatch.setattr(marking, "right_answers", fail)
    stages: Iterator[Grade] = Grader().stages(*WRONG)
    outcome, findings, last = next(stages), next(stages), next(stages)
    assert [grade.outcome for grade in (outcome, findings, last)] == [GradeOutcome.INCORRECT] * 3
    assert outcome.evidence.counterexample == last.evidence.counterexample is not None
    assert (outcome.findings, outcome.findings_state) == ((), PartState.DEADLINE)
    assert (findings.findings_state, findings.right_state) == (PartState.DONE, PartState.DEADLINE)
    assert last == replace(findings, right_state=PartState.FAILED, replay=last.replay)
    assert [bool(grade.replay) for grade in (outcome, findings, last)] == [False, False, True]


def test_only_a_final_grade_is_kept() -> None:
    grader = Grader()
    assert not next(grader.stages(*WRONG)).final
    final = grader.grade(*WRONG)
    assert final.final
    assert [*grader.stages(*WRONG)] == [final]


@pytest.mark.parametrize(
    ("text", "syntax", "count"),
    [("3 cos(3x)", Syntax.MATH, 1), ("cos(3x)", Syntax.MATH, 3), ("(", Syntax.MATH, 2)],
)
def test_a_stage_without_anything_new_is_not_made(text: str, syntax: Syntax, count: int) -> None:
    asked, _ = WRONG
    assert len([*Grader().stages(asked, Answer(text, syntax))]) == count
    withheld = replace(asked, policy=Policy(reveal=False))
    assert len([*Grader().stages(withheld, Answer(text, syntax))]) == max(count - 1, 1)


def numbers(count: int) -> tuple[Variable, ...]:
    return tuple(Variable(f"x{k}", domain=Interval(0.5, 2.0)) for k in range(count))


MANY = numbers(9)
NAMES = tuple(v.name for v in MANY)
#: Problems and answers that take far more than a person waits for.
HOSTILE = (
    ("x**1000000 + x**(10**9)*exp(x**99999)", (X,), {}, "1000000*x**999999 + x**1000000"),
    ("sin(" * 90 + "x" + ")" * 90, (X,), {}, "cos(" * 50 + "x" + ")" * 50),
    ("exp(" * 90 + "x" + ")" * 90, (X,), {"order": 3}, "exp(x)"),
    ("+".join(f"sin({k}*x)**{k}" for k in range(2, 190)), (X,), {}, "cos(x)"),
    ("*".join(f"(x + {k})" for k in range(300)), (X,), {"order": 3}, "x"),
    ("+".join(f"polygamma({k}, x + 3)" for k in range(1, 60)), (X,), {"order": 3}, "polygamma(70, x + 3)"),
    ("*".join(NAMES), MANY, {"wrt": NAMES, "kind": Kind.GRADIENT}, f"stack([{', '.join(NAMES)}])"),
    ("*".join(NAMES), MANY, {"wrt": NAMES, "kind": Kind.GRADIENT, "order": 2}, "1"),
    ("sum(exp(tanh(A @ A @ A @ A)))", (Variable("A", (60, 60)),), {"kind": Kind.GRADIENT}, "A @ A.T @ A"),
    ("logsumexp(tanh(A @ A + 1) @ A, 0)", (Variable("A", (16, 16)),), {"kind": Kind.JACOBIAN}, "A"),
    ("sum(logdet(A @ A.T + eye(8)))", (Variable("A", (8, 8)),), {"order": 2}, "A"),
)


@pytest.mark.parametrize(("f", "inputs", "fields", "text"), HOSTILE, ids=lambda x: x[:30] if isinstance(x, str) else "")
@pytest.mark.parametrize("points", [128, 4096])
def test_a_hostile_problem_ends_within_its_work(
    f: str,
    inputs: tuple[Variable, ...],
    fields: dict[str, Any],
    text: str,
    points: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent = 0
    precisely = right_derivative.evaluate_precisely

    def counted(typed: TypedProgram, inputs: Any, digits: int) -> Any:
        nonlocal spent
        spent += precise_work(typed)
        return precisely(typed, inputs, digits)

    for module in (right_derivative, candidate):
        monkeypatch.setattr(module, "evaluate_precisely", counted)
    fields = {"wrt": (inputs[0].name,), **fields}
    asked = Problem(f, inputs, policy=Policy(work=30_000, points=points), **fields)
    grade = Grader().grade(asked, Answer(text, Syntax.PYTHON))
    # The outcome, the findings and the right answer each have as much; none of it is counted twice here.
    assert spent <= 3 * asked.policy.work
    assert grade.outcome in (GradeOutcome.INCORRECT, GradeOutcome.UNDECIDED)
    assert PartState.OVER_BUDGET in (grade.findings_state, grade.right_state)
    assert Grader().grade_again(grade.replay) == grade
