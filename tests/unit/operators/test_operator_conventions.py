"""The closed form agrees with autograd on every sample, and at ties, bounds and zeros both give what the table says."""

import math

import pytest
import torch
from operator_samples import by_both_legs, inputs, typed
from pullback_server.numeric.vjp import DTYPES, compile_program, differentiate
from pullback_server.operators import TABLE, Operator
from pullback_server.symbolic import Derivation, evaluator
from row_samples import mostly_slow

inf, nan = math.inf, math.nan
#: An expression, the values of its inputs, and its gradients by autograd.
AT_KINKS: list[tuple[str, dict[str, float], dict[str, float]]] = [
    ("abs(x)", {"x": 0.0}, {"x": 0.0}),
    ("sign(x)", {"x": 0.0}, {"x": 0.0}),
    ("relu(x)", {"x": 0.0}, {"x": 0.0}),
    ("sqrt(x)", {"x": 0.0}, {"x": inf}),
    ("asin(x)", {"x": 1.0}, {"x": inf}),
    ("acos(x)", {"x": -1.0}, {"x": -inf}),
    ("acosh(x)", {"x": 1.0}, {"x": inf}),
    ("maximum(x, y)", {"x": 2.0, "y": 2.0}, {"x": 0.5, "y": 0.5}),
    ("minimum(x, y)", {"x": 2.0, "y": 2.0}, {"x": 0.5, "y": 0.5}),
    ("maximum(x, y)", {"x": 2.0, "y": 3.0}, {"x": 0.0, "y": 1.0}),
    ("minimum(x, y)", {"x": 2.0, "y": 3.0}, {"x": 1.0, "y": 0.0}),
    ("x**y", {"x": 0.0, "y": 2.0}, {"x": 0.0, "y": 0.0}),
    ("x**y", {"x": 0.0, "y": 1.0}, {"x": 1.0, "y": 0.0}),
    ("x**y", {"x": 0.0, "y": 0.5}, {"x": inf, "y": 0.0}),
    ("x**y", {"x": 0.0, "y": 0.0}, {"x": 0.0, "y": 0.0}),
    ("x**y", {"x": 2.0, "y": 0.0}, {"x": 0.0, "y": math.log(2)}),
    ("x % y", {"x": 4.0, "y": 2.0}, {"x": 1.0, "y": -2.0}),
    ("x % y", {"x": -5.0, "y": 3.0}, {"x": 1.0, "y": 2.0}),
    ("(x > y)*x", {"x": 1.0, "y": 1.0}, {"x": 0.0, "y": 0.0}),
    ("clamp(x, min=a)", {"x": 1.0, "a": 1.0}, {"x": 1.0, "a": 0.0}),
    ("clamp(x, max=b)", {"x": 1.0, "b": 1.0}, {"x": 1.0, "b": 0.0}),
    ("clamp(x, a, b)", {"x": 0.0, "a": 0.0, "b": 1.0}, {"x": 1.0, "a": 0.0, "b": 0.0}),
    ("clamp(x, a, b)", {"x": 1.0, "a": 0.0, "b": 1.0}, {"x": 1.0, "a": 0.0, "b": 0.0}),
    ("clamp(x, a, b)", {"x": -1.0, "a": 0.0, "b": 1.0}, {"x": 0.0, "a": 1.0, "b": 0.0}),
    ("clamp(x, a, b)", {"x": 2.0, "a": 0.0, "b": 1.0}, {"x": 0.0, "a": 0.0, "b": 1.0}),
    ("clamp(x, a, b)", {"x": 0.5, "a": 1.0, "b": 0.0}, {"x": 0.0, "a": 0.0, "b": 1.0}),
    ("clamp(x, a, b)", {"x": 0.0, "a": 1.0, "b": 1.0}, {"x": 0.0, "a": 0.0, "b": 0.0}),
    ("relu6(x)", {"x": 0.0}, {"x": 0.0}),
    ("relu6(x)", {"x": 6.0}, {"x": 0.0}),
    ("leaky_relu(x)", {"x": 0.0}, {"x": 0.01}),
    ("elu(x, 2)", {"x": 0.0}, {"x": 2.0}),
    ("celu(x, 2)", {"x": 0.0}, {"x": 1.0}),
    ("selu(x)", {"x": 0.0}, {"x": 1.7580993408473766}),
    ("softsign(x)", {"x": 0.0}, {"x": 1.0}),
    ("hardtanh(x)", {"x": -1.0}, {"x": 0.0}),
    ("hardtanh(x, max_val=2)", {"x": 2.0}, {"x": 0.0}),
    ("hardsigmoid(x)", {"x": -3.0}, {"x": 0.0}),
    ("hardsigmoid(x)", {"x": 3.0}, {"x": 0.0}),
    ("hardswish(x)", {"x": -3.0}, {"x": 0.0}),
    ("hardswish(x)", {"x": 3.0}, {"x": 1.0}),
    ("softshrink(x)", {"x": 0.5}, {"x": 0.0}),
    ("softshrink(x)", {"x": -0.5}, {"x": 0.0}),
    ("hardshrink(x)", {"x": 0.5}, {"x": 0.0}),
    ("hardshrink(x)", {"x": -0.5}, {"x": 0.0}),
    ("threshold(x, 1, 20)", {"x": 1.0}, {"x": 0.0}),
    ("logit(x, 0.25)", {"x": 0.25}, {"x": 16 / 3}),
    ("logit(x, 0.25)", {"x": 0.75}, {"x": 16 / 3}),
    ("logit(x, 0.25)", {"x": 0.8}, {"x": 0.0}),
    ("logit(x, 0)", {"x": -1.0}, {"x": 0.0}),
    ("sinc(x)", {"x": 0.0}, {"x": 0.0}),
    ("i0e(x)", {"x": 0.0}, {"x": 0.0}),
    ("i1(x)", {"x": 0.0}, {"x": 0.5}),
    ("i1e(x)", {"x": 0.0}, {"x": 0.5}),
    ("erfinv(x)", {"x": 1.0}, {"x": inf}),
    ("entr(x)", {"x": 0.0}, {"x": inf}),
    ("frac(x)", {"x": 2.0}, {"x": 1.0}),
    ("floor(x)*x", {"x": 2.0}, {"x": 2.0}),
    ("round(x)*x", {"x": 2.5}, {"x": 2.0}),
    ("signbit(x)*x", {"x": 0.0}, {"x": 0.0}),
    ("atan2(y, x)", {"x": 0.0, "y": 0.0}, {"x": 0.0, "y": 0.0}),
    ("atan2(y, x)", {"x": -2.0, "y": 0.0}, {"x": 0.0, "y": -0.5}),
    ("hypot(x, y)", {"x": 0.0, "y": 0.0}, {"x": nan, "y": nan}),
    ("copysign(x, y)", {"x": 0.0, "y": 1.0}, {"x": 0.0, "y": 0.0}),
    ("copysign(x, y)", {"x": 2.0, "y": -0.0}, {"x": -1.0, "y": 0.0}),
    ("heaviside(x, y)", {"x": 0.0, "y": 2.0}, {"x": 0.0, "y": 1.0}),
    ("heaviside(x, y)", {"x": 1.0, "y": 2.0}, {"x": 0.0, "y": 0.0}),
    ("fmod(x, y)", {"x": 4.0, "y": 2.0}, {"x": 1.0, "y": -2.0}),
    ("fmod(x, y)", {"x": -5.0, "y": 3.0}, {"x": 1.0, "y": 1.0}),
    ("xlogy(x, y)", {"x": 0.0, "y": 2.0}, {"x": math.log(2), "y": 0.0}),
    ("xlogy(x, y)", {"x": 0.0, "y": 0.0}, {"x": 0.0, "y": nan}),
    ("xlog1py(x, y)", {"x": 0.0, "y": -1.0}, {"x": 0.0, "y": nan}),
    ("float_power(x, y)", {"x": 0.0, "y": 0.5}, {"x": inf, "y": 0.0}),
]


