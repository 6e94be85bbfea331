"""Which entries of its operands each entry of a result depends on, derived from the table's reference column alone.

The kind of the column (entry by entry, along lines) determines the dependencies. For any other column, it is run on
tokens that can be moved and nothing else: an operator that only moves entries shows where each one goes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...operators import Operator
from ...operators.reference.columns import AlongDim, Elementwise, Objects, Reduced
from ...operators.reference.matrices import matmul_reference
from ...operators.shape_rules.common import axes_of
from ...program import TensorType

#: One flag for each entry, in row-major order.
Mask = npt.NDArray[np.bool_]
#: Positions of entries in row-major order.
Places = npt.NDArray[np.int64]
Shape = tuple[int, ...]


def mask_of(entries: int, places: Places | int) -> Mask:
    """The mask of so many entries that marks those at these places."""
    mask = np.zeros(entries, dtype=bool)
    mask[places] = True
    return mask


class EntryDependencies(Protocol):
    """Which entries of one result depend on which entries of its operands."""

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """The entries of the result that depend on the marked ones of the operands; None marks none."""

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """The entries of each operand that the marked ones of the result depend on."""


@dataclass(frozen=True)
class EachEntry:
    """Entry by entry, with broadcasting."""

    shapes: tuple[Shape | None, ...]
    shape: Shape

    def operand_places(self, operand: int, places: Places) -> Places:
        """The places of the operand's entries that these entries of the result depend on."""
        shape = self.shapes[operand]
        assert shape is not None
        if shape == self.shape:
            return places
        index = np.unravel_index(places, self.shape) if self.shape else ()
        aligned = index[len(self.shape) - len(shape) :]
        clipped = tuple(i if n > 1 else np.zeros_like(i) for i, n in zip(aligned, shape, strict=True))
        return np.ravel_multi_index(clipped, shape) if shape else np.zeros_like(places)

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """See EntryDependencies."""
        marked = np.zeros(self.shape, dtype=bool)
        for mask, shape in zip(masks, self.shapes, strict=True):
            if mask is not None and shape is not None:
                marked |= mask.reshape(shape)
        return marked.reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See EntryDependencies."""
        mask = mask.reshape(self.shape)
        return tuple(None if shape is None else _unbroadcast(mask, shape) for shape in self.shapes)


def _unbroadcast(mask: Mask, shape: Shape) -> Mask:
    """The mask reduced by `any` to a shape that was broadcast to the mask's shape."""
    mask = np.asarray(mask.any(axis=tuple(range(mask.ndim - len(shape)))))
    along = tuple(k for k, n in enumerate(shape) if n == 1 and mask.shape[k] != 1)
    return np.asarray(mask.any(axis=along, keepdims=True)).reshape(-1)


@dataclass(frozen=True)
class AlongLines:
    """Each result depends on one line of the operand; with `keeps_length` a line of n entries gives n results."""

    shape: Shape
    axes: tuple[int, ...]
    keeps_length: bool

    @cached_property
    def lines(self) -> Places:
        """The operand's places, one row for each line."""
        order = [k for k in range(len(self.shape)) if k not in self.axes] + list(self.axes)
        rows = math.prod(self.shape[k] for k in order[: len(order) - len(self.axes)])
        places = np.arange(math.prod(self.shape)).reshape(self.shape).transpose(order)
        return places.reshape(rows, -1) if places.size else np.zeros((rows, 0), dtype=np.int64)

    @property
    def length(self) -> int:
        """How many entries a line has."""
        return math.prod(self.shape[k] for k in self.axes)

    def line_of(self, places: Places) -> Places:
        """The number of the line that each of these entries of the operand is in."""
        index = np.unravel_index(places, self.shape) if self.shape else ()
        kept = [k for k in range(len(self.shape)) if k not in self.axes]
        if not kept:
            return np.zeros_like(places)
        return np.ravel_multi_index([index[k] for k in kept], [self.shape[k] for k in kept])

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """See EntryDependencies."""
        (mask,) = masks
        assert mask is not None
        lines = mask.reshape(self.shape).any(axis=self.axes, keepdims=True)
        return np.array(np.broadcast_to(lines, self.shape) if self.keeps_length else lines).reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See EntryDependencies."""
        short = tuple(1 if k in self.axes else n for k, n in enumerate(self.shape))
        lines = np.asarray(mask.reshape(self.shape).any(axis=self.axes)) if self.keeps_length else mask
        lines = lines.reshape(short)
        return (np.array(np.broadcast_to(lines, self.shape)).reshape(-1),)


@dataclass(frozen=True)
class Gathered:
    """Each result is an entry of an operand, or a constant: `operand` and `place` of each, operand -1 for constants."""

    operand: Places
    place: Places
    constants: Objects
    sizes: tuple[int | None, ...]

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """See EntryDependencies."""
        marked = np.zeros(self.operand.shape, dtype=bool)
        for number, mask in enumerate(masks):
            if mask is not None:
                gathered = self.operand == number
                marked[gathered] = mask[self.place[gathered]]
        return marked

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See EntryDependencies."""
        places = [self.place[(self.operand == number) & mask] for number in range(len(self.sizes))]
        return tuple(None if n is None else mask_of(n, at) for n, at in zip(self.sizes, places, strict=True))


