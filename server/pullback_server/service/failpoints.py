"""Failpoints: named points at each step of a worker's life where a test can make something break.

The environment variable PULLBACK_FAILPOINTS arms them with terms `point=[percent%][times*]action[(argument)]`, joined
by `;`: `worker.taken=1*kill` kills the first worker that takes a task, `front.dispatched=5%sleep(0.2)` delays one in
twenty. POINTS has the names of the points, ACTIONS those of the actions. Without the variable a point is a call of an
empty function. `times` counts over all workers of one fork server. The variable PULLBACK_FAILPOINTS_TALLY names a file
that gets a line with a point's name whenever the point strikes.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable, Mapping

VARIABLE = "PULLBACK_FAILPOINTS"
TALLY = "PULLBACK_FAILPOINTS_TALLY"

#: Every point in the order of a worker's life, with the process and the moment.
POINTS: Mapping[str, str] = {
    "front.launched": "front: before the fork server is asked for a worker",
    "fork.asked": "fork server: asked for a worker, before it forks",
    "fork.forked": "worker: the first thing after the fork",
    "worker.warm": "worker: warmed up, before it is isolated",
    "worker.isolated": "worker: its limits and its filter are in force, before it sends READY",
    "worker.ready": "worker: it has sent READY",
    "front.accepted": "front: a call has arrived with its body, before it is queued",
    "front.dispatched": "front: before a task is sent to a worker",
    "worker.taken": "worker: it has taken a task, before the request is parsed",
    "worker.parsed": "worker: the request is parsed, before the mathematics",
    "worker.asked": "worker: the expression is checked, before it asks for the admission of a large task",
    "worker.numbers": "worker: the numbers are computed, before the provisional reply is sent",
    "worker.provisional": "worker: the provisional reply is sent, before the closed form",
    "worker.form_asked": "worker: it has asked the front for a closed form, before the answer is read",
    "worker.form_derived": "worker: it has derived a closed form, before it sends the form to the front",
    "worker.answered": "worker: the reply or the refusal is made, before it is sent",
    "worker.replied": "worker: the reply or the refusal is sent, or waits for those of the tasks sent with it",
    "worker.retired": "worker: it has asked to be replaced",
    "front.received": "front: a frame of a worker has arrived, before the front acts on it",
    "front.lost": "front: a worker's death is noticed, before its call is replayed",
    "front.settled": "front: a call has its outcome, before the caller gets it",
    "log.written": "any process: before a line of the log is written",
}


class Injected(Exception):
    """The exception of the action `raise`: an unexpected failure."""


class FailpointError(ValueError):
    """The variable holds a term that is not valid; the message says what would be accepted."""


def _raise(problem: Exception) -> None:
    raise problem


_HOGGED: list[bytearray] = []

# fmt: off
#: What a point can do when it strikes, and what the argument is.
ACTIONS: Mapping[str, Callable[[str], None]] = {
    "kill":   lambda _: os.kill(os.getpid(), signal.SIGKILL),                          # the process ends by SIGKILL
    "stop":   lambda _: os.kill(os.getpid(), signal.SIGSTOP),                          # the process stops by SIGSTOP
    "exit":   lambda code: os._exit(int(code or 1)),                                   # the process exits; (code)
    "sleep":  lambda seconds: time.sleep(float(seconds or 1)),                         # a pause; (seconds)
    "raise":  lambda text: _raise(Injected(text)),                                     # an unexpected exception; (text)
    "full":   lambda _: _raise(OSError(28, "no space left on device")),                # the disk is full
    "memory": lambda _: _raise(MemoryError()),                                         # an allocation fails
    "hog":    lambda size: _HOGGED.append(bytearray(b"\x01") * int(size or 2**28)),    # it keeps memory; (bytes)
}
# fmt: on

_TERM = re.compile(
    r"(?P<point>[\w.]+)=(?:(?P<percent>[\d.]+)%)?(?:(?P<times>\d+)\*)?(?P<action>\w+)(?:\((?P<argument>[^;()]*)\))?"
)


def parse(text: str) -> dict[str, Callable[[], None]]:
    """The action of each point in the variable's text; raises FailpointError.

    >>> parse("worker.taken=1*raise(now)")["worker.taken"]()
    Traceback (most recent call last):
    pullback_server.service.failpoints.Injected: now
    """
    return dict(_arm(term.strip()) for term in text.split(";") if term.strip())


def at(point: str) -> Callable[[], None]:
    """The function that the step of that name calls when it is reached.

    >>> at("worker.taken")()
    """
    if point not in POINTS:
        raise FailpointError(f"there is no failpoint {point}; there are {', '.join(POINTS)}")
    return _ARMED.get(point, _nothing)


def _nothing() -> None:
    """What a point that is not armed does."""


def armed_points() -> tuple[str, ...]:
    """The points that the environment has armed."""
    return tuple(_ARMED)


def _arm(term: str) -> tuple[str, Callable[[], None]]:
    match = _TERM.fullmatch(term)
    if match is None:
        raise FailpointError(f"{VARIABLE} has {term!r}; a valid term is worker.taken=10%1*sleep(0.5)")
    point, action, argument = match["point"], match["action"], match["argument"] or ""
    if point not in POINTS:
        raise FailpointError(f"{VARIABLE} names the unknown point {point}; there are {', '.join(POINTS)}")
    if action not in ACTIONS:
        raise FailpointError(f"{VARIABLE} names the unknown action {action}; there are {', '.join(ACTIONS)}")
    share = float(match["percent"] or 100) / 100
    act = ACTIONS[action]
    # A semaphore that is shared across forks: each worker's strike counts for all of them.
    strikes_left = os.eventfd(int(match["times"]), os.EFD_SEMAPHORE | os.EFD_NONBLOCK) if match["times"] else None
    chance = random.SystemRandom()
    name = os.environ.get(TALLY)
    tally = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600) if name else None

    def strike() -> None:
        if share < 1 and chance.random() >= share:
            return
        if strikes_left is not None:
            try:
                os.eventfd_read(strikes_left)
            except BlockingIOError:
                return
        if tally is not None:
            os.write(tally, f"{point}\n".encode())
        act(argument)

    return point, strike


_ARMED = parse(os.environ.get(VARIABLE, ""))
