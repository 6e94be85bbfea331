"""`check_backward`: right backward functions pass, and each mistake that people make has its name."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pullback import BackwardOutcome, InvalidRequest, Variable, check_backward

MATRIX = {"A": Variable(("n", "m")), "x": Variable(("m",))}
PRODUCT = {"A": {"shape": ["n", "m"]}, "B": {"shape": ["m", "k"]}}
VECTOR = {"x": {"shape": ["n"]}}
BIASED = {"x": {"shape": ["n", "m"]}, "b": {"shape": ["m"]}}


@pytest.fixture(scope="module")
def client(mathematics):
    return mathematics


def linear(given, v):
    return {"A": np.outer(v, given["x"]), "x": given["A"].T @ v}


def product(given, v):
    return v @ given["B"].T, given["A"].T @ v


def tanh(given, v):
    return v * (1 - np.tanh(given["x"]) ** 2)


def dead_branch(given, v):
    """Right where autograd gives NaN, at negative x."""
    return v * np.where(given["x"] > 0, 0.5 / np.sqrt(np.abs(given["x"])), 0)


def biased(given, v):
    return {"x": v * np.ones_like(given["x"]), "b": v.sum(axis=0)}


@pytest.mark.parametrize(
    ("expression", "backward", "inputs"),
    [
        ("A @ x", linear, MATRIX),
        ("A @ B", product, PRODUCT),
        ("tanh(x)", tanh, VECTOR),
        ("x + b", biased, BIASED),
        ("x.sum()", lambda given, v: v * np.ones_like(given["x"]), VECTOR),
        ("x*n", lambda given, v: v * given["n"], {"x": Variable(("k",)), "n": np.array(3)}),
        ("x**2", lambda given, v: 2 * given["x"] * v, {"x": [1.0, 2.0]}),
        ("x**2", lambda given, v: 2 * given["x"] * v, {"x": {}}),
        ("log(x)", lambda given, v: v / given["x"], {"x": Variable(("n",), domain=(0.1, np.inf))}),
        ("logdet(S)", lambda given, v: v * np.linalg.inv(given["S"]).T, {"S": Variable(("n", "n"), structure="spd")}),
        ("where(x > 0, sqrt(x), 0)", dead_branch, VECTOR),
        ("x*y", lambda given, v: {"x": v * given["y"]}, {"x": VECTOR["x"], "y": VECTOR["x"]}),
    ],
)
def test_a_right_backward_passes(client, expression, backward, inputs):
    wrt = "x" if expression == "x*y" else None
    report = check_backward(expression, backward, inputs, client=client, wrt=wrt)
    assert report.passed, str(report)
    assert str(report).splitlines()[0].startswith(f"backward of {expression}: right")
    assert not any(report.codes.values())


def raising(given, v):
    raise ZeroDivisionError("not yet")


def writing(given, v):
    given["x"][...] = 0
    return v * 2


@pytest.mark.parametrize(
    ("expression", "backward", "inputs", "code"),
    [
        ("x**2", lambda given, v: 2 * given["x"], VECTOR, "UPSTREAM_IGNORED"),
        ("A @ x", lambda given, v: {**linear(given, v), "x": given["A"].sum(axis=0)}, MATRIX, "UPSTREAM_IGNORED"),
        ("tanh(x)", lambda given, v: v, VECTOR, "UPSTREAM_RETURNED"),
        ("tanh(x)", lambda given, v: -tanh(given, v), VECTOR, "SIGN"),
        ("tanh(x)", lambda given, v: 0.5 * tanh(given, v), VECTOR, "CONSTANT_FACTOR"),
        ("tanh(x)", lambda given, v: tanh(given, v) / v.size, VECTOR, "MEAN_FOR_SUM"),
        ("tanh(x)", lambda given, v: tanh(given, v) * v.size, VECTOR, "FACTOR"),
        ("tanh(x)", lambda given, v: np.diag(1 - np.tanh(given["x"]) ** 2), VECTOR, "JACOBIAN_FOR_VJP"),
        ("x + b", lambda given, v: {"x": v, "b": v}, BIASED, "BROADCAST_NOT_SUMMED"),
        ("x + b", lambda given, v: {"x": v, "b": v.sum()}, BIASED, "SUMMED"),
        ("x + b", lambda given, v: {"x": v, "b": v.sum(axis=0, keepdims=True)}, BIASED, "BROADCAST_NOT_SUMMED"),
        ("A @ B", lambda given, v: tuple(g.T for g in product(given, v)), PRODUCT, "TRANSPOSED"),
        ("A @ x", lambda given, v: {**linear(given, v), "x": (given["A"].T @ v)[:, None]}, MATRIX, "SHAPE"),
        ("x*y", lambda given, v: (v * given["x"], v * given["y"]), {"x": {"shape": [3]}, "y": {"shape": [3]}},
         "WRONG_INPUT"),
        ("A @ x", lambda given, v: (None, given["A"].T @ v), MATRIX, "MISSING"),
        ("A @ x", lambda given, v: {"A": np.outer(v, given["x"])}, MATRIX, "MISSING"),
        ("tanh(x)", lambda given, v: tanh(given, v).astype(np.float32), VECTOR, "PRECISION"),
        ("tanh(x)", lambda given, v: tanh(given, v) * np.nan, VECTOR, "NOT_A_NUMBER"),
        ("trace(S @ S)", lambda given, v: 2 * v * (2 * given["S"] - np.diag(np.diag(given["S"]))),
         {"S": Variable(("n", "n"), structure="symmetric")}, "SYMMETRIC_CONVENTION"),
        ("tanh(x)", raising, VECTOR, "RAISED"),
        ("tanh(x)", lambda given, v: "gradient", VECTOR, "RAISED"),
        ("A @ x", lambda given, v: np.outer(v, given["x"]), MATRIX, "RAISED"),
        ("A @ x", lambda given, v: {"y": v}, MATRIX, "RAISED"),
        ("A @ x", lambda given, v: (v, v, v), MATRIX, "RAISED"),
        ("2*x", writing, VECTOR, "INPUT_CHANGED"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_name(client, expression, backward, inputs, code):
    report = check_backward(expression, backward, inputs, client=client)
    assert not report.passed
    assert any(code in codes for codes in report.codes.values()), str(report)
    assert code in str(report)


def test_an_unexplained_mistake_still_has_its_worst_entry(client):
    def off(given, v):
        gradient = tanh(given, v)
        gradient[-1] += 1
        return gradient

    report = check_backward("tanh(x)", off, VECTOR, client=client)
    found = report.inputs["x"]
    assert (found.outcome, found.findings) == (BackwardOutcome.WRONG, ())
    assert found.worst.index == (2,)
    assert found.worst.given - found.worst.right == pytest.approx(1)


def test_only_the_input_that_is_wrong_is_called_wrong(client):
    report = check_backward(
        "A @ x", lambda given, v: {**linear(given, v), "x": -given["A"].T @ v}, MATRIX, client=client
    )
    assert report.inputs["A"].outcome is BackwardOutcome.RIGHT
    assert report.codes == {"A": (), "x": ("SIGN",)}


def test_named_sizes_are_several_shapes_and_the_points_come_from_the_seed(client):
    seen = []

    def watched(given, v):
        seen.append((given["A"].copy(), v.copy()))
        return linear(given, v)

    first = check_backward("A @ x", watched, MATRIX, client=client, seed=3)
    assert [shapes["A"] for shapes in first.shapes] == [(3, 4), (2, 5), (1, 1)]
    assert all(array.dtype == np.float64 for pair in seen for array in pair)
    half = len(seen)
    check_backward("A @ x", watched, MATRIX, client=client, seed=3)
    for (a, v), (b, w) in zip(seen[:half], seen[half:], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(v, w)


def test_several_sets_of_inputs_are_all_tried(client):
    sets = [{"x": [1.0, 2.0]}, {"x": [[3.0]]}]
    report = check_backward("x**2", lambda given, v: 2 * given["x"] * v, sets, client=client)
    assert [shapes["x"] for shapes in report.shapes] == [(2,), (1, 1)]


class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, x):
        ctx.save_for_backward(a, x)
        return a @ x

    @staticmethod
    def backward(ctx, v):
        a, x = ctx.saved_tensors
        return torch.outer(v, x), a.T @ v


class IgnoresUpstream(Linear):
    @staticmethod
    def backward(ctx, v):
        a, x = ctx.saved_tensors
        return torch.outer(v, x), a.sum(0)


class OtherForward(Linear):
    @staticmethod
    def forward(ctx, a, x):
        ctx.save_for_backward(a, x)
        return 2 * (a @ x)


def test_an_autograd_function_is_checked_forward_and_backward(client):
    assert check_backward("A @ x", Linear, MATRIX, client=client).passed
    assert check_backward("A @ x", IgnoresUpstream, MATRIX, client=client).codes == {
        "A": (),
        "x": ("UPSTREAM_IGNORED",),
    }
    report = check_backward("A @ x", OtherForward, MATRIX, client=client)
    assert report.codes == {"A": ("FORWARD_DIFFERS",), "x": ("FORWARD_DIFFERS",)}
    assert not report.passed


def test_torch_tensors_go_to_those_who_use_them(client):
    def backward(given, v):
        assert isinstance(v, torch.Tensor)
        return v * 2 * given["x"]

    assert check_backward("x**2", backward, VECTOR, client=client, tensors="torch").passed
    assert check_backward("x**2", backward, {"x": torch.tensor([1.0, 2.0])}, client=client).passed


def test_a_kink_is_no_mistake_of_the_function(client):
    report = check_backward("abs(x)", lambda given, v: v * np.sign(given["x"]), {"x": [0.0]}, client=client)
    assert BackwardOutcome.WRONG not in {found.outcome for found in report.inputs.values()}


@pytest.mark.parametrize(
    ("expression", "inputs", "options"),
    [
        ("sine(x)", VECTOR, {}),
        ("x", {"x": {"shpae": [2]}}, {}),
        ("x", {"x": Variable(("n",), structure="spd")}, {}),
        ("x", {"x": Variable(("n",), structure="pretty")}, {}),
        ("x", VECTOR, {"tensors": "jax"}),
        ("x", VECTOR, {"wrt": "y"}),
    ],
)
def test_what_cannot_be_checked_is_an_invalid_request(client, expression, inputs, options):
    with pytest.raises(InvalidRequest):
        check_backward(expression, lambda given, v: v, inputs, client=client, **options)


def test_the_fixture_fails_a_test_with_the_report(client, tmp_path):
    (tmp_path / "test_mine.py").write_text(
        'pytest_plugins = ["pullback.testing"]\n'
        "def test_right(check_backward):\n"
        '    check_backward("x**2", lambda given, v: 2 * given["x"] * v, {"x": {"shape": ["n"]}})\n'
        "def test_wrong(check_backward):\n"
        '    check_backward("x**2", lambda given, v: 2 * given["x"], {"x": {"shape": ["n"]}})\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULLBACK_TARGET": client.target},
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "UPSTREAM_IGNORED" in done.stdout


def test_a_check_without_torch_things_leaves_torch_alone(client):
    code = (
        "import sys, pullback\n"
        f"with pullback.Client({client.target!r}) as client:\n"
        "    report = pullback.check_backward('x**2', lambda g, v: 2*g['x']*v, {'x': {'shape': [2]}}, client=client)\n"
        "assert report.passed and not {'torch', 'sympy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
