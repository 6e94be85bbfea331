"""The bookkeeping of a stream, without any input or output: what is answered, and what is sent again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from .. import errors
from ..errors import PullbackError
from ..reasons import Reason
from .channel import ATTEMPTS, LARGEST_MESSAGE, pause_before
from .exchanges import A, Exchange
from .messages import budget_message

#: Requests in flight where the caller does not say how many: so many at first and always, and one more with each answer
#: up to so many while all in flight have no more than so many bytes.
FEW, MANY, LIGHT = 16, 64, 2**20
#: Seconds that the service has, past a request's timeout, to answer that it is over, and to end a finished stream.
GRACE = 1.0

#: The errors after which a broken stream is opened again; any other would only come back.
_TRANSIENT = (errors.Unavailable, errors.InternalError, errors.ResourceExhausted, errors.Cancelled)


@dataclass(frozen=True)
class Requested:
    """A request was taken from the caller's iterator."""

    request: Any


@dataclass(frozen=True)
class Exhausted:
    """The caller has no more requests, or failed with an error when asked for one."""

    error: BaseException | None = None


@dataclass(frozen=True)
class Received:
    """The service answered."""

    response: Any


@dataclass(frozen=True)
class Broken:
    """The stream ended, with an error or without one."""

    error: PullbackError | None = None


Event = Requested | Exhausted | Received | Broken


@dataclass(frozen=True)
class Reaction(Generic[A]):
    """What follows from an event: answers to give, messages to send, and whether a stream must be opened first.

    `pause` is how many seconds to wait before a stream is opened, None where the one that is open will do.
    """

    answers: tuple[A, ...] = ()
    messages: tuple[Any, ...] = ()
    pause: float | None = None


@dataclass
class _Sent:
    position: int
    message: Any
    size: int
    deadline: float
    attempts: int = 1


@dataclass
class Ledger(Generic[A]):
    """Every request gets one answer, whatever the streams do: a reply, or the error that it met.

    Unanswered requests are sent again when a stream breaks, each on ATTEMPTS streams at most; the pause between
    streams grows while none of them answers anything. A request has its timeout again for every FEW that it is behind.
    """

    exchange: Exchange[A]
    now: Callable[[], float] = time.monotonic
    in_flight: int | None = None
    _unanswered: dict[str, _Sent] = field(default_factory=dict)
    _late: set[str] = field(default_factory=set)
    _taken: int = 0
    _answered: int = 0
    _bytes: int = 0
    #: How many requests were asked for that have not come yet.
    _wanted: int = 0
    _streams_in_vain: int = 0
    _open: bool = False
    _exhausted: Exhausted | None = None
    #: No request is overdue before this moment; the earliest deadline itself is sought only when it has come.
    _none_overdue_before: float = math.inf

    @property
    def finished(self) -> bool:
        """Whether no request is unanswered or still to come; raises what the caller's iterator raised."""
        if self._exhausted is None or self._unanswered:
            return False
        if self._exhausted.error is not None:
            raise self._exhausted.error
        return True

    @property
    def patience(self) -> float | None:
        """Seconds in which no request is given up, None where none ever is."""
        first = self._none_overdue_before
        return None if first == math.inf else max(0.0, first + GRACE - self.now())

    def room(self) -> int:
        """How many more requests there is room for, which are to be taken from the caller now."""
        allowed = self.in_flight
        if allowed is None:
            allowed = min(FEW + self._answered, MANY) if self._bytes <= LIGHT else FEW
        more = max(0, allowed - len(self._unanswered) - self._wanted)
        self._wanted += more
        return more

    def on(self, event: Event | None) -> Reaction[A]:
        """What follows from an event, or from None: that time has passed."""
        match event:
            case Requested(request):
                return self._request(request)
            case Received(response):
                return self._receive(response)
            case Broken(error):
                return self._break(error or errors.Unavailable(reason=Reason.STREAM_ENDED))
            case Exhausted():
                self._exhausted = event
                return Reaction()
            case None:
                return self._expire()

    def _request(self, request: Any) -> Reaction[A]:
        position, self._taken = self._taken, self._taken + 1
        self._wanted -= 1
        identity = request.id or str(position)
        try:
            if identity in self._unanswered or identity in self._late:
                hint = "give each request an id of its own"
                raise errors.InvalidRequest(reason=Reason.DUPLICATE_ID, field="id", found=identity, hint=hint)
            message = self.exchange.message(request)
            # One message that is too large would break the stream for all the others.
            if (size := message.ByteSize()) > LARGEST_MESSAGE:
                raise errors.ResourceExhausted(reason=Reason.REQUEST_TOO_LARGE)
        except PullbackError as error:
            return Reaction(answers=(self.exchange.answer(identity, position, error=error),))
        message.id = identity
        turns = 1 + len(self._unanswered) // FEW
        deadline = math.inf if request.timeout is None else self.now() + turns * request.timeout
        self._unanswered[identity] = sent = _Sent(position, message, size, deadline)
        self._bytes += size
        self._none_overdue_before = min(self._none_overdue_before, sent.deadline)
        return Reaction(messages=(self._envelope(sent),), pause=self._open_stream())

    def _receive(self, response: Any) -> Reaction[A]:
        self._streams_in_vain = 0
        self._late.discard(response.id)
        if response.id not in self._unanswered:
            return Reaction()
        self._answered += 1
        return Reaction(answers=(self._answer(self._settle(response.id), response),))

    def _break(self, error: PullbackError) -> Reaction[A]:
        self._open = False
        self._late.clear()
        self._streams_in_vain += 1
        answers = []
        for identity, sent in list(self._unanswered.items()):
            if sent.attempts >= ATTEMPTS or not isinstance(error, _TRANSIENT):
                answers.append(self._give_up(identity, error))
            else:
                sent.attempts += 1
        messages = tuple(self._envelope(sent) for sent in self._unanswered.values())
        return Reaction(tuple(answers), messages, self._open_stream() if messages else None)

    def _expire(self) -> Reaction[A]:
        overdue = [name for name, sent in self._unanswered.items() if self.now() >= sent.deadline + GRACE]
        self._late.update(overdue)
        error = errors.DeadlineExceeded(reason=Reason.DEADLINE)
        answers = tuple(self._give_up(name, error) for name in overdue)
        self._none_overdue_before = min((sent.deadline for sent in self._unanswered.values()), default=math.inf)
        return Reaction(answers)

    def _give_up(self, identity: str, error: PullbackError) -> A:
        return self.exchange.answer(identity, self._settle(identity).position, error=error)

    def _settle(self, identity: str) -> _Sent:
        sent = self._unanswered.pop(identity)
        self._bytes -= sent.size
        return sent

    def _answer(self, sent: _Sent, response: Any) -> A:
        try:
            match response.WhichOneof("result"):
                case "response":
                    return self.exchange.answer(response.id, sent.position, self.exchange.read(response.response))
                case "status":
                    raise errors.from_status(response.status)
                case _:
                    raise errors.InternalError("the service sent an answer without a result", reason=Reason.BAD_REPLY)
        except PullbackError as error:
            return self.exchange.answer(response.id, sent.position, error=error)

    def _open_stream(self) -> float | None:
        """Seconds to wait before a stream is opened, None where one is open."""
        if self._open:
            return None
        self._open = True
        return pause_before(self._streams_in_vain) if self._streams_in_vain else 0.0

    def _envelope(self, sent: _Sent) -> Any:
        left = budget_message(max(0.0, sent.deadline - self.now())) if sent.deadline < math.inf else None
        return self.exchange.envelope(request=sent.message, budget=left)
