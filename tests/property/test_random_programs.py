"""Random programs of the table: autograd, the closed form and finite differences come to the same slopes."""

import pytest
import torch
from both_legs import KeptForms
from differences import along, slope
from hypothesis import assume, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from opdb.kinks import unsmooth
from pullback_server.symbolic import UPSTREAM, ClosedForm, evaluator
from pullback_server.verdict import Differentiator, Operand, Outcome, Request
from pullback_server.verdict.preparation import differentiated_inputs, prepare, types_of
from random_programs import inputs, programs, usable_rows

#: What the verdict may be on a smooth stretch, and why it may be undecided there.
RIGHT = {Outcome.AGREE, Outcome.PRECISION_LIMITED}
SILENT = {"NO_CLOSED_FORM", "OVER_BUDGET"}


STORE = KeptForms()
LEGS = Differentiator("cpu", forms=STORE)


def request_for(text, seed):
    """The program on random inputs, those that it names, with a random upstream gradient."""
    random = torch.Generator().manual_seed(seed)
    drawn = {
        name: torch.tensor(sample.values, dtype=getattr(torch, sample.dtype.label)).reshape(sample.shape)
        for name, sample in inputs(seed).items()
    }
    every = Request(text, tuple(Operand(name, tensor) for name, tensor in drawn.items()))
    program = prepare(text, types_of(every), differentiated_inputs(every), LEGS.limits).typed
    used = tuple(o for o in every.inputs if o.name in program.program.inputs())
    upstream = torch.randn(program.output.shape, dtype=torch.float64, generator=random)
    return Request(text, used, upstream.to(getattr(torch, program.output.dtype.label)), frozenset())


def slopes(text, seed):
    """What is wrong with the legs, and for each differentiated input whether its slope could be told."""
    request = request_for(text, seed)
    prepared = prepare(text, types_of(request), differentiated_inputs(request), LEGS.limits)
    point = {o.name: o.tensor for o in request.inputs}
    wide = request.upstream.to(torch.float64)

    def value(moved):
        values = prepared.forward(moved)
        output = prepared.forward.tensor(values, prepared.typed.program.output, torch.device("cpu"))
        return (output.to(torch.float64) * wide).sum()

    *_, response = LEGS.respond(request)
    form = ClosedForm.from_bytes(STORE.get(prepared.key))
    closed = None
    if not form.reason:
        floats = {name: tensor.to(torch.float64) for name, tensor in point.items()}
        closed = evaluator(form.plan)(floats | {UPSTREAM: wide})
    wrong, known = [], []
    smooth = not unsmooth(prepared.typed, prepared.forward(point))
    random = torch.Generator().manual_seed(seed + 1)
    for derivative in response.derivatives:
        direction = torch.rand(derivative.gradient.shape, dtype=torch.float64, generator=random) * 2 - 1
        expected = slope(along(value, point, derivative.name, direction)) if smooth else None
        known.append(expected is not None and bool(derivative.gradient.isfinite().all()))
        if not known[-1]:
            continue
        legs = {"autograd": derivative.gradient}
        if closed is not None:
            gradient = closed[derivative.name]
            legs["closed form"] = torch.zeros_like(direction) if gradient is None else gradient
        verdict = derivative.verdict
        allowed = expected.uncertainty + rounding(verdict) * float(direction.abs().sum())
        for leg, gradient in legs.items():
            actual = float((gradient * direction).sum())
            if not abs(actual - expected.value) <= allowed:
                wrong.append(f"{derivative.name}: {leg} {actual:.12g}, differences {expected.value:.12g} in `{text}`")
        if verdict.outcome not in RIGHT and verdict.reason not in SILENT:
            wrong.append(f"{derivative.name}: {verdict.outcome.name} {verdict.reason} {verdict.message} `{text}`")
    return wrong, known


def rounding(verdict):
    """The error that the verdict allows an entry where it says that only precision is lacking."""
    limited = [f for f in verdict.findings if f.outcome is Outcome.PRECISION_LIMITED]
    return max((e.error for finding in limited for e in finding.examined), default=0.0)


def examine(strategy, examples, start=None):
    """No slope of so many random programs is wrong, and each of them has one that is known."""
    examined = 0

    @settings(max_examples=examples)
    @given(strategy, st.integers(0, 2**16))
    def attempt(text, seed):
        nonlocal examined
        wrong, known = slopes(text, seed)
        assume(any(known))
        examined += 1
        assert not wrong

    (attempt if start is None else hypothesis_seed(start)(attempt))()
    assert examined >= examples


def test_both_legs_come_to_the_slopes_of_random_programs():
    examine(programs(), 4)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(100))
def test_two_thousand_random_programs_raise_no_false_alarm(part):
    examine(programs(), 20, part)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("row", usable_rows(), ids=lambda row: row.name)
def test_both_legs_come_to_the_slopes_of_programs_around_every_row(row):
    examine(programs(row), 3)
