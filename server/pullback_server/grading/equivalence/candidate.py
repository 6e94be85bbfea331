"""What is compared with the derivative: a program or fixed numbers, in float64 everywhere, precisely at a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import mpmath as mp
import numpy as np

from ...numeric import Forward, compile_program
from ...program import TypedProgram
from ..points import Floats, Reference, exact, precisely, vectors
from ..points import values as at_points
from ..problem import Tensor
from ..question import entry_by_entry, numbers_of_vector

#: A number in many digits, and the largest size on the way to it, which is worked out when it is asked for.
Entry = tuple[Any, Callable[[], Any]]


class Candidate(Protocol):
    """Numbers that may be the derivative's, in a shape of their own."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape at one point."""
        ...

    @property
    def work(self) -> int:
        """Multiplications that it takes at one point."""
        ...

    @property
    def values(self) -> Floats:
        """The values in float64, the point first."""
        ...

    def precise(self, number: int, index: tuple[int, ...], digits: int) -> Entry:
        """An entry at a point in so many digits, nan where it has no value; and the largest size met on the way."""
        ...

    def precisely_at(self, numbers: tuple[int, ...], digits: int) -> list[Entry] | None:
        """A number at several points at once; None where each is to be computed on its own."""
        ...


@dataclass(frozen=True)
class Formula:
    """An answer that is a program."""

    typed: TypedProgram
    reference: Reference

    @property
    def shape(self) -> tuple[int, ...]:
        """The program's shape."""
        return self.typed.output.shape

    @property
    def work(self) -> int:
        """The program's estimate."""
        return self.typed.work

    @cached_property
    def forward(self) -> Forward:
        """The program compiled."""
        return compile_program(self.typed)

    @cached_property
    def at_once(self) -> bool:
        """Whether all points are computed at once."""
        return self.reference.question.scalar and entry_by_entry(self.typed)

    @cached_property
    def values(self) -> Floats:
        """The values at the reference's points."""
        if not self.at_once and self.reference.question.scalar and (entries := numbers_of_vector(self.typed)):
            return vectors(self.forward, self.reference.points, entries)
        return at_points(self.forward, self.reference.points, self.shape, self.at_once)

    def precise(self, number: int, index: tuple[int, ...], digits: int) -> Entry:
        """An entry by the reference column."""
        try:
            found = precisely(self.typed, self.reference.inputs(number), digits)
        except (ArithmeticError, ValueError):
            return mp.nan, lambda: mp.mpf(0)
        return found.value[index], lambda: found.size

    def precisely_at(self, numbers: tuple[int, ...], digits: int) -> list[Entry] | None:
        """The values at several points in one pass, where every step works entry by entry."""
        if not self.at_once:
            return None
        try:
            found = precisely(self.typed, self.reference.stacked(numbers), digits)
        except (ArithmeticError, ValueError):
            return None
        return [(value, lambda: found.size) for value in np.broadcast_to(found.value, (len(numbers),))]


@dataclass(frozen=True)
class Numbers:
    """An answer that is a tensor, the same at every point."""

    tensor: Tensor
    count: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.tensor.shape

    @property
    def work(self) -> int:
        """None."""
        return 0

    @cached_property
    def values(self) -> Floats:
        """The tensor once a point."""
        one = np.array(self.tensor.values, dtype=np.float64).reshape(self.shape)
        return np.broadcast_to(one, (self.count, *self.shape))

    def precise(self, number: int, index: tuple[int, ...], digits: int) -> Entry:
        """The entry itself."""
        value = exact(self.values[number][index].item())[()]
        return value, lambda: abs(value)

    def precisely_at(self, numbers: tuple[int, ...], digits: int) -> list[Entry] | None:
        """Nothing is gained by several at once."""
        return None


@dataclass(frozen=True)
class Viewed:
    """A candidate with its axes in another order, or one of its rows or columns of length 1 left out."""

    inner: Candidate
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def work(self) -> int:
        """What the inner one takes."""
        return self.inner.work

    @cached_property
    def values(self) -> Floats:
        """The values, seen anew."""
        found = self.inner.values
        turned = found.transpose(0, *(k + 1 for k in self.axes)) if self.axes else found
        return turned.reshape(found.shape[0], *self.shape)

    def precise(self, number: int, index: tuple[int, ...], digits: int) -> Entry:
        """The entry, wherever it is."""
        own = [0] * len(self.inner.shape)
        if self.axes:
            for place, axis in enumerate(self.axes):
                own[axis] = index[place]
        return self.inner.precise(number, tuple(own), digits)

    def precisely_at(self, numbers: tuple[int, ...], digits: int) -> list[Entry] | None:
        """Nothing is gained by several at once."""
        return None
