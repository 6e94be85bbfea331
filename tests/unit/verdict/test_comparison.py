"""The comparison finds what differs, where, and lets pass what rounding explains."""

import math

import pytest
import torch
from pullback_server.symbolic import derive, error_bound, evaluator
from pullback_server.verdict import Outcome
from pullback_server.verdict.comparison import BLOCK, FEW, compare
from questions import final, prepared, question, tensors


def no_bound(_):
    return None


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


SIZES = [1, FEW, FEW + 1, BLOCK - 1, BLOCK + 1, 3 * BLOCK + 5]


@pytest.mark.parametrize("size", SIZES)
def test_equal_gradients_agree(size):
    verdict = compare(normal(size), normal(size), torch.float64, no_bound)
    assert verdict.outcome is Outcome.AGREE
    assert (verdict.compared, verdict.differing) == (size, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wrong", [1e-6, math.nan, math.inf, -math.inf])
def test_one_wrong_entry_is_found_where_it_is(size, wrong):
    right = normal(size)
    for at in {0, size // 2, size - 1}:
        changed = right.clone()
        changed[at] += wrong
        verdict = compare(changed, right, torch.float64, no_bound)
        assert verdict.outcome is Outcome.DIFFER
        assert (verdict.worst.index, verdict.differing) == ((at,), 1)
        assert verdict.worst.closed_form == right[at]


def test_the_worst_entry_has_an_index_of_the_gradients_rank():
    right, changed = normal(3, 4, 5), normal(3, 4, 5)
    changed[2, 1, 3] *= -1
    assert compare(changed, right, torch.float64, no_bound).worst.index == (2, 1, 3)


@pytest.mark.parametrize("factor", [1 + 1e-9, 1 - 1e-12, -1.0, 2.0])
def test_a_wrong_factor_differs_at_every_entry(factor):
    right = normal(50).abs() + 0.5
    verdict = compare(right * factor, right, torch.float64, no_bound)
    assert (verdict.outcome, verdict.differing) == (Outcome.DIFFER, 50)


def test_rounding_of_the_gradients_own_dtype_is_no_difference():
    right = normal(1000)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        assert compare(right.to(dtype), right, dtype, no_bound).outcome is Outcome.AGREE
    assert compare(right.to(torch.float32), right, torch.float64, no_bound).outcome is Outcome.DIFFER


def test_the_same_infinities_agree_and_nan_on_both_sides_proves_nothing():
    infinite = torch.tensor([1.0, math.inf, -math.inf], dtype=torch.float64)
    assert compare(infinite, infinite.clone(), torch.float64, no_bound).outcome is Outcome.AGREE
    assert compare(infinite, -infinite, torch.float64, no_bound).outcome is Outcome.DIFFER
    both = torch.tensor([1.0, math.nan], dtype=torch.float64)
    verdict = compare(both, both.clone(), torch.float64, no_bound)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "NOT_A_NUMBER")


def test_nan_on_both_sides_does_not_hide_a_difference():
    ours = torch.tensor([1.0, math.nan, 2.0], dtype=torch.float64)
    theirs = torch.tensor([1.0, math.nan, 3.0], dtype=torch.float64)
    verdict = compare(theirs, ours, torch.float64, no_bound)
    assert (verdict.outcome, verdict.worst.index) == (Outcome.DIFFER, (2,))


def test_nothing_to_compare_agrees():
    empty = torch.empty(0, 3, dtype=torch.float64)
    verdict = compare(empty, empty, torch.float64, no_bound)
    assert (verdict.outcome, verdict.compared) == (Outcome.AGREE, 0)


@pytest.mark.parametrize("size", [3, FEW + 1])
def test_a_tolerance_without_bound_lets_nothing_pass(size):
    """Where rounding could carry the closed form anywhere, numbers that are apart are neither equal nor wrong."""
    right, unbounded = normal(size), lambda _: torch.full((size,), math.inf, dtype=torch.float64)
    apart = right.clone()
    apart[1] += 1
    verdict = compare(apart, right, torch.float64, unbounded)
    assert (verdict.outcome, verdict.reason, verdict.worst.index) == (Outcome.UNDECIDED, "UNBOUNDED_ERROR", (1,))
    assert compare(right.clone(), right, torch.float64, unbounded).outcome is Outcome.AGREE
    apart[2] = math.nan
    assert compare(apart, right, torch.float64, unbounded).outcome is Outcome.DIFFER


def test_a_difference_is_allowed_where_the_bound_covers_it_and_nowhere_else():
    right, bound = normal(3), torch.tensor([0.0, 1e-6, 0.0], dtype=torch.float64)
    for at, outcome in enumerate((Outcome.DIFFER, Outcome.AGREE, Outcome.DIFFER)):
        apart = right.clone()
        apart[at] += 1e-5
        assert compare(apart, right, torch.float64, lambda _: bound).outcome is outcome


def test_the_tolerance_says_what_it_is_and_where_it_comes_from():
    right = normal(10)
    verdict = compare(right, right.clone(), torch.float64, no_bound)
    assert verdict.tolerance.absolute == 32 * torch.finfo(torch.float64).eps * right.abs().max()
    assert "float64" in verdict.tolerance.source


CANCELLING = [
    ("sum(x) - sum(x*1.0000001)", {"x": (200,)}),
    ("(1 - cos(x))/x**2", {"x": (50,)}),
    ("softmax(x)", {"x": (40,)}),
    ("sum(x)", {"x": (10_000,)}),
    ("log(1 + exp(x)) - x", {"x": (50,)}),
    ("exp(x) - exp(x + 0.0001)", {"x": (50,)}),
]


@pytest.mark.parametrize(("expression", "shapes"), CANCELLING)
def test_the_running_error_bound_covers_what_float32_loses(expression, shapes):
    """The same plan in float32 is no further from float64 than a few times the bound, entry by entry."""
    inputs = {n: t.to(torch.float32) for n, t in tensors(low=0.01, **shapes).items()}
    asked = question(expression, inputs, seed=None)
    forms = derive(prepared(asked).typed, tuple(inputs))
    exact = {n: t.to(torch.float64) for n, t in inputs.items()} | {"^": asked.upstream.to(torch.float64)}
    rough = inputs | {"^": asked.upstream}
    unit = torch.finfo(torch.float32).eps
    for name in inputs:
        right, got = evaluator(forms.plan)(exact)[name], evaluator(forms.plan)(rough)[name]
        bound = error_bound(forms.plan, name, exact, unit)
        assert ((got.to(torch.float64) - right).abs() <= 4 * bound + 1e-30).all()


@pytest.mark.parametrize(("expression", "shapes"), CANCELLING)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cancellation_is_not_taken_for_a_difference(expression, shapes, dtype):
    inputs = {n: t.to(dtype) for n, t in tensors(low=0.01, **shapes).items()}
    for derivative in final(question(expression, inputs, seed=None)).derivatives:
        assert derivative.verdict.outcome is Outcome.AGREE, derivative.verdict


@pytest.mark.parametrize(
    "expression",
    [
        "sin(x)**2 + cos(x)**2",
        "x/x",
        "exp(x)*exp(-x)",
        "x*y/y",
        "cosh(x)**2 - sinh(x)**2",
        "(x + y)**2 - x**2 - 2*x*y - y**2",
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_sympy_cancels_and_autograd_only_nearly_is_no_difference(expression, dtype):
    inputs = {n: t.to(dtype) for n, t in tensors(x=(30,), y=(30,)).items() if n in expression}
    for derivative in final(question(expression, inputs)).derivatives:
        assert derivative.verdict.outcome is Outcome.AGREE, derivative.verdict


def test_a_spread_does_not_excuse_what_is_further_apart_than_it():
    right = normal(10)
    wrong = right * (1 + 1e-9)
    verdict = compare(wrong, right, torch.float64, no_bound, lambda: 1e-15)
    assert verdict.outcome is Outcome.DIFFER
    assert "autograd" in verdict.tolerance.source
