"""Derivatives by our own rules are the expressions that sympy's differentiation gives."""

from __future__ import annotations

import pytest
import sympy as sp
from pullback_server.index_notation.expressions import Entry
from pullback_server.language import check, parse
from pullback_server.operators import TABLE, NoClosedForm, Operator
from pullback_server.operators.samples import draw
from pullback_server.program import Limits, TensorType
from pullback_server.symbolic.differentiation.elementary import derivative
from pullback_server.symbolic.differentiation.partition import partition


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_derivatives_of_a_rows_example_are_those_of_sympy(row: Operator) -> None:
    types = {name: TensorType(sample.dtype, sample.shape) for name, sample in draw(row.interval).items()}
    try:
        definitions = partition(check(parse(row.example, tuple(types), Limits()), types, Limits())).program.definitions
    except NoClosedForm:
        return
    for definition in definitions:
        for entry in definition.body.atoms(Entry):
            assert derivative(definition.body, entry) == _by_sympy(definition.body, entry)


@pytest.mark.parametrize(
    "body", ["x**y", "2**x", "x**x*y", "log(x*y)**3/(x - y)", "besselj(2, x*y)", "(x + y)**2/x + sqrt(x)*exp(-x)"]
)
def test_derivatives_by_every_rule_are_those_of_sympy(body: str) -> None:
    x, y = Entry("x"), Entry("y")
    scalar = sp.sympify(body).xreplace({sp.Symbol("x"): x, sp.Symbol("y"): y})
    assert derivative(scalar, x) == _by_sympy(scalar, x)
    assert derivative(scalar, y) == _by_sympy(scalar, y)


def _by_sympy(body: sp.Expr, of: Entry) -> sp.Expr:
    """sympy differentiates with respect to symbols alone, so each entry has one that stands for it."""
    stand_in = {entry: sp.Dummy(real=True) for entry in body.atoms(Entry) | {of}}
    back = {symbol: entry for entry, symbol in stand_in.items()}
    return body.xreplace(stand_in).diff(stand_in[of]).xreplace(back)
