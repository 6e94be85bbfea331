"""The comparison finds what differs, where, and lets pass what rounding explains."""

import math

import numpy as np
import pytest
import torch
from both_legs import final, prepared, request_for, tensors
from pullback_server.symbolic import Derivation, RunningErrors, evaluator
from pullback_server.verdict import Outcome
from pullback_server.verdict.blocks import BLOCK
from pullback_server.verdict.compare import Status, compare
from pullback_server.verdict.evaluation import EvaluatedForms
from pullback_server.verdict.form_cache import FormCache
from pullback_server.verdict.preparation import PreparedRequest


class Estimates:
    """Constant estimates of errors: tensors, None for none."""

    def __init__(self, dtype=torch.float64, bound=None, terms=None, sensitivity=0.0):
        self.dtype, self.unit = dtype, torch.finfo(dtype).eps
        self._bound, self._terms, self._sensitivity = bound, terms, sensitivity

    def is_sum(self, _):
        return self._terms is not None

    def largest_terms(self, _):
        return 0.0 if self._terms is None else float(self._terms.max())

    def some_terms(self, _, places):
        return self.terms(_, places)

    def terms(self, _, places=None):
        return self._at(self._terms, places)

    def bound(self, _, places):
        return self._at(self._bound, places)

    @staticmethod
    def _at(tensor, places):
        return None if tensor is None else tensor.numpy() if places is None else tensor.numpy()[places]

    def input_sensitivity(self, _):
        return self._sensitivity


def compared(autograd, closed_form, dtype=torch.float64, thorough=False, **estimates):
    with np.errstate(all="ignore"):  # as the check compares
        return compare("x", autograd, closed_form, Estimates(dtype, **estimates), thorough)


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


SIZES = [1, 64, 65, BLOCK - 1, BLOCK + 1, 3 * BLOCK + 5]


