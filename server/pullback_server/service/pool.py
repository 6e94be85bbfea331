"""The worker processes as the front sees them: started, warm, busy, dead, and replaced at once."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Protocol

from . import channel
from .channel import Frame, Kind, Method
from .config import Config, cores
from .launcher import Launcher, LaunchError, kill

_log = logging.getLogger(__name__)

#: Seconds before a worker that died while it warmed up is tried again: the first, doubled each time, and the last.
BACK_OFF = (0.1, 5.0)

#: How many workers may die in a row before the first is ready until the service gives up starting.
ATTEMPTS = 3


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

    def changed(self) -> None:
        """There may be more or fewer workers that are ready or coming."""
        ...


class Worker:
    """One worker process, from the order to fork it to its end."""

    __slots__ = ("deriving", "ended", "pidfd", "pipe", "place", "ready", "sender", "start_timer", "task")

    def __init__(self, pipe: socket.socket, place: int) -> None:
        self.pipe = pipe
        self.sender = channel.Sender(pipe)
        self.place = place
        self.task: object = None
        self.deriving: set[str] = set()
        self.ready = False
        self.ended = False
        self.pidfd = -1
        self.start_timer: asyncio.TimerHandle | None = None

    def give(self, method: Method, body: bytes, arrival: float) -> bool:
        """Sends it a task; False where it is already gone."""
        try:
            self.sender.send(Kind.TASK, body, code=method, moment=arrival)
        except OSError:
            return False
        return True


class Pool:
    """As many workers as the configuration says, each in a place of its own with a device of its own."""

    def __init__(self, config: Config, listener: Listener) -> None:
        self._config, self._listener = config, listener
        self._loop = asyncio.get_running_loop()
        self._launcher = Launcher(config, self._launcher_exited)
        self._receiver = channel.Receiver()
        self._devices: tuple[str, ...] = ()
        self._workers: dict[int, Worker] = {}
        self._back_off: dict[int, asyncio.TimerHandle] = {}
        self._deaths = 0
        self._closed = False
        self._restarting: asyncio.Task[None] | None = None
        #: Whether the fork server is on its way and has not failed.
        self._starting = True
        self._first: asyncio.Future[None] = self._loop.create_future()
        self.size = 0
        self.ready = 0

    @property
    def coming(self) -> bool:
        """Whether a worker is there or will be without a pause."""
        return bool(self._workers) or self._starting

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers, ready or not."""
        return tuple(self._workers.values())

    async def start(self) -> None:
        """Starts the fork server and the workers, and waits for the first that is ready.

        Raises LaunchError where the fork server or ATTEMPTS workers in a row fail.
        """
        self._devices = await self._launcher.start()
        on_cpu = self._devices == ("cpu",)
        self.size = self._config.workers or (cores() if on_cpu else len(self._devices))
        for place in range(self.size):
            self._launch(place)
        self._starting = False
        await self._first

    def kill(self, worker: Worker) -> None:
        """Ends a worker at once, whatever it does, and starts another in its place."""
        self._end(worker)
        self._replace(worker.place)

    def close(self) -> None:
        """Ends all workers and the fork server."""
        self._closed = True
        for timer in self._back_off.values():
            timer.cancel()
        for worker in self.workers:
            self._end(worker)
        if self._restarting is not None:
            self._restarting.cancel()
        self._launcher.close()

    def _launch(self, place: int) -> None:
        self._back_off.pop(place, None)
        if self._closed or self._restarting is not None:
            return
        near, far = channel.pair()
        near.setblocking(False)
        worker = self._workers[place] = Worker(near, place)
        worker.start_timer = self._loop.call_later(self._config.start_timeout, self.lost, worker)
        self._loop.add_reader(near.fileno(), self._read, worker)
        threads = self._config.threads or max(1, cores() // self.size)
        device = self._devices[place % len(self._devices)]

        def started(pidfd: int) -> None:
            worker.pidfd = pidfd
            if worker.ended:
                kill(pidfd)

        self._launcher.launch(far, device, threads, started)

    def _read(self, worker: Worker) -> None:
        try:
            frame = self._receiver.receive(worker.pipe)
        except BlockingIOError:
            return
        except ConnectionResetError:  # the kernel's word for: it died with something unread in its pipe
            self.lost(worker, innocent=True)
            return
        except OSError:
            frame = None
        if frame is None:
            self.lost(worker)
        elif frame.kind == Kind.READY:
            self._now_ready(worker)
        else:
            self._listener.frame(worker, frame)

    def _now_ready(self, worker: Worker) -> None:
        worker.ready = True
        self.ready += 1
        self._deaths = 0
        if worker.start_timer is not None:
            worker.start_timer.cancel()
        if not self._first.done():
            self._first.set_result(None)
        self._listener.changed()
        self._listener.idle(worker)

    def lost(self, worker: Worker, innocent: bool = False) -> None:
        """Deals with a worker that died by itself, does not speak as agreed, or did not become ready in time.

        `innocent` says that its task is not to blame, because it had not taken it.
        """
        if self._launcher.gone():
            return
        was_ready = worker.ready
        self._end(worker)
        if was_ready:
            _log.warning("worker %d died; another takes its place", worker.place)
            self._replace(worker.place)
            self._listener.died(worker, innocent)
            return
        self._deaths += 1
        if self._deaths >= ATTEMPTS and not self._first.done():
            self._first.set_exception(LaunchError(f"{ATTEMPTS} workers died while they warmed up"))
            return
        least, most = BACK_OFF
        pause = min(least * 2 ** (self._deaths - 1), most)
        _log.error("worker %d died while it warmed up; the next try is in %.1f s", worker.place, pause)
        self._back_off[worker.place] = self._loop.call_later(pause, self._launch, worker.place)
        self._listener.changed()

    def _replace(self, place: int) -> None:
        self._launch(place)
        self._listener.changed()

    def _end(self, worker: Worker) -> None:
        if worker.ended:
            return
        worker.ended = True
        self.ready -= worker.ready
        worker.ready = False
        if self._workers.get(worker.place) is worker:
            del self._workers[worker.place]
        if worker.start_timer is not None:
            worker.start_timer.cancel()
        self._loop.remove_reader(worker.pipe.fileno())
        worker.pipe.close()
        worker.sender.close()
        if worker.pidfd >= 0:
            kill(worker.pidfd)

    def _launcher_exited(self) -> None:
        _log.error("the fork server died; it is started again")
        self._starting = True
        self._restarting = self._loop.create_task(self._restart())
        for worker in self.workers:
            was_ready = worker.ready
            self._end(worker)
            if was_ready:
                self._listener.died(worker, innocent=True)
        self._listener.changed()

    async def _restart(self) -> None:
        pause = BACK_OFF[0]
        while True:
            try:
                await self._launcher.start()
                break
            except LaunchError as problem:
                _log.error("%s; the next try is in %.1f s", problem, pause)
                self._launcher.close()
                self._starting = False
                self._listener.changed()
                await asyncio.sleep(pause)
                pause = min(2 * pause, BACK_OFF[1])
        self._restarting = None
        for place in range(self.size):
            if place not in self._workers and place not in self._back_off:
                self._launch(place)
        self._starting = False
        self._listener.changed()
