"""Values in many digits, entry by entry: they are those of the reference column, and reach is what it must be."""

import inspect

import mpmath as mp
import numpy as np
import pytest
import torch
from both_legs import ask, disagreements, form_of, prepared, request_for, tensors
from exact_differences import exact_array, reference_value
from pullback_server.operators import TABLE
from pullback_server.program import OverBudget, Work
from pullback_server.symbolic import UPSTREAM, evaluator
from pullback_server.symbolic.evaluation.evaluate import functions
from pullback_server.verdict.exact import FormValues, SlopeKind, Values, scale_of, slopes
from pullback_server.verdict.exact.scalars import scalar
from row_samples import mostly_slow, sample_inputs, samples

ROWS = pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
PLENTY = 10**7


def smallest(row):
    """The first samples of a row on inputs with few entries."""
    small = []
    for _, text in samples([row]):
        inputs = sample_inputs(row, text)
        if 0 < sum(t.numel() for t in inputs.values()) <= 24:
            small.append((text, inputs))
    return small[:3]


@ROWS
def test_entries_one_by_one_are_those_of_the_whole(row):
    for text, inputs in smallest(row):
        typed = prepared(request_for(text, inputs)).typed
        with mp.workdps(50):
            whole = reference_value(typed, {n: exact_array(t) for n, t in inputs.items()}).reshape(-1)
            values = Values(typed, inputs, Work(PLENTY))
            for place in range(len(whole)):
                (one,) = values.at(typed.program.output, np.array([place]))
                assert one == whole[place] or not mp.isfinite(whole[place]), f"{text} at {place}"


@ROWS
def test_an_entry_reaches_every_entry_that_changes_with_it(row):
    for text, inputs in smallest(row)[:2]:
        typed = prepared(request_for(text, inputs)).typed
        for name in (n for n, t in inputs.items() if t.is_floating_point() and t.numel()):
            with mp.workdps(50):
                values = Values(typed, inputs, Work(PLENTY))
                place = inputs[name].numel() - 1
                reach = values.reach(name, place)
                shifted = {n: exact_array(t) for n, t in inputs.items()}
                before = reference_value(typed, shifted).reshape(-1)
                shifted[name].reshape(-1)[place] += mp.mpf("1e-3")
                after = reference_value(typed, shifted).reshape(-1)
                mask = reach.masks[typed.program.output]
                for k, (b, a) in enumerate(zip(before, after, strict=True)):
                    changed = bool(a != b) and mp.isfinite(a) and mp.isfinite(b)
                    assert not changed or (mask is not None and mask[k]), f"{text}: {name} reaches entry {k}"


@ROWS
def test_a_closed_form_in_many_digits_has_the_values_of_float64(row):
    for text, inputs in smallest(row)[:2]:
        request = request_for(text, inputs)
        form = form_of(request)
        if form.reason:
            continue
        point = {n: t.to(torch.float64) for n, t in inputs.items()} | {UPSTREAM: request.upstream.to(torch.float64)}
        doubles = evaluator(form.plan)(point)
        with mp.workdps(50):
            fine = FormValues(form.plan, inputs | {UPSTREAM: request.upstream}, Work(PLENTY))
            for name, gradient in doubles.items():
                flat = [0.0] * inputs[name].numel() if gradient is None else gradient.flatten().tolist()
                digits = [float(fine.gradient(name, place)) for place in range(len(flat))]
                assert digits == pytest.approx(flat, rel=1e-8, abs=1e-10), f"{text} with respect to {name}"


SLOPES = [
    ("abs(x)", 0.0, (SlopeKind.FINITE, -1.0), (SlopeKind.FINITE, 1.0)),
    ("x**3", 2.0, (SlopeKind.FINITE, 12.0), (SlopeKind.FINITE, 12.0)),
    ("sqrt(x)", 0.0, (SlopeKind.UNDEFINED, None), (SlopeKind.INFINITE, mp.inf)),
    ("abs(x)**1.5", 0.0, (SlopeKind.FINITE, 0.0), (SlopeKind.FINITE, 0.0)),
    ("abs(x)**1.01", 0.0, (SlopeKind.FINITE, 0.0), (SlopeKind.FINITE, 0.0)),
    ("sign(x)*abs(x)**0.5", 0.0, (SlopeKind.INFINITE, mp.inf), (SlopeKind.INFINITE, mp.inf)),
    ("xlogy(x, abs(x))", 0.0, (SlopeKind.INFINITE, -mp.inf), (SlopeKind.INFINITE, -mp.inf)),
    ("floor(x)", 1.0, (SlopeKind.INFINITE, mp.inf), (SlopeKind.FINITE, 0.0)),
    ("log(1 + exp(x))", 800.0, (SlopeKind.FINITE, 1.0), (SlopeKind.FINITE, 1.0)),
    ("where(x > 1e-300, 1, 0)*x", 1e-300, (SlopeKind.FINITE, 0.0), (SlopeKind.INFINITE, mp.inf)),
]


@pytest.mark.parametrize(("expression", "at", "left", "right"), SLOPES, ids=[c[0] for c in SLOPES])
def test_one_sided_slopes(expression, at, left, right):
    inputs = {"x": torch.tensor(at, dtype=torch.float64)}
    typed = prepared(request_for(expression, inputs)).typed
    scale = scale_of(inputs)
    with mp.workprec(520 + 1100):
        values = Values(typed, inputs, Work(PLENTY))
        sides = slopes(values, values.reach("x", 0), torch.ones(()), at, scale)
        for slope, (side, value) in ((sides.left, left), (sides.right, right)):
            assert slope.kind is side
            assert value is None or float(slope.value) == pytest.approx(float(value), abs=1e-12)


def test_the_budget_ends_what_costs_too_much():
    inputs = {"x": torch.rand(100, 100, dtype=torch.float64)}
    typed = prepared(request_for("sum(exp(x @ x))", inputs)).typed
    with mp.workdps(50):
        values = Values(typed, inputs, Work(1000))
        with pytest.raises(OverBudget):
            values.at(typed.program.output, np.array([0]))


def test_every_function_that_plans_call_is_one_of_its_operands_alone():
    for name in functions():
        parameters = inspect.signature(scalar(name)).parameters.values()
        assert not [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty], name


def test_a_function_with_options_has_its_own_in_many_digits():
    assert float(scalar("gelu")(mp.mpf("0.3"))) == pytest.approx(float(torch.nn.functional.gelu(torch.tensor(0.3))))
    inputs = tensors(C=(2, 3), w=(3,))
    assert not disagreements(ask("float_power(0.3 + 2.7*sigmoid(gelu(C)), 0.3 + 2.7*sigmoid(w))", inputs))
