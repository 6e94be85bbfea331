"""Every row of the table through both legs: they agree, and autograd's gradient is what torch gives directly."""

import pytest
import torch
from both_legs import LATEX, TEXT, disagreements, final, prepared, request_for, with_leaves
from pullback_server.operators import TABLE
from pullback_server.program import Reason, Refusal
from pullback_server.verdict import DerivativeKind, LegState, Outcome
from row_samples import all_slow, mostly_slow, sample_inputs, sample_requests, samples

#: The rows without a closed form; the number comes all the same.
NO_FORM = {row.name for row in TABLE if not row.closed_form}
#: Samples whose derivative is too large for float16: autograd gives inf where the closed form has a number.
TOO_LARGE = {("x ** 70", torch.float16)}
NARROW = (torch.float32, torch.bfloat16, torch.float16)
ALL_ROWS = pytest.mark.parametrize("row", all_slow(TABLE), ids=lambda row: row.name)


def directly(request):
    """torch's gradients by `backward` on the program's value, input by input."""
    wrt = [o.name for o in request.inputs if o.tensor.is_floating_point()]
    output, leaves = with_leaves(request, *wrt)
    if output.requires_grad:
        output.backward(request.upstream)
    return {name: torch.zeros_like(leaves[name]) if leaves[name].grad is None else leaves[name].grad for name in wrt}


def all_flaws(row, **drawn):
    """What is wrong with the responses to a row's samples."""
    return [flaw for text, request in sample_requests(row, **drawn) for flaw in flaws_of(row, text, request)]


def flaws_of(row, text, request):
    """What is wrong with the response to a row's sample."""
    response = final(request)
    right = directly(request)
    names = [d.name for d in response.derivatives]
    flaws = [f"{text}: derivatives of {names}"] * (names != list(right))
    for d in response.derivatives:
        if d.gradient.dtype != right[d.name].dtype or d.gradient.shape != right[d.name].shape:
            flaws.append(f"{text}: the gradient of {d.name} has another type")
        elif not torch.equal(d.gradient.nan_to_num(), right[d.name].nan_to_num()):
            flaws.append(f"{text}: the gradient of {d.name} is not torch's")
    if row.name in NO_FORM:
        flaws += [
            f"{text}: {d.name} {d.symbolic}"
            for d in response.derivatives
            if (d.symbolic.state, d.verdict.outcome) != (LegState.NO_CLOSED_FORM, Outcome.UNDECIDED)
            or d.verdict.reason != "NO_CLOSED_FORM"
        ]
        return flaws
    flaws += [f"{text}: {what}" for what in disagreements(response)]
    for d in response.derivatives:
        if not all(d.formula(kind, notation) for kind in DerivativeKind for notation in (TEXT, LATEX)):
            flaws.append(f"{text}: {d.name} has no formula")
        if d.verdict.compared != d.gradient.numel():
            flaws.append(f"{text}: {d.name} was compared at {d.verdict.compared} entries")
    return flaws


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_the_samples_agree_and_their_gradients_are_torchs(row):
    assert not all_flaws(row)


@ALL_ROWS
def test_the_samples_agree_at_another_point(row):
    assert not all_flaws(row, seed=7, upstream=8)


@ALL_ROWS
def test_the_samples_agree_under_an_upstream_of_ones_where_softmax_cancels(row):
    assert not all_flaws(row, upstream=None)


@ALL_ROWS
@pytest.mark.parametrize("dtype", NARROW, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_the_samples_agree_in_narrower_dtypes(row, dtype):
    wrong = []
    for _, text in samples([row]):
        if (text, dtype) not in TOO_LARGE and takes(row, text, dtype):
            flaws = flaws_of(row, text, request_for(text, sample_inputs(row, text, dtype=dtype)))
            # Rounded to few digits, inputs fall on kinks.
            wrong += [flaw for flaw in flaws if "NOT_DIFFERENTIABLE" not in flaw]
    assert not wrong


def takes(row, text, dtype):
    """Whether the operators of a sample take the dtype: decompositions need at least float32."""
    try:
        prepared(request_for(text, sample_inputs(row, text, dtype=dtype)))
    except Refusal as refusal:
        if refusal.reason is not Reason.SHAPE_MISMATCH or "float32" not in refusal.hint:
            raise
        return False
    return True


@pytest.mark.parametrize(("text", "dtype"), sorted(TOO_LARGE, key=str))
def test_what_no_number_of_a_narrow_dtype_can_hold_is_limited_by_precision(text, dtype):
    (row,) = (row for row, sample in samples() if sample == text)
    (derivative,) = final(request_for(text, sample_inputs(row, text, dtype=dtype))).derivatives
    assert derivative.gradient.isinf().any()
    # No number of the dtype is nearer to the derivative than an infinity.
    assert derivative.verdict.outcome is Outcome.PRECISION_LIMITED
    entries = [entry for finding in derivative.verdict.findings for entry in finding.examined]
    assert any(entry.autograd in (float("inf"), float("-inf")) for entry in entries)


def test_what_has_no_closed_form_is_what_nobody_has_one_for():
    assert sorted(NO_FORM) == ["cholesky", "lstsq", "matrix_exp", "median"]
