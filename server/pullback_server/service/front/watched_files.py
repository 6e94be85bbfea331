"""Files that are read again when they change."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

#: Seconds between looks at the files.
INTERVAL = 1.0


class WatchedFiles:
    """Says when one of some files has changed, looking at them no more often than once an interval.

    A file that was replaced by a rename, or by pointing a symbolic link elsewhere, has changed too.

    >>> WatchedFiles(("/dev/null",)).have_changed()
    False
    """

    def __init__(self, paths: Sequence[str], interval: float = INTERVAL) -> None:
        self.paths = tuple(map(Path, paths))
        self._interval = interval
        self._stamps = self._stat()
        self._next = time.monotonic() + interval

    def have_changed(self) -> bool:
        """Whether a file has changed since this was last asked; False also where it is too early to look."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval
        before, self._stamps = self._stamps, self._stat()
        return self._stamps != before

    def _stat(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(_stamp, self.paths))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
