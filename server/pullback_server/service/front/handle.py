"""One worker process as the front sees it, and what is told of it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Protocol

from ..protocol import channel
from ..protocol.channel import Frame, Kind, Method


class Listener(Protocol):
    """What is told of the workers."""

    def frame(self, worker: Worker, frame: Frame) -> None:
        """A worker has said something about its task."""
        ...

    def idle(self, worker: Worker) -> None:
        """A new worker is ready for its first task."""
        ...

    def died(self, worker: Worker, innocent: bool) -> None:
        """A worker that was ready has died by itself, or was lost with its fork server; its task may be innocent."""
        ...

    def relieved(self, worker: Worker) -> None:
        """Another worker is ready in this one's place: it gets no more tasks."""
        ...

    def changed(self) -> None:
        """There may be more or fewer workers that are ready or coming."""
        ...


class Worker:
    """One worker process, from the order to fork it to its end."""

    __slots__ = (
        "deriving",
        "elder",
        "ended",
        "heir",
        "looks_stopped",
        "pid",
        "pidfd",
        "pipe",
        "place",
        "ready",
        "relieved",
        "sender",
        "start_timer",
        "task",
    )

    def __init__(self, pipe: socket.socket, place: int) -> None:
        self.pipe = pipe
        self.sender = channel.Sender(pipe)
        self.place = place
        self.task: object = None
        self.deriving: set[str] = set()
        self.ready = False
        self.ended = False
        #: Whether another has taken its place, so that its task is its last.
        self.relieved = False
        self.heir: Worker | None = None
        self.elder: Worker | None = None
        self.pid = 0
        self.pidfd = -1
        self.looks_stopped = 0
        self.start_timer: asyncio.TimerHandle | None = None

    def give(self, method: Method, body: bytes, request: str, arrival: float) -> bool:
        """Sends it a task; False where it is already gone."""
        try:
            self.sender.send(Kind.TASK, body, request, code=method, moment=arrival)
        except OSError:
            return False
        return True


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped, by SIGSTOP or a debugger; it will not do anything until it is continued.

    >>> import os
    >>> is_stopped(os.getpid())
    False
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False
