"""Accepted calls on their way through the workers: the queue, the clock, the replay, the provisional reply."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from . import channel
from .channel import Frame, Kind, Method
from .config import Config
from .errors import Failure, failure
from .forms import FormCache
from .pool import Pool, Worker

#: The part of a caller's time after which a provisional reply is sent, so that it arrives in time.
SHARE = 0.9

#: What comes of a call: the bytes of a reply, or why there is none.
Outcome = bytes | Failure


class Call:
    """One accepted request until it is answered; times are in seconds of CLOCK_MONOTONIC."""

    __slots__ = (
        "arrival",
        "attempts",
        "body",
        "future",
        "limit",
        "method",
        "patient",
        "provisional",
        "timer",
        "worker",
    )

    def __init__(self, method: Method, body: bytes, arrival: float, future: asyncio.Future[Outcome]) -> None:
        self.method = method
        self.body = body
        self.arrival = arrival
        self.future = future
        self.limit = 0.0
        #: Whether it is the service that sets the limit, because the caller would wait longer.
        self.patient = False
        self.attempts = 0
        self.provisional: bytes | None = None
        self.worker: Worker | None = None
        self.timer: asyncio.TimerHandle | None = None


class Dispatcher:
    """Gives each call to a worker and sees to it that it gets exactly one outcome."""

    def __init__(self, config: Config, on_health: Callable[[bool], None]) -> None:
        self._config, self._on_health = config, on_health
        self._loop = asyncio.get_running_loop()
        self._forms = FormCache(config.form_cache_bytes, config.over_budget_memory)
        self._idle: list[Worker] = []
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        self._closed = False
        self.calls = 0
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.pool = Pool(config, self)

    def submit(self, method: Method, body: bytes, remaining: float | None) -> Call:
        """Accepts a call, or fails it at once; its future gets the outcome.

        `remaining` are the seconds that the caller waits, None where the caller has not said.
        """
        now = self._loop.time()
        call = Call(method, body, now, self._loop.create_future())
        refused = self._refused(remaining)
        if refused is not None:
            call.future.set_result(failure(refused))
            return call
        limit = self._config.time_limit
        call.patient = remaining is None or remaining > limit
        call.limit = now + (limit if remaining is None else min(remaining, limit))
        call.timer = self._loop.call_at(call.limit, self._time_over, call)
        if not self.calls:
            self.quiet.clear()
        self.calls += 1
        if self._idle:
            self._give(call, self._idle.pop())
        else:
            self._waiting[call] = None
        return call

    def abandon(self, call: Call) -> None:
        """Gives up a call that nobody waits for any more, and frees its worker."""
        if not call.future.done():
            call.future.cancel()
        self._leave(call)

    def close(self) -> None:
        """Answers all calls that are still there with what is at hand, and ends the workers."""
        self._closed = True
        running = [worker.task for worker in self.pool.workers if isinstance(worker.task, Call)]
        self.pool.close()
        for call in (*running, *self._waiting):
            self._settle(call, call.provisional or failure("DRAINING"))

    def frame(self, worker: Worker, frame: Frame) -> None:
        """A worker's word on its task, or on a closed form."""
        call = worker.task
        match frame.kind:
            case Kind.FORM_GET:
                self._answer_form(worker, frame.note)
            case Kind.FORM_PUT:
                worker.deriving.discard(frame.note)
                self._forms.put(frame.note, frame.body)
            case _ if not isinstance(call, Call):
                self.pool.lost(worker)
            case Kind.FINAL:
                self._finish(worker, call, frame.body)
            case Kind.PROVISIONAL:
                self._keep(call, frame.body, frame.moment or self._config.symbolic_budget)
            case Kind.DONE if call.provisional is not None:
                self._finish(worker, call, call.provisional)
            case Kind.FAILURE:
                self._finish(worker, call, Failure(frame.code, frame.note, frame.body))
            case _:
                self.pool.lost(worker)

    def idle(self, worker: Worker) -> None:
        """A worker is free: it gets the call that has waited longest."""
        if self._waiting:
            self._give(self._waiting.popitem(last=False)[0], worker)
        else:
            self._idle.append(worker)

    def died(self, worker: Worker, innocent: bool) -> None:
        """A worker died by itself: its call is replayed before all that wait, once if it may be to blame."""
        call = worker.task
        if not isinstance(call, Call):
            self._idle.remove(worker)
            return
        worker.task = call.worker = None
        call.attempts -= innocent
        if call.attempts >= 2:
            self._settle(call, call.provisional or failure("WORKER_CRASHED"))
        elif self._idle:
            self._give(call, self._idle.pop())
        else:
            self._waiting[call] = None
            self._waiting.move_to_end(call, last=False)

    def changed(self) -> None:
        """Tells health; where no worker is coming, nobody waits for one."""
        self._on_health(self.pool.ready > 0)
        if not self.pool.coming:
            for call in list(self._waiting):
                self._settle(call, call.provisional or failure("NO_WORKER"))

    def _refused(self, remaining: float | None) -> str | None:
        if self._closed:
            return "DRAINING"
        if remaining is not None and remaining <= 0:
            return "DEADLINE"
        if not self._idle:
            if not self.pool.coming:
                return "NO_WORKER"
            if len(self._waiting) >= self._config.queue:
                return "QUEUE_FULL"
        return None

    def _give(self, call: Call, worker: Worker) -> None:
        worker.task, call.worker = call, worker
        worker.deriving.clear()
        call.attempts += 1
        if not worker.give(call.method, call.body, call.arrival):
            self.pool.lost(worker, innocent=True)

    def _finish(self, worker: Worker, call: Call, outcome: Outcome) -> None:
        worker.task = call.worker = None
        self._settle(call, outcome)
        self.idle(worker)

    def _keep(self, call: Call, provisional: bytes, wait: float) -> None:
        """Keeps a provisional reply, and waits for a better one for so many seconds, or as long as the caller does."""
        call.provisional = provisional
        now = self._loop.time()
        budget = now + wait
        share = call.arrival + SHARE * (call.limit - call.arrival)
        if call.timer is not None:
            call.timer.cancel()
        over = self._budget_over if budget <= share else self._time_over
        call.timer = self._loop.call_at(min(budget, share), over, call)

    def _budget_over(self, call: Call) -> None:
        """The closed form took too long by the service's own measure: it is not tried again for a while."""
        if call.worker is not None:
            self._forms.give_up(call.worker.deriving)
        self._time_over(call)

    def _time_over(self, call: Call) -> None:
        self._settle(call, call.provisional or failure("TIME_BUDGET" if call.patient else "DEADLINE"))
        self._leave(call)

    def _settle(self, call: Call, outcome: Outcome) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
            self.calls -= 1
            if not self.calls:
                self.quiet.set()
        self._waiting.pop(call, None)
        if not call.future.done():
            call.future.set_result(outcome)

    def _leave(self, call: Call) -> None:
        """Forgets a call; the worker that is still at it is ended."""
        self._settle(call, failure("DEADLINE"))
        worker = call.worker
        if worker is not None:
            worker.task = call.worker = None
            self.pool.kill(worker)

    def _answer_form(self, worker: Worker, key: str) -> None:
        found, form = self._forms.get(key)
        if found == channel.Found.NOTHING:
            worker.deriving.add(key)
        try:
            worker.sender.send(Kind.FORM, form, code=found)
        except OSError:
            self.pool.lost(worker)
