"""Files that are read again when they change."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

#: Seconds between looks at a file.
LOOK_EVERY = 1.0


class Watched:
    """Says when one of some files is another than it was, looking no more often than every so many seconds.

    A file that is replaced by a rename, or behind a symbolic link that is turned, is another file too.

    >>> Watched(("/dev/null",)).changed()
    False
    """

    def __init__(self, paths: Sequence[str], every: float = LOOK_EVERY) -> None:
        self.paths = tuple(map(Path, paths))
        self._every = every
        self._seen = self._stamps()
        self._next = time.monotonic() + every

    def changed(self) -> bool:
        """Whether a file has changed since this was last asked; False also where it is too early to look."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._every
        before, self._seen = self._seen, self._stamps()
        return self._seen != before

    def _stamps(self) -> tuple[tuple[int, ...], ...]:
        return tuple(_stamp(path) for path in self.paths)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
