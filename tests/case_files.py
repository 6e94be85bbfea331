"""The case files: their cases, and inputs drawn as a case asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pullback_server.numeric import compile_program

from tests.typed_programs import typed_by_tensors

#: The interval of an input's entries, by the word in a case's `structure`.
INTERVALS = {"positive": (0.5, 1.5), "large": (3.0, 4.0), "small": (-0.3, 0.3)}

_CASES = Path(__file__).parent / "cases"

Case = dict[str, Any]
Tensors = Mapping[str, torch.Tensor]


def read(name: str) -> list[Case]:
    """The cases of a file, one per line."""
    return [json.loads(line) for line in (_CASES / f"{name}.jsonl").read_text().splitlines()]


def value(expression: str, inputs: Tensors) -> torch.Tensor:
    """The value of an expression of the language.

    >>> value("x @ x", {"x": torch.tensor([3.0, 4.0])})
    tensor(25.)
    """
    forward = compile_program(typed_by_tensors(expression, inputs))
    return forward.tensor(forward(inputs), forward.output, torch.device("cpu"))


def draw_inputs(case: Case, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random float64 inputs of a case's shapes, normally distributed except for its `structure`."""
    random = torch.Generator().manual_seed(seed)
    return {
        name: _draw(tuple(shape), case["structure"].get(name, ""), random) for name, shape in case["shapes"].items()
    }


def _draw(shape: tuple[int, ...], structure: str, random: torch.Generator) -> torch.Tensor:
    x = torch.randn(shape, dtype=torch.float64, generator=random)
    match structure:
        case "":
            return x
        case "spd":
            return x @ x.T + torch.eye(shape[0], dtype=torch.float64)
        case "symmetric":
            return x + x.T
        case "well-conditioned":
            return x + 2 * shape[0] * torch.eye(shape[0], dtype=torch.float64)
        case "probability":
            return torch.softmax(x, -1)
        case "signs":
            return torch.sign(x)
        case _ if structure in INTERVALS:
            low, high = INTERVALS[structure]
            return torch.rand(shape, dtype=torch.float64, generator=random) * (high - low) + low
    raise ValueError(f"no inputs are drawn as {structure!r}")
