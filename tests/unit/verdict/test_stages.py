"""Responses come in stages: the numbers, the verdicts, then one notation after the other, each with its own state."""

import sys

import pytest
import torch
from both_legs import ENTRIES, JACOBIAN, LATEX, TEXT, VJP, KeptForms, derivation_of, form_of
from pullback_server.symbolic import Code, Derivation, Steps
from pullback_server.verdict import (
    DEFAULT_NOTATIONS,
    Differentiator,
    FormOrigin,
    FormOverBudget,
    LegState,
    Notation,
    NotationState,
    Operand,
    Outcome,
    Request,
)
from pullback_server.verdict.form_cache import notation_key
from pullback_server.verdict.values import OF_ONE_DERIVATIVE

EVERY = frozenset(Notation)
CACHE = "pullback_server.verdict.form_cache"
DONE, DEADLINE, NO_FORM = NotationState.DONE, NotationState.DEADLINE, NotationState.NO_FORM


def request(expression, notations=EVERY, upstream=None, check=True, **values):
    operands = tuple(Operand(name, torch.as_tensor(value, dtype=torch.float64)) for name, value in values.items())
    return Request(expression, operands, upstream, notations, check)


def stages(asked, differentiator=None):
    return list((differentiator or Differentiator("cpu")).respond(asked))


def state(response, notation):
    """The one state that a notation has for all of a response's derivatives; what is not DONE is empty."""
    if notation in OF_ONE_DERIVATIVE:
        states = {d.state(kind, notation) for d in response.derivatives for kind in (JACOBIAN, VJP)}
        texts = [d.formula(kind, notation) for d in response.derivatives for kind in (JACOBIAN, VJP)]
    elif notation is Notation.CODE:
        states, texts = {response.code_state}, [response.code.torch, response.code.numpy]
    else:
        states, texts = {response.steps_state}, [response.steps]
    (single,) = states
    assert {bool(text) for text in texts} == {single is DONE}
    return single


def states(response):
    return {notation: state(response, notation) for notation in Notation}


@pytest.mark.parametrize(
    "notations", [EVERY, DEFAULT_NOTATIONS, frozenset({LATEX, Notation.STEPS}), frozenset({Notation.CODE})], ids=len
)
def test_the_numbers_come_first_then_the_verdict_then_one_notation_after_the_other(notations):
    order = [notation for notation in Notation if notation in notations]
    numbers, *later = stages(request("sum(x**3*y)", notations, x=[1.0, 2.0], y=[3.0, 4.0]))
    assert [response.provisional for response in (numbers, *later)] == [True] * len(later) + [False]
    assert len(later) == len(order) + 1
    for count, response in enumerate((numbers, *later), -1):
        expected = {n: DONE if n in order[: max(count, 0)] else DEADLINE for n in order}
        assert states(response) == dict.fromkeys(Notation, NotationState.NOT_REQUESTED) | expected
        assert [d.gradient.tolist() for d in response.derivatives] == [[9.0, 48.0], [1.0, 8.0]]
    assert {d.symbolic.state for d in numbers.derivatives} == {LegState.DEADLINE}
    assert {(d.verdict.outcome, d.verdict.reason) for d in numbers.derivatives} == {(Outcome.UNDECIDED, "DEADLINE")}
    for response in later:
        assert {d.symbolic.state for d in response.derivatives} == {LegState.DONE}
        assert {d.verdict.outcome for d in response.derivatives} == {Outcome.AGREE}
        assert [d.verdict for d in response.derivatives] == [d.verdict for d in later[-1].derivatives]
        assert response.form_origin is FormOrigin.DERIVED


def test_nothing_is_written_where_no_notation_is_asked_for(monkeypatch):
    monkeypatch.setattr(Derivation, "write", lambda *_: pytest.fail("written"))
    store = KeptForms()
    numbers, verdict = stages(request("x**3", frozenset(), x=2.0), Differentiator("cpu", forms=store))
    assert numbers.provisional
    assert not verdict.provisional
    assert verdict.derivatives[0].verdict.outcome is Outcome.AGREE
    assert len(store.stored()) == 1


