"""Matrix notation: what is written is an expression of our own language, and comes to torch's own numbers."""

import numpy as np
import pytest
import torch
from both_legs import JACOBIAN, MATRIX, MATRIX_LATEX, TEXT, VJP, derivation_of, jacobian, request_for, tensors, texts_of
from printed_values import sent_back
from pullback_server.operators import TABLE
from pullback_server.symbolic import DECODERS, NotationState
from pullback_server.symbolic.notation.matrix import notation
from row_samples import all_slow, mostly_slow, sample_requests
from written_expressions import ALL, ORDINARY


def written(expression, shapes):
    """Each derivative's (Jacobian, vector-Jacobian product), by the input's name."""
    return forms(request_for(expression, tensors(**shapes)))


def forms(asked):
    return texts_of(asked, MATRIX, MATRIX_LATEX)


def wrong(asked, name, form):
    """Which of an input's two texts, where they are given, do not come to torch's numbers in the right shape."""
    expected = jacobian(asked, name)
    output, shape = asked.upstream.shape, expected.shape[asked.upstream.dim() :]
    pulled = torch.tensordot(asked.upstream.to(expected.dtype), expected, dims=len(output))
    axes = tuple(n for n in output if n != 1), tuple(n for n in shape if n != 1)
    full = shape if not axes[0] else output if not axes[1] else axes[0] + axes[1]
    pairs = (("Jacobian", form[JACOBIAN][MATRIX], expected.reshape(full)), ("VJP", form[VJP][MATRIX], pulled))
    return [
        (asked.expression, name, what, text) for what, text, right in pairs if text and not same(asked, text, right)
    ]


def same(asked, text, right):
    # A function of integers is a float32 in torch; of the same numbers as float64 it has all digits.
    return any(close(sent_back(asked, text, widened), right) for widened in (False, True))


def close(tensor, right):
    # A choice between numbers alone is a float32, as in torch.
    tolerance = 1e-10 if tensor.dtype is right.dtype else 1e-6
    return tensor.shape == right.shape and np.allclose(tensor, right, rtol=tolerance, atol=tolerance, equal_nan=True)


