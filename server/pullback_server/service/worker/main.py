"""A worker process: warms up, then takes one task at a time from its pipe and answers it."""

from __future__ import annotations

import socket
from typing import Any, Protocol

import torch

from ...program import Limits
from ...verdict import Description
from .. import failpoints, logs, memory
from ..config import Config
from ..protocol.channel import FrameKind
from .front_link import FrontLink
from .isolation import Isolation
from .task_runner import TaskRunner

_WARM, _ISOLATED, _READY = map(failpoints.at, ("worker.warm", "worker.isolated", "worker.ready"))


class Mathematics(Protocol):
    """The module that differentiates: `pullback_server.verdict`, or a test's own."""

    #: Called with device, limits, forms, what admits large tasks, and what is called before long work.
    Differentiator: Any

    def describe(self, device: str, limits: Limits) -> Description:
        """Its own description on that device with those limits."""


class Grading(Protocol):
    """The module that grades: `pullback_server.grading`, or a test's own."""

    #: Called with limits and what admits large tasks.
    Grader: Any


def main(
    pipe: socket.socket,
    config: Config,
    mathematics: Mathematics,
    grading: Grading,
    device: str,
    threads: int,
    workers: int,
) -> None:
    """Warms up, gives up what it will not need, sends READY, and answers tasks until the front closes the pipe."""
    logs.configure(config, "worker", threaded=False)
    memory.keep_freed()
    memory.collect_seldom()
    torch.set_num_threads(threads)
    front = FrontLink(pipe, config.limits.worker_share(workers))
    differentiator = mathematics.Differentiator(device, config.limits, front, front.admit, front.take_time)
    differentiator.warm_up()
    description = mathematics.describe(device, config.limits)
    grader = grading.Grader(config.limits, admit=front.admit)
    _WARM()
    isolation = Isolation(config, device == "cpu", threads)
    runner = TaskRunner(front, differentiator, grader, description, config, isolation, device)
    _ISOLATED()
    try:
        front.sender.send(FrameKind.READY)
        _READY()
        for task in front.tasks():
            runner.run(task)
    except (BrokenPipeError, ConnectionResetError):
        return