def test_each_notation_is_written_when_it_is_first_asked_for_and_once(monkeypatch):
    written, write = [], Derivation.write
    monkeypatch.setattr(Derivation, "write", lambda self, notation: written.append(notation) or write(self, notation))
    differentiator = Differentiator("cpu")
    for notations, new in (({TEXT}, [TEXT]), ({TEXT, LATEX}, [LATEX]), (EVERY, [*Notation][2:]), (EVERY, [])):
        written.clear()
        responses = stages(request("x**3", frozenset(notations), x=2.0), differentiator)
        assert written == new
        assert {state(responses[-1], notation) for notation in notations} == {DONE}
        # The numbers come by themselves only while the form is not known.
        assert len(responses) == 1 + len(new) + (new == [TEXT])


def test_an_expression_without_a_closed_form_has_no_notation():
    numbers, last = stages(request("sum(matrix_exp(diag(x)))", x=[1.0, 2.0]))
    assert (numbers.provisional, last.provisional) == (True, False)
    assert set(states(numbers).values()) == {DEADLINE}
    assert set(states(last).values()) == {NO_FORM}
    assert last.derivatives[0].symbolic.state is LegState.NO_CLOSED_FORM


def test_an_input_that_the_value_does_not_depend_on_is_written_as_zero_with_the_verdict():
    numbers, *later = stages(request("x**3", x=2.0, z=[1.0, 2.0]))
    for response in later:
        zero = response.derivatives[1]
        assert {zero.formula(kind, n) for kind in (JACOBIAN, VJP) for n in (TEXT, LATEX)} == {"0"}
        for notation in OF_ONE_DERIVATIVE:
            expected = DONE if notation in (TEXT, LATEX) else NO_FORM
            assert {zero.state(kind, notation) for kind in (JACOBIAN, VJP)} == {expected}
    assert {numbers.derivatives[1].state(JACOBIAN, n) for n in OF_ONE_DERIVATIVE} == {DEADLINE}


class Impatient(KeptForms):
    """A store in which writing one notation was given up before."""

    def __init__(self, notation):
        super().__init__()
        self.notation = notation

    def get(self, key):
        if self.notation is not None and key.endswith(f" {self.notation.value}"):
            raise FormOverBudget(key)
        return super().get(key)


@pytest.mark.parametrize("notation", Notation)
def test_a_notation_that_took_too_long_before_costs_neither_the_others_nor_the_verdict(notation):
    store = Impatient(notation)
    differentiator = Differentiator("cpu", forms=store)
    responses = stages(request("x**3", x=2.0), differentiator)
    last = responses[-1]
    assert states(last) == dict.fromkeys(Notation, DONE) | {notation: DEADLINE}
    assert last.derivatives[0].verdict.outcome is Outcome.AGREE
    assert last.derivatives[0].symbolic.state is LegState.DONE
    assert not last.provisional
    # Once it may be tried again, only this one is written.
    store.notation = None
    again = stages(request("x**3", x=3.0), differentiator)
    assert [states(response)[notation] for response in again] == [DEADLINE, DONE]
    assert set(states(again[-1]).values()) == {DONE}


def test_each_notation_is_stored_under_its_own_key():
    store = KeptForms()
    differentiator = Differentiator("cpu", forms=store)
    stages(request("x**3", frozenset({LATEX, Notation.CODE}), x=2.0), differentiator)
    (form,) = (key for key in store.stored() if " " not in key)
    assert store.stored() == {form, notation_key(form, LATEX), notation_key(form, Notation.CODE)}
    stages(request("x**3", x=2.0), differentiator)
    assert store.stored() == {form, *(notation_key(form, notation) for notation in Notation)}


