"""The pipeline: provisional responses, shared forms, what fails without costing the number."""

from importlib import import_module

import pytest
import torch
from both_legs import JACOBIAN, LATEX, TEXT, KeptForms, by_name, final
from pullback_server.program import Refusal
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

CACHE = "pullback_server.verdict.form_cache"


PLAIN, WITH_CODE = frozenset({Notation.TEXT}), frozenset({Notation.TEXT, Notation.CODE, Notation.STEPS})


def request(expression, upstream=None, check=True, notations=DEFAULT_NOTATIONS, **values):
    operands = tuple(Operand(name, _tensor(value)) for name, value in values.items())
    return Request(expression, operands, None if upstream is None else _tensor(upstream), notations, check)


def _tensor(value):
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)


def test_a_provisional_response_comes_first_until_the_form_is_known():
    differentiator = Differentiator("cpu")
    numbers, *later = differentiator.respond(request("x**3", x=2.0))
    assert numbers.derivatives[0].symbolic.state is LegState.DEADLINE
    assert numbers.derivatives[0].gradient == 12
    assert numbers.derivatives[0].verdict.reason == "DEADLINE"
    assert {response.derivatives[0].symbolic.state for response in later} == {LegState.DONE}
    assert [response.provisional for response in (numbers, *later)] == [True] * len(later) + [False]
    (only,) = differentiator.respond(request("x**3", x=3.0))
    assert not only.provisional


def test_forms_are_derived_once_for_all_who_share_a_store(monkeypatch):
    store = KeptForms()
    one, two = Differentiator("cpu", forms=store), Differentiator("cpu", forms=store)
    assert final(request("sin(x)*x", x=2.0), one).form_origin is FormOrigin.DERIVED
    monkeypatch.setattr(f"{CACHE}.Derivation", lambda *_: pytest.fail("derived again"))
    shared = final(request("sin(x)*x", x=5.0), two)
    assert shared.form_origin is FormOrigin.SERVICE
    assert shared.derivatives[0].formula(JACOBIAN, TEXT) == "x*cos(x) + sin(x)"
    assert shared.derivatives[0].verdict.outcome is Outcome.AGREE
    assert final(request("sin(x)*x", x=6.0), two).form_origin is FormOrigin.WORKER


def test_other_sizes_use_the_same_form_and_other_patterns_of_ones_do_not():
    differentiator = Differentiator("cpu")
    vector = [1.0] * 5
    assert final(request("sum(x*x)", x=vector), differentiator).form_origin is FormOrigin.DERIVED
    assert final(request("sum(x*x)", x=vector * 20), differentiator).form_origin is FormOrigin.WORKER
    assert final(request("sum(x*x)", x=[1.0]), differentiator).form_origin is FormOrigin.DERIVED


def test_a_form_that_took_too_long_before_costs_no_number():
    class Impatient(KeptForms):
        def get(self, key):
            raise FormOverBudget(key)

    response = final(request("x**3", x=2.0), Differentiator("cpu", forms=Impatient()))
    (derivative,) = response.derivatives
    assert (derivative.gradient, derivative.symbolic.state) == (12, LegState.DEADLINE)
    assert derivative.verdict.outcome is Outcome.UNDECIDED


def test_a_failure_of_sympy_costs_no_number(monkeypatch):
    def fail(_):
        raise RecursionError

    monkeypatch.setattr(import_module("pullback_server.symbolic.derive"), "differentiate", fail)
    (derivative,) = final(request("exp(x)*3", x=0.0), Differentiator("cpu")).derivatives
    assert derivative.gradient == 3
    assert derivative.symbolic.state is LegState.NO_CLOSED_FORM
    assert derivative.verdict.reason == "NO_CLOSED_FORM"


@pytest.mark.parametrize("problem", [AttributeError, KeyError, RuntimeError("sizes"), MemoryError, AssertionError])
def test_a_closed_form_that_cannot_be_evaluated_costs_no_number(monkeypatch, problem):
    def fail(*_):
        raise problem

    monkeypatch.setattr(f"{CACHE}.evaluator", lambda _: fail)
    (derivative,) = final(request("exp(x)*3", x=0.0), Differentiator("cpu")).derivatives
    assert derivative.gradient == 3
    assert derivative.formula(JACOBIAN, TEXT) == "3*exp(x)"
    assert derivative.symbolic.state is LegState.FAILED
    assert derivative.verdict.outcome is Outcome.UNDECIDED
    assert derivative.verdict.reason == ("MEMORY" if problem is MemoryError else "EVALUATION_FAILED")


