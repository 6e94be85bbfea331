"""The worker processes as the front sees them: started, warm, busy, dead, and replaced at once."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import Counter
from contextlib import suppress

from .. import failpoints, logs
from ..config import Config, cores
from ..protocol import channel
from ..protocol.channel import Frame, FrameKind
from .launcher import Launcher, LaunchError, kill, reap_orphans
from .worker_handle import Listener, WorkerHandle, is_stopped

_log = logging.getLogger(__name__)

_RECEIVED, _LOST = map(failpoints.at, ("front.received", "front.lost"))

#: Seconds until a worker that died while it warmed up is started again: at first, doubled each time, and at most.
BACK_OFF = (0.1, 5.0)

#: How many workers may die in a row, while none has been ready yet, until the service gives up starting.
ATTEMPTS = 3

#: Seconds between checks for stopped workers, and after how many checks in a row a stopped worker is ended.
CHECK_EVERY, CHECKS = 1.0, 2


class Pool:
    """The configured number of workers, each in its own place, which has a device."""

    def __init__(self, config: Config, listener: Listener) -> None:
        self._config, self._listener = config, listener
        self._loop = asyncio.get_running_loop()
        self._launcher = Launcher(config, self._on_launcher_exit)
        self._receiver = channel.Receiver()
        self._devices: tuple[str, ...] = ()
        self._workers: dict[WorkerHandle, None] = {}
        self._back_off: dict[int, asyncio.TimerHandle] = {}
        self._deaths = 0
        self._closed = False
        self._restarting: asyncio.Task[None] | None = None
        #: Whether the fork server is being started and has not failed.
        self._starting = True
        self._first_ready: asyncio.Future[None] = self._loop.create_future()
        self._check_timer: asyncio.TimerHandle | None = None
        self.size = 0
        self.ready = 0
        #: How many workers were replaced, by the reason.
        self.replaced: Counter[str] = Counter()

    @property
    def workers_coming(self) -> bool:
        """Whether there is a worker, or one will be started without a pause."""
        return bool(self._workers) or self._starting

    @property
    def workers(self) -> tuple[WorkerHandle, ...]:
        """The workers, ready or not."""
        return tuple(self._workers)

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
        self._check_timer = self._loop.call_later(CHECK_EVERY, self._end_stopped)
        await self._first_ready

    def kill(self, worker: WorkerHandle) -> None:
        """Ends a worker at once, whatever it is doing, and starts another in its place."""
        self.end(worker)
        self._replace(worker, "given up")

    def close(self) -> None:
        """Ends all workers and the fork server."""
        self._closed = True
        for timer in self._back_off.values():
            timer.cancel()
        if self._check_timer is not None:
            self._check_timer.cancel()
        for worker in self.workers:
            self.end(worker)
        if self._restarting is not None:
            self._restarting.cancel()
        self._launcher.close()

    def retire(self, worker: WorkerHandle, why: str) -> None:
        """Starts a successor of a worker, which itself goes on until the successor is ready."""
        if self._closed or self._restarting is not None or worker.ended or worker.successor is not None:
            return
        _log.info("worker %d is replaced: %s", worker.place, why)
        worker.successor = self._launch(worker.place)
        if worker.successor is not None:
            worker.successor.predecessor = worker
            self.replaced["retired"] += 1

    def _launch(self, place: int) -> WorkerHandle | None:
        if (pending := self._back_off.pop(place, None)) is not None:
            pending.cancel()
        if self._closed or self._restarting is not None:
            return None
        near, far = channel.pair()
        near.setblocking(False)
        worker = WorkerHandle(near, place)
        self._workers[worker] = None
        worker.start_timer = self._loop.call_later(self._config.start_timeout, self.lose, worker)
        self._loop.add_reader(near.fileno(), self._read, worker)
        threads = self._config.threads or max(1, cores() // self.size)
        device = self._devices[place % len(self._devices)]

        def on_start(pid: int, pidfd: int) -> None:
            worker.pid, worker.pidfd = pid, pidfd
            if worker.ended:
                kill(pidfd)

        self._launcher.launch(far, {"device": device, "threads": threads, "workers": self.size}, on_start)
        return worker

    def _read(self, worker: WorkerHandle) -> None:
        try:
            frame = self._receiver.receive(worker.pipe)
        except BlockingIOError:
            return
        except ConnectionResetError:  # the worker died with something unread in its pipe
            self.lose(worker, blameless=True)
            return
        except OSError:
            frame = None
        if frame is None:
            self.lose(worker)
            return
        try:
            for each in channel.apart(frame):
                if not worker.ended:
                    self._take(worker, each)
        except Exception:  # whatever it was, its call must not wait for an answer that was not read
            _log.exception("a frame of a worker could not be handled")
            self.lose(worker)

    def _take(self, worker: WorkerHandle, frame: Frame) -> None:
        _RECEIVED()
        match frame.kind:
            case FrameKind.READY:
                self._mark_ready(worker)
            case FrameKind.RETIRE:
                self.retire(worker, frame.note)
            case _:
                self._listener.on_frame(worker, frame)

    def _mark_ready(self, worker: WorkerHandle) -> None:
        worker.ready = True
        self.ready += 1
        self._deaths = 0
        if worker.start_timer is not None:
            worker.start_timer.cancel()
        if not self._first_ready.done():
            self._first_ready.set_result(None)
        self._listener.on_change()
        self._listener.on_idle(worker)
        predecessor, worker.predecessor = worker.predecessor, None
        if predecessor is not None and not predecessor.ended:
            self._listener.on_superseded(predecessor)

    def lose(self, worker: WorkerHandle, blameless: bool = False) -> None:
        """Handles a worker that died by itself, broke the protocol, or did not become ready in time.

        `blameless` says that its task is not why, because the worker had not taken it.
        """
        if worker.ended or self._launcher.check_exit():
            return
        with suppress(failpoints.Injected):
            _LOST()
        was_ready = worker.ready
        self.end(worker)
        if was_ready:
            about = logs.about(place=worker.place, process=worker.pid)
            _log.warning("a worker died; another takes its place", extra=about)
            self._replace(worker, "died")
            self._listener.on_death(worker, blameless)
            return
        if self._count_death():
            return
        least, most = BACK_OFF
        pause = min(least * 2 ** (self._deaths - 1), most)
        _log.error("worker %d died while it warmed up; the next try is in %.1f s", worker.place, pause)
        predecessor = worker.predecessor
        if predecessor is None or predecessor.ended:
            retry = self._loop.call_later(pause, self._launch, worker.place)
        else:
            predecessor.successor = None
            retry = self._loop.call_later(pause, self.retire, predecessor, "its successor died")
        self._back_off[worker.place] = retry
        self._listener.on_change()

    def _count_death(self) -> bool:
        """Counts one more death, and whether it ends a service that has never had a worker."""
        self._deaths += 1
        if self._deaths < ATTEMPTS or self._first_ready.done():
            return False
        self._first_ready.set_exception(LaunchError(f"{ATTEMPTS} workers died while they warmed up"))
        return True

    def _replace(self, worker: WorkerHandle, why: str) -> None:
        self.replaced[why] += 1
        # One that is superseded only ends its task: its successor, or a later worker, has the place.
        if not any(other.place == worker.place and not other.superseded for other in self._workers):
            self._launch(worker.place)
        self._listener.on_change()

    def end(self, worker: WorkerHandle) -> None:
        """Ends a worker at once, and starts no other in its place."""
        if worker.ended:
            return
        worker.ended = True
        self.ready -= worker.ready
        worker.ready = False
        self._workers.pop(worker, None)
        if worker.start_timer is not None:
            worker.start_timer.cancel()
        self._loop.remove_reader(worker.pipe.fileno())
        worker.pipe.close()
        worker.sender.close()
        if worker.pidfd >= 0:
            kill(worker.pidfd)

    def _on_launcher_exit(self) -> None:
        if self._count_death():
            return
        _log.error("the fork server died; it is started again")
        self._starting = True
        self._restarting = self._loop.create_task(self._restart())
        for worker in self.workers:
            was_ready = worker.ready
            self.end(worker)
            if was_ready:
                self.replaced["fork server died"] += 1
                self._listener.on_death(worker, blameless=True)
        self._listener.on_change()

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
                self._listener.on_change()
                await asyncio.sleep(pause)
                pause = min(2 * pause, BACK_OFF[1])
        self._restarting = None
        taken = {worker.place for worker in self._workers}.union(self._back_off)
        for place in set(range(self.size)) - taken:
            self._launch(place)
        self._starting = False
        self._listener.on_change()

    def _end_stopped(self) -> None:
        """Ends the processes that were stopped from outside: they would stay ready and never answer."""
        self._check_timer = self._loop.call_later(CHECK_EVERY, self._end_stopped)
        if os.getpid() == 1:
            reap_orphans(self._launcher.pid)
        for worker in self.workers:
            worker.times_stopped = worker.times_stopped + 1 if worker.pid and is_stopped(worker.pid) else 0
            if worker.times_stopped >= CHECKS:
                _log.warning("worker %d is stopped and is ended", worker.place)
                self.lose(worker)
        if (pid := self._launcher.pid) and is_stopped(pid):
            _log.warning("the fork server is stopped and is ended")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
