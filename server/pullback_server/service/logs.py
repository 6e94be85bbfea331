"""The log: a line of JSON or of text on stderr for each event; logging never delays a call.

One thread of the front writes all of it. The processes that it starts write into a pipe that never makes them wait, and
what arrives there joins the front's own lines.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any

from . import failpoints
from .config import Config

#: Lines that may wait to be written; more are dropped and counted, so that a full pipe does not stop the service.
WAITING = 10_000

#: The longest message and the longest exception of a line, in characters.
LONGEST = 8_000
#: The longest line of another process, in bytes; a longer one becomes several.
LONGEST_RELAYED = 2**17

_WRITTEN = failpoints.at("log.written")

_LOGGER = logging.getLogger("pullback_server")

#: The threads that pass on what other processes write.
_RELAYS: list[threading.Thread] = []


def configure(config: Config, source: str, *, threaded: bool) -> None:
    """Configures the log of this process; `source` names the process: front, fork server or worker.

    `threaded` writes in a separate thread. A process that forks, or that was forked, writes without one, into a pipe
    that `relay` made.
    """
    handler = _ThreadedHandler() if threaded else _DirectHandler()
    handler.setFormatter(_JsonFormatter(source) if config.log_format == "json" else _TextFormatter(source))
    for previous in _LOGGER.handlers:
        previous.close()
    _LOGGER.handlers = [handler]
    _LOGGER.setLevel(config.log_level.upper())
    _LOGGER.propagate = False
    logging.raiseExceptions = False


def relay() -> int:
    """A descriptor for the stderr of another process, which the caller closes.

    This process's log writes what is written there. A write never waits: what finds the pipe full is lost.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    thread = threading.Thread(target=_relay_lines, args=(reading,), name="log of others", daemon=True)
    thread.start()
    _RELAYS[:] = [other for other in _RELAYS if other.is_alive()] + [thread]
    return writing


def close() -> None:
    """Writes the lines that wait to be written, for a second at most each."""
    for thread in _RELAYS:
        thread.join(1)
    for handler in _LOGGER.handlers:
        handler.close()


def about(**fields: Any) -> Mapping[str, Mapping[str, Any]]:
    """The fields of a line beside its message: `_log.info("a call", extra=about(request="a1"))`."""
    return {"about": fields}


class _Formatter(logging.Formatter):
    """Formats the lines of the process that `source` names."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source


class _JsonFormatter(_Formatter):
    """One object per line: time in UTC, level, source, message, and the further fields of the line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "source": self._source,
            "pid": record.process,
            "message": record.getMessage()[:LONGEST],
            **getattr(record, "about", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = "".join(traceback.format_exception(record.exc_info[1]))[-LONGEST:]
        return json.dumps(line, default=str)


class _TextFormatter(_Formatter):
    """A line for people, with control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "about", {}).items())
        line = f"{record.levelname.lower()}: {self._source}: {record.getMessage()}{fields}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "".join(traceback.format_exception(record.exc_info[1]))
        return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in line[:LONGEST])


class _DirectHandler(logging.Handler):
    """Writes each line at once; a line that cannot be written is lost."""

    def emit(self, record: logging.LogRecord) -> None:
        _write(self.format(record))


class _ThreadedHandler(logging.Handler):
    """Writes in a separate thread, which ends with the process."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self.enqueue(self.format(record))

    def enqueue(self, line: str) -> None:
        """Has a line written in its turn; one of too many is dropped and counted."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        super().close()
        if self._thread.is_alive():
            try:
                self._lines.put(None, timeout=1)
            except queue.Full:
                return
            self._thread.join(1)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            _write(line)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                _write(json.dumps({"level": "warning", "message": f"{dropped} lines of the log were dropped"}))


def _relay_lines(descriptor: int) -> None:
    """Writes each line that arrives, until all who hold the other end have closed it."""
    with os.fdopen(descriptor, "rb") as pipe:
        while line := pipe.readline(LONGEST_RELAYED):
            text = line.decode(errors="backslashreplace").rstrip("\n")
            threaded = next((h for h in _LOGGER.handlers if isinstance(h, _ThreadedHandler)), None)
            if threaded is None:
                _write(text)
            else:
                threaded.enqueue(text)


def _write(line: str) -> None:
    try:
        _WRITTEN()
        os.write(sys.stderr.fileno(), line.encode(errors="backslashreplace") + b"\n")
    except (OSError, ValueError):
        return  # a full disk or a closed pipe costs the line, and nothing else


def _utc(seconds: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03d}Z"