VECTORS = {"x": (3,), "y": (3,)}
TEXTS = [
    ("3*a**3 - b**2", "a", {"a": (2,), "b": (2,)}, "diag(9*a**2)", "9*v*a**2"),
    ("3*a**3 - b**2", "b", {"a": (2,), "b": (2,)}, "diag(-2*b)", "-2*v*b"),
    ("A @ x", "x", {"A": (2, 3), "x": (3,)}, "A", "A.T @ v"),
    ("A @ x", "A", {"A": (2, 3), "x": (3,)}, "", "outer(v, x)"),
    ("tanh(A @ x)", "x", {"A": (2, 3), "x": (3,)}, "diag(1 - tanh(A @ x)**2) @ A", "A.T @ (v*(1 - tanh(A @ x)**2))"),
    ("x.T @ A @ x", "x", {"A": (3, 3), "x": (3,)}, "(A + A.T) @ x", "v*(A + A.T) @ x"),
    ("x.T @ A @ x", "A", {"A": (3, 3), "x": (3,)}, "outer(x, x)", "v*outer(x, x)"),
    ("softmax(x)", "x", {"x": (4,)}, "s = softmax(x)\ndiag(s) - outer(s, s)", "s = softmax(x)\ns*(v - v @ s)"),
    ("x + y", "x", VECTORS, "eye(x.shape[0])", "v"),
    ("sum(X)**2", "X", {"X": (2, 3)}, "2*sum(X)*ones(X.shape[0], X.shape[1])",
     "2*v*sum(X)*ones(X.shape[0], X.shape[1])"),
    ("dot(x, y)", "x", VECTORS, "y", "v*y"),
    ("norm(x - y)", "y", VECTORS, "(y - x)/norm(x - y)", "v*(y - x)/norm(x - y)"),
    ("trace(A @ X @ B)", "X", {"A": (4, 2), "X": (2, 3), "B": (3, 4)}, "A.T @ B.T", "v*A.T @ B.T"),
    ("log(det(X))", "X", {"X": (3, 3)}, "inv(X).T", "v*inv(X).T"),
    ("inv(X)", "X", {"X": (3, 3)}, "", "-inv(X).T @ v @ inv(X).T"),
    ("W2 @ relu(W1 @ x)", "x", {"W1": (3, 2), "W2": (2, 3), "x": (2,)}, "(W2*(W1 @ x > 0)) @ W1",
     "W1.T @ ((W1 @ x > 0)*(W2.T @ v))"),
    ("relu(x)", "x", {"x": (3,)}, "diag(where(x > 0, 1.0, 0.0))", "v*(x > 0)"),
    ("((x > y) == (x > 0.5))*x", "x", VECTORS, "diag(where((x > y) == (x > 0.5), 1.0, 0.0))",
     "v*((x > y) == (x > 0.5))"),
    ("leaky_relu(x)", "x", {"x": (2, 3)}, "", "where(x > 0, v, 0.01*v)"),
    ("X @ w", "w", {"X": (3, 2), "w": (2, 1)}, "X", "X.T @ v"),
    ("sum((X @ w - y)**2)", "w", {"X": (3, 2), "w": (2,), "y": (3,)}, "2*X.T @ (X @ w - y)", "2*v*X.T @ (X @ w - y)"),
    ("C**2", "C", {"C": (2, 3, 4)}, "", "2*v*C"),
    ("x*0 + y", "x", VECTORS, "zeros(x.shape[0], x.shape[0])", "zeros(x.shape[0])"),
    ("x[1]*y", "x", VECTORS, "outer(y, eye(x.shape[0])[1])", "(v @ y)*eye(x.shape[0])[1]"),
    ("x[1:]*y[1:]", "x", VECTORS, "diag(y[1:]) @ eye(3)[1:]", "pad(v*y[1:], (1, 0))"),
    ("x[::2]", "x", {"x": (5,)}, "eye(5)[::2]", "eye(5)[::2].T @ v"),
    ("flip(x, 0)*y", "x", VECTORS, "diag(y) @ eye(3)[::-1]", "v[::-1]*y[::-1]"),
    ("roll(x, 1)*y", "y", VECTORS, "diag(roll(x, 1))", "v*roll(x, 1)"),
    ("cross(x, y)", "x", VECTORS, "diag(roll(y, 1)) @ roll(eye(3), -1, dims=0) "
     "- diag(roll(y, -1)) @ roll(eye(3), 1, dims=0)", "cross(y, v)"),
    ("cat([x, y])*z", "y", VECTORS | {"z": (6,)}, "", "v[3:]*z[3:]"),
    ("A[0] @ x", "A", {"A": (2, 3), "x": (3,)}, "outer(eye(A.shape[0])[0], x)", "v*outer(eye(A.shape[0])[0], x)"),
    ("kron(A, B) @ x", "A", {"A": (2, 3), "B": (3, 2), "x": (6,)}, "",
     "unflatten(v, 0, (2, 3)) @ B @ unflatten(x, 0, (3, 2)).T"),
    ("eigvalsh(P)[0]", "P", {"P": (3, 3)}, "s = eigh(P)[1][:, 0]\nouter(s, s)",
     "s = eigh(P)[1][:, 0]\nv*outer(s, s)"),
    ("sum(log(2 - A @ x))", "x", {"A": (2, 3), "x": (3,)}, "-A.T @ (1/(2 - A @ x))", "-v*A.T @ (1/(2 - A @ x))"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "name", "shapes", "whole", "pulled"), TEXTS, ids=[f"{t[0]}, {t[1]}" for t in TEXTS]
)
def test_a_derivative_reads_as_in_a_book(expression, name, shapes, whole, pulled):
    form = written(expression, shapes)[name]
    assert (form[JACOBIAN][MATRIX], form[VJP][MATRIX]) == (whole, pulled)


