"""A server of one's own: started on a free port of the loopback interface, and stopped with the block."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .client import Client
from .errors import Unavailable
from .reasons import Reason

#: Seconds that a server of one's own has to start.
START_TIMEOUT = 120.0
#: Seconds that it has to end when it is told to; then it is killed.
END_TIMEOUT = 15.0

_COMMAND = ("serve", "--host", "127.0.0.1", "--port", "0", "--until-stdin-closes")
_READY = re.compile(r"pullback listening on (127\.0\.0\.1:\d+)")


@contextmanager
def local(*options: str, start_timeout: float = START_TIMEOUT) -> Iterator[Client]:
    """A client of a server that lives as long as the block; `options` are those of `pullback serve`.

    It needs the extra `pullback[server]`. An AsyncClient can connect to `client.target`. Raises Unavailable, with what
    the server printed, when it does not start within `start_timeout` seconds.

    >>> with local("--workers", "1") as client:                                             # doctest: +SKIP
    ...     print(client.differentiate("x**2", {"x": 3}).gradients["x"])
    6.0
    """
    with tempfile.TemporaryFile() as log:
        # -P: a file of the current directory must not stand in for one of the server's modules.
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "pullback.cli", *_COMMAND, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            target = _target(server, start_timeout)
            if target is None:
                log.seek(0)
                printed = log.read().decode(errors="replace").strip()
                message = Reason.SERVER_NOT_STARTED.value + (f"; it printed:\n{printed[-2000:]}" if printed else "")
                raise Unavailable(message, reason=Reason.SERVER_NOT_STARTED)
            with Client(target) as client:
                yield client
        finally:
            _end(server)


def _target(server: subprocess.Popen[bytes], timeout: float) -> str | None:
    """The address that the server names in its first line, None where it ends or is too slow."""
    overdue = threading.Timer(timeout, server.kill)
    overdue.start()
    try:
        line = server.stdout.readline().decode(errors="replace") if server.stdout else ""
    finally:
        overdue.cancel()
    match = _READY.fullmatch(line.strip())
    if match is None:
        server.kill()
        server.wait()
        return None
    return match[1]


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server by closing its standard input; kill it when it takes too long."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(END_TIMEOUT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdout:
        server.stdout.close()
