"""What a loss comes to in the end: the mean of its entries, their sum, or the entries themselves."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import torch

from ..index_notation.index_program import IndexTensor, Pieces
from ..program import TensorType
from . import reals
from .columns import Objects
from .operator import Misfit
from .reductions import mean_form

REDUCTIONS = ("mean", "sum", "none")


def reduced_type(entries: TensorType, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> TensorType:
    """The type of the whole; raises Misfit."""
    if reduction not in known:
        raise Misfit(f"reduction='{reduction}'", " or ".join(f"'{name}'" for name in known))
    return TensorType(entries.dtype, entries.shape if reduction == "none" else (), entries.weak)


def reduced_tensor(entries: torch.Tensor, reduction: str) -> torch.Tensor:
    """The torch column's end, where the function's own is not used."""
    return entries if reduction == "none" else entries.mean() if reduction == "mean" else entries.sum()


def reduced_form(pieces: Pieces, entries: IndexTensor, reduction: str) -> IndexTensor:
    """The sympy column's end."""
    if reduction == "none":
        return entries
    axes = tuple(range(len(entries.axes)))
    return mean_form(pieces, entries, dim=axes) if reduction == "mean" else pieces.reduce("sum", entries, axes)


def reduced_reference(entries: Objects, reduction: str) -> Objects:
    """The reference column's end."""
    if reduction == "none":
        return entries
    values = list(entries.flat)
    total = reals.add_up(values)
    return np.asarray(reals.quotient(total, mp.mpf(len(values))) if reduction == "mean" else total, dtype=object)
