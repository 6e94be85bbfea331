"""Layers and losses: what torch gives, values that are refused because they would cost an accelerator, kinks."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from both_legs import JACOBIAN, TEXT, ask, by_name, jacobian, request_for
from operator_samples import by_torch, inputs, typed
from pullback_server.operators import BY_NAME
from pullback_server.program import Refusal
from torch.nn import functional as F

Tensors = dict[str, torch.Tensor]


#: Public calls that mean the same as an expression, for columns that are more than that call.
CALLS: list[tuple[str, Callable[[Tensors], torch.Tensor]]] = [
    ("mse_loss(x, u)", lambda t: F.mse_loss(t["x"], t["u"].expand(2, 3))),
    ("huber_loss(c, r)", lambda t: F.huber_loss(t["c"].expand(2, 3), t["r"].expand(2, 3))),
    ("kl_div(x, exp(y), 'batchmean')", lambda t: F.kl_div(t["x"], t["y"].exp(), reduction="batchmean")),
    ("bce(sigmoid(x), sigmoid(y), u)", lambda t: F.binary_cross_entropy(t["x"].sigmoid(), t["y"].sigmoid(), t["u"])),
    ("bce_with_logits(x, y, u)", lambda t: F.binary_cross_entropy_with_logits(t["x"], t["y"], t["u"])),
    ("cross_entropy(x, at, exp(u))", lambda t: F.cross_entropy(t["x"], t["at"], t["u"].exp())),
    ("nll_loss(x, at, exp(u))", lambda t: F.nll_loss(t["x"], t["at"], t["u"].exp())),
    ("multi_margin_loss(x, at, weight=u)", lambda t: F.multi_margin_loss(t["x"], t["at"], weight=t["u"])),
    ("gaussian_nll_loss(x, y, 2)", lambda t: F.gaussian_nll_loss(t["x"], t["y"], 2.0)),
    ("batch_norm(C, u, exp(v))", lambda t: F.batch_norm(t["C"], t["u"], t["v"].exp())),
    ("batch_norm(C, u, v, u, v, True)", lambda t: F.batch_norm(t["C"], None, None, t["u"], t["v"], True)),
    ("instance_norm(C, weight=u)", lambda t: F.instance_norm(t["C"], weight=t["u"])),
    ("group_norm(C, 3, u, v)", lambda t: F.group_norm(t["C"], 3, t["u"], t["v"])),
    ("rms_norm(x, (3,))", lambda t: F.rms_norm(t["x"], (3,))),
    ("pixel_shuffle(D.permute(1, 0, 2), 2)", lambda t: F.pixel_shuffle(t["D"].permute(1, 0, 2), 2)),
    ("embedding(at, x)", lambda t: F.embedding(t["at"], t["x"])),
    ("avg_pool1d(C, 3, 2, 1, True, False)", lambda t: F.avg_pool1d(t["C"], 3, 2, 1, True, False)),
    ("max_pool2d(C, 2, 1, dilation=(2, 1))", lambda t: F.max_pool2d(t["C"], 2, 1, dilation=(2, 1))),
    ("pad(C, (1, 0, 0, 2), value=3)", lambda t: F.pad(t["C"], (1, 0, 0, 2), value=3)),
]


@pytest.mark.parametrize("weighted", [False, True], ids=["constants", "variables"])
@pytest.mark.parametrize(("text", "call"), CALLS, ids=[text for text, _ in CALLS])
def test_a_column_gives_what_the_public_call_gives(text: str, call: Callable[[Tensors], Any], weighted: bool) -> None:
    """Also where torch could not differentiate its own function with respect to the weights."""
    program = typed(BY_NAME["add"], text)
    tensors = {
        n: t.requires_grad_(weighted and t.is_floating_point()) for n, t in inputs(BY_NAME["add"], program).items()
    }
    public = call({name: tensor.detach() for name, tensor in tensors.items()})
    torch.testing.assert_close(by_torch(program, tensors)[program.program.output].detach(), public)


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
