"""`check_backward`: right backward functions pass, and each mistake that people make has its name."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pullback import BackwardOutcome, InvalidRequest, Variable, check_backward
from pullback.backward.mistakes import MISTAKES

MATRIX = {"A": Variable(("n", "m")), "x": Variable(("m",))}
PRODUCT = {"A": {"shape": ["n", "m"]}, "B": {"shape": ["m", "k"]}}
VECTOR = {"x": {"shape": ["n"]}}
BIASED = {"x": {"shape": ["n", "m"]}, "b": {"shape": ["m"]}}


def linear(inputs, v):
    return {"A": np.outer(v, inputs["x"]), "x": inputs["A"].T @ v}


def product(inputs, v):
    return v @ inputs["B"].T, inputs["A"].T @ v


def tanh(inputs, v):
    return v * (1 - np.tanh(inputs["x"]) ** 2)


def dead_branch(inputs, v):
    """Right where autograd gives NaN, at negative x."""
    return v * np.where(inputs["x"] > 0, 0.5 / np.sqrt(np.abs(inputs["x"])), 0)


def biased(inputs, v):
    return {"x": v * np.ones_like(inputs["x"]), "b": v.sum(axis=0)}


@pytest.mark.parametrize(
    ("expression", "backward", "inputs"),
    [
        ("A @ x", linear, MATRIX),
        ("A @ B", product, PRODUCT),
        ("tanh(x)", tanh, VECTOR),
        ("x + b", biased, BIASED),
        ("x.sum()", lambda inputs, v: v * np.ones_like(inputs["x"]), VECTOR),
        ("x*n", lambda inputs, v: v * inputs["n"], {"x": Variable(("k",)), "n": np.array(3)}),
        ("x**2", lambda inputs, v: 2 * inputs["x"] * v, {"x": [1.0, 2.0]}),
        ("x**2", lambda inputs, v: 2 * inputs["x"] * v, {"x": {}}),
        ("log(x)", lambda inputs, v: v / inputs["x"], {"x": Variable(("n",), domain=(0.1, np.inf))}),
        ("logdet(S)", lambda inputs, v: v * np.linalg.inv(inputs["S"]).T, {"S": Variable(("n", "n"), structure="spd")}),
        ("where(x > 0, sqrt(x), 0)", dead_branch, VECTOR),
        ("x*y", lambda inputs, v: {"x": v * inputs["y"]}, {"x": VECTOR["x"], "y": VECTOR["x"]}),
    ],
)
def test_a_right_backward_passes(client, expression, backward, inputs):
    wrt = "x" if expression == "x*y" else None
    report = check_backward(expression, backward, inputs, client=client, wrt=wrt)
    assert report.passed, str(report)
    assert str(report).splitlines()[0].startswith(f"backward of {expression}: right")
    assert not any(report.codes.values())


def raising(inputs, v):
    raise ZeroDivisionError("not yet")


def writing(inputs, v):
    inputs["x"][...] = 0
    return v * 2


#: An expression, a wrong backward function, its inputs, and the code of what is wrong with it.
WRONG = [
    ("x**2", lambda inputs, v: 2 * inputs["x"], VECTOR, "UPSTREAM_IGNORED"),
    ("A @ x", lambda inputs, v: {**linear(inputs, v), "x": inputs["A"].sum(axis=0)}, MATRIX, "UPSTREAM_IGNORED"),
    ("tanh(x)", lambda inputs, v: v, VECTOR, "UPSTREAM_RETURNED"),
    ("tanh(x)", lambda inputs, v: -tanh(inputs, v), VECTOR, "SIGN"),
    ("tanh(x)", lambda inputs, v: 0.5 * tanh(inputs, v), VECTOR, "CONSTANT_FACTOR"),
    ("tanh(x)", lambda inputs, v: tanh(inputs, v) / v.size, VECTOR, "MEAN_FOR_SUM"),
    ("tanh(x)", lambda inputs, v: tanh(inputs, v) * v.size, VECTOR, "FACTOR"),
    ("tanh(x)", lambda inputs, v: np.diag(1 - np.tanh(inputs["x"]) ** 2), VECTOR, "JACOBIAN_FOR_VJP"),
    ("x + b", lambda inputs, v: {"x": v, "b": v}, BIASED, "BROADCAST_NOT_SUMMED"),
    ("x + b", lambda inputs, v: {"x": v, "b": v.sum()}, BIASED, "SUMMED"),
    ("x + b", lambda inputs, v: {"x": v, "b": v.sum(axis=0, keepdims=True)}, BIASED, "BROADCAST_NOT_SUMMED"),
    ("A @ B", lambda inputs, v: tuple(g.T for g in product(inputs, v)), PRODUCT, "TRANSPOSED"),
    ("A @ x", lambda inputs, v: {**linear(inputs, v), "x": (inputs["A"].T @ v)[:, None]}, MATRIX, "SHAPE"),
    ("x*y", lambda inputs, v: (v * inputs["x"], v * inputs["y"]), {"x": {"shape": [3]}, "y": {"shape": [3]}},
     "WRONG_INPUT"),
    ("A @ x", lambda inputs, v: (None, inputs["A"].T @ v), MATRIX, "MISSING"),
    ("A @ x", lambda inputs, v: {"A": np.outer(v, inputs["x"])}, MATRIX, "MISSING"),
    ("tanh(x)", lambda inputs, v: tanh(inputs, v).astype(np.float32), VECTOR, "PRECISION"),
    ("tanh(x)", lambda inputs, v: tanh(inputs, v) * np.nan, VECTOR, "NOT_A_NUMBER"),
    ("trace(S @ S)", lambda inputs, v: 2 * v * (2 * inputs["S"] - np.diag(np.diag(inputs["S"]))),
     {"S": Variable(("n", "n"), structure="symmetric")}, "SYMMETRIC_CONVENTION"),
    ("tanh(x)", raising, VECTOR, "RAISED"),
    ("tanh(x)", lambda inputs, v: "gradient", VECTOR, "RAISED"),
    ("A @ x", lambda inputs, v: np.outer(v, inputs["x"]), MATRIX, "RAISED"),
    ("A @ x", lambda inputs, v: {"y": v}, MATRIX, "RAISED"),
    ("A @ x", lambda inputs, v: (v, v, v), MATRIX, "RAISED"),
    ("2*x", writing, VECTOR, "INPUT_CHANGED"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "backward", "inputs", "code"), WRONG)
def test_a_mistake_has_its_name(client, expression, backward, inputs, code):
    report = check_backward(expression, backward, inputs, client=client)
    assert not report.passed
    assert any(code in codes for codes in report.codes.values()), str(report)
    assert code in str(report)


def test_each_mistake_of_the_table_is_tried():
    assert {reason.name for reason, _ in MISTAKES} <= {code for *_, code in WRONG}


def test_an_unexplained_mistake_still_has_its_worst_entry(client):
    def off(inputs, v):
        gradient = tanh(inputs, v)
        gradient[-1] += 1
        return gradient

    report = check_backward("tanh(x)", off, VECTOR, client=client)
    x = report.inputs["x"]
    assert (x.outcome, x.findings) == (BackwardOutcome.WRONG, ())
    assert x.worst.index == (2,)
    assert x.worst.given - x.worst.right == pytest.approx(1)


def test_only_the_input_that_is_wrong_is_called_wrong(client):
    report = check_backward(
        "A @ x", lambda inputs, v: {**linear(inputs, v), "x": -inputs["A"].T @ v}, MATRIX, client=client
    )
    assert report.inputs["A"].outcome is BackwardOutcome.RIGHT
    assert report.codes == {"A": (), "x": ("SIGN",)}


def test_named_sizes_are_several_shapes_and_the_points_come_from_the_seed(client):
    seen = []

    def watched(inputs, v):
        seen.append((inputs["A"].copy(), v.copy()))
        return linear(inputs, v)

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
    report = check_backward("x**2", lambda inputs, v: 2 * inputs["x"] * v, sets, client=client)
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
    def backward(inputs, v):
        assert isinstance(v, torch.Tensor)
        return v * 2 * inputs["x"]

    assert check_backward("x**2", backward, VECTOR, client=client, tensors="torch").passed
    assert check_backward("x**2", backward, {"x": torch.tensor([1.0, 2.0])}, client=client).passed


def test_a_kink_is_no_mistake_of_the_function(client):
    report = check_backward("abs(x)", lambda inputs, v: v * np.sign(inputs["x"]), {"x": [0.0]}, client=client)
    assert BackwardOutcome.WRONG not in {result.outcome for result in report.inputs.values()}


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
        check_backward(expression, lambda inputs, v: v, inputs, client=client, **options)


def test_the_fixture_fails_a_test_with_the_report(client, tmp_path):
    (tmp_path / "test_mine.py").write_text(
        'pytest_plugins = ["pullback.testing"]\n'
        "def test_right(check_backward):\n"
        '    check_backward("x**2", lambda inputs, v: 2 * inputs["x"] * v, {"x": {"shape": ["n"]}})\n'
        "def test_wrong(check_backward):\n"
        '    check_backward("x**2", lambda inputs, v: 2 * inputs["x"], {"x": {"shape": ["n"]}})\n'
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
