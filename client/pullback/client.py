"""The client for programs that wait: one call at a time, or many over one stream."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import grpc

from .errors import from_rpc_error
from .v1 import derivative_pb2, grading_pb2
from .values.grading import Grade, Graded, Problem, Submission
from .values.language import Language
from .values.reply import Answer, Reply
from .values.request import DEFAULT_NOTATIONS, DEFAULT_TIMEOUT, Request
from .wire.channel import Connection
from .wire.checks import string_of
from .wire.exchanges import DIFFERENTIATE, GRADE, A, Exchange, as_submission
from .wire.grading_messages import attempt_of, grade_from, grade_message
from .wire.messages import health_from, health_request, language_from, reply_from, request_message
from .wire.security import Metadata
from .wire.stream import GRACE, Broken, Event, Exhausted, Ledger, Received, Requested


class Client(Connection):
    """A connection to a service at `target`, such as "localhost:50051"; threads may share it.

    It is made when it is first needed, spreads calls over the replicas that the target names, and makes a call again,
    5 times at most, while the service is unavailable. Close it, or use it in a `with` block.

    `token` says who calls, to a service that requires one; `tls` is TlsFiles, True for TLS with the authorities that
    gRPC comes with, and None or False for a plain connection. A token goes over a plain connection to this machine
    only, unless `tls` is False; otherwise ValueError is raised.

    >>> with Client("localhost:50051") as client:                                           # doctest: +SKIP
    ...     reply = client.differentiate("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1])
    >>> reply.gradients["a"], reply.verdicts["a"].outcome                                   # doctest: +SKIP
    (array([36., 81.]), <Outcome.AGREE: 'agree'>)
    """

    _library = grpc

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; calls under way are cancelled."""
        self._channel.close()

    def differentiate(
        self,
        expression: str,
        inputs: Mapping[str, object],
        upstream: object = None,
        wrt: str | Iterable[str] | None = None,
        notations: Iterable[str] = DEFAULT_NOTATIONS,
        check: bool = True,
        timeout: float | None = DEFAULT_TIMEOUT,
        closed_form_gradients: bool = False,
        entries: Iterable[tuple[str, Sequence[int]]] = (),
    ) -> Reply:
        """The value of an expression, its derivatives by both legs, and the verdict; `Request` explains the arguments.

        Raises InvalidRequest for a request that will never succeed, and the other errors of the tree.
        """
        request = Request(
            expression, inputs, upstream, wrt, notations, check, timeout, "", closed_form_gradients, entries
        )
        return reply_from(self._call(self._stub.Differentiate, request_message(request), timeout))

    def describe_language(self, operator: str = "", timeout: float | None = DEFAULT_TIMEOUT) -> Language:
        """The operators, or the one of that name or alias, with the limits in force, the device and the versions."""
        message = derivative_pb2.DescribeLanguageRequest(operator=operator)
        return language_from(self._call(self._stub.DescribeLanguage, message, timeout))

    def health(self, service: str = "", timeout: float | None = DEFAULT_TIMEOUT) -> str:
        """SERVING, NOT_SERVING or UNKNOWN: what gRPC's health service says of the whole server, or of one service."""
        return health_from(self._call(self._health.Check, health_request(service), timeout))

    def differentiate_many(self, requests: Iterable[Request], in_flight: int | None = None) -> Iterator[Answer]:
        """One answer for each request, as they finish, with at most `in_flight` requests under way.

        Where that is not given, 16 are under way, and up to 64 while they are small and answered. A request has its
        timeout once for every 16 that it waits behind.

        A request that fails gives an answer with its error and leaves the others alone. A stream that breaks is opened
        again and unanswered requests are sent again, on 5 streams at most. `requests` is read as answers make room, and
        on a thread of its own unless it is a list; what it raises is raised here, after the answers to those before.

        >>> requests = [Request("x**2", {"x": number}, id=f"at {number}") for number in range(3)]
        >>> for answer in client.differentiate_many(requests):                              # doctest: +SKIP
        ...     print(answer.id, answer.result().gradients["x"])
        """
        ready = isinstance(requests, list | tuple)
        return _answers(self._stub, self._metadata, DIFFERENTIATE, requests, in_flight, ready=ready)

    def grade(
        self, problem: Problem, answer: object, syntax: str = "math", timeout: float | None = DEFAULT_TIMEOUT
    ) -> Grade:
        """The grade of one answer: a string in that syntax, an array-like value, or an Attempt.

        A wrong or unreadable answer is a grade; InvalidRequest is raised for a problem that cannot be graded, and the
        other errors of the tree.

        >>> problem = Problem("sin(3*x)", {"x": {"domain": [-2, 2]}})
        >>> print(client.grade(problem, "cos(3x)"))                                         # doctest: +SKIP
        INCORRECT  score 0
          MISSING_INNER_DERIVATIVE: the inner derivative of `sin(3*x)` is missing: factor 3
        """
        message = grade_message(Submission(problem, attempt_of(answer, syntax)))
        return grade_from(self._call(self._grading.Grade, message, timeout))

    def grade_many(
        self, pairs: Iterable[Submission | tuple[Problem, object]], in_flight: int | None = None
    ) -> Iterator[Graded]:
        """One answer for each pair of a problem and an answer, or Submission, as they finish.

        As `differentiate_many`, with its promises: one that fails leaves the others alone, and a stream that breaks is
        opened again.
        """
        submissions, ready = map(as_submission, pairs), isinstance(pairs, list | tuple)
        return _answers(self._grading, self._metadata, GRADE, submissions, in_flight, ready=ready)

    def replay(self, token: str, timeout: float | None = DEFAULT_TIMEOUT) -> Grade:
        """The grade that a replay token stands for, computed again; raises InvalidRequest for what is not one."""
        message = grading_pb2.ReplayRequest(token=string_of(token, "token"))
        return grade_from(self._call(self._grading.Replay, message, timeout))

    def _call(self, method: Any, message: Any, timeout: float | None) -> Any:
        try:
            return method(message, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error


def _answers(
    stub: Any, metadata: Metadata, exchange: Exchange[A], requests: Iterable[Any], in_flight: int | None, *, ready: bool
) -> Iterator[A]:
    """The answers; `ready` says that the next request never takes its time."""
    ledger = Ledger(exchange, in_flight=in_flight)
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    feeder = (_Feeder if ready else _ThreadFeeder)(requests, events)
    stream = None
    try:
        feeder.make_room(ledger.room())
        while not ledger.finished:
            try:
                event = events.get(timeout=ledger.patience)
            except queue.Empty:
                event = None
            reaction = ledger.on(event)
            feeder.make_room(ledger.room())
            yield from reaction.answers
            if reaction.pause is not None:
                time.sleep(reaction.pause)
                stream = _Stream(getattr(stub, exchange.method), metadata, events)
            for message in reaction.messages:
                if stream is not None:
                    stream.send(message)
        if stream is not None:
            stream.finish()
    finally:
        feeder.stop()
        if stream is not None:
            stream.end()


class _Feeder:
    """Reads the caller's requests when there is room for them, where all of them are there already."""

    def __init__(self, requests: Iterable[Any], events: queue.SimpleQueue[Event]) -> None:
        self._source, self._events = iter(requests), events
        self._stopped = False

    def make_room(self, count: int) -> None:
        for _ in range(count):
            self._stopped = self._stopped or not self._read()

    def stop(self) -> None:
        self._stopped = True

    def _read(self) -> bool:
        """Puts the next request among the events, or the end; whether there was a request."""
        try:
            self._events.put(Requested(next(self._source)))
        except StopIteration:
            self._events.put(Exhausted())
        except BaseException as error:
            self._events.put(Exhausted(error))
        else:
            return True
        return False


class _ThreadFeeder(_Feeder):
    """Reads the requests on a thread of its own, since the next may take its time while answers come."""

    def __init__(self, requests: Iterable[Any], events: queue.SimpleQueue[Event]) -> None:
        super().__init__(requests, events)
        self._room = threading.Semaphore(0)
        threading.Thread(target=self._run, name="pullback-requests", daemon=True).start()

    def make_room(self, count: int) -> None:
        if count:
            self._room.release(count)

    def stop(self) -> None:
        self._stopped = True
        self._room.release()

    def _run(self) -> None:
        reading = True
        while reading:
            self._room.acquire()
            reading = not self._stopped and self._read()


class _Stream:
    """One stream; what comes from it is put among the events by a thread of its own."""

    def __init__(self, method: Any, metadata: Metadata, events: queue.SimpleQueue[Event]) -> None:
        self._events = events
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._call = method(iter(self._outbox.get, None), metadata=metadata)
        self._reader = threading.Thread(target=self._run, name="pullback-answers", daemon=True)
        self._reader.start()

    def send(self, message: Any) -> None:
        self._outbox.put(message)

    def finish(self) -> None:
        """Say that no more will be sent, so that the service ends the stream in its own way."""
        self._outbox.put(None)
        self._reader.join(GRACE)

    def end(self) -> None:
        self._outbox.put(None)
        self._call.cancel()

    def _run(self) -> None:
        try:
            for response in self._call:
                self._events.put(Received(response))
        except grpc.RpcError as error:
            self._events.put(Broken(from_rpc_error(error)))
        else:
            self._events.put(Broken())
        finally:
            self._outbox.put(None)
