"""Reductions, running totals, norms and distances where they are delicate."""

import math
from typing import Any

import pytest
import torch
from operator_samples import Tensors, by_both_legs
from pullback_server.operators.distances import MOST_DIFFERENCES
from pullback_server.symbolic import Derivation, DerivativeKind, Notation
from pullback_server.symbolic.lowering.plan import Reduce
from typed_programs import typed_by_shapes


def both_legs(text: str, upstream: list[float] | None = None, **values: Any) -> tuple[Tensors, Tensors]:
    """The gradients by autograd and by the closed form."""
    seed = None if upstream is None else torch.tensor(upstream, dtype=torch.float64)
    return by_both_legs(text, {n: torch.as_tensor(v, dtype=torch.float64) for n, v in values.items()}, seed)


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
    form = Derivation(typed_by_shapes(f"{name}(x, 1)", x=(3, 4)), ("x",)).closed_form()
    assert all(step.kind.startswith("cum") for step in form.plan.steps if isinstance(step, Reduce))


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
    derivation = Derivation(typed_by_shapes("std(x)", x=(5,)), ("x",))
    text = derivation.formula("x", DerivativeKind.JACOBIAN, Notation.TEXT).written
    assert isinstance(text, str)
    assert text.split("\n")[0] == "(x[p] - Sum(x[s], s)/n)/(g*(n - 1))"


def test_a_table_of_distances_that_needs_too_many_differences_has_no_form() -> None:
    rows = math.isqrt(MOST_DIFFERENCES // 64)
    for length, known in ((rows, True), (rows + 64, False)):
        form = Derivation(typed_by_shapes("cdist(x, x)", x=(length, 64)), ("x",)).closed_form()
        assert bool(form.reason) is not known
