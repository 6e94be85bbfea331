"""The results of all samples together, and the sentence of the README about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import torch

from .trial import State

README = Path(__file__).parents[2] / "README.md"

#: What each state is called in a sentence, in order; those that must not happen are named only if they do.
WORDS = {
    State.AGREED: "agreed or on a kink",
    State.UNDECIDED: "undecided",
    State.REFUSED: "refused",
    State.UNSAID: "that the language has no word for or torch has no gradient of",
    State.DIFFERED: "differed",
    State.NOT_TORCHS: "not torch's",
    State.FAILED: "failed",
}


def sentence(counts: Mapping[State, int], rows: int) -> str:
    """The totals as one sentence, with the release of torch whose samples they are.

    Whether a sample that is a rounding away from a kink is on it depends on the machine's kernels, so that these and
    those that agree are one number.

    >>> sentence({State.AGREED: 3, State.REFUSED: 1}, 2).partition(": ")[2]
    '4 samples of 2 rows, 3 agreed or on a kink, 0 undecided, 1 refused, 0 differed.'
    """
    totals = Counter(counts)
    totals[State.AGREED] += totals.pop(State.ON_A_KINK, 0)
    unsaid = totals.pop(State.UNSAID, 0)
    named = [s for s in WORDS if s is not State.UNSAID and (totals[s] or not s.wrong or s is State.DIFFERED)]
    parts = [f"{totals[state]:,} {WORDS[state]}" for state in named]
    rest = f" {unsaid:,} more are ones {WORDS[State.UNSAID]}." if unsaid else ""
    return f"torch {release()}: {totals.total():,} samples of {rows} rows, {', '.join(parts)}.{rest}"


def stated(totals: str) -> bool:
    """Whether the README has these totals."""
    return totals in " ".join(README.read_text().split())


def release() -> str:
    """torch's release, whose samples change from one to the next."""
    return ".".join(torch.__version__.split(".")[:2])
