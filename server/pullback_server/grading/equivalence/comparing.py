"""Whether a candidate is the derivative: refused by one point in many digits, confirmed by all points.

float64 only sorts: entries that are as good as equal there, and suspects. What it cannot decide, a cancellation or an
overflow, the reference column decides in many digits; there a difference is a proof, since it stands out from the
rounding by many powers of ten.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

from ..codes import UndecidedReason
from ..points import AFFORDABLE, Floats, Reference
from ..problem import Confirmation, Counterexample, Evidence, Layout, Tensor
from .candidate import Candidate

#: Two numbers in float64 that are closer than this, relative to the larger, are no suspects.
CLOSE = 1e-9
#: Digits in which suspects are compared.
DIGITS = 60
#: What rounding may leave, relative to the numbers themselves, and to the largest number on the way to either.
_TINY = mp.mpf(10) ** -44
#: How many suspects are looked at in many digits.
SUSPECTS = 40
#: Entries of a tensor that are confirmed at a point.
ENTRIES = 4
#: Multiplications of f that confirming a point may take, a few for each of its entries.
ALTOGETHER = 20_000
#: Digits of float64, and what two numbers that are computed in it alone may be apart, relative to their size.
ROUGHLY, ROUGH = 15, 1e-7


#: The evidence where nothing was compared.
NOTHING = Evidence()


class Relation(Enum):
    """What a comparison came to."""

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


def compare(reference: Reference, candidate: Candidate, deadline: float, tolerance: float = 0.0) -> Comparison:
    """Whether a candidate of the right shape is the derivative, in the layout of the right answer.

    `deadline` is a time of `time.thread_time`, so that a busy machine decides nothing; with a `tolerance` numbers may
    differ by so much relative to the derivative's size.
    """
    return _Comparing(reference, candidate, deadline, tolerance).run()


Mask = npt.NDArray[np.bool_]


class _Comparing:
    def __init__(self, reference: Reference, candidate: Candidate, deadline: float, tolerance: float) -> None:
        self.reference, self.candidate = reference, candidate
        self.deadline, self.tolerance = deadline, tolerance
        self.worst = 0.0
        self.undefined: int | None = None
        self.precisely = reference.affordable and candidate.work <= AFFORDABLE

    def run(self) -> Comparison:
        """The whole comparison."""
        right, found = self.reference.values, self.candidate.values
        graded = np.isfinite(right)
        if not graded.any():
            return Comparison(Relation.UNKNOWN, reason=UndecidedReason.NO_DERIVATIVE)
        apart = self._apart(right, found)
        suspects = graded & ~(apart <= max(CLOSE, self.tolerance))
        agreeing = np.count_nonzero((graded & ~suspects).reshape(len(right), -1).any(1))
        for number, index in self._ordered(suspects, apart):
            if time.thread_time() > self.deadline:
                return Comparison(Relation.UNKNOWN, reason=UndecidedReason.OUT_OF_TIME)
            if (different := self._decided(number, index)) is not None:
                return different
        if (self.undefined is None or agreeing) and (different := self._unconfirmed(suspects)) is not None:
            return different
        evidence = Evidence(
            confirmation=Confirmation.POINTS,
            points=int(np.count_nonzero(graded.reshape(len(right), -1).any(1))),
            error=self.worst,
            precision=DIGITS if self.precisely else ROUGHLY,
        )
        if self.undefined is None:
            return Comparison(Relation.EQUAL, evidence)
        where = {n: float(v[self.undefined]) for n, v in self.reference.points.values.items() if v[0].numel() == 1}
        if not agreeing:
            return Comparison(Relation.DIFFERENT, self._counterexample(self.undefined, self._first(right), mp.nan))
        return Comparison(Relation.PARTLY_UNDEFINED, evidence, where)

    def _unconfirmed(self, suspects: Mask) -> Comparison | None:
        """What many digits say of a few entries that are no suspects; None where they agree there too."""
        if not self.precisely:
            self.worst = max(self.worst, CLOSE)
            return None
        confirming = self.reference.confirming
        together = self.candidate.precisely_at(confirming, DIGITS) if not suspects.shape[1:] else None
        for place, number in enumerate(confirming):
            for index in self._entries(suspects.shape[1:], number):
                if suspects[(number, *index)]:
                    continue
                found = together[place] if together is not None else None
                if (different := self._decided(number, index, found)) is not None:
                    return different
        return None

    def _apart(self, right: Floats, found: Floats) -> Floats:
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(right), np.abs(found))
            if self.tolerance:
                # What is small beside the derivative's usual size may be off by as much as that allows.
                size = np.maximum(size, self.reference.usual)
            return np.where(right == found, 0.0, np.abs(right - found) / size)

    def _ordered(self, suspects: Mask, apart: Floats) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The suspects to look at: where the derivative is known in many digits first, then the furthest apart."""
        if not suspects.any():
            return
        known = self.reference.confirming
        rows = suspects.reshape(len(suspects), -1)
        for number in known:
            if rows[number].any():
                entry = np.where(rows[number], np.nan_to_num(apart[number].reshape(-1), nan=-1.0, posinf=-1.0), -2.0)
                yield number, _unravelled(int(entry.argmax()), suspects.shape[1:])
        sizes = np.where(rows, np.nan_to_num(apart, nan=-1.0, posinf=-1.0).reshape(rows.shape), -2.0)
        worst, entries = sizes.max(1), sizes.argmax(1)
        furthest = np.argsort(-worst, kind="stable")[: min(SUSPECTS, np.count_nonzero(rows.any(1)))].tolist()
        yield from ((k, _unravelled(int(entries[k]), suspects.shape[1:])) for k in furthest if k not in known)

    def _decided(
        self, number: int, index: tuple[int, ...], known: tuple[Any, Callable[[], Any]] | None = None
    ) -> Comparison | None:
        """The verdict on one entry in many digits; None where it does not speak against the candidate.

        `known` is the candidate's entry with the largest size on the way, where it has been computed.
        """
        if not self.precisely:
            return self._roughly_decided(number, index)
        right, error = self._right(number, index)
        if not (mp.isfinite(right) and mp.isfinite(error)):
            return None
        found, size = self.candidate.precise(number, index, DIGITS) if known is None else known
        if not mp.isfinite(found):
            if self.undefined is None:
                self.undefined = number
            return None
        with mp.workdps(DIGITS):
            apart, larger = abs(found - right), max(abs(found), abs(right))
            allowed = larger * _TINY + 10 * error
            if apart > allowed:
                # What cancelled on the way leaves a rounding of what it was.
                allowed += (size() + self._scale(number)) * _TINY
            if self.tolerance:
                allowed = max(allowed, self.tolerance * max(larger, self._usual(index)))
            if size_there := max(larger, self._usual(index)):
                self.worst = max(self.worst, float(allowed / size_there))
            if apart <= allowed:
                return None
        return Comparison(Relation.DIFFERENT, self._counterexample(number, index, found, float(allowed)))

    def _roughly_decided(self, number: int, index: tuple[int, ...]) -> Comparison | None:
        """The verdict on one entry in float64, where many digits would take too long."""
        right, found = (float(x[(number, *index)]) for x in (self.reference.values, self.candidate.values))
        if not math.isfinite(found):
            if self.undefined is None:
                self.undefined = number
            return None
        allowed = max(ROUGH, self.tolerance) * max(abs(right), abs(found), float(self.reference.usual[index]))
        if abs(found - right) <= allowed:
            return None
        return Comparison(Relation.DIFFERENT, self._counterexample(number, index, found, allowed))

    def _right(self, number: int, index: tuple[int, ...]) -> tuple[Any, Any]:
        question = self.reference.question
        if question.problem.policy.layout is Layout.DENOMINATOR:
            own = [0] * len(index)
            for place, axis in enumerate(question.turned):
                own[axis] = index[place]
            index = tuple(own)
        return self.reference.precise(number, index)

    def _scale(self, number: int) -> Any:
        value = float(np.abs(self.reference.f[number]).max())
        return mp.mpf(value) if np.isfinite(value) else mp.mpf(0)

    def _usual(self, index: tuple[int, ...]) -> Any:
        return mp.mpf(float(self.reference.usual[index]))

    def _entries(self, shape: tuple[int, ...], number: int) -> list[tuple[int, ...]]:
        total = math.prod(shape)
        few = max(min(ENTRIES, ALTOGETHER // max(self.reference.question.typed.work, 1)), 1)
        step = max(total // few, 1)
        return [_unravelled((k + number) % total, shape) for k in range(0, total, step)][:few]

    def _first(self, right: Floats) -> tuple[int, ...]:
        return (0,) * (right.ndim - 1)

    def _counterexample(self, number: int, index: tuple[int, ...], found: Any, error: float = 0.0) -> Evidence:
        inputs = tuple(
            (name, Tensor(tuple(v.shape[1:]), tuple(v[number].reshape(-1).tolist())))
            for name, v in self.reference.points.values.items()
        )
        if self.precisely:
            right, _ = self._right(number, index)
        else:
            right = self.reference.values[(number, *index)]
        example = Counterexample(inputs, index, _float(found), _float(right), error)
        return Evidence(counterexample=example, precision=DIGITS if self.precisely else ROUGHLY)


def _float(value: Any) -> float:
    return float(value) if mp.isfinite(value) else float("nan")


def _unravelled(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for length in reversed(shape):
        index.append(flat % length)
        flat //= length
    return tuple(reversed(index))
