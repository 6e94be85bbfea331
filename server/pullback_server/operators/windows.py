"""Windows that slide along the last dimensions: where they lie, and what they read of a padded tensor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import sympy as sp

from ..index_notation import functions as fn
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor
from ..program import TensorType
from .operator import NoClosedForm, OperandError

#: Windows that read more entries than this, all of them together, have no closed form: it would need as much memory.
MOST_READ = 2**26

#: A place inside a window and the position that it reads there.
Read = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Window:
    """How windows of one length lie along a dimension: `stride` apart, their entries `dilation` apart.

    The dimension has `before` and `after` entries of padding; `ceil` lets the last window end outside of them.

    >>> Window(3, stride=2, before=1, after=1).count(5)
    3
    """

    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    @property
    def extent(self) -> int:
        """From a window's first entry to its last, both counted."""
        return self.dilation * (self.size - 1) + 1

    def count(self, length: int) -> int:
        """How many windows there are along a dimension of that length."""
        room = length + self.before + self.after - self.extent
        number = room // self.stride + 1
        # With ceil a window may be cut off at its end, but none begins in the padding there.
        started = -(-room // self.stride) * self.stride < length + self.before
        return number + (self.ceil and room % self.stride > 0 and started)

    def reach(self, length: int) -> int:
        """The length that the windows need, padding included; the whole dimension at least."""
        return max((self.count(length) - 1) * self.stride + self.extent, length + self.before)

    def covered(self, number: int, length: int) -> range:
        """What a window covers of the padded dimension, in positions of the unpadded one."""
        start = number * self.stride - self.before
        return range(start, min(start + self.extent, length + self.after))


Windows = tuple[Window, ...]


def each_dimension(value: Any, count: int, name: str, least: int) -> tuple[int, ...]:
    """A literal that is one number for all dimensions, or one a dimension; raises OperandError."""
    given = (value,) * count if isinstance(value, int) else value * count if len(value) == 1 else value
    if len(given) != count or any(n < least for n in given):
        raise OperandError(f"{name}={value} for {count} dimensions", f"a number from {least} on, or {count} of them")
    return tuple(given)


def slid_shape(x: TensorType, windows: Windows, rank: str) -> tuple[int, ...]:
    """How many windows there are along each of the last dimensions; raises OperandError.

    Before those there are channels, and there may be a batch, which alone may be empty.
    """
    first = x.rank - len(windows)
    if first not in (1, 2) or 0 in x.shape[first - 1 :]:
        raise OperandError(
            f"shape {list(x.shape)}", f"shape {rank}, of which only the batch N may be left out or empty"
        )
    counts = tuple(w.count(n) for w, n in zip(windows, x.shape[first:], strict=True))
    for window, length, count in zip(windows, x.shape[first:], counts, strict=True):
        if count < 1 or window.extent > length + window.before + window.after + window.stride * window.ceil:
            raise OperandError(
                f"a window of {window.extent} entries over {length} with {window.before} and {window.after} of padding",
                "a window that is not longer",
            )
    return counts


# The sympy column.


def window_entries(program: IndexProgram, x: IndexTensor, windows: Windows, fill: sp.Expr) -> tuple[IndexTensor, Axes]:
    """What the windows read along the last axes of x, and the axes inside a window, which stand last.

    Padding has the value `fill`, in a definition of its own.
    """
    lengths = [program.length(a) for a in x.axes[len(x.axes) - len(windows) :]]
    reaches = [w.reach(n) for w, n in zip(windows, lengths, strict=True)]
    pads = [(w.before, r - n - w.before) for w, n, r in zip(windows, lengths, reaches, strict=True)]
    x = program.materialize(padded(program, x, pads, fill))
    front = x.axes[: len(x.axes) - len(windows)]
    counts = [w.count(n) for w, n in zip(windows, lengths, strict=True)]
    if math.prod((*map(program.length, front), *counts, *(w.size for w in windows))) > MOST_READ:
        raise NoClosedForm(f"windows that read more than {MOST_READ} entries have no closed form")
    outside = tuple(map(program.axis, counts))
    inside = tuple(program.axis(w.size) for w in windows)
    at = [w.stride * place(t) + w.dilation * place(k) for w, t, k in zip(windows, outside, inside, strict=True)]
    return IndexTensor((*front, *outside, *inside), x.at((*front, *at))), inside


def place(axis: sp.Symbol | None) -> sp.Expr:
    """An axis as an index: 0 where its length is 1."""
    return sp.S.Zero if axis is None else axis


def padded(program: IndexProgram, x: IndexTensor, pads: list[tuple[int, int]], fill: sp.Expr) -> IndexTensor:
    """The tensor with so many entries before and after it along its last axes, taken away where negative."""
    axes, at, first = list(x.axes), list[sp.Expr | None](x.axes), len(x.axes) - len(pads)
    inside: list[sp.Expr] = []
    for k, (before, after) in enumerate(pads, first):
        if (before, after) != (0, 0):
            length = program.length(x.axes[k])
            axes[k] = new = program.axis(before + length + after)
            position = place(new)
            at[k] = position - before
            inside += [fn.less_equal(before, position)] * (before > 0)
            inside += [fn.less(position, before + length)] * (after > 0)
    entry = x.at(at)
    for condition in reversed(inside):
        entry = fn.where(condition, entry, fill)
    return IndexTensor(tuple(axes), entry)


# The reference column.


def reads(windows: Windows, lengths: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], list[Read]]]:
    """Each window's number along the dimensions, and what it reads of them, padding left out."""
    for number in product(*(range(w.count(n)) for w, n in zip(windows, lengths, strict=True))):
        along = [_read_along(w, t, n) for w, t, n in zip(windows, number, lengths, strict=True)]
        yield number, [(tuple(k for k, _ in each), tuple(p for _, p in each)) for each in product(*along)]


def _read_along(window: Window, number: int, length: int) -> list[tuple[int, int]]:
    start = number * window.stride - window.before
    first = max(0, -(start // window.dilation))
    return [(k, start + k * window.dilation) for k in range(first, window.size) if start + k * window.dilation < length]
