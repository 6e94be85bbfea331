"""The client's grading over a real socket: values in, values out, typed errors, streams that lose nothing."""

import asyncio

import numpy as np
import pullback
import pytest
from pullback import Attempt, GradeOutcome, Policy, Problem, Submission, Variable
from waiting import eventually

SQUARE = Problem("x**2", {"x": Variable(domain=(-2, 2))})


@pytest.fixture(scope="module")
def client(target):
    with pullback.Client(target) as client:
        yield client


@pytest.fixture(params=["Client", "AsyncClient"])
def graded(request, target):
    """The grades of pairs, by either client."""

    async def run(pairs, in_flight):
        async with pullback.AsyncClient(target) as client:
            return [answer async for answer in client.grade_many(pairs, in_flight)]

    def asynchronous(pairs, in_flight=16):
        return asyncio.run(run(pairs, in_flight))

    def synchronous(pairs, in_flight=16):
        with pullback.Client(target) as client:
            return list(client.grade_many(pairs, in_flight))

    return synchronous if request.param == "Client" else asynchronous


def test_a_wrong_answer_is_explained_with_a_point(client):
    grade = client.grade(SQUARE, "wrong SIGN")
    assert grade.outcome is GradeOutcome.INCORRECT
    assert not grade.correct
    assert (grade.findings[0].code, grade.findings[0].column) == ("SIGN", 1)
    point = grade.evidence.counterexample
    np.testing.assert_array_equal(point.inputs["x"], [1.5, 2.0])
    assert (point.index, point.answer, point.derivative) == ((1,), -3.0, 3.0)
    assert str(point) == "at x = [1.5, 2] the answer at entry [1] is -3 and the derivative 3"
    assert str(grade).splitlines()[0] == "INCORRECT  score 0"
    assert {"pullback"} <= set(grade.versions)


def test_everything_of_a_problem_reaches_the_service(client):
    problem = Problem(
        "tanh(A @ x)",
        {
            "A": {"shape": [3, 4], "structure": "well-conditioned"},
            "x": Variable((2,), domain=(-np.inf, 2.5), structure="positive"),
            "c": [1.0, 2.0],
            "n": np.array(3),
        },
        wrt=["x"],
        kind="vjp",
        order=1,
        upstream="u",
        policy=Policy("either", "structured", 1e-6, 7, 11, 1.5, {"SIGN": 0.5}, False, notations=["math"], work=9000),
    )
    grade = client.grade(problem, Attempt("right", "latex", tensor=[1, 2]))
    for word in (
        "name='A', shape=(3, 4), domain=None, structure=<Structure.WELL_CONDITIONED",
        "name='x', shape=(2,), domain=Interval(low=-inf, high=2.5), structure=<Structure.POSITIVE",
        "name='c', shape=(2,), domain=None, structure=<Structure.REAL: ''>, value=Tensor(shape=(2,), values=(1.0, 2.0)",
        "value=Tensor(shape=(), values=(3.0,))", "<Kind.VJP", "upstream='u'", "<Layout.EITHER",
        "<Symmetry.STRUCTURED", "tolerance=1e-06", "points=7", "seed=11", "work=9000", "budget=1.5", "<Mistake.SIGN",
        "accept_smaller_domain=False", "reveal=True", "notations=('math',)",
    ):  # fmt: skip
        assert word in grade.right["python"], word
    assert "syntax=<Syntax.LATEX: 'latex'>, tensor=Tensor(shape=(2,), values=(1.0, 2.0))" in grade.right["latex"]


def test_an_answer_is_a_text_in_a_syntax_or_numbers(client):
    assert "'right', syntax=<Syntax.PYTHON" in client.grade(SQUARE, "right", syntax="python").right["latex"]
    assert "shape=(2,), values=(1.0, 2.0)" in client.grade(SQUARE, np.array([1.0, 2.0])).right["latex"]


