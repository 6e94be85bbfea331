"""The client for asyncio: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio

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

#: What grpc.aio says, in place of the service's own status, when a message was being sent as the stream ended.
_MASKED = "Internal error from Core"


class AsyncClient(Connection):
    """A connection to a service at `target`, for the tasks of one event loop; `Client` says how it behaves.

    >>> async def gradient(target):
    ...     async with AsyncClient(target) as client:
    ...         return (await client.differentiate("x**2", {"x": 3})).gradients["x"]
    """

    _library = grpc.aio

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; calls under way are cancelled."""
        await self._channel.close(None)

    async def differentiate(
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
        return reply_from(await self._call(self._stub.Differentiate, request_message(request), timeout))

    async def describe_language(self, operator: str = "", timeout: float | None = DEFAULT_TIMEOUT) -> Language:
        """The operators, or the one of that name or alias, with the limits in force, the device and the versions."""
        message = derivative_pb2.DescribeLanguageRequest(operator=operator)
        return language_from(await self._call(self._stub.DescribeLanguage, message, timeout))

    async def health(self, service: str = "", timeout: float | None = DEFAULT_TIMEOUT) -> str:
        """SERVING, NOT_SERVING or UNKNOWN: what gRPC's health service says of the whole server, or of one service."""
        return health_from(await self._call(self._health.Check, health_request(service), timeout))

    def differentiate_many(
        self, requests: Iterable[Request] | AsyncIterable[Request], in_flight: int | None = None
    ) -> AsyncGenerator[Answer]:
        """One answer for each request, as they finish, with at most `in_flight` requests under way.

        As `Client.differentiate_many`; `requests` may be asynchronous too, and is read in a task of its own.
        """
        return _answers(self._stub, self._metadata, DIFFERENTIATE, _asynchronous(requests), in_flight)

    async def grade(
        self, problem: Problem, answer: object, syntax: str = "math", timeout: float | None = DEFAULT_TIMEOUT
    ) -> Grade:
        """The grade of one answer, as `Client.grade`."""
        message = grade_message(Submission(problem, attempt_of(answer, syntax)))
        return grade_from(await self._call(self._grading.Grade, message, timeout))

    def grade_many(
        self,
        pairs: Iterable[Submission | tuple[Problem, object]] | AsyncIterable[Submission | tuple[Problem, object]],
        in_flight: int | None = None,
    ) -> AsyncGenerator[Graded]:
        """One answer for each pair, as `Client.grade_many`; `pairs` may be asynchronous too."""
        submissions = (as_submission(pair) async for pair in _asynchronous(pairs))
        return _answers(self._grading, self._metadata, GRADE, submissions, in_flight)

    async def replay(self, token: str, timeout: float | None = DEFAULT_TIMEOUT) -> Grade:
        """The grade that a replay token stands for, computed again; raises InvalidRequest for what is not one."""
        message = grading_pb2.ReplayRequest(token=string_of(token, "token"))
        return grade_from(await self._call(self._grading.Replay, message, timeout))

    async def _call(self, method: Any, message: Any, timeout: float | None) -> Any:
        try:
            return await method(message, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error


async def _answers(
    stub: Any, metadata: Metadata, exchange: Exchange[A], requests: AsyncIterator[Any], in_flight: int | None
) -> AsyncGenerator[A]:
    ledger = Ledger(exchange, in_flight=in_flight)
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    room = asyncio.Semaphore(ledger.room())
    feeder = asyncio.create_task(_feed(requests, room, events))
    alarm = _Alarm(events)
    stream = None
    try:
        while not ledger.finished:
            alarm.set(ledger.patience)
            reaction = ledger.on(await events.get())
            for _ in range(ledger.room()):
                room.release()
            for answer in reaction.answers:
                yield answer
            if reaction.pause is not None:
                await asyncio.sleep(reaction.pause)
                stream = _Stream(getattr(stub, exchange.method), metadata, events)
            for message in reaction.messages:
                if stream is not None:
                    stream.send(message)
        if stream is not None:
            await stream.finish()
    finally:
        feeder.cancel()
        alarm.end()
        if stream is not None:
            stream.end()


class _Alarm:
    """Puts None among the events when time has passed; one timer does for many events."""

    def __init__(self, events: asyncio.Queue[Event | None]) -> None:
        self._events, self._loop = events, asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float | None) -> None:
        """Goes off after so many seconds, or before."""
        if seconds is None:
            return
        moment = self._loop.time() + seconds
        if self._timer is None or moment < self._timer.when():
            self.end()
            self._timer = self._loop.call_at(moment, self._go_off)

    def end(self) -> None:
        """Does not go off any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _go_off(self) -> None:
        self._timer = None
        self._events.put_nowait(None)


async def _feed(requests: AsyncIterator[Any], room: asyncio.Semaphore, events: asyncio.Queue[Event | None]) -> None:
    try:
        while True:
            await room.acquire()
            events.put_nowait(Requested(await anext(requests)))
    except StopAsyncIteration:
        events.put_nowait(Exhausted())
    except Exception as error:
        events.put_nowait(Exhausted(error))


async def _asynchronous(requests: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request


class _Stream:
    """One stream; what comes from it is put among the events by a task of its own."""

    def __init__(self, method: Any, metadata: Metadata, events: asyncio.Queue[Event | None]) -> None:
        self._events = events
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()
        self._call = method(self._messages(), metadata=metadata)
        self._task = asyncio.create_task(self._run())

    def send(self, message: Any) -> None:
        self._outbox.put_nowait(message)

    async def finish(self) -> None:
        """Say that no more will be sent, so that the service ends the stream in its own way."""
        self._outbox.put_nowait(None)
        await asyncio.wait((self._task,), timeout=GRACE)

    def end(self) -> None:
        self._outbox.put_nowait(None)
        self._task.cancel()
        self._call.cancel()

    async def _messages(self) -> AsyncIterator[Any]:
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _run(self) -> None:
        try:
            async for response in self._call:
                self._events.put_nowait(Received(response))
        except grpc.aio.AioRpcError as error:
            self._events.put_nowait(Broken(None if error.details() == _MASKED else from_rpc_error(error)))
        else:
            self._events.put_nowait(Broken())
        finally:
            self._outbox.put_nowait(None)