@dataclass(frozen=True)
class RowsByColumns:
    """A matrix product of operands of rank 1 or 2: entry (i, j) depends on row i of the left, column j of the right."""

    left: Shape
    right: Shape

    @property
    def _shape(self) -> Shape:
        rows = self.left[0] if len(self.left) == 2 else 1
        return rows, self.right[1] if len(self.right) == 2 else 1

    def operands(self, places: Places) -> tuple[Places, Places]:
        """The places of the left row and of the right column that each entry depends on, one row for each entry."""
        columns, length = self._shape[1], self.left[-1]
        i, j = places // columns, places % columns
        k = np.arange(length)
        return i[:, None] * length + k, k * columns + j[:, None]

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """See EntryDependencies."""
        marked = np.zeros(self._shape, dtype=bool)
        left, right = masks
        if left is not None:
            marked |= np.asarray(left.reshape(self._shape[0], -1).any(axis=1))[:, None]
        if right is not None:
            marked |= right.reshape(-1, self._shape[1]).any(axis=0)
        return marked.reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See EntryDependencies."""
        matrix, length = mask.reshape(self._shape), self.left[-1]
        return np.repeat(matrix.any(axis=1), length), np.tile(matrix.any(axis=0), length)


@dataclass(frozen=True)
class AllEntries:
    """Every entry may depend on every entry of every operand."""

    sizes: tuple[int | None, ...]
    size: int

    def dependents(self, masks: Sequence[Mask | None]) -> Mask:
        """See EntryDependencies."""
        return np.full(self.size, any(mask is not None and mask.any() for mask in masks))

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See EntryDependencies."""
        return tuple(None if size is None else np.full(size, mask.any()) for size in self.sizes)


class Token:
    """Stands for an entry and can only be moved: any arithmetic with it raises TypeError."""

    __slots__ = ("operand", "place")

    def __init__(self, operand: int, place: int) -> None:
        self.operand, self.place = operand, place


def entry_dependencies(
    row: Operator,
    types: Sequence[TensorType | None],
    result: TensorType,
    arguments: dict[str, Any],
    constant: Callable[[int], Objects],
) -> EntryDependencies:
    """The dependencies of one call; `constant(k)` gives the values of operand k where its dtype is not floating."""
    shapes = tuple(None if t is None else t.shape for t in types)
    match row.reference, shapes:
        case Elementwise(), _:
            return EachEntry(shapes, result.shape)
        case Reduced() | AlongDim(), (tuple() as shape,):
            return AlongLines(shape, axes_of(arguments.get("dim"), len(shape)), isinstance(row.reference, AlongDim))
        case reference, (tuple() as left, tuple() as right) if reference is matmul_reference:
            if max(len(left), len(right)) <= 2:
                return RowsByColumns(left, right)
    sizes = tuple(None if t is None else t.elements for t in types)
    return _trace_tokens(row, types, arguments, constant, sizes) or AllEntries(sizes, result.elements)


def _trace_tokens(
    row: Operator,
    types: Sequence[TensorType | None],
    arguments: dict[str, Any],
    constant: Callable[[int], Objects],
    sizes: tuple[int | None, ...],
) -> Gathered | None:
    """Where an operator that only moves entries takes each result from; None for an operator that does more."""
    operands: list[Objects | None] = []
    for number, kind in enumerate(types):
        if kind is None:
            operands.append(None)
        elif kind.dtype.floating:
            tokens = np.empty(kind.elements, dtype=object)
            tokens[:] = [Token(number, place) for place in range(kind.elements)]
            operands.append(tokens.reshape(kind.shape))
        else:
            operands.append(constant(number))
    try:
        out = np.asarray(row.reference(*operands, **arguments), dtype=object).reshape(-1)
    except Exception:
        # Any failure on a token means that the operator does more than move entries.
        return None
    operand = np.array([x.operand if isinstance(x, Token) else -1 for x in out], dtype=np.int64)
    place = np.array([x.place if isinstance(x, Token) else 0 for x in out], dtype=np.int64)
    return Gathered(operand, place, out, sizes)
