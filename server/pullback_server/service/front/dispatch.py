"""Accepted calls on their way through the workers: admission, the clock, the replay, the provisional reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .. import failpoints, logs
from ..config import Config
from ..protocol.channel import FormLookup, Frame, FrameKind, Method
from ..protocol.errors import Failure, FailureReason, failure
from .admission import ResourceGate
from .calls import Call, Outcome
from .pool import Pool
from .shared_forms import SharedForms
from .waiting import ROOM, WaitingCalls
from .worker_handle import WorkerHandle

_log = logging.getLogger(__name__)

#: The share of a caller's time after which a provisional reply is sent, so that it arrives in time.
TIME_SHARE = 0.9

#: Seconds in which a worker may finish an abandoned call; most do, and need not be replaced.
ABANDON_GRACE = 0.1

_ACCEPTED, _DISPATCHED = map(failpoints.at, ("front.accepted", "front.dispatched"))


class Dispatcher:
    """Assigns each call to a worker and ensures that it gets exactly one outcome."""

    def __init__(self, config: Config, on_health: Callable[[bool], None]) -> None:
        """`config` is one whose limits are resolved."""
        self._limits, self._on_health = config.limits, on_health
        self._loop = asyncio.get_running_loop()
        self._forms = SharedForms(config.form_cache_bytes, config.over_budget_memory)
        self._gate: ResourceGate[WorkerHandle] = ResourceGate(config.limits)
        self._idle: list[WorkerHandle] = []
        self._waiting = WaitingCalls(config.limits)
        self._closed = False
        self.calls = self.bytes = 0
        #: Set while no call is waiting or worked on.
        self.no_calls = asyncio.Event()
        self.no_calls.set()
        self.pool = Pool(config, self)

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        return len(self._waiting)

    def has_room(self, client: str) -> bool:
        """Whether so little waits that a stream of a client may have more waiting than keeps the workers busy."""
        return self._waiting.has_room(client) and self.bytes < ROOM * self._limits.bytes_in_flight

    @property
    def form_bytes(self) -> int:
        """The bytes of the closed forms that all workers share."""
        return self._forms.size

    def submit(
        self,
        method: Method,
        body: bytes,
        remaining: float | None,
        settle: Callable[[Call, Outcome], None],
        client: str = "",
        request_id: str = "",
        turns: int = 1,
    ) -> Call:
        """Accepts a call, or fails it at once; `settle` gets the outcome.

        `remaining` is how many seconds the caller waits, None where it has no deadline. A call that waits behind others
        of its stream has the time limit of several `turns`.
        """
        _ACCEPTED()
        now = self._loop.time()
        call = Call(method, body, client, request_id, now, settle)
        reason = self.refusal_reason() or self._refusal_reason(call, remaining)
        if reason is not None:
            self._settle(call, failure(reason))
            return call
        limit = turns * self._limits.time_limit
        call.waits_past_limit = remaining is None or remaining > limit
        call.limit = now + (limit if remaining is None else min(remaining, limit))
        call.timer = self._loop.call_at(call.limit, self._time_over, call)
        if not self.calls:
            self.no_calls.clear()
        self.calls += 1
        self.bytes += len(body)
        if self._idle:
            self._assign([call], self._idle.pop())
        else:
            self._waiting.push(call)
        return call

    def abandon(self, call: Call) -> None:
        """Gives up a call that nobody waits for any more, and frees its worker, if need be by ending it."""
        call.settled = True
        self._forget(call, ABANDON_GRACE)

    def close(self) -> None:
        """Answers all calls that are still there with what is at hand, and ends the workers."""
        self._closed = True
        running: list[Call] = [call for worker in self.pool.workers for call in worker.tasks]
        self.pool.close()
        for call in (*running, *self._waiting):
            self._resolve(call, call.provisional or failure(FailureReason.DRAINING))

    def refusal_reason(self) -> FailureReason | None:
        """Why any call would be refused now; None where there is room for one."""
        if self._closed:
            return FailureReason.DRAINING
        if not self._idle:
            if not self.pool.workers_coming:
                return FailureReason.NO_WORKER
            if self._waiting.full:
                return FailureReason.QUEUE_FULL
        return None

    def on_frame(self, worker: WorkerHandle, frame: Frame) -> None:
        """A worker has sent a frame about its task, or about a closed form."""
        call: Call | None = worker.tasks[0] if worker.tasks else None
        body = bytes(frame.body)
        match frame.kind:
            case FrameKind.FORM_GET:
                self._send_form(worker, frame.note)
            case FrameKind.FORM_PUT:
                worker.deriving.discard(frame.note)
                self._forms.put(frame.note, body)
            case _ if call is None:
                self.pool.lose(worker)
            case FrameKind.LONG_TASK:
                self._take_back(worker)
            case FrameKind.REQUEST_ADMISSION:
                memory, _, work = frame.note.partition(" ")
                self._grant(self._gate.request(worker, int(memory), int(work)))
            case FrameKind.FINAL:
                call.record(frame)
                self._finish(worker, call, body)
            case FrameKind.PROVISIONAL:
                self._keep_provisional(call, frame, body)
            case FrameKind.DONE if call.provisional is not None:
                call.record(frame)
                self._finish(worker, call, call.provisional)
            case FrameKind.FAILURE:
                reason, _, message = frame.note.partition("\n")
                self._finish(worker, call, Failure(frame.code, message, body, reason))
            case _:
                self.pool.lose(worker)

    def on_idle(self, worker: WorkerHandle) -> None:
        """A worker is free: it gets a call that waits."""
        if worker.superseded:
            self.pool.end(worker)
        elif self._waiting:
            self._assign(self._waiting.take(self.pool.ready), worker)
        else:
            self._idle.append(worker)

    def on_superseded(self, worker: WorkerHandle) -> None:
        """Another worker is ready in this one's place: it ends with its task."""
        worker.superseded = True
        if worker in self._idle:
            self._idle.remove(worker)
            self.pool.end(worker)

    def on_death(self, worker: WorkerHandle, blameless: bool) -> None:
        """A worker died by itself: its call is replayed before all that wait, once if it may be to blame."""
        self._grant(self._gate.release(worker))
        if not worker.tasks:
            self._idle.remove(worker)
            return
        if len(worker.tasks) > 1:
            # Any of them may be to blame, and is if the worker dies again where it is alone.
            self._take_back(worker, first=0)
            return
        call: Call = worker.tasks.popleft()
        call.worker = None
        call.attempts -= blameless
        about = logs.about(request=call.request_id, method=call.method.name, attempt=call.attempts)
        _log.warning("a worker died during a task", extra=about)
        if call.settled:
            return
        if call.attempts >= 2:
            self._resolve(call, call.provisional or failure(FailureReason.WORKER_CRASHED))
        else:
            self._replay(call)

    def on_change(self) -> None:
        """Updates health; where no worker is coming, the calls that wait for one fail."""
        self._on_health(self.pool.ready > 0)
        if not self.pool.workers_coming:
            for call in self._waiting:
                self._resolve(call, call.provisional or failure(FailureReason.NO_WORKER))

    def _refusal_reason(self, call: Call, remaining: float | None) -> FailureReason | None:
        if remaining is not None and remaining <= 0:
            return FailureReason.DEADLINE
        if not self._idle and not self._waiting.has_share(call.client):
            return FailureReason.CLIENT_SHARE
        if self.bytes and self.bytes + len(call.body) > self._limits.bytes_in_flight:
            return FailureReason.BYTES_IN_FLIGHT
        return None

    def _assign(self, calls: list[Call], worker: WorkerHandle) -> None:
        worker.tasks.extend(calls)
        worker.deriving.clear()
        for call in calls:
            call.worker = worker
            call.attempts += 1
            call.dispatched = self._loop.time()
        try:
            _DISPATCHED()
            sent = worker.send_tasks()
        except Exception:
            _log.exception("a task could not be sent to a worker")
            sent = False
        if not sent:
            self.pool.lose(worker, blameless=True)

    def _finish(self, worker: WorkerHandle, call: Call, outcome: Outcome) -> None:
        worker.tasks.popleft()
        call.worker = None
        self._grant(self._gate.release(worker))
        self._resolve(call, outcome)
        if not worker.tasks:
            self.on_idle(worker)

    def _take_back(self, worker: WorkerHandle, first: int = 1) -> None:
        """Takes back the tasks that a worker was sent together and has not begun: all from the `first` one on."""
        while len(worker.tasks) > first:
            call: Call = worker.tasks.pop()
            call.worker = None
            call.attempts -= 1
            call.alone = not first
            if not call.settled:
                self._replay(call)

    def _replay(self, call: Call) -> None:
        """Gives a call to another worker, before all that wait."""
        if self._idle:
            self._assign([call], self._idle.pop())
        else:
            self._waiting.push_first(call)

    def _keep_provisional(self, call: Call, frame: Frame, reply: bytes) -> None:
        """Keeps a provisional reply, and waits for a better one as long as the frame says.

        A replay begins again with the first one, which is no better than those that were there before it.
        """
        if call.timer is None:  # nobody waits for it any more
            return
        if frame.code >= call.provisional_place:
            call.record(frame)
            call.provisional, call.provisional_place = reply, frame.code
        now = self._loop.time()
        if not frame.seconds:  # a grade has its own budget, and no numbers before it
            call.numbers_at = now
        budget = now + (frame.seconds or self._limits.symbolic_budget)
        share = call.arrival + TIME_SHARE * (call.limit - call.arrival)
        call.timer.cancel()
        when_over = self._budget_over if budget <= share else self._time_over
        call.timer = self._loop.call_at(min(budget, share), when_over, call)

    def _budget_over(self, call: Call) -> None:
        """The closed form took longer than the service's own budget: it is not tried again for a while."""
        if call.worker is not None:
            self._forms.give_up(call.worker.deriving)
        self._time_over(call)

    def _time_over(self, call: Call) -> None:
        grace = ABANDON_GRACE if call.provisional is None else 0.0
        if call.numbers_at:
            call.leg_seconds = (call.leg_seconds[0], self._loop.time() - call.numbers_at)
        reason = FailureReason.TIME_BUDGET if call.waits_past_limit else FailureReason.DEADLINE
        self._resolve(call, call.provisional or failure(reason))
        self._forget(call, grace)

    def _resolve(self, call: Call, outcome: Outcome) -> None:
        """Gives a call its outcome, unless it has one."""
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
            self.bytes -= len(call.body)
            self.calls -= 1
            if not self.calls:
                self.no_calls.set()
        self._waiting.remove(call)
        self._settle(call, outcome)

    def _settle(self, call: Call, outcome: Outcome) -> None:
        if call.settled:
            return
        call.settled = True
        try:
            call.settle(call, outcome)
        except Exception:  # one caller's answer must not cost the others theirs
            _log.exception("an outcome could not be handed over")

    def _forget(self, call: Call, grace: float) -> None:
        """Forgets a call; the worker that still works on it after so many seconds is ended."""
        self._resolve(call, failure(FailureReason.DEADLINE))
        worker = call.worker
        if worker is not None and grace:
            self._loop.call_later(grace * len(worker.tasks), self._forget, call, 0.0)
        elif worker is not None:
            worker.tasks.remove(call)
            call.worker = None
            self._grant(self._gate.release(worker))
            self._take_back(worker, first=0)
            self.pool.kill(worker)

    def _grant(self, workers: tuple[WorkerHandle, ...]) -> None:
        """Tells workers that their tasks are admitted."""
        for worker in workers:
            self._send(worker, FrameKind.ADMITTED)

    def _send_form(self, worker: WorkerHandle, key: str) -> None:
        lookup, form = self._forms.get(key)
        if lookup == FormLookup.MISSING:
            worker.deriving.add(key)
        self._send(worker, FrameKind.FORM, form, lookup)

    def _send(self, worker: WorkerHandle, kind: FrameKind, body: bytes = b"", code: int = 0) -> None:
        try:
            worker.sender.send(kind, body, code=code)
        except OSError:
            self.pool.lose(worker)
