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
from ..protocol.channel import Kind
from .handle import Listener, Worker, is_stopped
from .launcher import Launcher, LaunchError, kill, reap_orphans

_log = logging.getLogger(__name__)

_HEARD, _LOST = map(failpoints.at, ("front.heard", "front.lost"))

#: Seconds before a worker that died while it warmed up is tried again: the first, doubled each time, and the last.
BACK_OFF = (0.1, 5.0)

#: How many workers may die in a row before the first is ready until the service gives up starting.
ATTEMPTS = 3

#: Seconds between looks for workers that are stopped, and how many looks in a row end one.
LOOK_EVERY, LOOKS = 1.0, 2


class Pool:
    """As many workers as the configuration says, each in a place of its own with a device of its own."""

    def __init__(self, config: Config, listener: Listener) -> None:
        self._config, self._listener = config, listener
        self._loop = asyncio.get_running_loop()
        self._launcher = Launcher(config, self._launcher_exited)
        self._receiver = channel.Receiver()
        self._devices: tuple[str, ...] = ()
        self._workers: dict[Worker, None] = {}
        self._back_off: dict[int, asyncio.TimerHandle] = {}
        self._deaths = 0
        self._closed = False
        self._restarting: asyncio.Task[None] | None = None
        #: Whether the fork server is on its way and has not failed.
        self._starting = True
        self._first: asyncio.Future[None] = self._loop.create_future()
        self._looking: asyncio.TimerHandle | None = None
        self.size = 0
        self.ready = 0
        #: How many workers were replaced, by the reason.
        self.replaced: Counter[str] = Counter()

    @property
    def coming(self) -> bool:
        """Whether a worker is there or will be without a pause."""
        return bool(self._workers) or self._starting

    @property
    def workers(self) -> tuple[Worker, ...]:
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
        self._looking = self._loop.call_later(LOOK_EVERY, self._look)
        await self._first

    def kill(self, worker: Worker) -> None:
        """Ends a worker at once, whatever it does, and starts another in its place."""
        self.end(worker)
        self._replace(worker, "given up")

    def close(self) -> None:
        """Ends all workers and the fork server."""
        self._closed = True
        for timer in self._back_off.values():
            timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
        for worker in self.workers:
            self.end(worker)
        if self._restarting is not None:
            self._restarting.cancel()
        self._launcher.close()

    def retire(self, worker: Worker, why: str) -> None:
        """Starts another worker in the place of one that goes on until the other is ready."""
        if self._closed or self._restarting is not None or worker.ended or worker.heir is not None:
            return
        _log.info("worker %d is replaced: %s", worker.place, why)
        worker.heir = self._launch(worker.place)
        if worker.heir is not None:
            worker.heir.elder = worker
            self.replaced["retired"] += 1

    def _launch(self, place: int) -> Worker | None:
        if (pending := self._back_off.pop(place, None)) is not None:
            pending.cancel()
        if self._closed or self._restarting is not None:
            return None
        near, far = channel.pair()
        near.setblocking(False)
        worker = Worker(near, place)
        self._workers[worker] = None
        worker.start_timer = self._loop.call_later(self._config.start_timeout, self.lost, worker)
        self._loop.add_reader(near.fileno(), self._read, worker)
        threads = self._config.threads or max(1, cores() // self.size)
        device = self._devices[place % len(self._devices)]

        def started(pid: int, pidfd: int) -> None:
            worker.pid, worker.pidfd = pid, pidfd
            if worker.ended:
                kill(pidfd)

        self._launcher.launch(far, {"device": device, "threads": threads, "workers": self.size}, started)
        return worker

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
            return
        try:
            _HEARD()
            match frame.kind:
                case Kind.READY:
                    self._now_ready(worker)
                case Kind.RETIRE:
                    self.retire(worker, frame.note)
                case _:
                    self._listener.frame(worker, frame)
        except Exception:  # whatever it was, its call must not wait for an answer that was not heard
            _log.exception("a worker could not be heard")
            self.lost(worker)

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
        elder, worker.elder = worker.elder, None
        if elder is not None and not elder.ended:
            self._listener.relieved(elder)

    def lost(self, worker: Worker, innocent: bool = False) -> None:
        """Deals with a worker that died by itself, does not speak as agreed, or did not become ready in time.

        `innocent` says that its task is not to blame, because it had not taken it.
        """
        if worker.ended or self._launcher.gone():
            return
        with suppress(failpoints.Injected):
            _LOST()
        was_ready = worker.ready
        self.end(worker)
        if was_ready:
            about = logs.about(place=worker.place, process=worker.pid)
            _log.warning("a worker died; another takes its place", extra=about)
            self._replace(worker, "died")
            self._listener.died(worker, innocent)
            return
        if self._too_many_deaths():
            return
        least, most = BACK_OFF
        pause = min(least * 2 ** (self._deaths - 1), most)
        _log.error("worker %d died while it warmed up; the next try is in %.1f s", worker.place, pause)
        elder = worker.elder
        if elder is None or elder.ended:
            again = self._loop.call_later(pause, self._launch, worker.place)
        else:
            elder.heir = None
            again = self._loop.call_later(pause, self.retire, elder, "its heir died")
        self._back_off[worker.place] = again
        self._listener.changed()

    def _too_many_deaths(self) -> bool:
        """Counts one more, and whether that ends a service that has never had a worker."""
        self._deaths += 1
        if self._deaths < ATTEMPTS or self._first.done():
            return False
        self._first.set_exception(LaunchError(f"{ATTEMPTS} workers died while they warmed up"))
        return True

    def _replace(self, worker: Worker, why: str) -> None:
        self.replaced[why] += 1
        # One that was relieved only ends its task: whoever relieved it, or came after that, has the place.
        if not any(other.place == worker.place and not other.relieved for other in self._workers):
            self._launch(worker.place)
        self._listener.changed()

    def end(self, worker: Worker) -> None:
        """Ends a worker at once; its place is taken already, or is not to be taken."""
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

    def _launcher_exited(self) -> None:
        if self._too_many_deaths():
            return
        _log.error("the fork server died; it is started again")
        self._starting = True
        self._restarting = self._loop.create_task(self._restart())
        for worker in self.workers:
            was_ready = worker.ready
            self.end(worker)
            if was_ready:
                self.replaced["fork server died"] += 1
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
        taken = {worker.place for worker in self._workers}.union(self._back_off)
        for place in set(range(self.size)) - taken:
            self._launch(place)
        self._starting = False
        self._listener.changed()

    def _look(self) -> None:
        """Ends what is stopped from outside: it would be ready for ever and answer never."""
        self._looking = self._loop.call_later(LOOK_EVERY, self._look)
        if os.getpid() == 1:
            reap_orphans(self._launcher.pid)
        for worker in self.workers:
            worker.looks_stopped = worker.looks_stopped + 1 if worker.pid and is_stopped(worker.pid) else 0
            if worker.looks_stopped >= LOOKS:
                _log.warning("worker %d is stopped and is ended", worker.place)
                self.lost(worker)
        if (pid := self._launcher.pid) and is_stopped(pid):
            _log.warning("the fork server is stopped and is ended")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
