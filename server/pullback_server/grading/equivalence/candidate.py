"""What is compared with the derivative: a program or numbers, in float64 at all points, in many digits at some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import mpmath as mp
import numpy as np

from ...numeric import Forward, compile_program
from ...program import TypedProgram
from ..checked_problem import is_elementwise, vector_entries
from ..points import Floats, RightDerivative, evaluate_precisely, to_mpmath, vector_values
from ..points import values as values_at_points
from ..problem import Tensor
from ..work import float_work, precise_work

#: A number in many digits, and a function for the largest size of a number on the way to it.
Entry = tuple[Any, Callable[[], Any]]


class Candidate(Protocol):
    """Numbers that may be the derivative's, in any shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape at one point."""

    @property
    def multiplications(self) -> int:
        """How many multiplications and additions it takes at one point."""

    @property
    def values_work(self) -> int:
        """The work of the values in float64."""

    @property
    def entry_work(self) -> int:
        """The work of an entry in many digits."""

    @property
    def values(self) -> Floats:
        """The values in float64, the point first."""

    def precise_entry(self, point: int, index: tuple[int, ...], digits: int) -> Entry:
        """An entry at a point in so many digits, nan where it has no value; and the largest size met on the way."""


@dataclass(frozen=True)
class ProgramCandidate:
    """An answer that is a program."""

    typed: TypedProgram
    right_derivative: RightDerivative

    @property
    def shape(self) -> tuple[int, ...]:
        """The program's shape."""
        return self.typed.output.shape

    @property
    def multiplications(self) -> int:
        """The program's estimate."""
        return self.typed.work

    @property
    def values_work(self) -> int:
        """The work of the program in float64 at the question's points."""
        at_once = self.at_once or (self.right_derivative.question.scalar and bool(vector_entries(self.typed)))
        return float_work(self.typed, self.right_derivative.points.count, at_once)

    @cached_property
    def entry_work(self) -> int:
        """The work of the whole program in many digits."""
        return precise_work(self.typed)

    @cached_property
    def forward(self) -> Forward:
        """The compiled program."""
        return compile_program(self.typed)

    @cached_property
    def at_once(self) -> bool:
        """Whether all points are computed at once."""
        return self.right_derivative.question.scalar and is_elementwise(self.typed)

    @cached_property
    def values(self) -> Floats:
        """The values at the question's points."""
        if not self.at_once and self.right_derivative.question.scalar and (entries := vector_entries(self.typed)):
            return vector_values(self.forward, self.right_derivative.points, entries)
        return values_at_points(self.forward, self.right_derivative.points, self.shape, self.at_once)

    def precise_entry(self, point: int, index: tuple[int, ...], digits: int) -> Entry:
        """An entry by the reference column."""
        try:
            result = evaluate_precisely(self.typed, self.right_derivative.inputs(point), digits)
        except (ArithmeticError, ValueError):
            return mp.nan, lambda: mp.mpf(0)
        return result.value[index], lambda: result.size

    def precise_entries(self, points: tuple[int, ...], digits: int) -> list[Entry] | None:
        """The values at several points in one pass; None where a step is not elementwise, or has no value."""
        if not self.at_once:
            return None
        try:
            result = evaluate_precisely(self.typed, self.right_derivative.inputs(points), digits)
        except (ArithmeticError, ValueError):
            return None
        return [(value, lambda: result.size) for value in np.broadcast_to(result.value, (len(points),))]


@dataclass(frozen=True)
class TensorCandidate:
    """An answer that is a tensor, the same at every point."""

    tensor: Tensor
    right_derivative: RightDerivative

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.tensor.shape

    @property
    def multiplications(self) -> int:
        """None."""
        return 0

    values_work = entry_work = multiplications

    @cached_property
    def values(self) -> Floats:
        """The tensor, once for each point."""
        one = np.array(self.tensor.values, dtype=np.float64).reshape(self.shape)
        return np.broadcast_to(one, (self.right_derivative.points.count, *self.shape))

    def precise_entry(self, point: int, index: tuple[int, ...], digits: int) -> Entry:
        """The entry itself."""
        value = to_mpmath(self.values[point][index].item())[()]
        return value, lambda: abs(value)


@dataclass(frozen=True)
class RearrangedCandidate:
    """A candidate with its axes in another order, or without an axis of length 1."""

    inner: Candidate
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def multiplications(self) -> int:
        """The inner candidate's."""
        return self.inner.multiplications

    @property
    def values_work(self) -> int:
        """The inner candidate's."""
        return self.inner.values_work

    @property
    def entry_work(self) -> int:
        """The inner candidate's."""
        return self.inner.entry_work

    @cached_property
    def values(self) -> Floats:
        """The inner candidate's values in this one's shape."""
        values = self.inner.values
        transposed = values.transpose(0, *(k + 1 for k in self.axes)) if self.axes else values
        return transposed.reshape(values.shape[0], *self.shape)

    def precise_entry(self, point: int, index: tuple[int, ...], digits: int) -> Entry:
        """The entry of the inner candidate that stands there."""
        inner_index = [0] * len(self.inner.shape)
        # Last in `axes` is an axis of length 1 that this candidate lacks, where it lacks one.
        for axis, place in zip(self.axes, index, strict=False):
            inner_index[axis] = place
        return self.inner.precise_entry(point, tuple(inner_index), digits)
