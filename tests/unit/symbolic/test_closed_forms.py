"""Closed forms as they are kept, in plans and in every notation: for every size, in bytes, equal after the journey."""

import json

import pytest
import sympy as sp
import torch
from both_legs import JACOBIAN, LATEX, TEXT, ask, by_name, disagreements, prepared, request_for, tensors
from pullback_server.operators import TABLE
from pullback_server.program import DType, Limits
from pullback_server.symbolic import (
    DECODERS,
    ClosedForm,
    Derivation,
    DerivativeKind,
    EntryWriter,
    Notation,
    codec,
    evaluator,
    form_key,
)
from pullback_server.symbolic.differentiation.derivatives import backward, differentiate
from pullback_server.symbolic.differentiation.partition import partition
from pullback_server.symbolic.lowering.plan import Call, Fetch, Plan, Product, Reduce, Result, prune
from row_samples import mostly_slow, sample_inputs, samples
from typed_programs import typed_by_shapes
from written_expressions import LINES, ORDINARY, SUMS

#: The expressions that people come with, at sizes at which a form of one formula an entry would never end.
LARGE = (
    ("softmax(Q @ K.T / sqrt(64), dim=-1) @ V", {"Q": (48, 64), "K": (40, 64), "V": (40, 32)}),
    (
        "tanh(W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3)",
        {"W1": (64, 50), "W2": (40, 64), "W3": (30, 40), "b1": (64,), "b2": (40,), "b3": (30,), "x": (50,)},
    ),
    ("mean(softplus(-y*(X @ w)))", {"y": (500,), "X": (500, 20), "w": (20,)}),
    ("sum(log(1 + exp(-y*(X @ w))))", {"y": (500,), "X": (500, 20), "w": (20,)}),
    ("softmax(x)", {"x": (5000,)}),
    ("sum((X - U @ V.T)**2)", {"X": (80, 60), "U": (80, 10), "V": (60, 10)}),
)


def key(expression, wrt=None, dtype=DType.FLOAT64, **shapes):
    return form_key(typed_by_shapes(expression, dtype, **shapes), wrt or tuple(shapes))


def derivation_at(expression, inputs):
    """The derivation of an expression with the tensors that its plan takes."""
    asked = request_for(expression, inputs)
    preparation = prepared(asked)
    named = preparation.typed.program.inputs()
    point = {o.name: o.tensor.to(torch.float64) for o in asked.inputs if o.name in named}
    return Derivation(preparation.typed, preparation.used), point | {"^": asked.upstream.to(torch.float64)}


@pytest.mark.parametrize(("expression", "shapes"), LARGE, ids=[text[:30] for text, _ in LARGE])
def test_the_expressions_of_every_day_agree_at_every_entry_and_read_well(expression, shapes):
    inputs = tensors(low=-1, high=1, **shapes)
    answer = ask(expression, inputs)
    assert not disagreements(answer)
    for d in answer.derivatives:
        assert d.verdict.compared == inputs[d.name].numel()
        for kind in DerivativeKind:
            assert 0 < len(d.formula(kind, TEXT)) < 2000
            assert 0 < len(d.formula(kind, LATEX)) < 4000


@pytest.mark.parametrize(
    ("expression", "shapes", "others"),
    [
        ("A @ x", {"A": (2, 3), "x": (3,)}, {"A": (50, 7), "x": (7,)}),
        ("A @ x", {"A": (2, 3), "x": (3,)}, {"A": (0, 7), "x": (7,)}),
        ("mean(x)*x.shape[0]", {"x": (2, 3)}, {"x": (5, 9)}),
        ("softmax(x, 1) + b", {"x": (2, 3), "b": (1, 3)}, {"x": (4, 5), "b": (1, 5)}),
    ],
)
def test_a_form_is_the_same_for_every_size(expression, shapes, others):
    assert key(expression, **shapes) == key(expression, **others)


def test_a_form_does_not_depend_on_the_dtype():
    assert key("x**2", x=(3,)) == key("x**2", dtype=DType.FLOAT32, x=(3,))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("x + y", {"x": (2, 3), "y": (2, 3)}), ("x + y", {"x": (2, 3), "y": (1, 3)})),
        (("x + y", {"x": (2, 3), "y": (2, 3)}), ("x + y", {"x": (2, 3), "y": (3,)})),
        (("sum(x)", {"x": (3,)}), ("sum(x)", {"x": (1,)})),
        (("sum(x)", {"x": (3,)}), ("sum(y)", {"y": (3,)})),
        (("sum(x, 0)", {"x": (3, 3)}), ("sum(x, 1)", {"x": (3, 3)})),
        (("x*2", {"x": (3,)}), ("x*3", {"x": (3,)})),
        (("x*1", {"x": (3,)}), ("x*1.0", {"x": (3,)})),
        (("x*e", {"x": (3,)}), ("x*pi", {"x": (3,)})),
        (("z = x*x\nz*z", {"x": (3,)}), ("y = x*x\ny*y", {"x": (3,)})),
        (("x*x.shape[0]", {"x": (3, 4)}), ("x*x.shape[1]", {"x": (3, 4)})),
    ],
)
def test_another_meaning_has_another_form(one, other):
    assert key(one[0], **one[1]) != key(other[0], **other[1])


