"""Entries read and added at computed indices, which are integers in floating tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from ...operators.shape_rules.common import broadcast_shapes

#: An array for each axis of a tensor; these broadcast against one another to the entries that are meant.
Index = tuple[torch.Tensor, ...]

#: Arrays of one kind.
A = TypeVar("A", torch.Tensor, npt.NDArray[np.int64])


def unravel(places: A, shape: Sequence[int]) -> tuple[A, ...]:
    """The index along each axis of entries that are numbered in row-major order.

    >>> unravel(torch.tensor([4]), (2, 3))
    (tensor([1]), tensor([1]))
    """
    index: list[A] = []
    for length in reversed(shape[1:]):
        # A remainder costs as much as a quotient.
        rows = places // length
        index.append(places - rows * length)
        places = rows
    index.append(places)
    return tuple(reversed(index)) if shape else ()


def operand_index(axes: tuple[int, ...] | None, shape: Sequence[int], index: Index) -> Index:
    """The index of an operand's entries, from that of an elementwise function's value.

    `shape` is the operand's, and `axes` are those of its own that line up with the value's, as in a plan.
    """
    axes = tuple(range(len(shape))) if axes is None else axes
    by_axis = dict(zip(axes, index[len(index) - len(axes) :], strict=True))
    return tuple(by_axis[k] if n != 1 else torch.zeros_like(by_axis[k]) for k, n in enumerate(shape))


def gather(x: torch.Tensor, axes: tuple[int, ...], indices: Sequence[Any]) -> torch.Tensor:
    """The entries of x at indices that broadcast against one another, one for each of these axes.

    The other axes come first in the result. A negative index counts from the end; one that is out of range reads the
    nearest entry, and 0 where there are no entries.

    >>> gather(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), (1,), [torch.tensor([1.0, 1.0, 9.0])])
    tensor([[2., 2., 2.],
            [4., 4., 4.]])
    """
    kept = [k for k in range(x.dim()) if k not in axes]
    lengths = [x.shape[k] for k in axes]
    at = [_wrap(torch.as_tensor(i, device=x.device), n) for i, n in zip(indices, lengths, strict=True)]
    if 0 in lengths:
        return x.new_zeros([x.shape[k] for k in kept] + list(broadcast_shapes(*(i.shape for i in at))))
    permuted = x.permute(*kept, *axes)
    at = [i.clamp(0, n - 1) for i, n in zip(at, lengths, strict=True)]
    return permuted[(slice(None),) * len(kept) + tuple(at)]


def scatter(value: Any, *indices: Any, kept: int, lengths: Sequence[int]) -> torch.Tensor:
    """The sum of a value's entries at each place: the first `kept` axes stay, the others go where the indices say.

    Value and indices broadcast against one another. A negative index counts from the end; one out of range adds
    nothing.

    >>> scatter(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.0, 1.0, 0.0]), kept=0, lengths=[2])
    tensor([5., 2.])
    """
    at = [_wrap(torch.as_tensor(i), n) for i, n in zip(indices, lengths, strict=True)]
    like = next(i for i in (value, *indices) if isinstance(i, torch.Tensor))
    added: torch.Tensor = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    places = torch.zeros((), dtype=torch.long, device=like.device)
    valid = torch.ones((), dtype=torch.bool, device=like.device)
    for i, n in zip(at, lengths, strict=True):
        valid = valid & (i >= 0) & (i < n)
        places = places * n + i.clamp(0, max(n - 1, 0))
    full = broadcast_shapes(added.shape, places.shape)
    staying, moving = full[:kept], full[kept:]
    rows, columns = math.prod(staying), math.prod(lengths)
    added = torch.where(valid, added, 0).expand(full).reshape(rows, math.prod(moving))
    if columns == 0:
        return added.new_zeros((*staying, *lengths))
    if all(n == 1 for n in places.shape[: max(0, places.dim() - len(moving))]):
        # The same places in every row.
        flat = places.expand((1,) * kept + tuple(moving)).reshape(-1)
        return added.new_zeros(rows, columns).index_add_(1, flat, added).reshape(*staying, *lengths)
    flat = places.expand(full).reshape(rows, -1) + torch.arange(rows, device=like.device)[:, None] * columns
    total = added.new_zeros(rows * columns).index_add_(0, flat.reshape(-1), added.reshape(-1))
    return total.reshape(*staying, *lengths)


def _wrap(index: torch.Tensor, length: int) -> torch.Tensor:
    index = index.long()
    return torch.where(index < 0, index + length, index)
