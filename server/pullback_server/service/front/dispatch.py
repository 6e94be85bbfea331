"""Accepted calls on their way through the workers: admission, the clock, the replay, the provisional reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .. import failpoints, logs
from ..config import Config
from ..protocol import channel
from ..protocol.channel import Frame, Kind, Method
from ..protocol.errors import Failure, FailureReason, failure
from .admission import Grants
from .calls import Call, Outcome
from .forms import FormCache
from .handle import Worker
from .pool import Pool
from .waiting import FairQueue

_log = logging.getLogger(__name__)

#: The part of a caller's time after which a provisional reply is sent, so that it arrives in time.
SHARE = 0.9

#: Seconds in which a worker may finish a call that nobody waits for any more; most do, and need not be replaced.
AFTERLIFE = 0.1

_ACCEPTED, _GIVEN = map(failpoints.at, ("front.accepted", "front.given"))


class Dispatcher:
    """Gives each call to a worker and sees to it that it gets exactly one outcome."""

    def __init__(self, config: Config, on_health: Callable[[bool], None]) -> None:
        """`config` is one whose limits are resolved."""
        self._limits, self._on_health = config.limits, on_health
        self._loop = asyncio.get_running_loop()
        self._forms = FormCache(config.form_cache_bytes, config.over_budget_memory)
        self._grants: Grants[Worker] = Grants(config.limits)
        self._idle: list[Worker] = []
        self._waiting: FairQueue[Call] = FairQueue()
        self._closed = False
        self._waiting_of_one = config.limits.waiting_of_one
        self.calls = self.bytes = 0
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.pool = Pool(config, self)

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        return len(self._waiting)

    @property
    def form_bytes(self) -> int:
        """The bytes of the closed forms that all workers share."""
        return self._forms.size

    def submit(self, method: Method, body: bytes, remaining: float | None, client: str = "", request: str = "") -> Call:
        """Accepts a call, or fails it at once; its future gets the outcome.

        `remaining` are the seconds that the caller waits, None where the caller has not said.
        """
        _ACCEPTED()
        now = self._loop.time()
        call = Call(method, body, client, request, now, self._loop.create_future())
        refused = self.refused() or self._refused(call, remaining)
        if refused is not None:
            call.future.set_result(failure(refused))
            return call
        limit = self._limits.time_limit
        call.patient = remaining is None or remaining > limit
        call.limit = now + (limit if remaining is None else min(remaining, limit))
        call.timer = self._loop.call_at(call.limit, self._time_over, call)
        if not self.calls:
            self.quiet.clear()
        self.calls += 1
        self.bytes += len(body)
        if self._idle:
            self._give(call, self._idle.pop())
        else:
            self._waiting.push(call)
        return call

    def abandon(self, call: Call) -> None:
        """Gives up a call that nobody waits for any more, and frees its worker, if need be by ending it."""
        if not call.future.done():
            call.future.cancel()
        self._leave(call, AFTERLIFE)

    def close(self) -> None:
        """Answers all calls that are still there with what is at hand, and ends the workers."""
        self._closed = True
        running = [worker.task for worker in self.pool.workers if isinstance(worker.task, Call)]
        self.pool.close()
        for call in (*running, *self._waiting):
            self._settle(call, call.provisional or failure(FailureReason.DRAINING))

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
            case Kind.ASK:
                memory, _, work = frame.note.partition(" ")
                self._let(self._grants.ask(worker, int(memory), int(work)))
            case Kind.FINAL:
                call.hear(frame)
                self._finish(worker, call, frame.body)
            case Kind.PROVISIONAL:
                call.hear(frame)
                self._keep(call, frame)
            case Kind.DONE if call.provisional is not None:
                call.hear(frame)
                self._finish(worker, call, call.provisional)
            case Kind.FAILURE:
                reason, _, message = frame.note.partition("\n")
                self._finish(worker, call, Failure(frame.code, message, frame.body, reason))
            case _:
                self.pool.lost(worker)

    def idle(self, worker: Worker) -> None:
        """A worker is free: it gets a call that waits."""
        if worker.relieved:
            self.pool.end(worker)
        elif self._waiting:
            self._give(self._waiting.pop(), worker)
        else:
            self._idle.append(worker)

    def relieved(self, worker: Worker) -> None:
        """Another worker is ready in this one's place: it ends with its task."""
        worker.relieved = True
        if worker in self._idle:
            self._idle.remove(worker)
            self.pool.end(worker)

    def died(self, worker: Worker, innocent: bool) -> None:
        """A worker died by itself: its call is replayed before all that wait, once if it may be to blame."""
        self._let(self._grants.release(worker))
        call = worker.task
        if not isinstance(call, Call):
            self._idle.remove(worker)
            return
        worker.task = call.worker = None
        call.attempts -= innocent
        about = logs.about(request=call.request, method=call.method.name, attempt=call.attempts)
        _log.warning("the task of a worker that died", extra=about)
        if call.future.done():
            return
        if call.attempts >= 2:
            self._settle(call, call.provisional or failure(FailureReason.WORKER_CRASHED))
        elif self._idle:
            self._give(call, self._idle.pop())
        else:
            self._waiting.push_first(call)

    def changed(self) -> None:
        """Tells health; where no worker is coming, nobody waits for one."""
        self._on_health(self.pool.ready > 0)
        if not self.pool.coming:
            for call in self._waiting:
                self._settle(call, call.provisional or failure(FailureReason.NO_WORKER))

    def refused(self) -> FailureReason | None:
        """Why any call would be refused now, whatever it asks for and whoever asks."""
        if self._closed:
            return FailureReason.DRAINING
        if not self._idle:
            if not self.pool.coming:
                return FailureReason.NO_WORKER
            if len(self._waiting) >= self._limits.queue:
                return FailureReason.QUEUE_FULL
        return None

    def _refused(self, call: Call, remaining: float | None) -> FailureReason | None:
        if remaining is not None and remaining <= 0:
            return FailureReason.DEADLINE
        if not self._idle and self._waiting.of(call.client) >= self._waiting_of_one:
            return FailureReason.CLIENT_SHARE
        if self.bytes and self.bytes + len(call.body) > self._limits.bytes_in_flight:
            return FailureReason.BYTES_IN_FLIGHT
        return None

    def _give(self, call: Call, worker: Worker) -> None:
        worker.task, call.worker = call, worker
        worker.deriving.clear()
        call.attempts += 1
        call.given = self._loop.time()
        try:
            _GIVEN()
            given = worker.give(call.method, call.body, call.request, call.arrival)
        except Exception:
            _log.exception("a task could not be given")
            given = False
        if not given:
            self.pool.lost(worker, innocent=True)

    def _finish(self, worker: Worker, call: Call, outcome: Outcome) -> None:
        worker.task = call.worker = None
        self._let(self._grants.release(worker))
        self._settle(call, outcome)
        self.idle(worker)

    def _keep(self, call: Call, frame: Frame) -> None:
        """Keeps a provisional reply, and waits for a better one as long as the worker asks for, or as is agreed."""
        if call.timer is None:  # nobody waits for it any more
            return
        call.provisional = frame.body
        now = self._loop.time()
        if not frame.moment:  # a grade is waited for by its own budget, and has no numbers before it
            call.numbers = now
        budget = now + (frame.moment or self._limits.symbolic_budget)
        share = call.arrival + SHARE * (call.limit - call.arrival)
        call.timer.cancel()
        over = self._budget_over if budget <= share else self._time_over
        call.timer = self._loop.call_at(min(budget, share), over, call)

    def _budget_over(self, call: Call) -> None:
        """The closed form took too long by the service's own measure: it is not tried again for a while."""
        if call.worker is not None:
            self._forms.give_up(call.worker.deriving)
        self._time_over(call)

    def _time_over(self, call: Call) -> None:
        afterlife = AFTERLIFE if call.provisional is None else 0.0
        if call.numbers:
            call.spent = (call.spent[0], self._loop.time() - call.numbers)
        late = FailureReason.TIME_BUDGET if call.patient else FailureReason.DEADLINE
        self._settle(call, call.provisional or failure(late))
        self._leave(call, afterlife)

    def _settle(self, call: Call, outcome: Outcome) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
            self.bytes -= len(call.body)
            self.calls -= 1
            if not self.calls:
                self.quiet.set()
        self._waiting.remove(call)
        if not call.future.done():
            call.future.set_result(outcome)

    def _leave(self, call: Call, afterlife: float) -> None:
        """Forgets a call; the worker that is still at it after so many seconds is ended."""
        self._settle(call, failure(FailureReason.DEADLINE))
        if call.worker is not None and afterlife:
            self._loop.call_later(afterlife, self._leave, call, 0.0)
        elif call.worker is not None:
            worker = call.worker
            worker.task = call.worker = None
            self._let(self._grants.release(worker))
            self.pool.kill(worker)

    def _let(self, workers: tuple[Worker, ...]) -> None:
        """Lets tasks go on that waited for leave."""
        for worker in workers:
            self._say(worker, Kind.GRANTED)

    def _answer_form(self, worker: Worker, key: str) -> None:
        found, form = self._forms.get(key)
        if found == channel.Found.NOTHING:
            worker.deriving.add(key)
        self._say(worker, Kind.FORM, form, found)

    def _say(self, worker: Worker, kind: Kind, body: bytes = b"", code: int = 0) -> None:
        try:
            worker.sender.send(kind, body, code=code)
        except OSError:
            self.pool.lost(worker)
