"""A wrong derivative in one column of one row is caught, and the verdict names the leg that has it."""

from dataclasses import replace
from functools import cache

import pytest
import sympy as sp
import torch
from pullback_server.operators import BY_NAME, TABLE
from pullback_server.operators.index import IndexTensor
from pullback_server.program import Apply
from pullback_server.verdict import Differentiator, Outcome
from questions import final, prepared, question, sample_inputs, samples

#: Rows that are checked in the default suite; all others are slow tests.
QUICK = ("mul", "tanh", "sum", "matmul", "softmax", "amax", "norm", "det", "cumsum", "conv1d", "where")


def torch_off_by(row, factor):
    """The row with a torch column of the right values and of a gradient that is off by a factor."""

    def column(*tensors, **arguments):
        out = row.torch(*tensors, **arguments)
        if not (isinstance(out, torch.Tensor) and out.is_floating_point()):
            return out
        return out.detach() + factor * (out - out.detach())

    return replace(row, torch=column)


def sympy_off_by(row, factor):
    """The row with a sympy column that is off by a factor."""

    def column(pieces, *tensors, **arguments):
        found = row.sympy(pieces, *tensors, **arguments)
        return IndexTensor(found.axes, found.entry * sp.Rational(repr(factor)))

    return replace(row, sympy=column)


@cache
def witness(name):
    """A question about a sample of the row where both legs agree on a derivative that is not zero, or None."""
    for _, text in samples([BY_NAME[name]]):
        asked = question(text, sample_inputs(BY_NAME[name], text), seed=3)
        program = prepared(asked).typed.program
        # Where the operator stands once, all of the gradient is off by the factor.
        if sum(isinstance(node, Apply) and node.operator == name for node in program.nodes) == 1:
            found = final(asked).derivatives
            if any(map(_telling, found)) and all(d.verdict.outcome is Outcome.AGREE for d in found):
                return asked
    return None


def _telling(derivative):
    return bool((derivative.gradient.abs() > 1e-3).any())


NAMES = [row.name for row in TABLE if row.closed_form]
ROWS = pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)


def outcomes(asked):
    found = final(asked, Differentiator("cpu")).derivatives
    return {d.verdict.outcome for d in found if _telling(d)}


@ROWS
@pytest.mark.parametrize("factor", [1.001, 1 + 1e-9])
def test_a_wrong_torch_column_is_named(monkeypatch, name, factor):
    asked = witness(name)
    if asked is None:
        assert name in WITHOUT, f"{name}: no sample has a derivative that is not zero"
        return
    monkeypatch.setitem(BY_NAME, name, torch_off_by(BY_NAME[name], factor))
    found = outcomes(asked)
    assert Outcome.TORCH_DEVIATES in found, asked.expression
    assert found <= {Outcome.TORCH_DEVIATES, Outcome.AGREE}


@ROWS
@pytest.mark.parametrize("factor", [1.001, 1.000000001])
def test_a_wrong_sympy_column_is_named(monkeypatch, name, factor):
    asked = witness(name)
    if asked is None:
        return
    monkeypatch.setitem(BY_NAME, name, sympy_off_by(BY_NAME[name], factor))
    found = outcomes(asked)
    assert Outcome.SYMPY_DEVIATES in found, asked.expression
    assert found <= {Outcome.SYMPY_DEVIATES, Outcome.AGREE}


#: Rows whose derivative is zero wherever there is one, or which stand in no sample alone.
WITHOUT: set[str] = set()
