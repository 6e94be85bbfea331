"""Numbers a rounding off: what moves with them was no more certain than they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from .vjp import Forward, Step


def moved(tensor: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A tensor of which each entry is as it was, or a rounding of its dtype up or down; integers stay."""
    if not tensor.dtype.is_floating_point:
        return tensor
    ways = torch.randint(-1, 2, tensor.shape, generator=random).to(tensor)
    return tensor * (1 + ways * torch.finfo(tensor.dtype).eps)


def unsteady(forward: Forward, random: torch.Generator) -> Forward:
    """The same program, each of whose operators gives a value that is a rounding off."""
    return replace(forward, steps=tuple(None if step is None else _off(step, random) for step in forward.steps))


def _off(step: Step, random: torch.Generator) -> Step:
    def off(values: list[Any]) -> Any:
        value = step(values)
        return moved(value, random) if isinstance(value, torch.Tensor) else value

    return off
