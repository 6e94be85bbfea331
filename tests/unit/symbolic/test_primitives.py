"""Every primitive of plans has all that the symbolic leg and the verdict need to know of it."""

from dataclasses import fields

import pytest
import torch
from pullback_server.index_notation import functions
from pullback_server.operators import BY_NAME
from pullback_server.symbolic.differentiation.matrix_functions import DERIVATIVES
from pullback_server.symbolic.primitives import COMPARISONS, MATRIX_FUNCTIONS, REDUCTIONS, SCANS
from pullback_server.verdict.exact import forms, scalars

#: What is written in terms of others in index notation.
WRITTEN_OUT = {"logsumexp": {"text", "latex"}, "cofactor": {"text", "latex", "call", "meaning", "rule"}}
MATRIX = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)


def lacking(row):
    """The columns of a row that are empty; a function of a matrix may have no axes."""
    return {f.name for f in fields(row) if getattr(row, f.name) in ("", (), None) and f.name != "axes"}


@pytest.mark.parametrize("table", [REDUCTIONS, SCANS, MATRIX_FUNCTIONS, COMPARISONS])
def test_every_column_is_filled(table):
    for name, row in table.items():
        assert row.name == name
        assert lacking(row) == WRITTEN_OUT.get(name, set())


def test_every_primitive_has_a_value_in_many_digits():
    assert REDUCTIONS.keys() == forms.REDUCTIONS.keys()
    assert SCANS.keys() == scalars.SCANS.keys()
    assert MATRIX_FUNCTIONS.keys() == scalars.MATRICES.keys()
    assert COMPARISONS.keys() <= scalars.CORE.keys()


def test_every_function_of_a_matrix_has_its_derivative():
    assert MATRIX_FUNCTIONS.keys() - {"cofactor"} == DERIVATIVES.keys()


def test_every_name_is_an_operator_or_a_function_of_index_notation():
    assert {row.operator for row in REDUCTIONS.values()} <= BY_NAME.keys()
    assert {row.call[0] for row in MATRIX_FUNCTIONS.values() if row.call} <= BY_NAME.keys()
    assert all(getattr(functions, name) in functions.CONDITIONS for name in COMPARISONS)


@pytest.mark.parametrize("name", MATRIX_FUNCTIONS)
def test_a_function_of_a_matrix_has_the_axes_that_its_row_says(name):
    row = MATRIX_FUNCTIONS[name]
    tall = {"pinv", "singular_values", "left_vectors", "right_vectors"}
    x = torch.cat([MATRIX, MATRIX[:1]]) if name in tall else MATRIX
    lengths = {"r": x.shape[0], "c": x.shape[1], "k": min(x.shape)}
    assert tuple(row.torch(x).shape) == tuple(lengths[axis] for axis in row.axes)


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_keeps_its_axes_and_a_reduction_takes_them_away(name):
    assert SCANS[name].torch(MATRIX, (1,)).shape == (2, 2)
    assert all(row.torch(MATRIX, (1,)).shape == (2,) for row in REDUCTIONS.values())


def test_the_exact_comparison_of_integers_is_that_of_tensors():
    for row in COMPARISONS.values():
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            operands = (a,) if row.name == "logical_not" else (a, b)
            assert bool(row.exact(*operands)) == bool(row.torch(*map(torch.tensor, operands)))
