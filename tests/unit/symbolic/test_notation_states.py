"""Every notation of every row's samples has a state that fits, and nothing is longer than its limit allows."""

import pytest
from both_legs import ENTRIES, JACOBIAN, TEXT, VJP, final, request_for, tensors
from printed_values import misread
from pullback_server.operators import TABLE
from pullback_server.program import Limits
from pullback_server.symbolic import DerivativeKind, NotationState
from pullback_server.verdict import Differentiator
from pullback_server.verdict.values import OF_ONE_DERIVATIVE
from row_samples import mostly_slow, sample_requests
from written_expressions import ALL

#: Limits at which everyday formulas and lists are too long, and those of the service.
SMALL, DEFAULT = Limits(formula_characters=200, entries_characters=400), Limits()
#: How many times as long as its limit a formula may be, for its length is estimated.
SLACK = 1.5
#: The states of what is asked for, and waited for.
STATES = (NotationState.DONE, NotationState.OVER_BUDGET, NotationState.NO_FORM)


def unfit(response, limits):
    """What of a response's notations has a state that does not fit, or is too long.

    What is DONE is not empty, but for the entries of a derivative that has none.
    """
    wrong, entries = [], 0
    for d in response.derivatives:
        counts = {VJP: d.gradient.numel(), JACOBIAN: d.gradient.numel() * response.value.numel()}
        for kind in DerivativeKind:
            for notation in OF_ONE_DERIVATIVE:
                state, formula = d.state(kind, notation), d.formula(kind, notation)
                empty = notation is ENTRIES and not counts[kind]
                if state not in STATES or bool(formula) is not (state is NotationState.DONE and not empty):
                    wrong.append((d.name, kind, notation, state, formula))
            if len(d.formula(kind, TEXT)) > SLACK * limits.formula_characters:
                wrong.append((d.name, kind, d.formula(kind, TEXT)))
            entries += sum(map(len, d.formula(kind, ENTRIES)))
    return [*wrong, *([entries] if entries > limits.entries_characters else [])]


def examine(asked, differentiator):
    """The states fit, and each text that is written is right."""
    response = final(asked, differentiator)
    assert not unfit(response, differentiator.limits), asked.expression
    for d in response.derivatives:
        written = [kind for kind in DerivativeKind if d.state(kind, TEXT) is NotationState.DONE]
        assert not misread(asked, d, 1e-9, written), (asked.expression, [d.formula(kind, TEXT) for kind in written])
    return response


@pytest.mark.parametrize("limits", [SMALL, DEFAULT], ids=["small limits", "default limits"])
@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_every_notation_of_a_rows_samples_has_a_state_that_fits(row, limits):
    differentiator = Differentiator("cpu", limits)
    for _, asked in sample_requests(row):
        examine(asked, differentiator)


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_what_is_written_under_small_limits_is_right(case):
    expression, shapes = case
    examine(request_for(expression, tensors(**shapes)), Differentiator("cpu", SMALL))


def test_a_formula_over_the_limit_costs_the_other_inputs_nothing():
    shapes = {"A": (2, 2), "B": (2, 2), "x": (2,), "y": (2,)}
    asked, done = request_for("exp(sin(A @ x)*cos(A @ y) + sin(B @ x))*(A @ x)", tensors(**shapes)), {}
    for limit in (4000, 200, 60):
        response = examine(asked, Differentiator("cpu", Limits(formula_characters=limit)))
        done[limit] = {d.name for d in response.derivatives if d.state(VJP, TEXT) is NotationState.DONE}
        over = {d.name for d in response.derivatives if d.state(VJP, TEXT) is NotationState.OVER_BUDGET}
        assert done[limit] | over == {*shapes}
    assert done == {4000: {*shapes}, 200: {"B", "y"}, 60: set()}


def test_lists_of_entries_share_one_limit():
    """The first ones are written while there is room, and none of the others."""
    asked, written = request_for("x*y", tensors(x=(6,), y=(6,))), []
    for limit in (10, 60, 150, 260, 8000):
        response = examine(asked, Differentiator("cpu", Limits(entries_characters=limit)))
        lists = [d.state(kind, ENTRIES) for d in response.derivatives for kind in DerivativeKind]
        assert {*lists} <= {NotationState.DONE, NotationState.OVER_BUDGET}
        written.append(lists.count(NotationState.DONE))
    assert written == sorted(written)
    assert (written[0], written[-1]) == (0, 4)
    assert 0 < written[2] < 4
