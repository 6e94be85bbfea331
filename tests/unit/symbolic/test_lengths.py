"""How long a formula will be is estimated before it is printed: about as long as it then is."""

import pytest
import sympy as sp
from both_legs import TEXT, derivation_of, request_for, tensors
from case_files import draw_inputs, read
from pullback_server.index_notation.lengths import estimated_length
from pullback_server.operators import TABLE
from pullback_server.symbolic.notation.index_form.formula import FormulaPrinters, IndexFormula
from row_samples import mostly_slow, sample_requests
from written_expressions import ALL

CASES = [(case["f"], case) for name in ("identities", "expressions", "more_expressions") for case in read(name)]
#: How many times longer or shorter a formula may be than estimated; a few characters do not matter.
FACTOR, FEW = 2, 12


@pytest.fixture
def printed(monkeypatch):
    """The formulas that are printed as text, in order."""
    formulas, text = [], FormulaPrinters.text

    def recorded(self, formula):
        formulas.append(formula)
        return text(self, formula)

    monkeypatch.setattr(FormulaPrinters, "text", recorded)
    return formulas


def misjudged(asked, printed):
    """The expressions of a request's formulas, those under "where" too, whose lengths are far from the estimates."""
    printed.clear()
    derivation_of(asked).write(TEXT)
    bodies = {e for f in printed for e in (f.expression, *(line.body for line in f.lines)) if isinstance(e, sp.Expr)}
    wrong = []
    for e in bodies:
        estimate, text = estimated_length(e), FormulaPrinters().text(IndexFormula(e))
        if not len(text) / FACTOR - FEW <= estimate <= len(text) * FACTOR + FEW:
            wrong.append((estimate, len(text), text))
    return wrong


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_the_formulas_of_a_rows_samples_are_about_as_long_as_estimated(row, printed):
    for text, asked in sample_requests(row):
        assert not misjudged(asked, printed), text


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_written_expressions_are_about_as_long_as_estimated(case, printed):
    expression, shapes = case
    assert not misjudged(request_for(expression, tensors(**shapes)), printed)
    assert printed


@pytest.mark.parametrize("case", mostly_slow(CASES, 12), ids=lambda case: case[0][:40])
def test_the_formulas_of_the_cases_are_about_as_long_as_estimated(case, printed):
    expression, drawn = case
    assert not misjudged(request_for(expression, draw_inputs(drawn)), printed)
    assert printed


@pytest.mark.parametrize(
    ("e", "length"),
    [
        (sp.Integer(10) ** 40, 41),
        (sp.Integer(-7), 2),
        (sp.Rational(1, 3), 3),
        (sp.Float(1.0507009873554805), 18),
        (sp.Float(0.5), 3),
        (sp.Symbol("x") ** 2, 4),
    ],
    ids=str,
)
def test_numbers_are_about_as_long_as_they_are_printed(e, length):
    assert estimated_length(e) == pytest.approx(length, abs=1)
