"""Entries that a request names are written by themselves, whatever the notations are, and however many there are."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from both_legs import ENTRIES, JACOBIAN, VJP, by_name, final, jacobian, request_for, tensors
from formula_reader import read
from printed_values import point
from pullback_server.program import Limits, Refusal
from pullback_server.verdict import (
    Differentiator,
    EntryPlace,
    FormOverBudget,
    Notation,
    NotationState,
    Operand,
    Outcome,
    Request,
)
from pullback_server.verdict.preparation import MOST_ENTRIES
from row_samples import mostly_slow
from written_expressions import ALL

NOTHING = frozenset()
#: For entries that are too long together, or by themselves.
AMPLE = Limits(entries_characters=100_000)


def named(expression, places, shapes, notations=NOTHING, limits=None):
    """The derivatives of an expression, by name, with entries at places: (input, *index)."""
    asked = request_for(expression, tensors(**shapes))
    entries = tuple(EntryPlace(name, tuple(index)) for name, *index in places)
    return by_name(final(replace(asked, notations=notations, entries=entries), Differentiator("cpu", limits)))


def written(derivative):
    """The kind, index and text of each named entry, all of which are written."""
    assert {entry.formula.state for entry in derivative.named_entries} <= {NotationState.DONE}
    return [(entry.kind, entry.index, entry.formula.written) for entry in derivative.named_entries]


def test_an_index_of_the_input_means_the_product_and_one_of_both_the_jacobian():
    x = named("x**3", [("x", 1, 1), ("x", 1), ("x", 0, 1)], {"x": (3,)})["x"]
    assert written(x) == [(JACOBIAN, (1, 1), "3*x[1]**2"), (VJP, (1,), "3*v[1]*x[1]**2"), (JACOBIAN, (0, 1), "0")]
    assert x.verdict.outcome is Outcome.AGREE


def test_where_the_output_is_a_number_an_index_means_both():
    x = named("sum(x**3)", [("x", 1), ("x", 2)], {"x": (3,)})["x"]
    assert written(x) == [
        (JACOBIAN, (1,), "3*x[1]**2"),
        (VJP, (1,), "3*v*x[1]**2"),
        (JACOBIAN, (2,), "3*x[2]**2"),
        (VJP, (2,), "3*v*x[2]**2"),
    ]
    assert written(named("x**2", [("x",)], {"x": ()})["x"]) == [(JACOBIAN, (), "2*x"), (VJP, (), "2*v*x")]


def test_each_input_has_its_own_entries():
    both = named("x*y", [("y", 1, 0), ("x", 0), ("y", 0, 1, 1, 0)], {"x": (2,), "y": (2, 1)})
    assert written(both["x"]) == [(VJP, (0,), "v[0, 0]*y[0, 0] + v[1, 0]*y[1, 0]")]
    assert written(both["y"]) == [(VJP, (1, 0), "x[0]*v[1, 0] + x[1]*v[1, 1]"), (JACOBIAN, (0, 1, 1, 0), "0")]


def test_entries_by_name_are_bounded_together():
    """The first one fits into the limit, and the second not into what is left of it."""
    x = named("sum(x)**2", [("x", 0, 1), ("x", 1, 0)], {"x": (3, 3)}, limits=Limits(entries_characters=150))["x"]
    states = [entry.formula.state for entry in x.named_entries if entry.kind is JACOBIAN]
    assert states == [NotationState.DONE, NotationState.OVER_BUDGET]


def test_entries_are_named_where_there_are_too_many_to_write_them_all():
    x = named("x**3", [("x", 999, 999), ("x", 999)], {"x": (1000,)}, frozenset({ENTRIES}))["x"]
    assert x.state(JACOBIAN, ENTRIES) is x.state(VJP, ENTRIES) is NotationState.OVER_BUDGET
    assert written(x) == [(JACOBIAN, (999, 999), "3*x[999]**2"), (VJP, (999,), "3*v[999]*x[999]**2")]


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_an_entry_by_name_comes_to_torchs_number(case):
    expression, shapes = case
    asked = request_for(expression, tensors(**shapes))
    values, output = point(asked), tuple(asked.upstream.shape)
    for name, shape in shapes.items():
        expected = jacobian(asked, name).numpy()
        pulled = np.tensordot(asked.upstream.numpy(), expected, axes=len(output))
        right = {JACOBIAN: expected, VJP: pulled}
        if not expected.size:
            continue
        first, last = (tuple(end(n) for n in (*output, *shape)) for end in (lambda n: 0, lambda n: n - 1))
        places = [(name, *index) for index in (first, last, first[len(output) :], last[len(output) :])]
        for entry in named(expression, places, shapes, limits=AMPLE)[name].named_entries:
            assert entry.formula.state is NotationState.DONE
            value = read(entry.formula.written, values, {})
            np.testing.assert_allclose(value, right[entry.kind][entry.index], rtol=1e-10, atol=1e-10)


def test_an_entry_that_is_too_long_by_itself_is_not_written_and_costs_the_others_nothing():
    shapes, limits = {"A": (2, 40), "x": (40,)}, Limits(entries_characters=100)
    derivatives = named("A @ x", [("A", 0, 1), ("x", 3), ("x", 1, 3)], shapes, limits=limits)
    assert written(derivatives["A"]) == [(VJP, (0, 1), "v[0]*x[1]")]
    assert written(derivatives["x"]) == [(VJP, (3,), "v[0]*A[0, 3] + v[1]*A[1, 3]"), (JACOBIAN, (1, 3), "A[1, 3]")]
    (long,) = named("sum(A @ x)**2", [("x", 3)], {"A": (2, 40), "x": (40,)}, limits=limits)["x"].named_entries[:1]
    assert (long.formula.written, long.formula.state) == ("", NotationState.OVER_BUDGET)
    mixed = named("sum(A @ x)**2 + sum(y**2)", [("x", 3), ("y", 1)], shapes | {"y": (2,)}, limits=limits)
    assert {entry.formula.state for entry in mixed["x"].named_entries} == {NotationState.OVER_BUDGET}
    assert [text for _, _, text in written(mixed["y"])] == ["2*y[1]", "2*v*y[1]"]


def test_an_entry_with_respect_to_what_the_value_does_not_depend_on_is_zero():
    derivatives = named("x**2", [("y", 0), ("x",)], {"x": (), "y": (2,)})
    assert written(derivatives["y"]) == [(JACOBIAN, (0,), "0"), (VJP, (0,), "0")]
    assert written(derivatives["x"]) == [(JACOBIAN, (), "2*x"), (VJP, (), "2*v*x")]


def test_there_are_no_entries_where_there_is_no_closed_form():
    u = named("matrix_exp(diag(u))", [("u", 0), ("u", 0, 1, 2)], {"u": (3,)})["u"]
    assert [(e.kind, e.index) for e in u.named_entries] == [(VJP, (0,)), (JACOBIAN, (0, 1, 2))]
    assert {(e.formula.written, e.formula.state) for e in u.named_entries} == {("", NotationState.NO_FORM)}


def test_named_entries_need_no_check_and_come_after_the_verdict():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    asked = Request("sum(x**3)", (Operand("x", x),), notations=NOTHING, check=False, entries=(EntryPlace("x", (1,)),))
    numbers, verdict, last = Differentiator("cpu").respond(asked)
    for early in (numbers, verdict):
        assert early.provisional
        states = [(e.kind, e.index, e.formula.written, e.formula.state) for e in early.derivatives[0].named_entries]
        assert states == [(kind, (1,), "", NotationState.DEADLINE) for kind in (JACOBIAN, VJP)]
    assert not last.provisional
    assert [text for _, _, text in written(last.derivatives[0])] == ["3*x[1]**2", "3*v*x[1]**2"]
    assert last.derivatives[0].verdict.reason == "NOT_CHECKED"
    assert last.derivatives[0].state(JACOBIAN, ENTRIES) is NotationState.NOT_REQUESTED


def test_entries_that_took_too_long_before_keep_the_state_deadline():
    class Impatient:
        def get(self, key):
            if key.endswith(f" {ENTRIES.value}"):
                raise FormOverBudget(key)

        def put(self, key, form):
            return

    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    asked = Request("sum(x**3)", (Operand("x", x),), entries=(EntryPlace("x", (1,)),))
    last = final(asked, Differentiator("cpu", forms=Impatient()))
    assert {entry.formula.state for entry in last.derivatives[0].named_entries} == {NotationState.DEADLINE}
    assert last.derivatives[0].formula(JACOBIAN, Notation.TEXT)
    assert not last.provisional


def test_as_many_entries_as_the_limit_allows_are_written():
    places = [*product(range(8), repeat=2)]
    assert len(places) == MOST_ENTRIES
    x = named("x*sum(x)", [("x", *index) for index in places], {"x": (100,)})["x"]
    assert [index for _, index, _ in written(x)] == places


INPUTS = {"x": (2, 3), "y": (3,)}
REFUSED = [
    ([("z", 0)], "UNKNOWN_NAME", "entries[0].input"),
    ([("y", 0), ("", 0)], "UNKNOWN_NAME", "entries[1].input"),
    ([("n", 0)], "UNKNOWN_NAME", "entries[0].input"),
    ([("k",)], "UNKNOWN_NAME", "entries[0].input"),
    ([("y",)], "BAD_VALUE", "entries[0].index"),
    ([("x", 0, 0, 0)], "BAD_VALUE", "entries[0].index"),
    ([("x", 0, 0, 0, 0, 0)], "BAD_VALUE", "entries[0].index"),
    ([("y", 0), ("y", 1), ("y", 3)], "BAD_VALUE", "entries[2].index"),
    ([("y", -1)], "BAD_VALUE", "entries[0].index"),
    ([("x", 0, 3)], "BAD_VALUE", "entries[0].index"),
    ([("x", 2, 0, 0, 0)], "BAD_VALUE", "entries[0].index"),
    ([("x", 0, 0, 0, -1)], "BAD_VALUE", "entries[0].index"),
    ([("y", 2**62)], "BAD_VALUE", "entries[0].index"),
    ([("y", 0)] * (MOST_ENTRIES + 1), "LIMIT_EXCEEDED", "entries"),
]


@pytest.mark.parametrize(("places", "reason", "field"), REFUSED, ids=lambda value: str(value)[:40])
def test_an_entry_that_is_not_there_is_refused_with_its_place(places, reason, field):
    inputs = tensors(**INPUTS) | {"n": torch.tensor([1, 2, 3])}
    operands = (*(Operand(name, tensor) for name, tensor in inputs.items()), Operand("k", torch.ones(()), False))
    entries = tuple(EntryPlace(name, tuple(index)) for name, *index in places)
    upstream = torch.ones(2, 3, dtype=torch.float64)
    with pytest.raises(Refusal) as refused:
        final(Request("x*y*n*k", operands, upstream, NOTHING, entries=entries), Differentiator("cpu"))
    assert (refused.value.reason.name, refused.value.field) == (reason, field)
    assert refused.value.hint
