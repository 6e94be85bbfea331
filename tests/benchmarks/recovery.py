"""How soon a worker that was killed is replaced."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from time import perf_counter, sleep

import grpc
import numpy as np

from .bounds import REPLACEMENT
from .pairs import Effort, Finding, absolute
from .requests import SMALL, encoded
from .servers import PLAIN, Servers, sender, service

#: Seconds between kills, so that one replacement does not disturb the next.
PAUSE = 0.3


def recovery(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """SIGKILL to the only worker, and a call sent at once: seconds until it is answered, on a connection that is up.

    The answer needs the new worker forked, warm and given the closed form, so the figure is no less than the
    replacement.
    """
    body = encoded(SMALL)
    with service("--workers", "1") as server, grpc.insecure_channel(server.target, options=PLAIN) as channel:
        send = sender(channel)
        figures = []
        for _ in range(effort.rounds):
            for _ in range(5):
                send(body)
            sleep(PAUSE)
            (worker,) = server.workers()
            start = perf_counter()
            os.kill(worker, signal.SIGKILL)
            send(body)
            figures.append(perf_counter() - start)
    what = "a worker killed, until a call that needs its successor is answered"
    yield absolute(what, np.array(figures), REPLACEMENT, note=f"{len(figures)} kills, none of the calls lost")