def test_another_worker_takes_each_notation_from_the_store(monkeypatch):
    store = KeptForms()
    first = stages(request("softmax(x) @ x", x=[1.0, 2.0]), Differentiator("cpu", forms=store))
    monkeypatch.setattr(f"{CACHE}.Derivation", lambda *_: pytest.fail("derived again"))
    second = stages(request("softmax(x) @ x", x=[1.0, 2.0]), Differentiator("cpu", forms=store))
    assert [states(response) for response in second] == [states(response) for response in first]
    assert {response.form_origin for response in second[1:]} == {FormOrigin.SERVICE}
    for one, other in zip(first[-1].derivatives, second[-1].derivatives, strict=True):
        assert {k: dict(f) for k, f in one.written.formulas.items()} == {
            k: dict(f) for k, f in other.written.formulas.items()
        }
    assert (second[-1].code, second[-1].steps) == (first[-1].code, first[-1].steps)


def test_another_worker_calls_sympy_for_nothing_but_entries():
    """Too many entries to write are none of its work either."""
    store = KeptForms()
    stages(request("softmax(x) @ x", x=[1.0, 2.0]), Differentiator("cpu", forms=store))
    fresh, asked, calls = Differentiator("cpu", forms=store), request("softmax(x) @ x", x=torch.rand(65)), []

    def count(frame, event, _):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("sympy."):
            calls.append(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        responses = stages(asked, fresh)
    finally:
        sys.setprofile(before)
    assert calls == []
    assert state(responses[-1], ENTRIES) is NotationState.OVER_BUDGET
    assert {state(responses[-1], n) for n in Notation if n is not ENTRIES} == {DONE}


def test_entries_for_other_lengths_come_after_the_verdict():
    differentiator = Differentiator("cpu")
    stages(request("sum(x**2)", x=[1.0, 2.0]), differentiator)
    verdict, last = stages(request("sum(x**2)", x=[1.0, 2.0, 3.0]), differentiator)
    assert verdict.provisional
    assert verdict.derivatives[0].verdict.outcome is Outcome.AGREE
    assert states(verdict) == dict.fromkeys(Notation, DONE) | {ENTRIES: DEADLINE}
    assert set(states(last).values()) == {DONE}
    assert last.derivatives[0].formula(JACOBIAN, ENTRIES) == ("2*x[0]", "2*x[1]", "2*x[2]")
    for lengths in ([1.0, 2.0, 3.0], [1.0, 2.0]):
        (only,) = stages(request("sum(x**2)", x=lengths), differentiator)
        assert set(states(only).values()) == {DONE}


def test_what_is_not_checked_is_written_all_the_same():
    *_, last = stages(request("x**3", check=False, x=2.0))
    assert set(states(last).values()) == {DONE}
    assert last.derivatives[0].verdict.reason == "NOT_CHECKED"
    assert last.derivatives[0].symbolic.state is LegState.DONE


@pytest.mark.parametrize(
    ("problem", "expected"),
    [(ValueError, NO_FORM), (KeyError, NO_FORM), (RecursionError, NotationState.OVER_BUDGET)],
)
def test_writing_never_raises_and_a_failure_costs_one_notation(monkeypatch, problem, expected):
    """sympy raises what it likes."""
    asked = request("x**3", x=2.0)

    def fail(*_):
        raise problem

    monkeypatch.setattr("pullback_server.symbolic.notation.render.code", fail)
    assert derivation_of(asked).write(Notation.CODE) == Code(state=expected)
    *_, last = stages(asked)
    assert states(last) == dict.fromkeys(Notation, DONE) | {Notation.CODE: expected}
    assert last.derivatives[0].verdict.outcome is Outcome.AGREE
    monkeypatch.setattr("pullback_server.symbolic.notation.render.derivation", fail)
    assert derivation_of(asked).write(Notation.STEPS) == Steps(state=expected)
    assert not form_of(asked).reason
