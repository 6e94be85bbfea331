"""The memory that a plan's evaluation needs, estimated from shapes alone."""

from __future__ import annotations

import pytest
import torch
from both_legs import final, prepared, request_for, shared_forms
from both_legs import tensors as draw_tensors
from enlarged_samples import OVERHEAD, SPARE, allocated, enlarged, estimated, tensors
from pullback_server.operators import TABLE, Operator
from pullback_server.program import Limits
from pullback_server.symbolic import UPSTREAM, Derivation, evaluator, plan_memory
from pullback_server.verdict import Differentiator, Outcome, UndecidedReason
from row_samples import mostly_slow

#: How many times as long a sample's lengths are here.
LONGER = 4
#: The bytes of the table of differences that the closed form of a distance needs, and torch does not.
DIFFERENCES = 20 * 20 * 2000 * 8


@pytest.mark.parametrize("row", mostly_slow(TABLE, 5), ids=lambda row: row.name)
@pytest.mark.parametrize("keep", [False, True], ids=["freed", "kept"])
def test_the_estimate_covers_what_a_plan_allocates(row: Operator, keep: bool) -> None:
    for text, types in enlarged(row, LONGER):
        typed = estimated(text, types)
        wrt = tuple(name for name, t in types.items() if t.dtype.floating)
        if not typed.output.dtype.floating or (form := Derivation(typed, wrt).closed_form()).reason:
            continue
        point = {name: x.detach().to(torch.float64) for name, x in tensors(row, types).items()}
        point[UPSTREAM] = torch.ones(typed.output.shape, dtype=torch.float64)
        evaluate = evaluator(form.plan)
        peak = allocated(lambda: evaluate(point, [] if keep else None))  # noqa: B023
        estimate = plan_memory(form.plan, {name: tuple(x.shape) for name, x in point.items()}, keep=keep)
        assert peak <= SPARE * estimate + OVERHEAD, (text, estimate)


def test_a_closed_form_that_needs_too_much_is_not_evaluated() -> None:
    request = request_for("sum(cdist(x, y))", draw_tensors(x=(20, 2000), y=(20, 2000)))
    needed = prepared(request).typed.memory
    responses = {}

    def respond() -> None:
        responses["scarce"] = final(request, Differentiator("cpu", Limits(memory=needed), forms=shared_forms()))

    assert allocated(respond) < DIFFERENCES
    scarce, ample = responses["scarce"].derivatives[0], final(request).derivatives[0]
    assert (scarce.verdict.outcome, scarce.verdict.reason) == (Outcome.UNDECIDED, UndecidedReason.MEMORY)
    assert ample.verdict.outcome is Outcome.AGREE
    assert scarce.gradient.equal(ample.gradient)
    assert scarce.written.formulas == ample.written.formulas
