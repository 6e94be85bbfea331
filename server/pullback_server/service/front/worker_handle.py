"""One worker process as the front sees it, and what its pool reports of it."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..protocol.channel import Frame, FrameKind, Sender


class Listener(Protocol):
    """The callbacks of a pool: what happens to its workers."""

    def on_frame(self, worker: WorkerHandle, frame: Frame) -> None:
        """A worker has sent a frame about its task."""

    def on_idle(self, worker: WorkerHandle) -> None:
        """A new worker is ready for its first task."""

    def on_death(self, worker: WorkerHandle, blameless: bool) -> None:
        """A worker that was ready died, or was lost with its fork server; `blameless` says that its task is not why."""

    def on_superseded(self, worker: WorkerHandle) -> None:
        """Another worker is ready in this one's place: it gets no more tasks."""

    def on_change(self) -> None:
        """The number of workers that are ready or coming may have changed."""


@dataclass(slots=True, eq=False, repr=False)
class WorkerHandle:
    """One worker process, from the order to fork it to its end."""

    pipe: socket.socket
    place: int
    sender: Sender = field(init=False)
    #: The calls that it was sent and has not answered, in order: it works on the first.
    tasks: deque[Any] = field(default_factory=deque)
    #: The keys of the closed forms that it derives for its task.
    deriving: set[str] = field(default_factory=set)
    ready: bool = False
    ended: bool = False
    #: Whether another has taken its place, so that its task is its last.
    superseded: bool = False
    successor: WorkerHandle | None = None
    predecessor: WorkerHandle | None = None
    pid: int = 0
    pidfd: int = -1
    #: How many times in a row it was seen to be stopped.
    times_stopped: int = 0
    start_timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.sender = Sender(self.pipe)

    def send_tasks(self) -> bool:
        """Sends it its tasks, together where there are several; False where it is already gone."""
        self.sender.renew()
        if len(self.tasks) > 1:
            self.sender.hold()
        try:
            for task in self.tasks:
                self.sender.send(FrameKind.TASK, task.body, task.request_id, code=task.method, seconds=task.arrival)
            self.sender.release()
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
