"""The derivative of f where answers are compared with it: in float64 at all points, in many digits at a few.

The two share nothing: autograd differentiates torch's column, difference quotients the reference column. A point where
they disagree, or where the quotients from the left and from the right do, is not one to grade at.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

from ...program import Apply
from ..problem import Layout
from ..question import Move, Question
from .batch import Floats, derivatives, values
from .drawing import Points
from .precise import Objects, exact, precisely
from .searching import points_of

#: Digits to which the quotients are right.
DIGITS = 50
#: The step of the quotients, as a power of ten: truncation is about its square.
STEP = 40
#: How far autograd may be from a quotient, relative to the sizes met.
APART = 1e-5
#: Multiplications of a program that is computed in many digits, a microsecond each; more is left to float64.
AFFORDABLE = 50_000
#: Points at random at which numbers are compared in many digits.
CONFIRMING = 3
#: Operators that read one triangle of a symmetric matrix.
ONE_TRIANGLE = frozenset(("eigh", "eigvalsh", "cholesky", "linalg.eigh", "linalg.cholesky"))


class Reference:
    """The derivative of one question at its points, computed once for all answers."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.points: Points = points_of(question)
        self._precise: dict[tuple[int, tuple[int, ...]], tuple[Any, Any]] = {}
        self._shifted: dict[Hashable, Any] = {}
        self._stacks: dict[tuple[int, ...], dict[str, Objects]] = {}
        self._inputs: dict[int, dict[str, Objects]] = {}
        self._by: dict[tuple[tuple[str, ...], bool], Floats] = {}
        #: Each differentiation takes away as many digits as the step has.
        self._working = DIGITS + 10 + STEP * max(len(question.chain), question.problem.order)

    @cached_property
    def f(self) -> Floats:
        """The values of f."""
        return values(self.question.forward, self.points, self.question.typed.output.shape, self.question.scalar)

    @cached_property
    def numerator(self) -> Floats:
        """The derivative in float64 at all points, in torch's layout; nan where there is none to grade at."""
        found = self.by(self.question.chain, self.question.stacked)
        if self.question.mirrored:
            found = found + found.swapaxes(-1, -2) - found * np.eye(found.shape[-1])
        found = np.where(np.isfinite(found), found, np.nan)
        # Where f has no value autograd may still find a slope, as of log(-1).
        found[~np.isfinite(self.f.reshape(self.points.count, -1)).all(1)] = np.nan
        for k in range(self.points.count - self.points.special, self.points.count):
            if not self._is_smooth(k, found):
                found[k] = np.nan
        return found

    @property
    def values(self) -> Floats:
        """The derivative at all points in the layout of the right answer."""
        if self.question.problem.policy.layout is not Layout.DENOMINATOR:
            return self.numerator
        return self.numerator.transpose(0, *(k + 1 for k in self.question.turned))

    def by(self, chain: tuple[str, ...], stacked: bool = False) -> Floats:
        """Another derivative of f at all points, in float64."""
        key = (chain, stacked)
        if key not in self._by:
            self._by[key] = self._by_each(chain) if stacked else self._derivative(chain)
        return self._by[key]

    def _by_each(self, chain: tuple[str, ...]) -> Floats:
        q = self.question
        order = q.problem.order
        found = [self._derivative(names) for names in product(chain, repeat=order)]
        return np.stack(found, -1).reshape(self.points.count, *q.output, *(len(chain),) * order)

    def _derivative(self, chain: tuple[str, ...]) -> Floats:
        q = self.question
        shape = q.output + tuple(n for name in chain for n in q.types[name].shape)
        return derivatives(q.forward, self.points, chain, q.upstream, shape, q.scalar)

    @cached_property
    def graded(self) -> npt.NDArray[np.bool_]:
        """Which points have a derivative to grade at."""
        finite = np.isfinite(self.numerator.reshape(self.points.count, -1))
        return np.asarray(finite.all(1))

    @property
    def affordable(self) -> bool:
        """Whether f is small enough to be computed in many digits."""
        return self.question.typed.work <= AFFORDABLE

    @cached_property
    def usual(self) -> Floats:
        """The middle size of each entry of the derivative over the points, which no overflow leads astray."""
        sizes = np.sort(np.where(np.isfinite(self.values), np.abs(self.values), np.inf), axis=0)
        count = np.isfinite(sizes).sum(0, keepdims=True)
        middle = np.take_along_axis(sizes, np.maximum(count - 1, 0) // 2, axis=0)
        return np.asarray(np.where(count > 0, middle, 0.0)[0])

    @cached_property
    def confirming(self) -> tuple[int, ...]:
        """The points at which every answer is compared in many digits: a few at random, where there are such."""
        good = [k for k in range(self.points.count) if self.graded[k]]
        ordinary = [k for k in good if k < self.points.count - self.points.special]
        return tuple((ordinary or good)[:CONFIRMING])

    def precise(self, number: int, index: tuple[int, ...]) -> tuple[Any, Any]:
        """One entry of the derivative (in torch's layout) at a point, with what it may be off; nan where there is none.

        A quotient of differences is off by about the square of its step, so by a third of what the doubled step moves.
        """
        key = (number, index)
        if key not in self._precise:
            near, far = self._central(number, index), self._central(number, index, width=2)
            with mp.workdps(self._working):
                self._precise[key] = (near, abs(near - far))
        return self._precise[key]

    def inputs(self, number: int) -> dict[str, Objects]:
        """The inputs at a point, exactly."""
        if number not in self._inputs:
            self._inputs[number] = {n: exact(v[number].numpy(force=True)) for n, v in self.points.values.items()}
        return dict(self._inputs[number])

    def stacked(self, numbers: tuple[int, ...]) -> dict[str, Objects]:
        """The inputs at several points, exactly, for programs that work on numbers."""
        if numbers not in self._stacks:
            rows = {n: v[list(numbers)].numpy(force=True) for n, v in self.points.values.items()}
            self._stacks[numbers] = {n: exact(row) for n, row in rows.items()}
        return self._stacks[numbers]

    def _is_smooth(self, number: int, found: Floats) -> bool:
        """Whether a special point has a derivative that autograd finds and both one-sided quotients do."""
        if not self.affordable or not np.isfinite(found[number]).all():
            return False
        for index in list(np.ndindex(*self.question.numerator))[:4]:
            central, sides = self._central(number, index), [self._central(number, index, s) for s in (1, -1)]
            if not all(mp.isfinite(x) for x in (central, *sides)):
                return False
            near = 10.0**-12 * (1 + abs(central))
            if any(abs(central - side) > near for side in sides):
                return False
            if abs(central - mp.mpf(float(found[number][index]))) > APART * (1 + abs(central)):
                return False
        return True

    def _central(self, number: int, index: tuple[int, ...], side: int = 0, width: int = 1) -> Any:
        """The quotient of differences about a point; `side` 1 or -1 takes the one that lies there alone."""
        output, moves = self._moves(index)
        ways = ((side, side), (0, -side)) if side else ((width, 1), (-width, -1))
        with mp.workdps(self._working):
            step = mp.mpf(10) ** -STEP
            total = mp.mpf(0)
            for chosen in product(ways, repeat=len(moves)):
                shifts: dict[Move, int] = {}
                sign = 1
                for move, (way, factor) in zip(moves, chosen, strict=True):
                    sign *= factor
                    shifts[move] = shifts.get(move, 0) + way
                total += sign * self._value(number, output, {m: s for m, s in shifts.items() if s}, step)
            entries = 1 if self.question.mirrored else math.prod(len(m.entries) for m in moves)
            return total / ((1 if side else 2 * width) * step) ** len(moves) / entries

    def _moves(self, index: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Move, ...]]:
        output, moves = self.question.moves(index)
        if not self._paired:
            return output, moves
        return output, tuple(replace(m, entries=tuple({m.entries[0], m.entries[0][::-1]})) for m in moves)

    @cached_property
    def _paired(self) -> bool:
        """Whether f reads one triangle of a symmetric input, so that mirrored entries are to move together.

        Half of what the two of them do is then the derivative by each, as autograd has it.
        """
        question = self.question
        if question.mirrored or len(question.chain) > 1 or not question.symmetric(question.chain[0]):
            return False
        program = question.typed.program
        return any(isinstance(n, Apply) and n.operator in ONE_TRIANGLE for n in program.nodes)

    def _value(self, number: int, output: tuple[int, ...], shifts: dict[Move, int], step: Any) -> Any:
        """An entry of f a few steps from a point; nan where it has no value."""
        key = (number, output, tuple(sorted(shifts.items(), key=repr)))
        if key not in self._shifted:
            inputs = self.inputs(number)
            for move, shift in shifts.items():
                inputs[move.name] = _moved(inputs[move.name], move, shift * step)
            try:
                found = precisely(self.question.typed, inputs, self._working).value
                self._shifted[key] = (
                    (found * inputs[self.question.upstream]).sum() if self.question.upstream else found[output]
                )
            except (ArithmeticError, ValueError):
                self._shifted[key] = mp.nan
        return self._shifted[key]


def _moved(x: Objects, move: Move, step: Any) -> Objects:
    moved = x.copy()
    for entry in move.entries:
        moved[entry] = moved[entry] + step
    return moved
