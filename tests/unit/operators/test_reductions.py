"""Reductions, running totals, norms and distances: the public calls that they mean, and where they are delicate."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from operator_samples import by_torch, inputs, typed
from pullback_server.language import check, parse
from pullback_server.numeric.vjp import compile_program
from pullback_server.operators import BY_NAME
from pullback_server.operators.distances import MOST_DIFFERENCES
from pullback_server.program import DType, Limits, TensorType
from pullback_server.symbolic import DerivativeKind, Notation, derive, evaluator
from pullback_server.symbolic.lowering.plan import Reduce

F, inf = torch.nn.functional, math.inf
Tensors = dict[str, torch.Tensor]
CALLS: list[tuple[str, Callable[[Tensors], torch.Tensor]]] = [
    ("var(C)", lambda t: torch.var(t["C"])),
    ("var(x, 0, False)", lambda t: torch.var(t["x"], 0, False)),
    ("std(C, (0, 2), correction=0)", lambda t: torch.std(t["C"], (0, 2), correction=0)),
    ("x.std(1, keepdim=True)", lambda t: t["x"].std(1, keepdim=True)),
    ("np.var(x)", lambda t: torch.as_tensor(t["x"].numpy().var())),
    ("np.std(x, axis=1, ddof=1)", lambda t: torch.as_tensor(t["x"].numpy().std(axis=1, ddof=1))),
    ("max(x, 0)", lambda t: torch.max(t["x"], 0).values),
    ("min(C, 1, True).values", lambda t: torch.min(t["C"], 1, True).values),
    ("np.max(C, axis=(0, 2))", lambda t: torch.as_tensor(t["C"].numpy().max(axis=(0, 2)))),
    ("median(C, -1).values", lambda t: torch.median(t["C"], -1).values),
    ("median(x)", lambda t: torch.median(t["x"])),
    ("cumsum(u)", lambda t: torch.cumsum(t["u"], 0)),
    ("logcumsumexp(x, 1)", lambda t: torch.logcumsumexp(t["x"], 1)),
    ("where(all(x > -1, 1), 1.0, 0.0)*c.T", lambda t: torch.all(t["x"] > -1, 1) * t["c"].T),
    ("norm(x, -inf, 1)", lambda t: torch.norm(t["x"], -inf, 1)),
    ("torch.linalg.norm(x)", lambda t: torch.linalg.norm(t["x"])),
    ("np.linalg.norm(x, 1)", lambda t: torch.linalg.norm(t["x"], 1)),
    ("linalg.norm(x, 1, 1)", lambda t: torch.linalg.norm(t["x"], 1, 1)),
    ("norm(x, 1)", lambda t: torch.norm(t["x"], 1)),
    ("matrix_norm(C, 'nuc', (0, 1))", lambda t: torch.linalg.matrix_norm(t["C"], "nuc", (0, 1))),
    ("F.normalize(C)", lambda t: F.normalize(t["C"])),
    ("F.cosine_similarity(x, y, eps=3)", lambda t: F.cosine_similarity(t["x"], t["y"], eps=3)),
    ("F.pairwise_distance(x, y, 1)", lambda t: F.pairwise_distance(t["x"], t["y"], 1)),
    ("cdist(x, A, 1.5)", lambda t: torch.cdist(t["x"], t["A"], 1.5)),
    ("F.softmin(x, 0)", lambda t: F.softmin(t["x"], 0)),
]


@pytest.mark.parametrize(("text", "call"), CALLS, ids=[text for text, _ in CALLS])
def test_a_row_is_the_public_call(text: str, call: Callable[[Tensors], torch.Tensor]) -> None:
    program = typed(BY_NAME["add"], text)
    tensors = inputs(BY_NAME["add"], program)
    torch.testing.assert_close(by_torch(program, tensors)[program.program.output], call(tensors), rtol=1e-15, atol=0)


def both_legs(text: str, upstream: list[float] | None = None, **values: Any) -> tuple[Tensors, Tensors]:
    """The gradients by autograd and by the closed form."""
    tensors = {n: torch.as_tensor(v, dtype=torch.float64) for n, v in values.items()}
    types = {n: TensorType(DType.FLOAT64, tuple(t.shape)) for n, t in tensors.items()}
    program = check(parse(text, list(tensors), Limits()), types, Limits())
    leaves = {n: t.clone().requires_grad_() for n, t in tensors.items()}
    output = compile_program(program)(leaves)[program.program.output]
    seed = torch.ones_like(output) if upstream is None else torch.tensor(upstream, dtype=torch.float64)
    gradients = torch.autograd.grad(output, list(leaves.values()), seed)
    forms = derive(program, tuple(tensors))
    closed = evaluator(forms.plan)(tensors | {"^": seed})
    return dict(zip(leaves, gradients, strict=True)), {n: g for n, g in closed.items() if g is not None}


def agree(text: str, upstream: list[float] | None = None, **values: Any) -> None:
    by_autograd, by_closed_form = both_legs(text, upstream, **values)
    torch.testing.assert_close(by_closed_form, by_autograd, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("x", [[1.5, 0.0, 3.0, 4.0], [1.5, 0.0, 3.0, 0.0, 4.0], [0.0, 0.0, 3.0], [2.0, -1.0, 0.0]])
def test_running_products_are_differentiated_through_zeros(x: list[float]) -> None:
    agree("cumprod(x)", [1.0, -2.0, 0.5, 3.0, -1.0][: len(x)], x=x)
    agree("cumprod(X, 1)", X=[x, x[::-1], [1.0] * len(x)])
    agree("cumprod(cumprod(x))", x=x)


@pytest.mark.parametrize("upstream", [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 0.0, -2.0, 0.5]])
def test_running_log_sums_neither_overflow_nor_lose_small_entries(upstream: list[float]) -> None:
    agree("logcumsumexp(x)", upstream, x=[-800.0, 0.0, 700.0, -300.0, 900.0])
    agree("logcumsumexp(x)", upstream, x=[5.0, 4.0, -3.0, 2.0, 1.0])


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp"])
def test_a_running_total_takes_no_table_of_pairs(name: str) -> None:
    """A hundred thousand entries would make a table of 80 GB."""
    x = torch.linspace(0.9, 1.1, 100_000, dtype=torch.float64)
    agree(f"{name}(x*y)", x=x, y=x.flip(0))
    types = {"x": TensorType(DType.FLOAT64, (3, 4))}
    forms = derive(check(parse(f"{name}(x, 1)", ["x"], Limits()), types, Limits()), ("x",))
    assert all(step.kind.startswith("cum") for step in forms.plan.steps if isinstance(step, Reduce))


def test_what_runs_over_axes_that_only_look_alike_is_no_running_total() -> None:
    agree("tril(A) @ x", A=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], x=[1.0, 2.0, 3.0])
    agree("tril(ones(2, 3)) @ x", x=[1.0, 2.0, 3.0])


ZEROS = [
    ("norm(x)", {"x": [0.0, 0.0]}),
    ("norm(x)**2", {"x": [0.0, 0.0]}),
    ("norm(x, 3)", {"x": [0.0, 0.0]}),
    ("x/(1 + norm(x))", {"x": [0.0, 0.0]}),
    ("std(x)", {"x": [2.0, 2.0, 2.0]}),
    ("normalize(X)", {"X": [[0.0, 0.0], [1.0, 2.0]]}),
    ("cdist(X, X)", {"X": [[0.0, 1.0], [1.0, 2.0], [0.0, 1.0]]}),
    ("exp(-cdist(X, X)**2)", {"X": [[0.0, 1.0], [1.0, 2.0], [0.0, 1.0]]}),
    ("linalg.norm(X - 1, axis=1)", {"X": [[1.0, 1.0], [1.0, 2.0]]}),
]


@pytest.mark.parametrize(("text", "values"), ZEROS, ids=[text for text, _ in ZEROS])
def test_where_a_norm_is_zero_both_legs_have_its_subgradient(text: str, values: dict[str, Any]) -> None:
    agree(text, **values)


def test_a_cosine_below_eps_is_differentiated_as_it_stands_by_the_closed_form_only() -> None:
    by_autograd, by_closed_form = both_legs("cosine_similarity(x, y, 0, eps=10)", x=[3.0, 4.0], y=[1.0, 2.0])
    assert by_closed_form["x"].tolist() == pytest.approx([0.01, 0.02], rel=1e-12)
    assert by_autograd["x"].tolist() != pytest.approx([0.01, 0.02], rel=1e-3)


def test_the_derivative_with_respect_to_the_mean_of_a_variance_is_left_out() -> None:
    types = {"x": TensorType(DType.FLOAT64, (5,))}
    forms = derive(check(parse("std(x)", ["x"], Limits()), types, Limits()), ("x",))
    assert forms.inputs["x"][DerivativeKind.JACOBIAN][Notation.TEXT].split("\n")[0] == (
        "(x[p] - Sum(x[s], s)/n)/(g*(n - 1))"
    )


def test_a_table_of_distances_that_needs_too_many_differences_has_no_form() -> None:
    rows = math.isqrt(MOST_DIFFERENCES // 64)
    for length, known in ((rows, True), (rows + 64, False)):
        types = {"x": TensorType(DType.FLOAT64, (length, 64))}
        forms = derive(check(parse("cdist(x, x)", ["x"], Limits()), types, Limits()), ("x",))
        assert bool(forms.reason) is not known
