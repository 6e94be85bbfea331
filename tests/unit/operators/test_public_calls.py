"""The torch column of a row is the public call that it stands for, where it is more than one function."""

import math
from collections.abc import Callable

import pytest
import torch
from operator_samples import Tensors, by_torch, inputs, typed
from pullback_server.operators import BY_NAME

F, inf = torch.nn.functional, math.inf
Call = Callable[[Tensors], torch.Tensor]
#: Public calls that mean the same as an expression.
EXACT: list[tuple[str, Call]] = [
    ("prod(C, (0, 2))", lambda t: t["C"].prod(2).prod(0)),
    ("prod(C)", lambda t: torch.prod(t["C"])),
    ("prod(C, 1, True)", lambda t: torch.prod(t["C"], 1, True)),
    ("sum(C, (0, -1), True)", lambda t: torch.sum(t["C"], (0, -1), True)),
    ("mean(x)", lambda t: torch.mean(t["x"])),
    ("amax(x, 1)", lambda t: torch.max(t["x"], 1).values),
    ("min(x)", lambda t: torch.min(t["x"])),
    ("norm(x)", lambda t: torch.linalg.norm(t["x"].flatten())),
    ("norm(x, 1, 1)", lambda t: torch.linalg.norm(t["x"], 1, 1)),
    ("norm(x, inf)", lambda t: torch.linalg.norm(t["x"].flatten(), float("inf"))),
    ("norm(A, 'fro')", lambda t: torch.linalg.matrix_norm(t["A"])),
    ("logsumexp(C, (1, 2))", lambda t: torch.logsumexp(t["C"], (1, 2))),
    ("softmax(C)", lambda t: F.softmax(t["C"], -1)),
    ("log_softmax(C, 0)", lambda t: F.log_softmax(t["C"], 0)),
    ("softplus(x, 2, 1)", lambda t: F.softplus(t["x"], 2, 1)),
    ("clamp(x, -0.5, 0.5)", lambda t: torch.clamp(t["x"], -0.5, 0.5)),
    ("clip(x, max=0)", lambda t: torch.clip(t["x"], max=0)),
    ("where(x > 0, x, -1)", lambda t: torch.where(t["x"] > 0, t["x"], -1)),
    ("2**x", lambda t: torch.pow(2, t["x"])),
    ("x**-2", lambda t: torch.pow(t["x"], -2)),
    ("3 % x", lambda t: torch.remainder(3, t["x"])),
    ("logit(x, 0.1)", lambda t: torch.logit(t["x"], 0.1)),
    ("round(x, decimals=1)", lambda t: torch.round(t["x"], decimals=1)),
    ("psi(x)", lambda t: torch.special.psi(t["x"])),
    ("i1(x)", lambda t: torch.special.i1(t["x"])),
    ("gelu(x, approximate='tanh')", lambda t: F.gelu(t["x"], approximate="tanh")),
    ("hardsigmoid(x)", lambda t: F.hardsigmoid(t["x"])),
    ("threshold(x, 0.5, 9)", lambda t: F.threshold(t["x"], 0.5, 9)),
    ("heaviside(x, y)", lambda t: torch.heaviside(t["x"], t["y"])),
    ("lerp(x, y, 0.5)", lambda t: torch.lerp(t["x"], t["y"], 0.5)),
    ("fmod(x, 2)", lambda t: torch.fmod(t["x"], 2)),
    ("float_power(2, x)", lambda t: torch.float_power(2, t["x"])),
    ("logical_and(x, y)", lambda t: torch.logical_and(t["x"], t["y"])),
    ("x.T", lambda t: t["x"].T),
    ("C.mT", lambda t: t["C"].mT),
    ("diag(u, 1)", lambda t: torch.diag(t["u"], 1)),
]
#: Those that are put together from others, with other roundings.
REDUCTIONS: list[tuple[str, Call]] = [
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
#: Below 0 it is put together from values above it.
POLYGAMMA: list[tuple[str, Call]] = [
    ("polygamma(0, x)", lambda t: torch.polygamma(0, t["x"])),
    ("polygamma(2, x)", lambda t: t["x"].polygamma(2)),
    ("x.polygamma(2)", lambda t: torch.special.polygamma(2, t["x"])),
]
LAYERS: list[tuple[str, Call]] = [
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
TOLERANCES = ((EXACT, 0.0), (REDUCTIONS, 1e-15), (POLYGAMMA, 1e-14), (LAYERS, 1e-7))
CASES = [pytest.param(*row, tolerance, id=row[0]) for table, tolerance in TOLERANCES for row in table]


@pytest.mark.parametrize("differentiated", [False, True], ids=["constants", "variables"])
@pytest.mark.parametrize(("text", "call", "tolerance"), CASES)
def test_a_column_gives_what_the_public_call_gives(
    text: str, call: Call, tolerance: float, differentiated: bool
) -> None:
    """Also where torch could not differentiate its own function with respect to the weights."""
    program = typed(BY_NAME["add"], text)
    drawn = inputs(BY_NAME["add"], program)
    operands = {n: t.clone().requires_grad_(differentiated and t.is_floating_point()) for n, t in drawn.items()}
    column = by_torch(program, operands)[program.program.output].detach()
    torch.testing.assert_close(column, call(drawn), rtol=tolerance, atol=0.0, equal_nan=True)