@pytest.mark.parametrize("size", SIZES)
def test_equal_gradients_are_the_same(size):
    comparison = compared(normal(size), normal(size))
    assert comparison.places.tolist() == []
    assert (comparison.entries, comparison.count(Status.DOUBT)) == (size, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wrong", [1e-6, math.nan, math.inf, -math.inf])
def test_one_wrong_entry_is_found_where_it_is(size, wrong):
    right = normal(size)
    for at in {0, size // 2, size - 1}:
        changed = right.clone()
        changed[at] += wrong
        comparison = compared(changed, right)
        assert comparison.places.tolist() == [at]
        assert comparison.count(Status.DOUBT) == 1
        worst = comparison.worst_entry()
        assert (worst.index, worst.closed_form) == ((at,), right[at])


def test_an_entry_has_an_index_of_the_gradients_rank():
    right, changed = normal(3, 4, 5), normal(3, 4, 5)
    changed[2, 1, 3] *= -1
    comparison = compared(changed, right)
    assert comparison.worst_entry().index == (2, 1, 3)


@pytest.mark.parametrize("factor", [1 + 1e-9, 1 - 1e-12, -1.0, 2.0])
def test_a_wrong_factor_is_in_doubt_at_every_entry(factor):
    right = normal(50).abs() + 0.5
    assert compared(right * factor, right).count(Status.DOUBT) == 50


def test_a_small_wrong_entry_beside_a_huge_one_is_in_doubt():
    right = torch.tensor([1e8, 1.0, 1e-8], dtype=torch.float64)
    wrong = right * torch.tensor([1, 1, 1 + 1e-9], dtype=torch.float64)
    comparison = compared(wrong, right)
    assert (comparison.places.tolist(), comparison.status.tolist()) == ([2], [Status.DOUBT])


def test_a_small_entry_may_be_off_by_roundings_of_its_terms():
    right, terms = torch.tensor([1.0, 1e-8], dtype=torch.float64), torch.tensor([1.0, 1.0], dtype=torch.float64)
    off = right + torch.tensor([0.0, 1e-15], dtype=torch.float64)
    assert compared(off, right).count(Status.DOUBT) == 1
    assert compared(off, right, terms=terms).places.tolist() == []


def test_rounding_of_the_gradients_own_dtype_is_no_difference():
    right = normal(1000)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        assert compared(right.to(dtype), right, dtype).places.tolist() == []
    assert compared(right.to(torch.float32), right).count(Status.DOUBT) > 900


def test_what_is_not_finite_is_in_doubt_on_whichever_side():
    infinite = torch.tensor([1.0, math.inf, -math.inf, math.nan], dtype=torch.float64)
    assert compared(infinite, infinite.clone()).places.tolist() == [1, 2, 3]
    assert compared(infinite, -infinite).places.tolist() == [0, 1, 2, 3]
    assert compared(infinite, -infinite).count(Status.DOUBT) == 4


def test_nothing_to_compare_leaves_no_doubt():
    empty = torch.empty(0, 3, dtype=torch.float64)
    comparison = compared(empty, empty)
    assert (comparison.places.tolist(), comparison.entries) == ([], 0)


@pytest.mark.parametrize("size", [3, 65])
def test_an_unbounded_error_excuses_nothing(size):
    right, unbounded = normal(size), torch.full((size,), math.inf, dtype=torch.float64)
    apart = right.clone()
    apart[1] += 1
    assert compared(apart, right, bound=unbounded).places.tolist() == [1]
    assert compared(right.clone(), right, bound=unbounded).places.tolist() == []


def test_a_difference_is_limited_where_the_bound_covers_it_and_in_doubt_elsewhere():
    right, bound = normal(3), torch.tensor([0.0, 1e-6, 0.0], dtype=torch.float64)
    for at, status in enumerate((Status.DOUBT, Status.LIMITED, Status.DOUBT)):
        apart = right.clone()
        apart[at] += 1e-5
        comparison = compared(apart, right, bound=bound)
        assert (comparison.places.tolist(), comparison.status.tolist()) == ([at], [status])


def test_a_bound_that_says_little_does_not_make_a_wrong_factor_the_same():
    right = normal(10).abs() + 1
    loose = torch.full((10,), 1e-6, dtype=torch.float64)
    assert compared(right * (1 + 1e-9), right, bound=loose).count(Status.LIMITED) == 10


def test_a_thorough_comparison_sees_where_both_legs_may_have_lost_the_same_digits():
    right, terms = torch.tensor([1.0, 1e-12], dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    assert compared(right.clone(), right, terms=terms).places.tolist() == []
    comparison = compared(right.clone(), right, terms=terms, thorough=True)
    assert (comparison.places.tolist(), comparison.status.tolist()) == ([1], [Status.FRAGILE])


def test_the_tolerance_says_what_it_is_and_where_it_comes_from():
    right = normal(10)
    tolerance = compared(right, right.clone()).tolerance
    assert (tolerance.absolute, tolerance.relative) == (0, 32 * torch.finfo(torch.float64).eps)
    assert "float64" in tolerance.source


def test_a_sensitivity_does_not_excuse_what_is_further_apart_than_it():
    right = normal(10)
    comparison = compared(right * (1 + 1e-9), right, sensitivity=1e-15)
    assert comparison.count(Status.DOUBT) == 10
    assert "autograd" in comparison.tolerance.source


#: What rounding alone may come to.
ROUNDED = (Outcome.AGREE, Outcome.PRECISION_LIMITED)

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
    request = request_for(expression, inputs, seed=None)
    plan = Derivation(prepared(request).typed, tuple(inputs)).closed_form().plan
    exact = {n: t.to(torch.float64) for n, t in inputs.items()} | {"^": request.upstream.to(torch.float64)}
    rough = inputs | {"^": request.upstream}
    unit = torch.finfo(torch.float32).eps
    for name in inputs:
        right, computed = evaluator(plan)(exact)[name], evaluator(plan)(rough)[name]
        bound = RunningErrors(plan, exact, unit).of(name)
        assert ((computed.to(torch.float64) - right).abs() <= 4 * bound + 1e-30).all()


@pytest.mark.parametrize(("expression", "shapes"), CANCELLING)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cancellation_is_not_taken_for_a_difference(expression, shapes, dtype):
    inputs = {n: t.to(dtype) for n, t in tensors(low=0.01, **shapes).items()}
    for derivative in final(request_for(expression, inputs, seed=None)).derivatives:
        assert derivative.verdict.outcome in ROUNDED, derivative.verdict


CONSTANT = ["sin(x)**2 + cos(x)**2", "x/x", "exp(x)*exp(-x)", "cosh(x)**2 - sinh(x)**2"]


@pytest.mark.parametrize("expression", [*CONSTANT, "x*y/y", "(x + y)**2 - x**2 - 2*x*y - y**2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_sympy_cancels_and_autograd_only_nearly_is_no_difference(expression, dtype):
    inputs = {n: t.to(dtype) for n, t in tensors(x=(30,), y=(30,)).items() if n in expression}
    for derivative in final(request_for(expression, inputs)).derivatives:
        assert derivative.verdict.outcome in ROUNDED, derivative.verdict


@pytest.mark.parametrize(("cheaply", "kept"), [(2**25, True), (0, False)])
def test_values_that_take_little_memory_are_kept_however_large_the_inputs_are(monkeypatch, cheaply, kept):
    monkeypatch.setattr("pullback_server.verdict.evaluation.KEPT", 0)
    monkeypatch.setattr("pullback_server.verdict.evaluation.CHEAPLY_KEPT", cheaply)
    request = request_for("mean(log(1 + exp(-y*(X @ w))))", tensors(y=(40,), X=(40, 30), w=(30,)))
    program = prepared(request)
    forms = FormCache(None).find(program)[0]
    evaluated = EvaluatedForms(forms, PreparedRequest(request, program, request.upstream, torch.device("cpu"), 2**30))
    assert evaluated.kept is kept
    assert len(evaluated.steps) == len(forms.plan.steps)