@pytest.mark.parametrize(
    ("problem", "answer", "field"),
    [
        (Problem("x*y", {"x": 1.0, "y": 2.0}), "right", "problem.wrt"),
        (Problem("x", {"x": {"shpae": []}}), "right", "problem.inputs[0]"),
        (Problem("x", {"x": {"domain": [1]}}), "right", "problem.inputs[0].domain"),
        (Problem("x", {"x": {"domain": 3}}), "right", "problem.inputs[0].domain"),
        (Problem("x", {"x": {"structure": "pretty"}}), "right", "problem.inputs[0].structure"),
        (Problem("x", {"x": {"shape": [1.5]}}), "right", "problem.inputs[0].shape"),
        (Problem("x", {"x": {"shape": [2**70]}}), "right", "problem.inputs[0].shape"),
        (Problem("x", {"x": 1j}), "right", "problem.inputs[0].value"),
        (Problem("x", {"x": {}}, kind="slope"), "right", "problem.kind"),
        (Problem("x", {"x": {}}, order=1.5), "right", "problem.order"),
        (Problem("x", {"x": {}}, policy=Policy(budget="long")), "right", "problem.policy.budget"),
        (Problem("x", {"x": {}}, policy=Policy(budget=0.0)), "right", "problem.policy.budget"),
        (Problem("x", {"x": {}}, policy=Policy(work=0)), "right", "problem.policy.work"),
        (Problem("x", {"x": {}}, policy=Policy(work=1e6)), "right", "problem.policy.work"),
        (
            Problem("x", {"x": {}}, policy=Policy(partial_credit={"UGLY": 1.0})),
            "right",
            "problem.policy.partial_credit",
        ),
        (Problem("x", {"x": {}}, policy=Policy(layout="torch")), "right", "problem.policy.layout"),
        (SQUARE, Attempt("right", "word"), "answer.syntax"),
        (SQUARE, Attempt("\ud800"), "answer.text"),
        (SQUARE, object(), "answer.tensor"),
        (Problem("refuse", {"x": {}}), "right", "problem.expression"),
    ],
)
def test_what_cannot_be_graded_is_an_invalid_request(client, problem, answer, field):
    with pytest.raises(pullback.InvalidRequest) as refused:
        client.grade(problem, answer)
    assert refused.value.field == field
    assert refused.value.hint or refused.value.column


def test_a_stream_grades_each_pair_once(graded):
    pairs = [(SQUARE, "right" if number % 3 else "wrong SIGN") for number in range(100)]
    answers = graded(pairs)
    assert sorted(answer.position for answer in answers) == list(range(100))
    for answer in answers:
        assert answer.result().correct == bool(answer.position % 3)
        assert answer.id == str(answer.position)


def test_one_that_cannot_be_graded_leaves_the_others_alone(graded):
    pairs = [
        Submission(SQUARE, "right", id="good"),
        Submission(SQUARE, "fail", id="failed"),
        Submission(Problem("refuse", {"x": {}}), "right", id="refused"),
        Submission(Problem("x", {"x": 1j}), "right", id="unsent"),
        Submission(SQUARE, "sleep 3600", id="late", timeout=0.5),
    ]
    answers = {answer.id: answer for answer in graded(pairs)}
    assert answers["good"].result().correct
    assert isinstance(answers["failed"].error, pullback.InternalError)
    assert answers["refused"].error.field == "problem.expression"
    assert isinstance(answers["unsent"].error, pullback.InvalidRequest)
    assert answers["late"].result().outcome is GradeOutcome.UNDECIDED


def test_the_death_of_workers_loses_no_grade(service, client):
    taken = []
    for answer in client.grade_many((SQUARE, "right") for _ in range(400)):
        taken.append(answer.position)
        assert answer.result().correct
        if answer.position in (50, 200):
            service.kill_workers()
    assert sorted(taken) == list(range(400))
    eventually(lambda: len(service.family()) == 3)


def test_a_token_shows_its_grade_again(client):
    grade = client.grade(SQUARE, "wrong SIGN")
    assert str(client.replay(grade.replay)) == str(grade)
    with pytest.raises(pullback.InvalidRequest):
        client.replay("nothing")


def test_the_async_client_grades_and_replays(target):
    async def run():
        async with pullback.AsyncClient(target) as client:
            grade = await client.grade(SQUARE, "wrong SIGN")
            return grade, await client.replay(grade.replay)

    grade, again = asyncio.run(run())
    assert grade.findings == again.findings