def test_a_large_request_has_a_provisional_response_even_when_its_form_is_known():
    """Evaluating the form takes a while, and the number is there before."""
    differentiator, large = Differentiator("cpu"), torch.ones(2**18 + 1, dtype=torch.float64)
    final(request("sum(x**2)", notations=PLAIN, x=[1.0, 2.0]), differentiator)
    provisional, last = differentiator.respond(request("sum(x**2)", notations=PLAIN, x=large))
    assert (provisional.provisional, last.provisional) == (True, False)
    assert torch.equal(provisional.derivatives[0].gradient, last.derivatives[0].gradient)
    assert last.form_origin is FormOrigin.WORKER
    assert last.derivatives[0].verdict.compared == large.numel()


def test_no_leg_runs_that_is_not_wanted():
    differentiator = Differentiator("cpu")
    (only,) = differentiator.respond(request("x**3", check=False, notations=frozenset(), x=2.0))
    assert only.form_origin is None
    assert only.derivatives[0].symbolic.state is LegState.NOT_REQUESTED
    printed = final(request("x**3", check=False, notations=frozenset({Notation.LATEX}), x=2.0), differentiator)
    assert printed.derivatives[0].formula(JACOBIAN, LATEX) == "3 x^{2}"
    assert printed.derivatives[0].formula(JACOBIAN, TEXT) == ""
    assert printed.derivatives[0].state(JACOBIAN, TEXT) is NotationState.NOT_REQUESTED
    assert printed.derivatives[0].verdict.reason == "NOT_CHECKED"


