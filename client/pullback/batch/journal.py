"""The journal of a run: every row as soon as it is known, so that an interrupted run can be continued."""

from __future__ import annotations

import fcntl
import json
import os
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .row import Row

#: Seconds of rows that a loss of power may cost; the end of a process costs none.
SYNC_SECONDS = 1.0

_FORMAT = 1


class JournalError(Exception):
    """A journal that cannot be used; the message says why, and what to do."""


class Journal:
    """Rows by position in a file of JSON Lines, each of them once, complete or not at all.

    `about` tells one run from another. Raises JournalError for the journal of another run, and where another command
    holds the journal.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home, Journal(Path(home, "journal"), {"file": "a"}, 2) as journal:
    ...     journal.add(Row(1, "b", "", 1.0, "CORRECT", 1.0, (), "Correct.", {}, ""))
    ...     1 in journal, 0 in journal, [row.id for row in journal.rows()]
    (True, False, ['b'])
    """

    def __init__(self, path: Path, about: dict[str, Any], total: int) -> None:
        self.path = path
        self._places = array("q", [-1]) * total
        self.done = 0
        self._synced = time.monotonic()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._claim()
            self._end = self._read({"pullback journal": _FORMAT} | about)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, position: int) -> bool:
        return self._places[position] >= 0

    def add(self, row: Row) -> None:
        """Keeps a row; a second one of the same position is dropped."""
        if row.position in self:
            return
        self._places[row.position] = self._end
        self._write(row.to_json())
        self.done += 1
        if time.monotonic() - self._synced > SYNC_SECONDS:
            os.fdatasync(self._file)
            self._synced = time.monotonic()

    def rows(self) -> Iterator[Row]:
        """The rows in the journal, by position."""
        with open(os.dup(self._file), "rb") as file:
            for place in self._places:
                if place >= 0:
                    file.seek(place)
                    yield Row.from_json(json.loads(file.readline()))

    def count_rows(self) -> int:
        """How many rows the file holds, which another run would find however this one was interrupted."""
        with open(os.dup(self._file), "rb") as file:
            file.seek(0)
            return sum(line.endswith(b"\n") for line in file) - 1

    def close(self) -> None:
        """Closes the file and leaves it in place."""
        os.fdatasync(self._file)
        os.close(self._file)

    def remove(self) -> None:
        """Removes the file; the journal must then be closed."""
        self.path.unlink(missing_ok=True)

    def _claim(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalError(f"another command is writing {self.path}") from None

    def _read(self, header: dict[str, Any]) -> int:
        """Takes over the rows of the file, without a torn last line, and gives where they end."""
        self._end = 0
        with open(os.dup(self._file), "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._take(line, header)
                self._end += len(line)
        os.ftruncate(self._file, self._end)
        if not self._end:
            self._write(header)
        return self._end

    def _take(self, line: bytes, header: dict[str, Any]) -> None:
        try:
            entry = json.loads(line)
            if self._end:
                position = entry["position"]
                self.done += self._places[position] < 0
                self._places[position] = self._end
                return
        except (ValueError, KeyError, TypeError, IndexError):
            raise JournalError(f"{self.path} is damaged; remove it to grade everything anew") from None
        if entry != header:
            message = f"{self.path} is the journal of another run: another file, seed or version"
            raise JournalError(f"{message}; remove it to grade everything anew")

    def _write(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False).encode(errors="replace") + b"\n"
        written = 0
        while written < len(line):
            written += os.write(self._file, line[written:])
        self._end += len(line)
