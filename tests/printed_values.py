"""Printed closed forms, read back and evaluated at a request's tensors, beside torch's own values."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from both_legs import ENTRIES, JACOBIAN, TEXT, VJP, jacobian, names, prepared, upstream_name
from case_files import value
from formula_reader import INPUT, OUTPUT, Array, free_letters, read
from pullback_server.verdict import Derivative, DerivativeKind, Request


def point(request: Request) -> dict[str, Array]:
    """A request's tensors in float64, the upstream gradient under its name in printed forms."""
    assert request.upstream is not None
    tensors = {o.name: o.tensor for o in request.inputs} | {upstream_name(request): request.upstream}
    return {name: tensor.to(torch.float64).numpy() for name, tensor in tensors.items()}


def readings(
    request: Request, derivative: Derivative, kinds: Collection[DerivativeKind] = DerivativeKind
) -> dict[str, tuple[Array, Array]]:
    """The values of the printed forms of one input, the text of those kinds and all entries, each with torch's."""
    values, upstream = point(request), upstream_name(request)
    taken, output = {*names(request), upstream}, tuple(prepared(request).typed.output.shape)
    inner = _axes(INPUT, taken, values[derivative.name].shape)
    expected = jacobian(request, derivative.name).numpy()
    pulled = np.tensordot(values[upstream], expected, axes=len(output))
    pairs = {}
    for kind, axes, right in ((JACOBIAN, _axes(OUTPUT, taken, output) | inner, expected), (VJP, inner, pulled)):
        if kind in kinds:
            pairs[kind.value] = read(str(derivative.formula(kind, TEXT)), values, axes).reshape(right.shape), right
        if texts := derivative.formula(kind, ENTRIES):
            assert len(texts) == right.size, f"{len(texts)} entries for shape {right.shape}"
            entries = np.array([read(text, values, {}) for text in texts], dtype=float)
            pairs[f"{kind.value} entries"] = entries.reshape(right.shape), right
    return pairs


def printed_vjp(request: Request, derivative: Derivative) -> Array:
    """The value of the printed vector-Jacobian product of one input."""
    return readings(request, derivative)[VJP.value][0]


def sent_back(request: Request, text: str, widened: bool = False) -> torch.Tensor:
    """The value of matrix notation, as an expression of the language; `widened` sends integers as float64."""
    inputs = {o.name: o.tensor.double() if widened and _integral(o.tensor) else o.tensor for o in request.inputs}
    assert request.upstream is not None
    return value(text, inputs | {upstream_name(request): request.upstream})


def _integral(tensor: torch.Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.dtype is torch.bool)


def misread(
    request: Request,
    derivative: Derivative,
    tolerance: float = 1e-10,
    kinds: Collection[DerivativeKind] = DerivativeKind,
) -> list[str]:
    """Which of the printed forms of one input, the text of those kinds and all entries, do not have torch's values."""
    pairs = readings(request, derivative, kinds)
    return [what for what, pair in pairs.items() if not np.allclose(*pair, rtol=tolerance, atol=tolerance)]


def _axes(alphabet: str, taken: set[str], shape: tuple[int, ...]) -> dict[str, int]:
    lengths = [n for n in shape if n != 1]
    return dict(zip(free_letters(alphabet, taken, len(lengths)), lengths, strict=True))