LONG = {
    "constants above constants": "exp(exp(exp(100)))*x",
    "constants in exponents": "sin(7**exp(exp(exp(10*exp(1))))+1)*x",
    "zero to a power": "0**x",
    "a high power": "(1 + x)**1000",
    "a power of a polynomial": "(1 + x + x**2)**500",
    "sixty sines": "sin(" * 60 + "x" + ")" * 60,
    "a long sum": " + ".join(f"{k}*x**{k % 7}" for k in range(1, 200)),
    "a long product": "*".join(f"(x + {k})" for k in range(1, 61)),
    "nested roots": "sqrt(1+" * 7 + "x" + ")" * 7,
    "doubling lines": "\n".join(
        f"y{k + 1} = {f'y{k}' if k else 'x'}*0.5 + sin({f'y{k}' if k else 'x'})" for k in range(50)
    )
    + "\ny50",
    "maxima": "*".join(f"maximum(x, {k})" for k in range(25)),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("expression", LONG.values(), ids=LONG.keys())
def test_what_might_blow_up_ends_with_its_number(expression):
    x = torch.tensor(0.3, dtype=torch.float64)
    (derivative,) = final(request(expression, notations=frozenset(Notation), x=x), Differentiator("cpu")).derivatives
    assert derivative.gradient.shape == ()
    assert derivative.verdict.outcome in (Outcome.AGREE, Outcome.UNDECIDED)


REFUSED = [
    ("x**2", {"x": [1.0, 2.0]}, None, "UPSTREAM_REQUIRED", "upstream"),
    ("x**2", {"x": [1.0, 2.0]}, [1.0], "UPSTREAM_SHAPE", "upstream"),
    ("x**2", {"x": [1.0, 2.0]}, torch.ones(2), "UPSTREAM_DTYPE", "upstream"),
    ("x > 1", {"x": 1.0}, None, "NOT_DIFFERENTIABLE", "expression"),
    ("n*1", {"x": 1.0, "n": torch.tensor(2)}, None, "NOT_DIFFERENTIABLE", "expression"),
    ("n*1.0", {"n": torch.tensor(2)}, None, "NOTHING_TO_DIFFERENTIATE", "inputs"),
]


@pytest.mark.parametrize(("expression", "values", "upstream", "reason", "field"), REFUSED)
def test_what_torch_would_not_differentiate_is_refused_and_explained(expression, values, upstream, reason, field):
    with pytest.raises(Refusal) as refused:
        final(request(expression, upstream, **values), Differentiator("cpu"))
    assert (refused.value.reason.name, refused.value.field) == (reason, field)
    assert refused.value.hint
    if field == "upstream":
        assert refused.value.output_shape == (2,)


def test_requires_grad_on_integers_is_refused_and_false_leaves_an_input_out():
    n = Operand("n", torch.tensor(2), requires_grad=True)
    x = Operand("x", torch.tensor(3.0, dtype=torch.float64), requires_grad=False)
    y = Operand("y", torch.tensor(4.0, dtype=torch.float64))
    with pytest.raises(Refusal) as refused:
        final(Request("n*y", (n, y)))
    assert refused.value.field == "inputs[0].requires_grad"
    response = final(Request("x*y", (x, y)))
    assert [(d.name, d.gradient.item()) for d in response.derivatives] == [("y", 3.0)]


def test_an_input_that_the_output_does_not_depend_on_gets_zeros_and_agrees():
    response = final(request("x*2 + 0*z.sum()", x=1.0, y=[1.0, 2.0], z=[3.0, 4.0]))
    derivatives = by_name(response)
    assert derivatives["y"].gradient.tolist() == derivatives["z"].gradient.tolist() == [0, 0]
    assert derivatives["y"].formula(JACOBIAN, TEXT) == derivatives["z"].formula(JACOBIAN, TEXT) == "0"
    assert all(d.verdict.outcome is Outcome.AGREE for d in response.derivatives)


def test_the_deviation_of_torch_from_softplus_is_seen():
    (derivative,) = final(request("softplus(x)", x=20.1)).derivatives
    assert derivative.verdict.outcome is Outcome.TORCH_DEVIATES
    assert derivative.verdict.worst.closed_form == pytest.approx(0.9999999981349912, abs=1e-16)


def test_code_and_steps_come_after_a_response_that_lacks_nothing_else():
    differentiator = Differentiator("cpu")
    *_, without, with_code, whole = differentiator.respond(request("x**3", x=2.0, notations=WITH_CODE))
    assert {r.derivatives[0].symbolic.state for r in (without, with_code, whole)} == {LegState.DONE}
    assert without.derivatives[0].formula(JACOBIAN, TEXT) == whole.derivatives[0].formula(JACOBIAN, TEXT) == "3*x**2"
    assert without.derivatives[0].verdict.outcome is Outcome.AGREE
    assert (without.code.torch, without.steps) == ("", ())
    assert (without.code_state, without.steps_state) == (NotationState.DEADLINE, NotationState.DEADLINE)
    assert (with_code.code_state, with_code.steps_state) == (NotationState.DONE, NotationState.DEADLINE)
    assert (whole.code_state, whole.steps_state) == (NotationState.DONE, NotationState.DONE)
    assert "def vjp(x, v)" in with_code.code.torch
    assert with_code.code == whole.code
    assert whole.steps
    assert len(list(differentiator.respond(request("x**3", x=3.0, notations=WITH_CODE)))) == 1


def test_nothing_is_written_that_was_not_requested():
    differentiator = Differentiator("cpu")
    final(request("x**3", x=2.0, notations=WITH_CODE), differentiator)
    plain = final(request("x**3", x=2.0, notations=PLAIN), differentiator)
    assert (plain.code.torch, plain.steps) == ("", ())
    assert (plain.code_state, plain.steps_state) == (NotationState.NOT_REQUESTED, NotationState.NOT_REQUESTED)
    code = final(request("x**3", x=2.0, notations=frozenset({Notation.CODE})), differentiator)
    assert code.code.numpy
    assert (code.steps, code.steps_state) == ((), NotationState.NOT_REQUESTED)


def test_code_and_steps_are_written_once_for_all_who_share_a_store(monkeypatch):
    store = KeptForms()
    first = final(request("x**3", x=2.0, notations=WITH_CODE), Differentiator("cpu", forms=store))
    monkeypatch.setattr(f"{CACHE}.Derivation", None)
    second = final(request("x**3", x=2.0, notations=WITH_CODE), Differentiator("cpu", forms=store))
    assert (second.code, second.steps) == (first.code, first.steps)


def test_the_closed_forms_gradients_are_in_the_response_where_they_are_requested():
    operand = Operand("x", torch.tensor([1.0, 2.0], dtype=torch.float32))
    evaluated = Request("sum(x**3)", (operand,), notations=frozenset(), check=False, closed_form_gradients=True)
    (derivative,) = final(evaluated, Differentiator("cpu")).derivatives
    assert torch.equal(derivative.closed_form_gradient, torch.tensor([3.0, 12.0], dtype=torch.float64))
    assert derivative.verdict.reason == "NOT_CHECKED"
    assert final(request("sum(x**3)", x=[1.0, 2.0])).derivatives[0].closed_form_gradient is None