@pytest.mark.parametrize(
    ("expression", "name", "shapes", "latex"),
    [
        ("A @ x", "A", {"A": (2, 3), "x": (3,)}, r"v x^{\top}"),
        ("tanh(A @ x)", "x", {"A": (2, 3), "x": (3,)},
         r"A^{\top} \left(v \odot \left(1 - \tanh\left(A x\right)^{2}\right)\right)"),
        ("log(det(X))", "X", {"X": (3, 3)}, r"v X^{-\top}"),
        ("x", "x", {"x": (3,)}, "v"),
        ("sum(X)**2", "X", {"X": (2, 3)}, r"2 v \operatorname{sum}\left(X\right) \mathbf{1}_{n \times m} "
         r"\quad\text{where } n = \dim_{0} X,\; m = \dim_{1} X"),
        ("softmax(x)", "x", {"x": (4,)},
         r"s \odot \left(v - v^{\top} s\right) \quad\text{where } s = \operatorname{softmax}\left(x\right)"),
    ],
)  # fmt: skip
def test_the_product_in_latex(expression, name, shapes, latex):
    assert written(expression, shapes)[name][VJP][MATRIX_LATEX] == latex


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_what_is_given_comes_to_torchs_numbers(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    assert not [bad for name, form in forms(asked).items() for bad in wrong(asked, name, form)]


#: The only derivatives of at most two axes that have none: a product along a matrix's columns, whose other entries
#: would have three, and numbers so large that nothing is compared at them.
WITHOUT = {("prod(x, 0)*sum(x)", "x"), ("x - 1e-30*x + 12345678901234567*x", "x")}


def test_every_derivative_of_at_most_two_axes_is_given():
    missing = set()
    for expression, shapes in ALL:
        asked = request_for(expression, tensors(**shapes))
        output = [n for n in asked.upstream.shape if n != 1]
        for name, form in forms(asked).items():
            shape = [n for n in shapes[name] if n != 1]
            axes = (form[JACOBIAN], len(output) + len(shape)), (form[VJP], len(shape))
            if any(formula[MATRIX] == "" for formula, rank in axes if rank <= 2):
                missing.add((expression, name))
    assert missing == WITHOUT


@pytest.mark.parametrize(("expression", "shapes"), ORDINARY, ids=[text for text, _ in ORDINARY])
def test_the_text_of_one_size_is_right_at_another(expression, shapes):
    larger = {name: tuple(n + 2 for n in shape) for name, shape in shapes.items()}
    asked, small = request_for(expression, tensors(**larger)), written(expression, shapes)
    for name, form in forms(asked).items():
        assert form[VJP][MATRIX] == small[name][VJP][MATRIX]
        assert form[JACOBIAN][MATRIX] == small[name][JACOBIAN][MATRIX]
        assert not wrong(asked, name, form)


@pytest.mark.parametrize("row", all_slow(TABLE), ids=lambda row: row.name)
def test_what_is_given_for_a_rows_samples_is_right(row):
    bad = []
    for _, asked in sample_requests(row):
        for name, form in forms(asked).items():
            bad += wrong(asked, name, form)
    assert not bad


def test_entries_that_an_integer_tensor_names_are_ones_in_rows_of_an_identity():
    inputs = tensors(X=(3, 2), W=(2, 4)) | {"c": torch.tensor([2, 0, 1])}
    asked = request_for("cross_entropy(X @ W, c)", inputs)
    form = forms(asked)
    assert not [bad for name in form for bad in wrong(asked, name, form[name])]
    assert "W[:, c]" in form["X"][VJP][MATRIX]
    assert "eye(W.shape[1])[c]" in form["W"][VJP][MATRIX]


def test_a_repeated_part_has_the_name_that_the_program_gave_it():
    form = written("weights = softmax(x)\nweights*sum(weights*y)", {"x": (4,), "y": (4,)})["y"]
    assert form[JACOBIAN][MATRIX] == "weights = softmax(x)\nouter(weights, weights)"


def test_a_line_has_a_name_that_nothing_else_has():
    form = written("softmax(s)", {"s": (4,)})["s"]
    assert form[JACOBIAN][MATRIX] == "t = softmax(s)\ndiag(t) - outer(t, t)"


def test_a_text_that_does_not_come_to_the_plans_numbers_is_withheld(monkeypatch):
    honest = notation.text
    monkeypatch.setattr(notation, "text", lambda tree: honest(tree).replace("A + A.T", "A + A"))
    derivation = derivation_of(request_for("x.T @ A @ x", tensors(A=(3, 3), x=(3,))))
    for withheld in (derivation.formula("x", JACOBIAN, kind) for kind in (MATRIX, MATRIX_LATEX)):
        assert (withheld.written, withheld.state) == ("", NotationState.NO_FORM)
    assert derivation.formula("x", JACOBIAN, TEXT).written
    assert derivation.formula("A", JACOBIAN, MATRIX).written == "outer(x, x)"


def test_a_transpose_that_equal_lengths_would_hide_is_found(monkeypatch):
    honest = notation.text
    monkeypatch.setattr(notation, "text", lambda tree: honest(tree).replace("A.T @ v", "A @ v"))
    derivation = derivation_of(request_for("A @ x", tensors(A=(3, 3), x=(3,))))
    assert derivation.formula("x", VJP, MATRIX).written == ""


@pytest.mark.parametrize("step", mostly_slow(["tanh(W @ {0})", "tanh({0})*{0} + x"], 2))
def test_what_nobody_would_read_is_not_written(step):
    lines = [f"a{k + 1} = {step.format(f'a{k}')}" for k in range(8)]
    form = written("\n".join(["a0 = W @ x", *lines, "a8"]), {"W": (3, 3), "x": (3,)})["W"]
    assert form[VJP][MATRIX] == ""


def test_matrix_notation_travels_as_bytes():
    kept = derivation_of(request_for("softmax(x)", tensors(x=(3,)))).write(MATRIX)
    assert DECODERS[MATRIX](kept.to_bytes()) == kept
    assert kept.inputs["x"][JACOBIAN].written