def test_a_form_for_fewer_inputs_is_another():
    shapes = {"x": (3,), "y": (3,)}
    assert len({key("x*y", wrt, **shapes) for wrt in [("x",), ("y",), ("x", "y")]}) == 3


def test_a_line_that_another_follows_does_not_change_where_the_text_stands():
    assert key("x  *  2", x=(3,)) == key("(x*2)", x=(3,))


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_the_form_of_a_rows_samples_survives_the_journey_as_bytes_in_every_notation(row):
    for _, text in samples([row]):
        derivation, point = derivation_at(text, sample_inputs(row, text))
        form = derivation.closed_form()
        again = ClosedForm.from_bytes(form.to_bytes())
        assert again == form, text
        assert again.to_bytes() == form.to_bytes(), text
        for notation in Notation:
            written = derivation.write(notation)
            assert DECODERS[notation](written.to_bytes()) == written, (text, notation)
        if form.reason:
            continue
        before, after = evaluator(form.plan)(point), evaluator(again.plan)(point)
        for name, gradient in before.items():
            assert (gradient is None) == (after[name] is None)
            assert gradient is None or torch.equal(gradient, after[name]), text


@pytest.mark.parametrize("case", mostly_slow([*ORDINARY, *SUMS, *LINES], 3), ids=lambda case: case[0][:40])
def test_entries_after_the_journey_are_those_before_it(case):
    expression, shapes = case
    written = derivation_at(expression, tensors(**shapes))[0].write(Notation.ENTRIES)
    again = DECODERS[Notation.ENTRIES](written.to_bytes())
    assert again == written
    before, after = (EntryWriter(forms, shapes) for forms in (written, again))
    for writer in (before, after):
        writer.write_lists(Limits().entries_characters)
    assert before.lists == after.lists
    assert before.lists.keys() == shapes.keys()


def test_the_reason_for_no_form_survives_the_journey():
    form = derivation_at("matrix_exp(diag(u))", tensors(u=(3,)))[0].closed_form()
    assert form.reason
    assert ClosedForm.from_bytes(form.to_bytes()) == form


def test_bytes_of_another_format_are_refused():
    parts = json.loads(ClosedForm(reason="none").to_bytes())
    with pytest.raises(ValueError, match="format"):
        ClosedForm.from_bytes(json.dumps([parts[0] + 1, *parts[1:]]).encode())


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_every_expression_of_a_rows_samples_is_decoded_as_it_was_encoded(row):
    """All that travels in a tree: the definitions' bodies, their derivatives, and the gradients that flow inwards."""
    for _, text in samples([row]):
        preparation = prepared(request_for(text, sample_inputs(row, text)))
        if Derivation(preparation.typed, preparation.used).closed_form().reason:
            continue
        differentiated = differentiate(partition(preparation.typed))
        program = [*differentiated.forward, *backward(differentiated, preparation.used).values()]
        expressions = [p.body for p in program]
        expressions += [partial.value for partials in differentiated.partials.values() for partial in partials]
        for e in expressions:
            travelled = codec.decode(json.loads(json.dumps(codec.encode(e))))
            assert travelled == e, text
            assert sp.srepr(travelled) == sp.srepr(e)


def test_a_plan_keeps_no_step_that_no_result_needs():
    used = Fetch("x", (0,))
    steps = (
        Fetch("y", (0,)),
        used,
        Call("exp", ((0, None),)),
        Reduce("sum", 1, (0,)),
        Product((1, 1), ((0,), (0,)), ()),
    )
    plan = prune(Plan(steps, {"x": Result((3, None), (-1,)), "y": None, "z": Result(2.0, ())}))
    assert plan.steps == (used, Reduce("sum", 0, (0,)))
    assert plan.results == {"x": Result((1, None), (-1,)), "y": None, "z": Result(2.0, ())}


@pytest.mark.parametrize(("expression", "shapes"), [*ORDINARY, *SUMS, *LINES], ids=lambda value: str(value)[:40])
def test_every_step_of_a_plan_is_read(expression, shapes):
    plan = derivation_at(expression, tensors(**shapes))[0].closed_form().plan
    assert prune(plan) == plan


def test_inputs_that_share_a_product_compute_it_once():
    """The gradients of both factors go through tanh of the same product."""
    steps = derivation_at("sum(tanh(A @ B))", tensors(A=(3, 4), B=(4, 2)))[0].closed_form().plan.steps
    products = [step for step in steps if isinstance(step, Product)]
    assert len(products) == 3
    assert sum(isinstance(step, Call) and step.function == "tanh" for step in steps) == 1


def test_a_softmax_is_computed_in_one_step():
    steps = derivation_at("softmax(x, 0)", tensors(x=(3, 4)))[0].closed_form().plan.steps
    assert [step.kind for step in steps if isinstance(step, Reduce)].count("softmax") == 1
    assert not any(isinstance(step, Reduce) and step.kind == "logsumexp" for step in steps)


def test_the_gradient_of_an_input_that_cancels_is_zero():
    answer = by_name(ask("x - x + y", tensors(x=(3,), y=(3,))))
    assert answer["x"].formula(JACOBIAN, TEXT) == "0"
    assert not answer["x"].gradient.any()
    assert answer["x"].verdict.outcome.name == "AGREE"