@pytest.mark.parametrize(("text", "values", "gradients"), AT_KINKS, ids=[f"{t} {v}" for t, v, _ in AT_KINKS])
def test_both_legs_give_the_convention(text: str, values: dict[str, float], gradients: dict[str, float]) -> None:
    for leg in by_both_legs(text, {n: torch.tensor(v, dtype=torch.float64) for n, v in values.items()}):
        assert {n: g.item() for n, g in leg.items()} == pytest.approx(gradients, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("reduction", ["amax(x)", "norm(x, inf)"])
def test_entries_that_tie_share_the_gradient(reduction: str) -> None:
    for leg in by_both_legs(reduction, {"x": torch.tensor([1.0, 2.0, 2.0], dtype=torch.float64)}):
        assert leg["x"].tolist() == [0.0, 0.5, 0.5]


def test_a_norm_of_zeros_has_gradient_zero() -> None:
    for order in ("1", "2", "3", "inf"):
        for leg in by_both_legs(f"norm(x, {order})", {"x": torch.zeros(2, dtype=torch.float64)}):
            assert leg["x"].tolist() == [0.0, 0.0], order


@pytest.mark.parametrize("row", mostly_slow(TABLE), ids=lambda row: row.name)
def test_closed_form_agrees_with_autograd_on_the_samples(row: Operator) -> None:
    for text in row.samples:
        program = typed(row, text)
        tensors = inputs(row, program)
        wrt = tuple(name for name, t in tensors.items() if t.is_floating_point())
        if not wrt or not program.output.dtype.floating:
            continue
        upstream = torch.linspace(0.5, 1.5, program.output.elements, dtype=DTYPES[program.output.dtype])
        upstream = upstream.reshape(program.output.shape)
        autograd = differentiate(compile_program(program), tensors, wrt, upstream, torch.device("cpu"))
        form = Derivation(program, wrt).closed_form()
        if form.reason:
            continue
        closed = evaluator(form.plan)({n: t.double() for n, t in tensors.items()} | {"^": upstream.double()})
        for name in wrt:
            gradient = torch.zeros_like(tensors[name]) if closed[name] is None else closed[name]
            message = f"{row.name}: autograd and the sympy column differ in `{text}` for {name}"
            torch.testing.assert_close(
                gradient, autograd.gradients[name], rtol=1e-10, atol=1e-10, equal_nan=True, msg=message
            )
