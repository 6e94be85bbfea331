"""Programs and their derivatives in float64, at all points of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from ...numeric import Forward
from ...program import Refusal
from .drawing import Points

_CPU = torch.device("cpu")

#: Numbers in float64, the point first.
Floats = npt.NDArray[np.float64]


def values(forward: Forward, points: Points, shape: tuple[int, ...], at_once: bool) -> Floats:
    """The values at all points, the point first; nan where an operator does not take its operands there.

    With `at_once` every step is elementwise on numbers, so that a tensor of points can stand for a number.
    """
    with torch.no_grad():
        if at_once:
            output = forward.tensor(forward(points.values), forward.output, _CPU).to(torch.float64)
            return output.expand(points.count).numpy(force=True)
        return torch.stack([_value(forward, points.at(k), shape) for k in range(points.count)]).numpy(force=True)


def vector_values(forward: Forward, points: Points, entries: Sequence[int]) -> Floats:
    """The values of a vector of numbers, each computed at all points at once, without the node that stacks them."""
    steps = tuple((lambda _: None) if k == forward.output else step for k, step in enumerate(forward.steps))
    with torch.no_grad():
        results = replace(forward, steps=steps)(points.values)
        columns = [forward.tensor(results, k, _CPU).to(torch.float64).expand(points.count) for k in entries]
        return torch.stack(columns, -1).numpy(force=True)


def _value(forward: Forward, point: dict[str, torch.Tensor], shape: tuple[int, ...]) -> torch.Tensor:
    try:
        return forward.tensor(forward(point), forward.output, _CPU).to(torch.float64)
    except (Refusal, torch.linalg.LinAlgError, RuntimeError):  # type: ignore[attr-defined]
        return torch.full(shape, torch.nan, dtype=torch.float64)


def derivatives(
    forward: Forward, points: Points, chain: Sequence[str], upstream: str, shape: tuple[int, ...], at_once: bool
) -> Floats:
    """The derivative with respect to the inputs of the chain, one after the other, at all points.

    The point comes first, then the output's dimensions and those of each input; with an upstream gradient the output is
    `sum(v*f)`.
    """
    if at_once:
        return _scalar_derivatives(forward, points, chain, upstream).numpy(force=True)
    rows = [_tensor_derivative(forward, points.at(k), chain, upstream, shape) for k in range(points.count)]
    return torch.stack(rows).numpy(force=True)


def _scalar_derivatives(forward: Forward, points: Points, chain: Sequence[str], upstream: str) -> torch.Tensor:
    leaves = {n: v.detach().clone().requires_grad_(n in chain) for n, v in points.values.items()}
    derivative = forward.tensor(forward(leaves), forward.output, _CPU)
    if upstream:
        derivative = derivative * leaves[upstream]
    for number, name in enumerate(chain):
        derivative = _gradient(derivative.sum(), leaves[name], number + 1 < len(chain))
    return derivative.detach().expand(points.count)


def _tensor_derivative(
    forward: Forward, point: dict[str, torch.Tensor], chain: Sequence[str], upstream: str, shape: tuple[int, ...]
) -> torch.Tensor:
    leaves = {n: v.detach().clone().requires_grad_(n in chain) for n, v in point.items()}
    try:
        derivative = forward.tensor(forward(leaves), forward.output, _CPU)
        if upstream:
            derivative = (derivative * leaves[upstream]).sum()
        for number, name in enumerate(chain):
            leaf, more = leaves[name], number + 1 < len(chain)
            rows = [_gradient(entry, leaf, more) for entry in derivative.reshape(-1)]
            derivative = torch.stack(rows).reshape(*derivative.shape, *leaf.shape)
        return derivative.detach()
    except (Refusal, torch.linalg.LinAlgError):  # type: ignore[attr-defined]
        return torch.full(shape, torch.nan, dtype=torch.float64)


def _gradient(output: torch.Tensor, leaf: torch.Tensor, differentiable: bool) -> torch.Tensor:
    if not output.requires_grad:
        return torch.zeros_like(leaf)
    (gradient,) = torch.autograd.grad(
        output, leaf, retain_graph=True, create_graph=differentiable, allow_unused=True, materialize_grads=False
    )
    return torch.zeros_like(leaf) if gradient is None else gradient
