"""The magnitudes of terms: the same however many entries are asked for, and bounded by what costs less."""

import pytest
import torch
from both_legs import form_of, request_for, tensors
from pullback_server.symbolic import Magnitudes, evaluator, linear_slots
from pullback_server.symbolic.evaluation.evaluate import closure, restore
from pullback_server.symbolic.evaluation.magnitudes import LONG

#: Expressions and shapes: sums of all kinds, some with so many entries that products are gone through in parts.
CASES = (
    ("softmax(x)", {"x": (2**17,)}),
    ("sum((X - U @ V.T)**2)", {"X": (60, 50), "U": (60, 3), "V": (50, 3)}),
    ("softmax(Q @ K.T / sqrt(8), dim=-1) @ V", {"Q": (40, 8), "K": (300, 8), "V": (300, 8)}),
    ("tanh(W2 @ tanh(W1 @ x + b1) + b2)", {"W1": (300, 400), "b1": (300,), "W2": (50, 300), "b2": (50,), "x": (400,)}),
    ("mean(log(1 + exp(-y*(X @ w))))", {"y": (2000,), "X": (2000, 60), "w": (60,)}),
    ("cumsum(x)*x - sum(x)", {"x": (500,)}),
    ("sum(x*x*diagonal(A))", {"x": (300,), "A": (300, 300)}),
    ("sum(W @ x)", {"W": (400, 300), "x": (300,)}),
    ("x[1:] * x[:-1] - where(y > 0.5, y, -x[1:])", {"x": (301,), "y": (300,)}),
    ("(x - mean(x))/std(x)", {"x": (30, 40)}),
)
EACH = pytest.mark.parametrize(("expression", "shapes"), CASES, ids=[text for text, _ in CASES])


def evaluated(expression, shapes):
    """The plan of an expression, the values that are kept of its steps, and the tensors; signs are of both kinds."""
    inputs = {name: tensor - 0.6 for name, tensor in tensors(**shapes).items()}
    request = request_for(expression, inputs)
    plan, point, kept = form_of(request).plan, inputs | {"^": request.upstream}, []
    evaluator(plan)(point, kept)
    return plan, kept, point


def magnitudes(expression, shapes, some=False):
    plan, kept, point = evaluated(expression, shapes)
    return Magnitudes(plan, linear_slots(plan), kept, point, some)


@EACH
@pytest.mark.parametrize("some", [False, True])
def test_those_of_some_entries_are_those_of_all_entries_there(expression, shapes, some):
    for name in shapes:
        everywhere = magnitudes(expression, shapes, some).of(name)
        for places in (torch.arange(0, torch.Size(shapes[name]).numel(), step) for step in (1, 3, 97)):
            there = magnitudes(expression, shapes, some).of(name, places.numpy())
            if everywhere is None:
                assert there is None
            else:
                torch.testing.assert_close(there, everywhere[places], rtol=1e-12, atol=0)


@EACH
def test_some_of_the_terms_are_no_larger_than_all_and_no_entry_is_larger_than_those(expression, shapes):
    plan, _, point = evaluated(expression, shapes)
    for name, gradient in evaluator(plan)(point).items():
        every, some = magnitudes(expression, shapes).of(name), magnitudes(expression, shapes, some=True).of(name)
        if gradient is not None and every is not None:
            assert (some <= every * (1 + 1e-12)).all()
            assert ((some > 0) | (every == 0)).all()
            assert (gradient.reshape(-1).abs() <= every * (1 + 1e-9)).all()


def test_of_a_long_contraction_a_part_counts_and_of_a_short_one_all():
    for count in (LONG - 1, LONG, 10 * LONG):
        shapes = {"W": (3, count), "x": (count,)}
        every, some = (magnitudes("sum((W @ x)**2)", shapes, some=some).of("W") for some in (False, True))
        torch.testing.assert_close(some < every, torch.full_like(some, count >= LONG, dtype=torch.bool))


@EACH
def test_no_terms_are_larger_than_their_bound(expression, shapes):
    for name in shapes:
        terms = magnitudes(expression, shapes).of(name)
        largest = magnitudes(expression, shapes).largest(name)
        assert largest == 0 if terms is None else float(terms.max()) <= largest * (1 + 1e-12)


@EACH
def test_tensors_that_are_overwritten_change_no_gradient_and_no_input(expression, shapes):
    plan, _, point = evaluated(expression, shapes)
    before = {name: tensor.clone() for name, tensor in point.items()}
    slots = []
    for step in plan.steps:
        slots.append(closure(step)(slots, point))
    for gradients in (evaluator(plan)(point), evaluator(plan)(point, [])):
        for name, gradient in gradients.items():
            assert gradient is None or torch.equal(gradient, restore(plan.results[name], slots, point[name]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in point.items())
