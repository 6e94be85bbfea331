"""Whether a candidate is the derivative: refused by one point in many digits, confirmed by all points.

float64 only sorts entries into those that are nearly equal, and suspects. What it cannot decide, a cancellation or an
overflow, the reference column decides in many digits; there a difference is a proof, since it is larger than the
rounding by many powers of ten.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

from ...program import OverBudget, Work
from ..codes import UndecidedReason
from ..points import AFFORDABLE, Floats, RightDerivative
from ..problem import Confirmation, Counterexample, Evidence, Layout, Tensor
from .candidate import Candidate, Entry, ProgramCandidate

#: Two numbers in float64 that are closer than this, relative to the larger, are not suspects.
CLOSE = 1e-9
#: Digits in which suspects are compared.
DIGITS = 60
#: What rounding may leave, relative to the numbers themselves, and to the largest number on the way to either.
_TINY = mp.mpf(10) ** -44
#: How many suspects are compared in many digits.
SUSPECTS = 40
#: The most entries of a tensor that are confirmed at a point.
ENTRIES = 4
#: The most multiplications of f for confirming a point, those of all entries together.
WORK = 20_000
#: Digits of float64, and how far two numbers that are computed in it alone may be apart, relative to their size.
FLOAT_DIGITS, FLOAT_CLOSE = 15, 1e-7
#: The evidence where nothing is compared.
NOTHING = Evidence()


class Relation(Enum):
    """What a comparison shows."""

    EQUAL = "equal"
    DIFFERENT = "different"
    PARTLY_UNDEFINED = "equal where both have a value, but the candidate lacks some"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Comparison:
    """A relation with its evidence; `where` is a point at which the candidate has no value, `reason` why unknown."""

    relation: Relation
    evidence: Evidence = NOTHING
    where: dict[str, float] | None = None
    reason: UndecidedReason | None = None


def compare(right_derivative: RightDerivative, candidate: Candidate, work: Work, tolerance: float = 0.0) -> Comparison:
    """Whether a candidate of the right shape is the derivative, in the layout of the right answer.

    It is unknown where that takes more work than is left. With a `tolerance` numbers may differ by so much relative to
    the derivative's size.
    """
    try:
        right_derivative.prepare(work)
        work.spend(candidate.values_work)
        return _Comparer(right_derivative, candidate, work, tolerance).run()
    except OverBudget:
        return Comparison(Relation.UNKNOWN, reason=UndecidedReason.OVER_BUDGET)


Mask = npt.NDArray[np.bool_]


class _Comparer:
    def __init__(self, right_derivative: RightDerivative, candidate: Candidate, work: Work, tolerance: float) -> None:
        self.right_derivative, self.candidate = right_derivative, candidate
        self.work, self.tolerance = work, tolerance
        self.worst = 0.0
        self.undefined_at: int | None = None
        self.in_many_digits = right_derivative.affordable and candidate.multiplications <= AFFORDABLE

    def run(self) -> Comparison:
        """The comparison."""
        right = self.right_derivative.values
        gradable = np.isfinite(right)
        if not gradable.any():
            return Comparison(Relation.UNKNOWN, reason=UndecidedReason.NO_DERIVATIVE)
        distances = self._distances(right, self.candidate.values)
        suspects = gradable & ~(distances <= max(CLOSE, self.tolerance))
        agreeing = np.count_nonzero((gradable & ~suspects).reshape(len(right), -1).any(1))
        for point, index in self._order(suspects, distances):
            if (different := self._compare_entry(point, index)) is not None:
                return different
        if (self.undefined_at is None or agreeing) and (different := self._confirm(suspects)) is not None:
            return different
        evidence = Evidence(
            confirmation=Confirmation.POINTS,
            points=int(np.count_nonzero(gradable.reshape(len(right), -1).any(1))),
            error=self.worst,
            precision=DIGITS if self.in_many_digits else FLOAT_DIGITS,
        )
        if self.undefined_at is None:
            return Comparison(Relation.EQUAL, evidence)
        where = {
            n: float(v[self.undefined_at]) for n, v in self.right_derivative.points.values.items() if v[0].numel() == 1
        }
        if not agreeing:
            first = (0,) * (right.ndim - 1)
            return Comparison(Relation.DIFFERENT, self._counterexample(self.undefined_at, first, mp.nan))
        return Comparison(Relation.PARTLY_UNDEFINED, evidence, where)

    def _confirm(self, suspects: Mask) -> Comparison | None:
        """Compares a few entries that are not suspects in many digits; None where they agree there too."""
        if not self.in_many_digits:
            self.worst = max(self.worst, CLOSE)
            return None
        confirming = self.right_derivative.confirming_points
        entries = None
        if isinstance(self.candidate, ProgramCandidate) and not suspects.shape[1:]:
            entries = self.candidate.precise_entries(confirming, DIGITS)
        for place, point in enumerate(confirming):
            for index in self._entries(suspects.shape[1:], point):
                if suspects[(point, *index)]:
                    continue
                entry = entries[place] if entries is not None else None
                if (different := self._compare_entry(point, index, entry)) is not None:
                    return different
        return None

    def _distances(self, right: Floats, answer: Floats) -> Floats:
        """How far the two are apart, relative to the larger."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(right), np.abs(answer))
            if self.tolerance:
                # What is small compared with the derivative's typical size may be off by as much as that allows.
                size = np.maximum(size, self.right_derivative.typical_size)
            return np.where(right == answer, 0.0, np.abs(right - answer) / size)

    def _order(self, suspects: Mask, distances: Floats) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The suspects to compare: where the derivative is known in many digits first, then the furthest apart."""
        if not suspects.any():
            return
        known = self.right_derivative.confirming_points
        rows = suspects.reshape(len(suspects), -1)
        ranks = np.where(rows, np.nan_to_num(distances, nan=-1.0, posinf=-1.0).reshape(rows.shape), -2.0)
        for point in known:
            if rows[point].any():
                yield point, _unravel(int(ranks[point].argmax()), suspects.shape[1:])
        worst, entries = ranks.max(1), ranks.argmax(1)
        furthest = np.argsort(-worst, kind="stable")[: min(SUSPECTS, np.count_nonzero(rows.any(1)))].tolist()
        yield from ((k, _unravel(int(entries[k]), suspects.shape[1:])) for k in furthest if k not in known)

    def _compare_entry(self, point: int, index: tuple[int, ...], known: Entry | None = None) -> Comparison | None:
        """Compares one entry in many digits; None where it does not differ. `known` is the candidate's, if computed."""
        if not self.in_many_digits:
            return self._compare_floats(point, index)
        self.work.spend(self.right_derivative.entry_work + self.candidate.entry_work)
        right, error = self._right(point, index)
        if not (mp.isfinite(right) and mp.isfinite(error)):
            return None
        answer, size = self.candidate.precise_entry(point, index, DIGITS) if known is None else known
        if not mp.isfinite(answer):
            if self.undefined_at is None:
                self.undefined_at = point
            return None
        with mp.workdps(DIGITS):
            distance, larger = abs(answer - right), max(abs(answer), abs(right))
            allowed = larger * _TINY + 10 * error
            if distance > allowed:
                # A cancellation leaves a rounding error of the numbers that cancelled.
                allowed += (size() + self._scale(point)) * _TINY
            if self.tolerance:
                allowed = max(allowed, self.tolerance * max(larger, self._typical_size(index)))
            if size_there := max(larger, self._typical_size(index)):
                self.worst = max(self.worst, float(allowed / size_there))
            if distance <= allowed:
                return None
        return Comparison(Relation.DIFFERENT, self._counterexample(point, index, answer, float(allowed)))

    def _compare_floats(self, point: int, index: tuple[int, ...]) -> Comparison | None:
        """Compares one entry in float64, where many digits would take too long."""
        right, answer = (float(x[(point, *index)]) for x in (self.right_derivative.values, self.candidate.values))
        if not math.isfinite(answer):
            if self.undefined_at is None:
                self.undefined_at = point
            return None
        size = max(abs(right), abs(answer), float(self.right_derivative.typical_size[index]))
        allowed = max(FLOAT_CLOSE, self.tolerance) * size
        if abs(answer - right) <= allowed:
            return None
        return Comparison(Relation.DIFFERENT, self._counterexample(point, index, answer, allowed))

    def _right(self, point: int, index: tuple[int, ...]) -> tuple[Any, Any]:
        question = self.right_derivative.question
        if question.problem.policy.layout is Layout.DENOMINATOR:
            index = tuple(index[question.denominator_axes.index(axis)] for axis in range(len(index)))
        return self.right_derivative.precise_entry(point, index)

    def _scale(self, point: int) -> Any:
        value = float(np.abs(self.right_derivative.f[point]).max())
        return mp.mpf(value) if np.isfinite(value) else mp.mpf(0)

    def _typical_size(self, index: tuple[int, ...]) -> Any:
        return mp.mpf(float(self.right_derivative.typical_size[index]))

    def _entries(self, shape: tuple[int, ...], point: int) -> list[tuple[int, ...]]:
        total = math.prod(shape)
        few = max(min(ENTRIES, WORK // max(self.right_derivative.question.typed.work, 1)), 1)
        step = max(total // few, 1)
        return [_unravel((k + point) % total, shape) for k in range(0, total, step)][:few]

    def _counterexample(self, point: int, index: tuple[int, ...], answer: Any, error: float = 0.0) -> Evidence:
        inputs = tuple(
            (name, Tensor(tuple(v.shape[1:]), tuple(v[point].reshape(-1).tolist())))
            for name, v in self.right_derivative.points.values.items()
        )
        if self.in_many_digits:
            right, _ = self._right(point, index)
        else:
            right = self.right_derivative.values[(point, *index)]
        example = Counterexample(inputs, index, _float(answer), _float(right), error)
        return Evidence(counterexample=example, precision=DIGITS if self.in_many_digits else FLOAT_DIGITS)


def _float(value: Any) -> float:
    return float(value) if mp.isfinite(value) else float("nan")


def _unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(flat, shape)))
