"""Square brackets after a tensor, resolved against its shape: which axes are sliced, indexed and added.

A key is a tuple of integers, None, `("...",)`, `("slice", start, stop, step)`, `("list", 0, 2)` and
`("tensor", k)`, the k-th of the index tensors. As in torch, integers are applied before lists and tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...program import TensorType
from ..operator import OperandError
from .common import broadcast_shapes


@dataclass(frozen=True)
class SingleIndex:
    """One entry along an axis, counted from 0; the axis is removed."""

    axis: int
    index: int


@dataclass(frozen=True)
class Slice:
    """Entries `start + step*k` along an axis, k below the length."""

    axis: int
    start: int
    step: int
    length: int


@dataclass(frozen=True)
class NewAxis:
    """A new axis of length 1."""


@dataclass(frozen=True)
class IndexList:
    """Entries of an axis at listed indices: a tuple of them, or the number of an index tensor."""

    axis: int
    indices: tuple[int, ...] | int


Item = SingleIndex | Slice | NewAxis | IndexList


@dataclass(frozen=True)
class Key:
    """The items in order, the shape that the listed indices broadcast to, and where it stands in the result."""

    items: tuple[Item, ...]
    listed: tuple[int, ...] | None = None
    place: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        kept = [1 if isinstance(i, NewAxis) else i.length for i in self.items if isinstance(i, Slice | NewAxis)]
        if self.listed is not None:
            kept[self.place : self.place] = self.listed
        return tuple(kept)


def resolve(key: tuple[Any, ...], shape: tuple[int, ...], tensors: tuple[tuple[int, ...], ...] = ()) -> Key:
    """The key for a tensor of that shape; `tensors` are the shapes of the index tensors. Raises OperandError.

    >>> resolve((("slice", None, None, -1), None), (3,)).shape
    (3, 1)
    """
    wide = sum(item is not None and item != ("...",) for item in key)
    if wide > len(shape):
        raise OperandError(f"{wide} indices for a tensor of rank {len(shape)}", f"at most {len(shape)} indices")
    if key.count(("...",)) > 1:
        raise OperandError("`...` twice in one index", "`...` once")
    rest = (("slice", None, None, None),) * (len(shape) - wide)
    at = key.index(("...",)) if ("...",) in key else len(key)
    items: list[Item] = []
    axis = 0
    for item in (*key[:at], *rest, *key[at + 1 :]):
        if item is None:
            items.append(NewAxis())
            continue
        items.append(_item(item, axis, shape[axis], tensors))
        axis += 1
    listed = [n for n, item in enumerate(items) if isinstance(item, IndexList)]
    if not listed:
        return Key(tuple(items))
    lists = [item.indices for item in items if isinstance(item, IndexList)]
    common = broadcast_shapes(*(tensors[i] if isinstance(i, int) else (len(i),) for i in lists))
    between = items[listed[0] : listed[-1] + 1]
    together = not any(isinstance(item, Slice | NewAxis) for item in between)
    place = sum(isinstance(item, Slice | NewAxis) for item in items[: listed[0]]) if together else 0
    return Key(tuple(items), common, place)


def _item(item: Any, axis: int, length: int, tensors: tuple[tuple[int, ...], ...]) -> Item:
    match item:
        case int():
            return SingleIndex(axis, _in_range(item, length))
        case ("list", *indices):
            return IndexList(axis, tuple(_in_range(index, length) for index in indices))
        case ("tensor", int() as number):
            if length == 0 and 0 not in tensors[number]:
                raise OperandError("an index into a dimension of length 0", "a dimension of length 1 or more")
            return IndexList(axis, number)
        case ("slice", start, stop, step):
            if step == 0:
                raise OperandError("a slice of step 0", "a step of 1 or more, or -1 or less")
            first, last, stride = slice(start, stop, step).indices(length)
            return Slice(axis, first, stride, len(range(first, last, stride)))
    raise OperandError("not a valid index", "integers, slices, ..., None, lists and integer tensors")


def _in_range(index: int, length: int) -> int:
    if not -length <= index < length:
        hint = f"from {-length} to {length - 1}" if length else ""
        raise OperandError(f"index {index} of a dimension of length {length}", hint)
    return index % length


def key_of_types(key: tuple[Any, ...], x: TensorType, indices: tuple[TensorType | None, ...]) -> Key:
    """The key for a tensor and index tensors of these types, which must be integers. Raises OperandError."""
    for t in indices:
        if t is not None and t.dtype.category != 1:
            hint = "an integer tensor; where(mask, x, 0) keeps the entries of a mask"
            raise OperandError(f"an index of dtype {t.dtype.label}", hint)
    return resolve(key, x.shape, tuple(t.shape for t in indices if t is not None))
