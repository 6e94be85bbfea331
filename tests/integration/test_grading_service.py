"""GradingService with a double: every message crosses the wire whole, and a failed grader never says "wrong"."""

import math

import grpc
import numpy as np
import pytest
from pullback.v1 import grading_pb2 as wire
from pullback.v1 import tensor_pb2
from pullback.v1.grading_pb2_grpc import GradingServiceStub
from pullback_server import grading
from service_harness import SERVICE, SERVING, details, grade_request, listed_services, refused, running, status_details
from waiting import PATIENCE, eventually

GRADING = "pullback.v1.GradingService"


@pytest.fixture
def stub(service):
    return GradingServiceStub(service.channel)


def float64(*values):
    return tensor_pb2.Tensor(dtype="DTYPE_FLOAT64", shape=[len(values)], data=np.array(values, "<f8").tobytes())


def test_a_grade_crosses_the_wire_whole(stub):
    grade = stub.Grade(grade_request("wrong SIGN"), timeout=PATIENCE).grade
    assert grade.outcome == wire.GRADE_OUTCOME_INCORRECT
    (finding,) = grade.findings
    assert (finding.code, finding.place.line, finding.place.column) == (wire.FINDING_CODE_SIGN, 1, 1)
    point = grade.evidence.counterexample
    assert (list(point.index), point.answer, point.derivative, point.error) == ([1], -3.0, 3.0, 1e-12)
    assert (point.inputs[0].name, point.inputs[0].tensor) == ("x", float64(1.5, 2.0))
    right = stub.Grade(grade_request("right"), timeout=PATIENCE)
    assert right.id == "r"
    assert right.grade.score == 1.0
    assert right.grade.evidence.confirmation == wire.CONFIRMATION_POINTS
    assert [formulation.syntax for formulation in right.grade.right] == [wire.SYNTAX_PYTHON, wire.SYNTAX_LATEX]
    assert {"pullback", "torch", "sympy", "python"} >= set(right.versions) > set()


def test_a_problem_crosses_the_wire_whole(stub):
    problem = wire.Problem(
        expression="tanh(A @ x)",
        inputs=[
            wire.Variable(name="A", shape=[3, 4], structure=wire.STRUCTURE_WELL_CONDITIONED),
            wire.Variable(name="x", shape=[2], domain=wire.Interval(low=-math.inf, high=2.5)),
            wire.Variable(name="c", value=float64(1.0, 2.0)),
        ],
        wrt=["x"],
        kind=wire.PROBLEM_KIND_VJP,
        upstream="u",
        policy=wire.Policy(
            layout=wire.LAYOUT_EITHER,
            symmetry=wire.SYMMETRY_STRUCTURED,
            tolerance=1e-6,
            points=7,
            seed=11,
            work=9000,
            partial_credit=[wire.PartialCredit(code=wire.FINDING_CODE_SIGN, score=0.5)],
            accept_smaller_domain=False,
            reveal=False,
            notations=[wire.SYNTAX_MATH],
        ),
    )
    problem.policy.budget.FromMilliseconds(1500)
    answer = wire.Answer(text="right", syntax=wire.SYNTAX_LATEX, tensor=float64(0.5, -0.5))
    seen = {
        f.syntax: f.text
        for f in stub.Grade(wire.GradeRequest(problem=problem, answer=answer), timeout=PATIENCE).grade.right
    }
    for word in (
        "expression='tanh(A @ x)'", "name='A', shape=(3, 4)", "<Structure.WELL_CONDITIONED", "low=-inf, high=2.5",
        "value=Tensor(shape=(2,), values=(1.0, 2.0))", "wrt=('x',)", "<Kind.VJP", "upstream='u'", "<Layout.EITHER",
        "<Symmetry.STRUCTURED", "tolerance=1e-06", "points=7", "seed=11", "work=9000", "budget=1.5", "(<Mistake.SIGN",
        "0.5),", "accept_smaller_domain=False", "reveal=False", "notations=('math',)",
    ):  # fmt: skip
        assert word in seen[wire.SYNTAX_PYTHON], word
    assert (
        "text='right', syntax=<Syntax.LATEX: 'latex'>, tensor=Tensor(shape=(2,), values=(0.5, -0.5))"
        in (seen[wire.SYNTAX_LATEX])
    )


def test_what_is_not_set_has_the_domains_defaults(stub):
    seen = stub.Grade(grade_request("right"), timeout=PATIENCE).grade.right[0].text
    assert seen == repr(grading.Problem("x**2", (grading.Variable("x"),), ("x",), policy=grading.Policy()))


