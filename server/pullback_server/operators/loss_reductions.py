"""The reduction of a loss: the mean of its entries, their sum, or the entries themselves."""

from __future__ import annotations

import torch

from ..index_notation.index_program import IndexProgram, IndexTensor
from .reductions import mean_form


def reduced_tensor(entries: torch.Tensor, reduction: str) -> torch.Tensor:
    """In the torch column, where torch's own reduction is not used."""
    return entries if reduction == "none" else entries.mean() if reduction == "mean" else entries.sum()


def reduced_form(program: IndexProgram, entries: IndexTensor, reduction: str) -> IndexTensor:
    """In the sympy column."""
    if reduction == "none":
        return entries
    axes = tuple(range(len(entries.axes)))
    return mean_form(program, entries, dim=axes) if reduction == "mean" else program.reduce("sum", entries, axes)
