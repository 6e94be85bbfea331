"""What the service counts while it works: plain numbers, where metrics are read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

#: Upper ends of the buckets of a histogram, in seconds; above the last one there is one more bucket.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Histogram:
    """A histogram of seconds.

    >>> histogram = Histogram()
    >>> histogram.add(0.002)
    >>> histogram.counts[2], histogram.total
    (1, 0.002)
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Counts one more."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


@dataclass
class Tally:
    """Counts since the service began.

    `calls` by method, status and reason; `forms` by where a closed form came from; bytes by direction.
    """

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    queue: Histogram = field(default_factory=Histogram)
    numeric: Histogram = field(default_factory=Histogram)
    symbolic: Histogram = field(default_factory=Histogram)
    total: Histogram = field(default_factory=Histogram)
    forms: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=lambda: Counter(received=0, sent=0))
