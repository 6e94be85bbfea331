"""What is printed is right: the text alone, read back and evaluated, comes to torch's own Jacobian."""

import numpy as np
import pytest
import torch
from both_legs import ENTRIES, JACOBIAN, LATEX, TEXT, ask, by_name, disagreements, final, request_for, tensors
from formula_reader import Unreadable, free_letters, read
from printed_values import misread
from pullback_server.operators import TABLE
from pullback_server.symbolic import DerivativeKind, NotationState
from row_samples import mostly_slow, sample_requests
from written_expressions import ALL, LENGTHS, ORDINARY, SUMS


def formula_lines(expression, name, **shapes):
    """The Jacobian's text, first line first."""
    return by_name(ask(expression, tensors(**shapes)))[name].formula(JACOBIAN, TEXT).split("\n")


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_the_printed_jacobian_and_vjp_come_to_torchs_numbers(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    answer = final(asked)
    assert not disagreements(answer)
    for derivative in answer.derivatives:
        assert not misread(asked, derivative), derivative.formula(JACOBIAN, TEXT)


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_the_printed_forms_of_a_rows_samples_come_to_torchs_numbers(row):
    wrong = []
    for text, asked in sample_requests(row):
        for derivative in final(asked).derivatives:
            if derivative.formula(JACOBIAN, TEXT):
                wrong += [(text, derivative.name, what) for what in misread(asked, derivative)]
    assert not wrong


@pytest.mark.parametrize("case", mostly_slow([*ORDINARY, *SUMS], 3), ids=lambda case: case[0])
def test_the_form_of_one_size_is_right_at_another(case):
    """The text does not know the sizes, so it must be the same, and right, when they change."""
    expression, shapes = case
    larger = {name: tuple(n + 2 for n in shape) for name, shape in shapes.items()}
    asked = request_for(expression, tensors(**larger))
    small, large = ask(expression, tensors(**shapes)), final(asked)
    for one, other in zip(small.derivatives, large.derivatives, strict=True):
        assert all(one.formula(kind, TEXT) == other.formula(kind, TEXT) for kind in DerivativeKind)
        assert not misread(asked, other)


FACTORS = {"X": (3, 4), "U": (3, 2), "V": (4, 2)}


@pytest.mark.parametrize(
    ("expression", "name", "shapes", "text"),
    [
        ("3*a**3 - b**2", "a", {"a": (2,), "b": (2,)}, "9*a[p]**2*delta(i, p)"),
        ("3*a**3 - b**2", "b", {"a": (2,), "b": (2,)}, "-2*b[p]*delta(i, p)"),
        ("A @ x", "x", {"A": (2, 3), "x": (3,)}, "A[i, p]"),
        ("A @ x", "A", {"A": (2, 3), "x": (3,)}, "x[q]*delta(i, p)"),
        ("sum(x)", "x", {"x": (3,)}, "1"),
        ("dot(x, y)", "x", {"x": (3,), "y": (3,)}, "y[p]"),
        ("x.T", "x", {"x": (2, 3)}, "delta(i, q)*delta(j, p)"),
        ("sum((X - U @ V.T)**2)", "X", FACTORS, "2*X[p, q] - 2*Sum(U[p, s]*V[q, s], s)"),
        ("relu(x)", "x", {"x": (3,)}, "where(x[p] > 0, 1, 0)*delta(i, p)"),
        ("exp(x)*c", "c", {"x": (3,), "c": (1,)}, "exp(x[i])"),
        ("e*x", "x", {"x": (3,)}, "e*delta(i, p)"),
        ("clamp(x, max=1)*y", "y", {"x": (3,), "y": (3,)}, "clamp(x[p], max=1)*delta(i, p)"),
        ("avg_pool1d(x, 3, 2)", "x", {"x": (2, 7)}, "Sum(delta(2*j + s, q), s < 3)*delta(i, p)/3"),
        ("cat([u, exp(u)])", "u", {"u": (3,)}, "exp(u[p])*delta(i - 3, p) + delta(i, p)"),
        ("kron(u, w)", "u", {"u": (2,), "w": (3,)}, "w[i % 3]*delta(i // 3, p)"),
        ("det(C)", "C", {"C": (2, 3, 3)}, "det(C[p])*inv(C[p])[r, q]*delta(i, p)"),
        ("inv(A)", "A", {"A": (2, 2)}, "-inv(A)[i, p]*inv(A)[q, j]"),
    ],
)
def test_a_form_reads_as_one_would_write_it(expression, name, shapes, text):
    assert formula_lines(expression, name, **shapes) == [text]


def test_what_is_used_again_is_named_under_where():
    first, *lines = formula_lines("softmax(x)", "x", x=(4,))
    assert first == "g[i]*(delta(i, p) - g[p])"
    assert lines == ["where g = softmax(x)"]


def test_an_index_tensor_stands_in_square_brackets_under_where():
    inputs = tensors(x=(3, 2)) | {"at": torch.tensor([2, 0])}
    answer = by_name(ask("softmax(x[at])", inputs))["x"]
    assert answer.formula(JACOBIAN, TEXT).split("\n")[1] == "where g = softmax(x[at])"


def test_a_line_of_the_program_keeps_its_name_under_where():
    lines = formula_lines("weights = softmax(x)\nweights*sum(weights*y)", "x", x=(4,), y=(4,))[1:]
    assert lines[0] == "where weights = softmax(x)"


def test_a_part_says_how_far_its_indices_run_where_nothing_else_tells_it():
    first, *lines = formula_lines("max_pool1d(x, 2)", "x", x=(2, 6))
    assert "Sum(delta(2*j + s, q), s < 2)" in first
    assert lines == ["where g[i, j] = Max(x[i, 2*j + s], s < 2) for j < 3"]


def test_the_reader_asks_how_far_an_index_runs():
    x, y = np.arange(5.0), np.ones(3)
    assert read("Sum(x[2*s + 1], s < 2)", {"x": x}, {}) == 4
    for text in ("Sum(x[2*s + 1], s)", "Sum(x[s]*y[s], s)", "g[1]\nwhere g[i] = x[2*i]"):
        with pytest.raises(Unreadable, match="how far"):
            read(text, {"x": x, "y": y}, {})


def test_the_reader_finds_nothing_out_of_range_but_under_a_condition():
    x = np.arange(3.0)
    assert np.isnan(read("x[i + 1]", {"x": x}, {"i": 3})).tolist() == [False, False, True]
    assert read("where(i < 2, x[i + 1], 0)", {"x": x}, {"i": 3}).tolist() == [1, 2, 0]
    assert read("exp(x[i - 1])*delta(i - 1, p)", {"x": x}, {"i": 3, "p": 1}).tolist() == [[0], [1], [0]]


def test_a_length_is_told_where_it_is_read():
    assert formula_lines("mean(x)", "x", x=(3,)) == ["1/n", "where n = x.shape[0]"]


def test_entries_are_written_while_there_are_at_most_64():
    small, large = (ask("x**2", tensors(x=(n,))).derivatives[0] for n in (8, 9))
    few, many = (derivative.formula(JACOBIAN, ENTRIES) for derivative in (small, large))
    assert (len(few), few[0], few[1], few[63]) == (64, "2*x[0]", "0", "2*x[7]")
    assert not many
    assert large.state(JACOBIAN, ENTRIES) is NotationState.OVER_BUDGET


@pytest.mark.parametrize(("expression", "shapes"), LENGTHS, ids=[text for text, _ in LENGTHS])
def test_an_axis_of_length_one_is_written_as_zero(expression, shapes):
    """Then every index of an input stands in the text, and the reader would find one missing."""
    for derivative in ask(expression, tensors(**shapes)).derivatives:
        assert all(derivative.formula(kind, TEXT) for kind in DerivativeKind)


def test_an_input_that_is_not_used_has_a_zero_form():
    unused = by_name(ask("x**2", tensors(x=(2,), y=(3,))))["y"]
    assert {unused.formula(kind, notation) for kind in DerivativeKind for notation in (TEXT, LATEX)} == {"0"}
    assert not unused.gradient.any()


def test_the_readers_letters_pass_over_names_that_are_taken():
    assert free_letters("ijkl", {"j", "i1"}, 6) == ["i", "k", "l", "j1", "k1", "l1"]
