"""The entries of one input that agreement alone does not settle, sorted by what makes them so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from .compare import Comparison, Status
from .exact import Mask

#: Up to so many suspects are all examined; of more, some of each sort.
ALL = 64
#: How many of a sort are examined where there are too many.
SOME = 4


@dataclass(frozen=True)
class Sort:
    """Entries that are suspect for one cause: their places, those to be examined, the guards they are on, their status.

    The entry where the legs are furthest apart comes first.
    """

    places: npt.NDArray[np.int64]
    chosen: tuple[int, ...]
    guards: tuple[int, ...]
    status: Status


def sorts(comparison: Comparison, marks: Sequence[tuple[int, Mask]]) -> tuple[Sort, ...]:
    """The suspects of one input; `marks` says which entries each guard, by its number, is about.

    Entries are of one sort that are on the same guards and where both legs have the same kinds of numbers: the same
    cause, as far as one can tell without examining them. The most doubtful come first.
    """
    size = comparison.entries
    status = np.zeros(size, dtype=np.uint8)
    status[comparison.places.cpu().numpy()] = comparison.status.cpu().numpy()
    suspect = status != Status.SAME
    for _, mask in marks:
        suspect |= mask
    places = np.flatnonzero(suspect)
    if not places.size:
        return ()
    key = status[places].astype(np.int64)
    at = torch.from_numpy(places)
    for numbers in (comparison.theirs.cpu()[at], comparison.ours.cpu()[at]):
        key = key * 5 + _kinds(numbers)
    for number, (_, mask) in enumerate(marks[:32]):
        key |= mask[places].astype(np.int64) << (8 + number)
    found: list[Sort] = []
    kinds, which = np.unique(key, return_inverse=True)
    apart = (comparison.theirs.cpu()[at] - comparison.ours.cpu()[at]).abs().nan_to_num(nan=torch.inf).numpy()
    for number in range(len(kinds)):
        own = places[which == number]
        first = own[int(apart[which == number].argmax())]
        on = tuple(guard for guard, mask in marks if mask[own[0]])
        everything = places.size <= ALL and (bool(on) or status[own[0]] == Status.DOUBT)
        chosen = own if everything else np.unique([first, own[0], own[len(own) // 2], own[-1]])[:SOME]
        order = sorted(chosen.tolist(), key=lambda place, first=first: (place != first, place))  # type: ignore[misc]
        found.append(Sort(own, tuple(order), on, Status(status[own[0]])))
    found.sort(key=lambda sort: (-sort.status, int(sort.places[0])))
    return tuple(found)


def _kinds(numbers: torch.Tensor) -> npt.NDArray[np.int64]:
    """0 for a plain number, 1 for zero, 2 for nan, 3 and 4 for the infinities."""
    kind = (numbers == 0).to(torch.int64) + 2 * numbers.isnan() + 3 * numbers.isposinf() + 4 * numbers.isneginf()
    found: npt.NDArray[np.int64] = kind.numpy()
    return found
