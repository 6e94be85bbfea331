"""Layers and losses: values that are refused because they would cost an accelerator, and kinks."""

import pytest
import torch
from both_legs import JACOBIAN, TEXT, ask, by_name, jacobian, request_for
from pullback_server.program import Refusal

X = torch.tensor([[0.5, -1.0], [2.0, 0.25]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("embedding(t, x)", [0, 2]),
        ("embedding(t, x)", [0, -1]),
        ("cross_entropy(x, t)", [0, 2]),
        ("cross_entropy(x, t, ignore_index=1)", [1, -1]),
        ("nll_loss(x, t)", [-2, 0]),
        ("multi_margin_loss(x, t)", [2, 0]),
        ("bce(x, x)", [0, 0]),
        ("gaussian_nll_loss(x, x, x)", [0, 0]),
    ],
)
def test_values_that_an_operator_does_not_take_are_refused_with_a_place(text: str, indices: list[int]) -> None:
    with pytest.raises(Refusal) as caught:
        ask(text, {"x": X, "t": torch.tensor(indices)})
    assert (caught.value.reason.name, caught.value.line) == ("BAD_VALUE", 1)
    assert caught.value.hint


def test_targets_that_are_ignored_need_be_no_class() -> None:
    tensors = {"x": X, "t": torch.tensor([-100, 1])}
    (derivative,) = ask("cross_entropy(x, t)", tensors).derivatives
    assert derivative.gradient[0].tolist() == [0.0, 0.0]
    assert derivative.gradient[1].any()


def test_running_statistics_stay_as_they_are() -> None:
    tensors = {"x": X, "m": torch.zeros(2, dtype=torch.float64), "s": torch.ones(2, dtype=torch.float64)}
    ask("batch_norm(x, m, s, training=True)", tensors)
    assert (tensors["m"].tolist(), tensors["s"].tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_a_tie_in_a_window_goes_to_the_first() -> None:
    ties = torch.tensor([[1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    assert jacobian(request_for("max_pool1d(x, 2)", {"x": ties}), "x")[0].tolist() == [[[1, 0, 0, 0]], [[0, 0, 1, 0]]]


def test_a_row_that_chooses_nothing_attends_to_nothing() -> None:
    tensors = {"x": X, "m": torch.tensor([[True, False], [False, False]])}
    answer = by_name(ask("scaled_dot_product_attention(x, x, x, m)", tensors))["x"]
    assert answer.gradient.isfinite().all()
    assert answer.formula(JACOBIAN, TEXT)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("pad(x, (1, 1))", "delta(i, p)*delta(j - 1, q)"),
        ("avg_pool1d(x, 1)", "delta(i, p)*delta(j, q)"),
        ("conv1d(x, w, padding=1)", "w[i, p, q + 1 - j]"),
    ],
)
def test_what_padding_leaves_out_is_no_part_of_a_formula(text: str, formula: str) -> None:
    tensors = {"x": X, "w": torch.ones(2, 2, 3, dtype=torch.float64)}
    asked = ask(text, {n: t for n, t in tensors.items() if n in text.split("(")[1]})
    assert by_name(asked)["x"].formula(JACOBIAN, TEXT) == formula
