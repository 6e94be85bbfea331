"""The values of grading: how they print, and what they say to the person who answered."""

from __future__ import annotations

import pickle

import numpy as np
import pullback
import pytest
from pullback import Counterexample, Evidence, Grade, Graded, GradeFinding, GradeOutcome, Policy, Problem
from pullback.v1 import grading_pb2
from pullback.wire.grading_messages import grade_from, problem_message

POINT = Counterexample({"x": 2.0, "A": np.eye(2)}, (0, 1), np.nan, 12.0, 1e-14)


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(), ""),
        (Evidence("IDENTICAL"), "the same formula"),
        (Evidence("SYMBOLIC", points=8, error=2e-15), "equal by algebra; equal at 8 points, within 2e-15"),
        (Evidence("POINTS", points=48, error=1e-12), "equal at 48 points, within 1e-12"),
        (Evidence("EXACT"), "equal at the given inputs"),
        (Evidence("A_NEW_ONE"), ""),
        (Evidence(counterexample=POINT),
         "at x = 2, A = [[1, 0],\n [0, 1]] the answer at entry [0, 1] is nan and the derivative 12"),
    ],
)  # fmt: skip
def test_evidence_reads_as_a_sentence(evidence, text):
    assert str(evidence) == text


@pytest.mark.parametrize(
    ("grade", "message"),
    [
        (Grade(GradeOutcome.CORRECT, 1.0), "Correct."),
        (Grade(GradeOutcome.CORRECT, 1.0, (GradeFinding("DOMAIN_DIFFERS", "Not at 0."),)), "Not at 0."),
        (Grade(GradeOutcome.INCORRECT, 0.0), "Not the derivative."),
        (Grade(GradeOutcome.INCORRECT, 0.0, evidence=Evidence(counterexample=Counterexample({}, (), 1.0, 2.0, 0.0))),
         "Not the derivative: the answer is 1 and the derivative 2."),
        (Grade(GradeOutcome.INCORRECT, 0.0, (GradeFinding("SIGN", "One."), GradeFinding("FACTOR", "Two."))),
         "One. Two."),
        (Grade(GradeOutcome.UNDECIDED, 0.0, reason="It took too long."), "It took too long."),
    ],
)  # fmt: skip
def test_a_grade_has_one_message_for_the_person_who_answered(grade, message):
    assert grade.message == message


def test_a_grade_prints_itself():
    finding = GradeFinding("SIGN", "the sign is wrong", 1, 3)
    grade = Grade(GradeOutcome.INCORRECT, 0.5, (finding,), Evidence(), right={"latex": "2x"}, replay="token")
    assert str(grade) == "INCORRECT  score 0.5\n  SIGN: the sign is wrong (line 1, column 3)\n  right, latex: 2x"
    late = Grade(GradeOutcome.INCORRECT, 0.0, findings_state="DEADLINE", right_state="NO_FORM")
    assert str(late) == "INCORRECT  score 0\n  findings: DEADLINE\n  right answer: NO_FORM"
    assert str(Problem("x*y", {"x": 1, "y": 2}, ("x", "y"), "partial")) == "partial of x*y with respect to x, y"


def test_a_grade_survives_pickling():
    grade = Grade(GradeOutcome.CORRECT, 1.0, versions={"pullback": "1"})
    assert repr(pickle.loads(pickle.dumps(grade))) == repr(grade)


def test_an_answer_without_a_grade_raises_its_error():
    with pytest.raises(pullback.Unavailable):
        Graded("a", 0, error=pullback.Unavailable("gone")).result()
    with pytest.raises(pullback.InternalError):
        Graded("a", 0).result()


def test_what_this_client_is_too_old_to_know_is_unspecified():
    message = grading_pb2.Grade(outcome=77, evidence=grading_pb2.Evidence(confirmation=77))
    message.findings.add(code=99, message="new")
    grade = grade_from(grading_pb2.GradeResponse(grade=message))
    assert grade.outcome is GradeOutcome.UNSPECIFIED
    assert grade.findings[0].code == grade.findings_state == "UNSPECIFIED"
    assert grade.evidence.confirmation == ""


def test_a_seed_of_every_size_is_sent_whole():
    assert problem_message(Problem("x", {"x": {}}, policy=Policy(seed=-(2**63)))).policy.seed == -(2**63)
    with pytest.raises(pullback.InvalidRequest):
        problem_message(Problem("x", {"x": {}}, policy=Policy(seed=2**63)))


@pytest.mark.parametrize("word", ["positive definite", "positive_definite", "positive-definite", "spd"])
def test_structures_have_several_spellings(word):
    (variable,) = problem_message(Problem("x", {"x": {"structure": word}})).inputs
    assert variable.structure == grading_pb2.STRUCTURE_POSITIVE_DEFINITE
