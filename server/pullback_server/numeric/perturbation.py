"""Numbers perturbed by roundings: how far a result changes with them shows how certain it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from .vjp import Forward, Step


def perturb(tensor: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A tensor each of whose entries is unchanged, or one rounding of its dtype larger or smaller; integers stay."""
    if not tensor.dtype.is_floating_point:
        return tensor
    directions = torch.randint(-1, 2, tensor.shape, generator=random).to(tensor)
    return tensor * (1 + directions * torch.finfo(tensor.dtype).eps)


def with_rounding_noise(forward: Forward, random: torch.Generator) -> Forward:
    """The same program with the value of every operator perturbed by a rounding."""
    return replace(forward, steps=tuple(None if step is None else _noisy(step, random) for step in forward.steps))


def _noisy(step: Step, random: torch.Generator) -> Step:
    def noisy_step(values: list[Any]) -> Any:
        value = step(values)
        return perturb(value, random) if isinstance(value, torch.Tensor) else value

    return noisy_step