@pytest.mark.parametrize(
    ("wrapper", "prefix", "kind"),
    [
        (wire.ProblemKind, "PROBLEM_KIND", grading.Kind),
        (wire.Structure, "STRUCTURE", grading.Structure),
        (wire.Layout, "LAYOUT", grading.Layout),
        (wire.Symmetry, "SYMMETRY", grading.Symmetry),
        (wire.Syntax, "SYNTAX", grading.Syntax),
        (wire.FindingCode, "FINDING_CODE", grading.FINDING_CODES.values()),
        (wire.GradeOutcome, "GRADE_OUTCOME", grading.GradeOutcome),
        (wire.Confirmation, "CONFIRMATION", grading.Confirmation),
        (wire.GradePartState, "GRADE_PART_STATE", grading.PartState),
    ],
)
def test_the_contract_has_a_value_for_every_member_and_no_other(wrapper, prefix, kind):
    assert set(wrapper.keys()[1:]) == {f"{prefix}_{member.name}" for member in kind}
    assert wrapper.keys()[0] == f"{prefix}_UNSPECIFIED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: setattr(m.problem, "kind", 77), "problem.kind"),
        (lambda m: m.problem.inputs[0].shape.append(-1), "problem.inputs[0].shape[0]"),
        (lambda m: m.problem.inputs[0].shape.extend([1] * 9), "problem.inputs[0].shape"),
        (lambda m: m.problem.inputs[0].shape.extend([2**14, 2]), "problem.inputs[0].shape"),
        (lambda m: m.problem.inputs[0].domain.MergeFrom(wire.Interval(low=2, high=1)), "problem.inputs[0].domain"),
        (lambda m: m.problem.inputs[0].domain.MergeFrom(wire.Interval(low=math.nan)), "problem.inputs[0].domain"),
        (lambda m: setattr(m.problem.inputs[0], "structure", 99), "problem.inputs[0].structure"),
        (lambda m: setattr(m.problem.inputs[0], "name", "x y"), "problem.inputs[0].name"),
        (lambda m: m.problem.inputs.add(name="x"), "problem.inputs[1].name"),
        (lambda m: setattr(m.problem.inputs[0].value, "dtype", 10), "problem.inputs[0].value.data"),
        (lambda m: setattr(m.problem.policy, "tolerance", math.inf), "problem.policy.tolerance"),
        (lambda m: setattr(m.problem.policy, "points", 0), "problem.policy.points"),
        (lambda m: setattr(m.problem.policy, "points", 4097), "problem.policy.points"),
        (lambda m: m.problem.policy.budget.FromSeconds(0), "problem.policy.budget"),
        (lambda m: setattr(m.problem.policy, "work", 0), "problem.policy.work"),
        (lambda m: setattr(m.problem.policy, "work", 10**12 + 1), "problem.policy.work"),
        (lambda m: m.problem.policy.partial_credit.add(code=10, score=2), "problem.policy.partial_credit.score"),
        (lambda m: m.problem.policy.partial_credit.add(code=0, score=1), "problem.policy.partial_credit.code"),
        (lambda m: m.problem.policy.notations.append(9), "problem.policy.notations"),
        (lambda m: setattr(m.answer, "syntax", 9), "answer.syntax"),
        (lambda m: m.answer.tensor.shape.append(3), "answer.tensor.dtype"),
        (lambda m: setattr(m, "id", "i" * 257), "id"),
    ],
)
def test_an_invalid_field_is_refused_by_its_path(stub, change, field):
    message = grade_request("right")
    change(message)
    error = refused(stub.Grade, message, timeout=PATIENCE)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(error)["BadRequest"].field_violations[0].field == field


def test_a_grade_that_does_not_come_in_time_is_undecided(stub):
    reply = stub.Grade(grade_request("sleep 3600", budget=0.3), timeout=PATIENCE)
    assert (reply.id, reply.grade.outcome) == ("r", wire.GRADE_OUTCOME_UNDECIDED)
    assert "0.3 s" in reply.grade.reason
    states = (reply.grade.findings_state, reply.grade.right_state, reply.grade.replay)
    assert states == (wire.GRADE_PART_STATE_DEADLINE, wire.GRADE_PART_STATE_DEADLINE, "")


