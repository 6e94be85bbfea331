"""How many small requests a second are answered to many clients at once, against an echo of the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np

from . import echo
from .bounds import MANY_CLIENTS
from .latency import warmed
from .load import windows
from .pairs import Effort, Finding, ratio
from .servers import DIFFERENTIATE, Servers

CLIENTS = (1, 8, 32)


def throughput(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """Calls a second of 1, 8 and 32 clients, each with a connection of its own and one call at a time.

    The clients are tasks of one asyncio process beside the server; windows of the service and the echo alternate.
    """
    reply = warmed(servers)
    targets = ((servers.service.target, DIFFERENTIATE), (servers.echo.target, echo.method(len(reply))))
    for clients in CLIENTS:
        measured = asyncio.run(windows(targets, clients, effort, warming=effort.window / 2))
        assert not any(window.refused for pair in measured for window in pair)
        candidate, baseline = np.array([[window.rate for window in pair] for pair in measured]).T
        bound = MANY_CLIENTS if clients > 1 else None
        what = f"calls a second, {clients} client{'s' * (clients > 1)}"
        yield ratio(what, "bare echo, same bytes", candidate, baseline, bound, unit="/s")
