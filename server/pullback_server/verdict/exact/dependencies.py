"""Which entries of the operands an entry of a result is made of, told from the table's reference column alone.

Whatever the reference column of a row is made by (entry by entry, along lines) says it. Where it says nothing, the
column is run on tokens that can be moved and nothing else: an operator that only moves entries shows where to.
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

#: One flag an entry, in the order of rows.
Mask = npt.NDArray[np.bool_]
#: Numbers of entries in the order of rows.
Places = npt.NDArray[np.int64]
Shape = tuple[int, ...]


class Wiring(Protocol):
    """How the entries of one result hang together with those of its operands."""

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """The entries of the result that depend on the marked ones of the operands; None marks none."""
        ...

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """The entries of each operand that the marked ones of the result depend on."""
        ...


@dataclass(frozen=True)
class EachEntry:
    """Entry by entry, with broadcasting."""

    shapes: tuple[Shape | None, ...]
    shape: Shape

    def places(self, operand: int, places: Places) -> Places:
        """Where the operand's entries lie that these entries of the result are made of."""
        own = self.shapes[operand]
        assert own is not None
        if own == self.shape:
            return places
        index = np.unravel_index(places, self.shape) if self.shape else ()
        kept = index[len(self.shape) - len(own) :]
        clipped = tuple(i if n > 1 else np.zeros_like(i) for i, n in zip(kept, own, strict=True))
        return np.ravel_multi_index(clipped, own) if own else np.zeros_like(places)

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """See Wiring."""
        found = np.zeros(self.shape, dtype=bool)
        for mask, own in zip(masks, self.shapes, strict=True):
            if mask is not None and own is not None:
                found |= mask.reshape(own)
        return found.reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See Wiring."""
        return tuple(None if own is None else _narrowed(mask.reshape(self.shape), own) for own in self.shapes)


def _narrowed(mask: Mask, shape: Shape) -> Mask:
    """What is left of a mask in a shape that was broadcast to the mask's own."""
    mask = np.asarray(mask.any(axis=tuple(range(mask.ndim - len(shape)))))
    along = tuple(k for k, n in enumerate(shape) if n == 1 and mask.shape[k] != 1)
    return np.asarray(mask.any(axis=along, keepdims=True)).reshape(-1)


@dataclass(frozen=True)
class AlongLines:
    """Each result depends on one line of the operand; `whole` where it has an entry for each of the line's."""

    shape: Shape
    axes: tuple[int, ...]
    whole: bool

    @cached_property
    def lines(self) -> Places:
        """The operand's places, a row a line."""
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

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """See Wiring."""
        (mask,) = masks
        assert mask is not None
        lines = mask.reshape(self.shape).any(axis=self.axes, keepdims=True)
        return np.array(np.broadcast_to(lines, self.shape) if self.whole else lines).reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See Wiring."""
        short = tuple(1 if k in self.axes else n for k, n in enumerate(self.shape))
        lines = np.asarray(mask.reshape(self.shape).any(axis=self.axes)) if self.whole else mask
        lines = lines.reshape(short)
        return (np.array(np.broadcast_to(lines, self.shape)).reshape(-1),)


@dataclass(frozen=True)
class Moved:
    """Each result is an entry of an operand, or a constant: `operand` and `place` of each, operand -1 for constants."""

    operand: Places
    place: Places
    constants: Objects
    sizes: tuple[int | None, ...]

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """See Wiring."""
        found = np.zeros(self.operand.shape, dtype=bool)
        for number, mask in enumerate(masks):
            if mask is not None:
                mine = self.operand == number
                found[mine] = mask[self.place[mine]]
        return found

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See Wiring."""
        found: list[Mask | None] = []
        for number, size in enumerate(self.sizes):
            if size is None:
                found.append(None)
                continue
            own = np.zeros(size, dtype=bool)
            own[self.place[(self.operand == number) & mask]] = True
            found.append(own)
        return tuple(found)


@dataclass(frozen=True)
class RowsByColumns:
    """A matrix product of rank 1 or 2 on either side: row i of the left with column j of the right."""

    left: Shape
    right: Shape

    @property
    def _shape(self) -> Shape:
        rows = self.left[0] if len(self.left) == 2 else 1
        return rows, self.right[1] if len(self.right) == 2 else 1

    def operands(self, places: Places) -> tuple[Places, Places]:
        """The places of the left row and of the right column of each entry, a line an entry."""
        columns, length = self._shape[1], self.left[-1]
        i, j = places // columns, places % columns
        k = np.arange(length)
        return i[:, None] * length + k, k * columns + j[:, None]

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """See Wiring."""
        found = np.zeros(self._shape, dtype=bool)
        left, right = masks
        if left is not None:
            found |= np.asarray(left.reshape(self._shape[0], -1).any(axis=1))[:, None]
        if right is not None:
            found |= right.reshape(-1, self._shape[1]).any(axis=0)
        return found.reshape(-1)

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See Wiring."""
        whole, length = mask.reshape(self._shape), self.left[-1]
        left = np.repeat(whole.any(axis=1), length)
        right = np.tile(whole.any(axis=0), length)
        return left, right


@dataclass(frozen=True)
class Whole:
    """Every entry may depend on every entry of every operand."""

    sizes: tuple[int | None, ...]
    size: int

    def reached(self, masks: Sequence[Mask | None]) -> Mask:
        """See Wiring."""
        return np.full(self.size, any(mask is not None and mask.any() for mask in masks))

    def sources(self, mask: Mask) -> tuple[Mask | None, ...]:
        """See Wiring."""
        return tuple(None if size is None else np.full(size, mask.any()) for size in self.sizes)


class Token:
    """Stands for an entry and can only be moved: any arithmetic with it is a TypeError."""

    __slots__ = ("operand", "place")

    def __init__(self, operand: int, place: int) -> None:
        self.operand, self.place = operand, place


def wiring(
    row: Operator,
    types: Sequence[TensorType | None],
    result: TensorType,
    arguments: dict[str, Any],
    constant: Callable[[int], Objects],
) -> Wiring:
    """The wiring of one call; `constant(k)` gives the values of operand k, which is no floating tensor."""
    shapes = tuple(None if t is None else t.shape for t in types)
    match row.reference, shapes:
        case Elementwise(), _:
            return EachEntry(shapes, result.shape)
        case Reduced() | AlongDim(), (tuple() as shape,):
            dim = arguments.get("dim")
            whole = isinstance(row.reference, AlongDim)
            return AlongLines(shape, axes_of(dim, len(shape)), whole)
        case reference, (tuple() as left, tuple() as right) if reference is matmul_reference:
            if max(len(left), len(right)) <= 2:
                return RowsByColumns(left, right)
    moved = _moved(row, types, arguments, constant)
    sizes = tuple(None if t is None else t.elements for t in types)
    return moved or Whole(sizes, result.elements)


def _moved(
    row: Operator, types: Sequence[TensorType | None], arguments: dict[str, Any], constant: Callable[[int], Objects]
) -> Moved | None:
    """Where the entries go of an operator that only moves them; None where it does more."""
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
        # Whatever went wrong with a token: the operator does more than to move it.
        return None
    operand = np.array([x.operand if isinstance(x, Token) else -1 for x in out], dtype=np.int64)
    place = np.array([x.place if isinstance(x, Token) else 0 for x in out], dtype=np.int64)
    return Moved(operand, place, out, tuple(None if t is None else t.elements for t in types))