@pytest.mark.parametrize(
    ("seconds", "findings", "right", "replay"),
    [
        (3600, "DEADLINE", "DEADLINE", ""),
        (0.01, "DONE", "NOT_REQUESTED", "token:stages SIGN 0.01"),
    ],
)
def test_what_a_grade_has_when_its_time_is_over_is_the_reply(stub, seconds, findings, right, replay):
    budget = 0.5 if seconds == 3600 else PATIENCE
    message = grade_request(f"stages SIGN {seconds}", budget=budget)
    message.problem.policy.partial_credit.add(code=wire.FINDING_CODE_SIGN, score=0.5)
    grade = stub.Grade(message, timeout=PATIENCE).grade
    assert grade.outcome == wire.GRADE_OUTCOME_INCORRECT
    assert grade.evidence.counterexample.derivative == 3.0
    names = [wire.GradePartState.Name(state) for state in (grade.findings_state, grade.right_state)]
    assert names == [f"GRADE_PART_STATE_{findings}", f"GRADE_PART_STATE_{right}"]
    assert (bool(grade.findings), grade.score, grade.replay) == (findings == "DONE", 0.5 * (findings == "DONE"), replay)


def test_a_wrong_answer_is_incorrect_while_its_right_answer_is_still_being_rendered():
    with running(mathematics="thrifty_mathematics", grading="endless_rendering", workers=1) as service:
        stub = GradingServiceStub(service.channel)
        message = grade_request("x^2 + x", expression="x**3", budget=5)
        grade = stub.Grade(message, timeout=PATIENCE).grade
        assert grade.outcome == wire.GRADE_OUTCOME_INCORRECT
        assert grade.evidence.HasField("counterexample")
        assert (grade.findings_state, grade.right_state) == (
            wire.GRADE_PART_STATE_DONE, wire.GRADE_PART_STATE_DEADLINE,
        )  # fmt: skip
        assert not grade.right
        right = stub.Grade(grade_request("3x^2", expression="x**3"), timeout=PATIENCE).grade
        assert right.outcome == wire.GRADE_OUTCOME_CORRECT


def test_an_answer_that_ends_workers_is_undecided_and_one_crash_is_replayed(stub, tmp_path):
    assert stub.Grade(grade_request("kill"), timeout=PATIENCE).grade.outcome == wire.GRADE_OUTCOME_UNDECIDED
    again = stub.Grade(grade_request(f"kill_once {tmp_path / 'killed'}"), timeout=PATIENCE)
    assert again.grade.outcome == wire.GRADE_OUTCOME_CORRECT


def test_a_stream_answers_each_and_one_that_fails_leaves_the_others_alone(service, stub):
    texts = {"a": "right", "b": "fail", "c": "wrong SIGN", "d": "sleep 3600", "e": "kill", "f": "unreadable"}
    requests = [wire.GradeManyRequest(request=grade_request(text, name, budget=0.3)) for name, text in texts.items()]
    requests.append(wire.GradeManyRequest(request=grade_request("right", "g", expression="refuse")))
    answers = {answer.id: answer for answer in stub.GradeMany(iter(requests), timeout=PATIENCE)}
    outcomes = {
        name: wire.GradeOutcome.Name(answer.response.grade.outcome).removeprefix("GRADE_OUTCOME_")
        for name, answer in answers.items()
        if answer.WhichOneof("result") == "response"
    }
    assert outcomes == {
        "a": "CORRECT", "c": "INCORRECT", "d": "UNDECIDED", "e": "UNDECIDED", "f": "NOT_AN_ANSWER",
    }  # fmt: skip
    assert (answers["b"].status.code, answers["g"].status.code) == (13, 3)
    assert status_details(answers["g"].status)["BadRequest"].field_violations[0].field == "problem.expression"
    eventually(lambda: service.health(GRADING) == service.health())


def test_a_budget_of_a_stream_holds_for_waiting_too(stub):
    request = wire.GradeManyRequest(request=grade_request("sleep 3600", budget=20))
    request.budget.FromMilliseconds(400)
    (answer,) = stub.GradeMany(iter([request]), timeout=PATIENCE)
    assert answer.response.grade.outcome == wire.GRADE_OUTCOME_UNDECIDED


def test_a_token_gives_its_grade_again(stub):
    first = stub.Grade(grade_request("wrong PRODUCT_RULE"), timeout=PATIENCE).grade
    assert stub.Replay(wire.ReplayRequest(token=first.replay), timeout=PATIENCE).grade == first
    error = refused(stub.Replay, wire.ReplayRequest(token="none"), timeout=PATIENCE)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_both_services_are_known_to_health_and_reflection(service):
    assert service.health(GRADING) == service.health() == SERVING
    assert {GRADING, SERVICE} <= listed_services(service.channel)
