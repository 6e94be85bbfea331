"""The entries of one input that agreement alone does not decide, in groups by what makes them suspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .compare import Comparison, Status
from .exact import Mask

#: Up to this many suspects are all examined; of more, some of each group.
ALL = 64
#: How many of a group are examined where there are too many.
SOME = 4


@dataclass(frozen=True)
class SuspectGroup:
    """Entries that are suspect for the same cause: their places, those to examine, their guards and their status.

    Of those to examine, the entry where the legs are furthest apart comes first.
    """

    places: npt.NDArray[np.int64]
    chosen: tuple[int, ...]
    guards: tuple[int, ...]
    status: Status


def group_suspects(comparison: Comparison, marks: Sequence[tuple[int, Mask]]) -> tuple[SuspectGroup, ...]:
    """The suspects of one input; `marks` are the entries that each guard, by its number, depends on.

    A group has the entries that are on the same guards and where both legs have the same kinds of numbers: the same
    cause, as far as can be seen without examining them. The most doubtful come first.
    """
    size = comparison.entries
    status = np.zeros(size, dtype=np.uint8)
    status[comparison.places] = comparison.status
    suspect = status != Status.SAME
    for _, mask in marks:
        suspect |= mask
    places = np.flatnonzero(suspect)
    if not places.size:
        return ()
    key = status[places].astype(np.int64)
    autograd, closed_form = comparison.autograd[places], comparison.closed_form[places]
    for numbers in (autograd, closed_form):
        key = key * 5 + _kinds(numbers)
    for number, (_, mask) in enumerate(marks[:32]):
        key |= mask[places].astype(np.int64) << (8 + number)
    groups: list[SuspectGroup] = []
    kinds, which = np.unique(key, return_inverse=True)
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(autograd - closed_form), nan=np.inf, posinf=np.inf)
    for number in range(len(kinds)):
        members = places[which == number]
        first = members[int(distance[which == number].argmax())]
        guards = tuple(guard for guard, mask in marks if mask[members[0]])
        everything = places.size <= ALL and (bool(guards) or status[members[0]] == Status.DOUBT)
        some = np.unique([first, members[0], members[len(members) // 2], members[-1]])[:SOME]
        chosen = (members if everything else some).tolist()
        order = sorted(chosen, key=lambda place, first=first: (place != first, place))  # type: ignore[misc]
        groups.append(SuspectGroup(members, tuple(order), guards, Status(status[members[0]])))
    return tuple(sorted(groups, key=lambda group: (-group.status, int(group.places[0]))))


def _kinds(numbers: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """0 for a plain number, 1 for zero, 2 for nan, 3 and 4 for the infinities."""
    cases = [numbers == 0, np.isnan(numbers), np.isposinf(numbers), np.isneginf(numbers)]
    return np.select(cases, [1, 2, 3, 4], 0).astype(np.int64)
