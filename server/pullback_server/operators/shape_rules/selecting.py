"""Shape rules of selecting entries of a tensor, and adding to them. All of them raise OperandError."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...program import TensorType
from ..operator import OperandError
from .common import axis_of, broadcast_shapes, promote
from .indexing import key_of_types


def getitem(x: TensorType, *indices: TensorType | None, key: tuple[Any, ...]) -> TensorType:
    """The shape of the key."""
    present = [t for t in indices if t is not None]
    return _entries(x, present, key_of_types(key, x, indices).shape)


def _entries(x: TensorType, indices: Sequence[TensorType], shape: tuple[int, ...]) -> TensorType:
    """A constant indexed by an input is a constant no longer: it has torch's default dtype."""
    return TensorType(promote(x, *indices) if x.weak else x.dtype, shape, x.weak and all(t.weak for t in indices))


def _integers(name: str, index: TensorType) -> None:
    if index.dtype.category != 1:
        raise OperandError(f"{name} of dtype {index.dtype.label}", "an integer tensor")


def gather(x: TensorType, index: TensorType, *, dim: int) -> TensorType:
    """The index's shape: of the tensor's rank, and no longer except along dim."""
    _integers("an index", index)
    axis = axis_of(dim, x.rank)
    pairs = enumerate(zip(index.shape, x.shape, strict=True))
    if x.rank != index.rank or any(n > m for k, (n, m) in pairs if k != axis):
        raise OperandError(
            f"an index of shape {list(index.shape)} for a tensor of shape {list(x.shape)}",
            "the same rank, and no dimension except dim longer than the tensor's",
        )
    return _entries(x, [index], index.shape)


def index_select(x: TensorType, index: TensorType, *, dim: int) -> TensorType:
    """As many slices along dim as the vector of indices has entries."""
    _integers("an index", index)
    if index.rank > 1:
        raise OperandError(f"an index of rank {index.rank}", "a vector of indices")
    axis = axis_of(dim, x.rank)
    shape = list(x.shape)
    if shape:
        shape[axis] = index.elements
    return _entries(x, [index], tuple(shape))


def take_along_dim(x: TensorType, indices: TensorType, *, dim: int | None) -> TensorType:
    """The common shape, but the indices' length along dim; without dim a vector."""
    _integers("an index", indices)
    if dim is None:
        return _entries(x, [indices], (indices.elements,))
    axis = axis_of(dim, x.rank)
    if x.rank != indices.rank:
        raise OperandError(f"indices of rank {indices.rank} for a tensor of rank {x.rank}", "the same rank")
    shape = broadcast_shapes(*(tuple(1 if k == axis else n for k, n in enumerate(t.shape)) for t in (x, indices)))
    return _entries(x, [indices], tuple(indices.shape[k] if k == axis else n for k, n in enumerate(shape)))


def scatter_add(x: TensorType, index: TensorType, src: TensorType, *, dim: int) -> TensorType:
    """The tensor's shape; the index is no longer than src, nor than the tensor except along dim."""
    _integers("an index", index)
    axis = axis_of(dim, x.rank)
    shapes = [list(t.shape) for t in (x, index, src)]
    fits = len({t.rank for t in (x, index, src)}) == 1 and all(
        i <= s and (k == axis or i <= n)
        for k, (n, i, s) in enumerate(zip(x.shape, index.shape, src.shape, strict=True))
    )
    if not fits:
        raise OperandError(
            f"shapes {shapes[0]}, {shapes[1]} and {shapes[2]}",
            "one rank; the index no longer than src, and except along dim no longer than the tensor",
        )
    if x.dtype is not src.dtype and not (x.weak or src.weak):
        raise OperandError(f"{x.dtype.label} and {src.dtype.label}", "a tensor and src of one dtype")
    return TensorType(src.dtype if x.weak else x.dtype, x.shape, x.weak and src.weak)


def key_mixes_lengths(*_: TensorType | None, key: tuple[Any, ...]) -> bool:
    """Whether a key depends on lengths: whole dimensions, and entries counted from the beginning, do not."""
    plain = (None, ("...",), ("slice", None, None, None))
    return any(item not in plain and not (isinstance(item, int) and item >= 0) for item in key)
