"""The derivative of f where answers are compared with it: in float64 at all points, in many digits at a few.

The two share nothing: autograd differentiates torch's column, difference quotients the reference column. At a point
where they disagree, or where the quotients from the left and from the right do, answers are not graded.
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

from ...operators.reference.columns import Objects
from ...program import Apply, Work
from ..checked_problem import CheckedProblem, Move
from ..problem import Layout
from ..work import FLOATS, Shared, derivative_work, float_work, precise_work
from .batch import Floats, derivatives, values
from .drawing import Points
from .precise import evaluate_precisely, to_mpmath
from .searching import points_of

#: Digits to which the quotients are right.
DIGITS = 50
#: The step of the quotients, as a power of ten: truncation is about its square.
STEP = 40
#: How far autograd may be from a quotient, relative to 1 plus its size.
APART = 1e-5
#: The most multiplications of a program that is computed in many digits, a microsecond each; others use float64.
AFFORDABLE = 50_000
#: The random points at which numbers are compared in many digits.
CONFIRMING = 3
#: Operators that read one triangle of a symmetric matrix.
ONE_TRIANGLE = frozenset(("eigh", "eigvalsh", "cholesky", "linalg.eigh", "linalg.cholesky"))


#: How many entries are checked for being smooth at a special point.
CHECKED = 4


class RightDerivative:
    """The derivative of one question at its points, computed once for all answers.

    Each stage of grading prepares it before anything else of it is used.
    """

    points: Points

    def __init__(self, question: CheckedProblem) -> None:
        self.question = question
        self._points = Shared(self._draw)
        self._precise: dict[tuple[int, tuple[int, ...]], tuple[Any, Any]] = {}
        self._shifted: dict[Hashable, Any] = {}
        self._inputs: dict[int | tuple[int, ...], dict[str, Objects]] = {}
        self._derivatives: dict[tuple[tuple[str, ...], bool], Floats] = {}
        #: Each differentiation loses as many digits as the step has.
        self._working = DIGITS + 10 + STEP * max(len(question.chain), question.problem.order)

    def prepare(self, work: Work) -> None:
        """Draws the points, and counts the work of f and its derivative there; raises OverBudget."""
        self.points = self._points.get(work)

    def _draw(self, work: Work) -> Points:
        question = self.question
        points = points_of(question, work)
        entries = math.prod(question.numerator_shape)
        work.spend(float_work(question.typed, points.count, question.scalar))
        work.spend(self._derivative_work(points.count, question.chain, question.stacked))
        work.spend(points.count * entries * 20 // FLOATS)
        if self.affordable:
            # The central quotient and both one-sided ones.
            work.spend(points.special * min(entries, CHECKED) * 3 * self._values_of_quotient * self._value_work)
        return points

    def derivative_work(self, chain: tuple[str, ...], stacked: bool = False) -> int:
        """The work of `derivative`."""
        return self._derivative_work(self.points.count, chain, stacked)

    @property
    def jacobian_work(self) -> int:
        """The work of the Jacobian of f with respect to the first input, whatever the upstream gradient."""
        q = self.question
        inputs = [q.types[q.chain[0]]]
        return derivative_work(q.typed, self.points.count, q.scalar, q.typed.output.elements, inputs)

    def _derivative_work(self, points: int, chain: tuple[str, ...], stacked: bool) -> int:
        q = self.question
        times, inputs = 1, [q.types[name] for name in chain]
        if stacked:
            times, inputs = len(chain) ** q.problem.order, inputs[:1] * q.problem.order
        return times * derivative_work(q.typed, points, q.scalar, math.prod(q.output_shape), inputs)

    @cached_property
    def entry_work(self) -> int:
        """The work of an entry in many digits."""
        return 2 * self._values_of_quotient * self._value_work

    @cached_property
    def _value_work(self) -> int:
        return precise_work(self.question.typed)

    @property
    def _values_of_quotient(self) -> int:
        """How many values of f a difference quotient has."""
        moves = self.question.problem.order if self.question.stacked else len(self.question.chain)
        return int(2**moves)

    @cached_property
    def f(self) -> Floats:
        """The values of f."""
        return values(self.question.forward, self.points, self.question.typed.output.shape, self.question.scalar)

    @cached_property
    def numerator(self) -> Floats:
        """The derivative in float64 at all points, in numerator layout; nan where answers are not graded."""
        derivative = self.derivative(self.question.chain, self.question.stacked)
        if self.question.mirrored:
            derivative = derivative + derivative.swapaxes(-1, -2) - derivative * np.eye(derivative.shape[-1])
        derivative = np.where(np.isfinite(derivative), derivative, np.nan)
        # Where f has no value autograd may still find a derivative, as of log(-1).
        derivative[~np.isfinite(self.f.reshape(self.points.count, -1)).all(1)] = np.nan
        for k in range(self.points.count - self.points.special, self.points.count):
            if not self._is_smooth(k, derivative):
                derivative[k] = np.nan
        return derivative

    @property
    def values(self) -> Floats:
        """The derivative at all points in the layout of the right answer."""
        if self.question.problem.policy.layout is not Layout.DENOMINATOR:
            return self.numerator
        return self.numerator.transpose(0, *(k + 1 for k in self.question.denominator_axes))

    def derivative(self, chain: tuple[str, ...], stacked: bool = False) -> Floats:
        """The derivative of f with respect to any inputs at all points, in float64."""
        key = (chain, stacked)
        if key not in self._derivatives:
            self._derivatives[key] = self._stacked(chain) if stacked else self._compute(chain)
        return self._derivatives[key]

    def _stacked(self, chain: tuple[str, ...]) -> Floats:
        q = self.question
        order = q.problem.order
        entries = [self.derivative(names) for names in product(chain, repeat=order)]
        return np.stack(entries, -1).reshape(self.points.count, *q.output_shape, *(len(chain),) * order)

    def _compute(self, chain: tuple[str, ...]) -> Floats:
        q = self.question
        shape = q.output_shape + tuple(n for name in chain for n in q.types[name].shape)
        return derivatives(q.forward, self.points, chain, q.upstream, shape, q.scalar)

    @cached_property
    def gradable(self) -> npt.NDArray[np.bool_]:
        """At which points answers are graded."""
        return np.asarray(np.isfinite(self.numerator.reshape(self.points.count, -1)).all(1))

    @property
    def affordable(self) -> bool:
        """Whether f is small enough to be computed in many digits."""
        return self.question.typed.work <= AFFORDABLE

    @cached_property
    def typical_size(self) -> Floats:
        """The median size of each entry of the derivative over the points, which does not depend on an overflow."""
        sizes = np.sort(np.where(np.isfinite(self.values), np.abs(self.values), np.inf), axis=0)
        count = np.isfinite(sizes).sum(0, keepdims=True)
        middle = np.take_along_axis(sizes, np.maximum(count - 1, 0) // 2, axis=0)
        return np.asarray(np.where(count > 0, middle, 0.0)[0])

    @cached_property
    def confirming_points(self) -> tuple[int, ...]:
        """The points at which every answer is compared in many digits: a few random ones, where there are such."""
        gradable = [k for k in range(self.points.count) if self.gradable[k]]
        ordinary = [k for k in gradable if k < self.points.count - self.points.special]
        return tuple((ordinary or gradable)[:CONFIRMING])

    def precise_entry(self, point: int, index: tuple[int, ...]) -> tuple[Any, Any]:
        """One entry of the derivative in numerator layout at a point, with its error; nan where there is none.

        The error of a difference quotient is about the square of its step, so a third of the change by a doubled step.
        """
        key = (point, index)
        if key not in self._precise:
            near, far = self._quotient(point, index), self._quotient(point, index, width=2)
            with mp.workdps(self._working):
                self._precise[key] = (near, abs(near - far))
        return self._precise[key]

    def inputs(self, at: int | tuple[int, ...]) -> dict[str, Objects]:
        """The inputs at a point, exactly; or at several points, for programs on numbers."""
        if at not in self._inputs:
            rows = at if isinstance(at, int) else list(at)
            self._inputs[at] = {n: to_mpmath(v[rows].numpy(force=True)) for n, v in self.points.values.items()}
        return dict(self._inputs[at])

    def _is_smooth(self, point: int, derivative: Floats) -> bool:
        """Whether autograd and both one-sided quotients agree on the derivative at a special point."""
        if not self.affordable or not np.isfinite(derivative[point]).all():
            return False
        for index in list(np.ndindex(*self.question.numerator_shape))[:CHECKED]:
            central, sides = self._quotient(point, index), [self._quotient(point, index, s) for s in (1, -1)]
            if not all(mp.isfinite(x) for x in (central, *sides)):
                return False
            near = 10.0**-12 * (1 + abs(central))
            if any(abs(central - side) > near for side in sides):
                return False
            if abs(central - mp.mpf(float(derivative[point][index]))) > APART * (1 + abs(central)):
                return False
        return True

    def _quotient(self, point: int, index: tuple[int, ...], side: int = 0, width: int = 1) -> Any:
        """The central difference quotient at a point; with `side` 1 or -1 the one-sided quotient."""
        output, moves = self._moves(index)
        terms = ((side, side), (0, -side)) if side else ((width, 1), (-width, -1))
        with mp.workdps(self._working):
            step = mp.mpf(10) ** -STEP
            total = mp.mpf(0)
            for chosen in product(terms, repeat=len(moves)):
                shifts: dict[Move, int] = {}
                sign = 1
                for move, (shift, factor) in zip(moves, chosen, strict=True):
                    sign *= factor
                    shifts[move] = shifts.get(move, 0) + shift
                total += sign * self._value(point, output, {m: s for m, s in shifts.items() if s}, step)
            entries = 1 if self.question.mirrored else math.prod(len(m.entries) for m in moves)
            return total / ((1 if side else 2 * width) * step) ** len(moves) / entries

    def _moves(self, index: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Move, ...]]:
        output, moves = self.question.moves(index)
        if not self._paired:
            return output, moves
        return output, tuple(replace(m, entries=tuple({m.entries[0], m.entries[0][::-1]})) for m in moves)

    @cached_property
    def _paired(self) -> bool:
        """Whether f reads one triangle of a symmetric input, so that mirrored entries must move together.

        Half of the derivative of both is then that of each, which is what autograd gives.
        """
        question = self.question
        if question.mirrored or len(question.chain) > 1 or not question.is_symmetric(question.chain[0]):
            return False
        return any(isinstance(n, Apply) and n.operator in ONE_TRIANGLE for n in question.typed.program.nodes)

    def _value(self, point: int, output: tuple[int, ...], shifts: dict[Move, int], step: Any) -> Any:
        """An entry of f a few steps from a point; nan where it has no value."""
        key = (point, output, tuple(sorted(shifts.items(), key=repr)))
        if key not in self._shifted:
            inputs = self.inputs(point)
            for move, shift in shifts.items():
                inputs[move.name] = _shift(inputs[move.name], move, shift * step)
            upstream = self.question.upstream
            try:
                f = evaluate_precisely(self.question.typed, inputs, self._working).value
                self._shifted[key] = (f * inputs[upstream]).sum() if upstream else f[output]
            except (ArithmeticError, ValueError):
                self._shifted[key] = mp.nan
        return self._shifted[key]


def _shift(x: Objects, move: Move, step: Any) -> Objects:
    shifted = x.copy()
    for entry in move.entries:
        shifted[entry] = shifted[entry] + step
    return shifted
