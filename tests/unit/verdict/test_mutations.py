"""A wrong derivative in one column of one row is caught, and the verdict names the leg that has it."""

from dataclasses import replace
from functools import cache

import pytest
import sympy as sp
import torch
from both_legs import final, prepared, request_for
from pullback_server.index_notation.index_program import IndexTensor
from pullback_server.operators import BY_NAME, TABLE
from pullback_server.program import Apply
from pullback_server.verdict import Differentiator, Outcome
from row_samples import sample_inputs, samples

#: Rows whose derivative is zero wherever there is one, but for the value that heaviside has at a single point.
FLAT = {
    "all", "any", "arange", "bitwise_and", "bitwise_not", "bitwise_or", "ceil", "eq", "eye", "floor", "full",
    "full_like", "heaviside",
    "ge", "gt", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "le", "linspace", "logical_and", "logical_not",
    "logical_or", "logical_xor", "lt", "ne", "ones", "ones_like", "round", "sign", "signbit", "trunc", "zeros",
    "zeros_like",
}  # fmt: skip
#: Rows whose samples lose so many digits that a factor of 1 + 1e-9 is lost among their roundings.
LIMITED = {"batch_norm"}
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
        tensor = row.sympy(pieces, *tensors, **arguments)
        return IndexTensor(tensor.axes, tensor.entry * sp.Rational(repr(factor)))

    return replace(row, sympy=column)


@cache
def sensitive_request(name):
    """A request for a sample whose gradient depends on the row's derivative, which both legs agree on, or None."""
    for _, text in samples([BY_NAME[name]]):
        request = request_for(text, sample_inputs(BY_NAME[name], text), seed=3)
        program = prepared(request).typed.program
        # Where the operator is applied once, all of the gradient through it is off by the factor.
        if sum(isinstance(node, Apply) and node.operator == name for node in program.nodes) == 1:
            derivatives = final(request).derivatives
            agreed = all(d.verdict.outcome is Outcome.AGREE for d in derivatives)
            if agreed and any(map(_is_nonzero, derivatives)) and counts(name, request):
                return request
    return None


def counts(name, request):
    """Whether a gradient changes with the derivative of the row."""
    numbers = replace(request, check=False, notations=frozenset())
    before, row = final(numbers, Differentiator("cpu")).derivatives, BY_NAME[name]
    BY_NAME[name] = torch_off_by(row, 2.0)
    try:
        after = final(numbers, Differentiator("cpu")).derivatives
    finally:
        BY_NAME[name] = row
    return not all(torch.equal(one.gradient, two.gradient) for one, two in zip(before, after, strict=True))


def _is_nonzero(derivative):
    return bool((derivative.gradient.abs() > 1e-3).any())


NAMES = [row.name for row in TABLE if row.closed_form]
ROWS = pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])


def outcomes(request):
    derivatives = final(request, Differentiator("cpu")).derivatives
    return {d.verdict.outcome for d in derivatives if _is_nonzero(d)}


@ROWS
@pytest.mark.parametrize("factor", [1.001, 1 + 1e-9])
def test_a_wrong_torch_column_is_named(monkeypatch, name, factor):
    request = sensitive_request(name)
    if request is None:
        assert name in FLAT, f"{name}: no sample has a derivative that is not zero"
        return
    monkeypatch.setitem(BY_NAME, name, torch_off_by(BY_NAME[name], factor))
    seen = outcomes(request)
    assert seen <= {Outcome.TORCH_DEVIATES, Outcome.AGREE} or name in LIMITED, request.expression
    assert seen & {Outcome.TORCH_DEVIATES, Outcome.PRECISION_LIMITED}, request.expression


@ROWS
@pytest.mark.parametrize("factor", [1.001, 1.000000001])
def test_a_wrong_sympy_column_is_named(monkeypatch, name, factor):
    request = sensitive_request(name)
    if request is None:
        return
    monkeypatch.setitem(BY_NAME, name, sympy_off_by(BY_NAME[name], factor))
    seen = outcomes(request)
    assert seen <= {Outcome.SYMPY_DEVIATES, Outcome.AGREE} or name in LIMITED, request.expression
    assert seen & {Outcome.SYMPY_DEVIATES, Outcome.PRECISION_LIMITED}, request.expression
