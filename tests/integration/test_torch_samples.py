"""torch's own operator samples through both legs, for every row of the table that torch has samples of."""

import pytest
import torch
from both_legs import prepared, request_for
from opdb.kinks import unsmooth
from opdb.operations import operations
from opdb.totals import stated
from opdb.translation import Translator, Untranslatable, outputs
from opdb.trial import trials
from pullback_server.operators import BY_NAME, TABLE

#: Rows whose samples are none for us: torch's have the weights of an embedding before its indices, and ask for a
#: gradient by the target of soft_margin_loss, which torch has none of.
UNRUN = {"embedding", "soft_margin_loss"}


def matched():
    """The names of the rows that torch has samples of; it takes torch seconds to say so, which a collection spares."""
    return {operation.row.name for operation in operations()}


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_torchs_samples_have_torchs_gradients_and_the_closed_form_agrees(row):
    results = [t for o in operations() if o.row is row for t in trials(o)]
    assert not [str(t) for t in results if t.state.wrong]
    ran = any(t.ran(row.closed_form) for t in results)
    assert ran == (row.name in matched() - UNRUN), f"no sample of {row.name} ran: {[str(t) for t in results]}"


def test_the_readme_states_totals_of_as_many_rows_for_a_release_of_torch():
    assert stated(f"samples of {len(matched())} rows, ")


def test_most_rows_are_matched_by_name_or_alias():
    assert len(matched()) >= 0.8 * len(TABLE)
    assert {operation.name for operation in operations()} >= {"special.expit", "nn.functional.relu", "T", "__rpow__"}


def test_arguments_become_inputs_and_literals():
    x, y, index = torch.ones(2), torch.zeros(2), torch.tensor([0, 1])
    write = Translator()
    positional, keywords = write.arguments(
        [[x, y, x], (slice(1, None), None, ..., slice(None, None, 2), index), float("-inf"), -2, True, "fro"],
        {"dim": (0, -1), "dtype": None, "device": "cpu"},
    )
    assert positional == ["[x1, x2, x1]", "(1:, None, ..., ::2, x3)", "-inf", "-2", "True", "'fro'"]
    assert keywords == ["dim=(0, -1)"]
    assert list(write.inputs) == ["x1", "x2", "x3"]
    assert Translator().arguments([x], {"dtype": torch.float64}) == (["x1"], [])
    with pytest.raises(Untranslatable):
        Translator().arguments([index], {"dtype": torch.float64})
    for value in (torch.float32, float("nan"), 1j, torch.ones(2, dtype=torch.complex64)):
        with pytest.raises(Untranslatable):
            write.literal(value)


def test_several_outputs_are_asked_for_by_field_or_by_number():
    x = torch.eye(2)
    assert [ways for ways, _ in outputs("max(x, 1)", torch.max(x, 1))] == [
        ("max(x, 1).values", "max(x, 1)"),
        ("max(x, 1).indices", "max(x, 1)[1]"),
    ]
    assert [ways for ways, _ in outputs("split(x, 1)", torch.split(x, 1))] == [("split(x, 1)[0]",), ("split(x, 1)[1]",)]


@pytest.mark.parametrize(
    ("expression", "entries", "condition"),
    [
        ("abs(x)", [1.0, 0.0], "abs: x == 0"),
        ("abs(x)", [1.0, -1.0], ""),
        ("log(x)", [1.0, -1.0], "log: not x > 0"),
        ("clamp(x, min=1)", [1.0, 2.0], "clamp: x == min_"),
        ("clamp(x, max=3)", [1.0, 2.0], ""),
        ("amax(x)", [2.0, 2.0], "amax: sum(x == amax(x)) > 1"),
        ("amax(outer(x, x), 1)", [2.0, 2.0], "amax: sum(x == amax(x)) > 1"),
        ("amax(outer(x, x), 1)", [1.0, 1.5], ""),
        ("amax(x)*maximum(x, 2)", [1.0, 2.0], "maximum: x == y"),
    ],
)
def test_kinks_are_found_where_they_are(expression, entries, condition):
    asked = request_for(expression, {"x": torch.tensor(entries, dtype=torch.float64)}, None)
    typed = prepared(asked).typed
    values = prepared(asked).forward({"x": asked.inputs[0].tensor})
    assert unsmooth(typed, values) == condition
    assert not condition or condition.split(":")[0] in BY_NAME
