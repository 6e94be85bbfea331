"""The main job, end to end: the real service over a real socket, from Python and from the shell."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pullback
import pytest
from command_line import shell
from pullback import FormOrigin, LegState, Outcome
from waiting import PATIENCE

from tests.processes import descendants

EXAMPLE = ("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, [1, 1])
RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.standard_normal(shape)


def workers():
    """The pids of the workers of the servers that this process started: the leaves of its family."""
    parents = descendants(os.getpid())
    leaves = parents.keys() - parents.values()
    return {pid for pid in leaves if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.fixture(scope="module")
def hasty():
    """A client of a service that has no time for closed forms, and what gives the pids of its workers."""
    before = workers()
    with pullback.local("--workers", "2", "--symbolic-budget", "0.02") as client:
        yield client, lambda: workers() - before


def assert_all_agree(reply):
    assert reply.verdicts
    for name, verdict in reply.verdicts.items():
        assert verdict.outcome is Outcome.AGREE, (name, verdict)


def test_the_first_example_is_right_to_the_last_digit(client):
    reply = client.differentiate(*EXAMPLE)
    np.testing.assert_array_equal(reply.value, [-12, 65])
    np.testing.assert_array_equal(reply.gradients["a"], [36, 81])
    np.testing.assert_array_equal(reply.gradients["b"], [-12, -8])
    assert reply.jacobians["a"].text == "9*a[p]**2*delta(i, p)"
    assert reply.jacobians["b"].text == "-2*b[p]*delta(i, p)"
    assert reply.vjps["a"].text == "9*a[p]**2*v[p]"
    assert reply.jacobians["a"].entries.tolist() == [["9*a[0]**2", "0"], ["0", "9*a[1]**2"]]
    assert reply.jacobians["a"].latex
    assert reply.device == "cpu" or ":" in reply.device
    assert {"pullback", "torch", "sympy", "python"} <= set(reply.versions)
    assert_all_agree(reply)


def test_code_and_steps_are_there_for_those_who_ask(client):
    plain = client.differentiate(*EXAMPLE)
    assert (plain.code, plain.steps) == (pullback.Code(), ())
    assert plain.jacobians["a"].matrix == "diag(9*a**2)"
    assert plain.jacobians["a"].matrix_latex
    for _ in range(3):
        reply = client.differentiate(*EXAMPLE, notations=("code", "steps"))
        scope = {}
        exec(reply.code.numpy, scope)
        np.testing.assert_array_equal(scope["vjp"]([2, 3], [6, 4], [1, 1])["a"], reply.gradients["a"])
        assert "def jacobian(a, b)" in reply.code.torch
        results = {step.input: step.text for step in reply.steps if step.kind is pullback.StepKind.RESULT}
        assert results == {"a": "v_a[i] = 9*a[i]**2*v[i]", "b": "v_b[i] = -2*b[i]*v[i]"}
        assert reply.jacobians["a"].text == ""
        assert_all_agree(reply)


def test_the_closed_forms_own_numbers_come_where_they_are_asked_for(client):
    assert not client.differentiate(*EXAMPLE).closed_form_gradients
    inputs = {"x": np.array([1.0, 2.0], np.float32)}
    reply = client.differentiate("sin(x)", inputs, [1, 2], notations=(), check=False, closed_form_gradients=True)
    own = reply.closed_form_gradients["x"]
    assert own.dtype == np.float64
    np.testing.assert_allclose(own, np.array([1, 2]) * np.cos([1.0, 2.0]), rtol=1e-15)
    assert reply.verdicts["x"].reason == "NOT_CHECKED"


def test_lines_with_names_are_intermediates(client):
    reply = client.differentiate("z = x**2 + y\np = z*2 + x\np", {"x": 1, "y": 2})
    assert (reply.value, reply.intermediates["z"]) == (7, 3)
    assert (reply.gradients["x"], reply.gradients["y"]) == (5, 2)
    assert_all_agree(reply)


def test_the_torch_tutorial_example(client):
    reply = client.differentiate("torch.sum(torch.abs(A*(-2) + 1))", {"A": np.ones((3, 3))})
    assert reply.value == 9
    np.testing.assert_array_equal(reply.gradients["A"], np.full((3, 3), 2.0))
    assert_all_agree(reply)


def test_a_vector_without_an_upstream_gradient_is_refused_naming_its_shape(client):
    with pytest.raises(pullback.InvalidRequest) as refused:
        client.differentiate("a**2", {"a": [1, 2, 3]})
    assert refused.value.output_shape == (3,)
    assert "[3]" in str(refused.value)
    assert refused.value.field == "upstream"


def test_a_million_entries_agree_and_no_worker_derives_the_form_again(client):
    expression, small = "sin(a)*b - a**3", {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    assert client.differentiate(expression, small, [1, 1]).form_origin is FormOrigin.DERIVED
    seen = set()
    big = {"a": normal(10**6), "b": normal(10**6)}
    upstream = normal(10**6)
    requests = [pullback.Request(expression, big, upstream) for _ in range(4)]
    for answer in client.differentiate_many(requests):
        reply = answer.result()
        seen.add(reply.form_origin)
        np.testing.assert_allclose(reply.gradients["a"], upstream * (np.cos(big["a"]) * big["b"] - 3 * big["a"] ** 2))
        np.testing.assert_allclose(reply.gradients["b"], upstream * np.sin(big["a"]))
        assert_all_agree(reply)
    assert FormOrigin.DERIVED not in seen


@pytest.mark.parametrize(
    ("expression", "shapes", "output"),
    [
        ("softmax(Q @ K.T / sqrt(8), dim=-1) @ V", {"Q": (12, 8), "K": (9, 8), "V": (9, 5)}, (12, 5)),
        ("tanh(W3 @ tanh(W2 @ tanh(W1 @ x)))", {"W1": (20, 16), "W2": (24, 20), "W3": (8, 24), "x": (16,)}, (8,)),
        ("sum(log(1 + exp(-y*(X @ w))))", {"X": (200, 12), "y": (200,), "w": (12,)}, ()),
        ("softmax(x)", {"x": (1000,)}, (1000,)),
        ("sum((X - U @ V.T)**2)", {"X": (60, 40), "U": (60, 5), "V": (40, 5)}, ()),
    ],
)
def test_the_expressions_of_every_day_agree_at_every_entry_and_read_well(client, expression, shapes, output):
    inputs = {name: normal(*shape) / 2 for name, shape in shapes.items()}
    reply = client.differentiate(expression, inputs, normal(*output))
    assert_all_agree(reply)
    for name, verdict in reply.verdicts.items():
        assert verdict.compared == np.size(inputs[name])
        assert 0 < len(reply.jacobians[name].text) < 2000
        assert 0 < len(reply.vjps[name].text) < 2000


def test_names_that_mean_something_elsewhere_are_just_names(client):
    names = ["E", "I", "S", "N", "beta", "e"]
    reply = client.differentiate("*".join(names), {name: k + 2 for k, name in enumerate(names)})
    assert reply.value == 2 * 3 * 4 * 5 * 6 * 7
    assert [reply.gradients[name] for name in names] == [reply.value / (k + 2) for k in range(6)]
    assert_all_agree(reply)


HOSTILE = ["__import__('os')", "x.__class__", "(lambda: 1)()", "9**9**9", "+".join("x" * 50_000), "x*y"]


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:20])
def test_what_is_hostile_is_refused_and_the_next_request_answered(client, expression):
    inputs = {"x": np.ones((10**6, 1)), "y": np.ones((1, 10**6))}
    with pytest.raises(pullback.InvalidRequest) as refused:
        client.differentiate(expression, inputs)
    assert refused.value.code.name == "INVALID_ARGUMENT"
    assert refused.value.reason
    assert client.differentiate("x**2", {"x": 3}).gradients["x"] == 6


def test_only_what_is_wanted_is_differentiated(client):
    reply = client.differentiate("x*y*n", {"x": 2.0, "y": pullback.constant(3.0), "n": np.int64(2)})
    assert set(reply.gradients) == set(reply.verdicts) == set(reply.jacobians) == {"x"}
    reply = client.differentiate("x*y + 0*z", {"x": 2.0, "y": 3.0, "z": 4.0}, wrt=["y", "z"])
    assert (reply.gradients["y"], reply.gradients["z"]) == (2, 0)


def test_without_notations_and_check_the_symbolic_leg_is_not_run(client):
    reply = client.differentiate("log(x)*17", {"x": 2.0}, notations=(), check=False)
    assert reply.legs["x"].symbolic.state is LegState.NOT_REQUESTED
    assert reply.verdicts["x"].reason == "NOT_CHECKED"
    assert reply.form_origin is FormOrigin.UNSPECIFIED


def test_a_stream_answers_each_request_by_its_id_also_those_that_fail(client):
    requests = [pullback.Request("x**2" if k % 3 else "x +", {"x": k}, id=str(k)) for k in range(60)]
    answers = {answer.id: answer for answer in client.differentiate_many(requests)}
    assert set(answers) == {str(k) for k in range(60)}
    for k in range(60):
        if k % 3:
            assert answers[str(k)].result().gradients["x"] == 2 * k
        else:
            with pytest.raises(pullback.InvalidRequest):
                answers[str(k)].result()


def test_a_worker_killed_during_a_call_costs_no_answer(hasty):
    """Matrix products that take about a second, while every worker is killed once."""
    client, workers = hasty
    before = workers()
    assert before
    inputs = {"A": normal(700, 700)}
    replies = []
    expression = f"sum({' @ '.join('A' * 41)})*1e-60"
    call = threading.Thread(target=lambda: replies.append(client.differentiate(expression, inputs)))
    call.start()
    time.sleep(0.3)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    call.join(PATIENCE)
    assert replies
    assert np.isfinite(replies[0].gradients["A"]).all()
    for _ in range(8):
        assert client.differentiate("x**2", {"x": 3}).gradients["x"] == 6
    assert before.isdisjoint(workers())


def test_a_closed_form_over_its_budget_costs_no_number(hasty):
    client, _ = hasty
    lines = [f"x{k + 1} = sin(x{k})*cos(x{k}) + x{k}**2*exp(-x{k})" for k in range(60)]
    expression = "\n".join([*lines, "sum(x60)"])
    reply = client.differentiate(expression, {"x0": [0.5, 0.7]})
    assert np.isfinite(reply.gradients["x0"]).all()
    assert reply.legs["x0"].symbolic.state is LegState.DEADLINE
    assert reply.verdicts["x0"].outcome is Outcome.UNDECIDED
    assert reply.verdicts["x0"].reason == "DEADLINE"
    again = client.differentiate(expression, {"x0": [0.5, 0.7]})
    assert again.legs["x0"].symbolic.state is LegState.DEADLINE
    np.testing.assert_array_equal(again.gradients["x0"], reply.gradients["x0"])


def test_the_shell_shows_the_main_job_and_its_exit_code_says_the_verdict(client):
    target = ("--target", client.target)
    shown = shell("diff", "3*a**3 - b**2", "a=2,3", "b=6,4", "--upstream", "1,1", *target)
    assert shown.returncode == 0, shown.stderr
    for part in ("[36, 81]", "[-12, -8]", "9*a[p]**2*delta(i, p)", "AGREE"):
        assert part in shown.stdout
    as_json = shell("diff", "3*a**3 - b**2", "a=2,3", "b=6,4", "--upstream", "1,1", "--json", *target)
    reply = json.loads(as_json.stdout)
    assert reply["gradients"] == {"a": [36, 81], "b": [-12, -8]}
    assert reply["verdicts"]["a"]["outcome"] == "AGREE"
    assert shell("diff", "softplus(x)", "x=20.1", *target).returncode == 1
    assert shell("diff", "x**2", "x=1,2", *target).returncode == 2
    assert shell("diff", "x", "x=1", "--target", "127.0.0.1:1", "--timeout", "1").returncode == 3


def test_the_shell_describes_the_operators(client):
    listed = shell("operators", "--target", client.target)
    assert listed.returncode == 0
    assert "logsumexp" in listed.stdout
    described = shell("operators", "abs", "--target", client.target).stdout
    assert "x == 0" in described
    assert "sign(x[p, q])*delta(i, p)*delta(j, q)" in described
