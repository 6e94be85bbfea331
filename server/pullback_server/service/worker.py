"""A worker process: takes one task at a time from its pipe, and answers it with the mathematics."""

from __future__ import annotations

import gc
import socket
import sys
import time
import traceback
from typing import Any, Protocol

import torch

from ..grading import Grader
from ..numeric import DeviceExhausted
from ..program import Limits, Refusal
from ..verdict import Description, Differentiator, FormOverBudget
from . import channel, envelope, errors, memory, messages
from .channel import Found, Frame, Kind, Method
from .config import Config
from .grading_tasks import GradingTasks
from .methods import STREAMED


class Mathematics(Protocol):
    """The module that answers: `pullback_server.verdict`, or a test's own."""

    #: Called with device, limits and forms.
    Differentiator: Any

    def describe(self, device: str, limits: Limits) -> Description:
        """What it says of itself on that device with those limits."""
        ...


class Grading(Protocol):
    """The module that grades: `pullback_server.grading`, or a test's own."""

    #: Called with limits.
    Grader: Any


def main(
    pipe: socket.socket, config: Config, mathematics: Mathematics, grading: Grading, device: str, threads: int
) -> None:
    """Warms up, says READY, and answers tasks until the front closes the pipe."""
    memory.keep_freed()
    torch.set_num_threads(threads)
    receiver, sender = channel.Receiver(), channel.Sender(pipe)
    limits = Limits()
    differentiator = mathematics.Differentiator(device, limits, PipeFormStore(pipe, sender, receiver))
    differentiator.warm_up()
    description = mathematics.describe(device, limits)
    grader = grading.Grader(limits)
    worker = Worker(sender, differentiator, grader, description, limits, config.max_message_bytes)
    try:
        sender.send(Kind.READY)
        while worker.serve(receiver.receive(pipe)):
            continue
    except (BrokenPipeError, ConnectionResetError):
        return


class PipeFormStore:
    """The service's closed forms, asked for over the worker's pipe."""

    def __init__(self, pipe: socket.socket, sender: channel.Sender, receiver: channel.Receiver) -> None:
        self._pipe, self._sender, self._receiver = pipe, sender, receiver

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None; raises FormOverBudget where deriving it was given up lately."""
        self._sender.send(Kind.FORM_GET, note=key)
        found = self._receiver.receive(self._pipe)
        if found is None:
            raise BrokenPipeError("the front is gone")
        match Found(found.code):
            case Found.OVER_BUDGET:
                raise FormOverBudget(key)
            case Found.FORM:
                return found.body
            case Found.NOTHING:
                return None

    def put(self, key: str, form: bytes) -> None:
        """Keeps a form for every worker."""
        self._sender.send(Kind.FORM_PUT, form, key)


class Worker:
    """Turns tasks into frames: a provisional reply where there is one, then a final one or a failure."""

    def __init__(
        self,
        sender: channel.Sender,
        differentiator: Differentiator,
        grader: Grader,
        description: Description,
        limits: Limits,
        largest: int,
    ) -> None:
        self._sender, self._differentiator, self._description = sender, differentiator, description
        self._grading = GradingTasks(grader, self._reply, description.versions, limits)
        self._limits, self._largest = limits, largest

    def serve(self, task: Frame | None) -> bool:
        """Answers one task and keeps nothing of it; False where there is none because the front closed the pipe."""
        if task is not None:
            self._answer(task, time.monotonic())
        return task is not None

    def _answer(self, task: Frame, started: float) -> None:
        try:
            match task.code:
                case Method.DESCRIBE:
                    self._reply(Kind.FINAL, messages.describe_reply(task.body, self._description))
                case Method.DIFFERENTIATE | Method.DIFFERENTIATE_MANY:
                    self._differentiate(task, started)
                case _:
                    self._grading.answer(task)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as problem:
            self._fail(task, problem)
            if isinstance(problem, MemoryError | DeviceExhausted):
                gc.collect()

    def _differentiate(self, task: Frame, started: float) -> None:
        stream = task.code in STREAMED
        parse = messages.parse_stream_request if stream else messages.parse_request
        name, question = parse(task.body, self._limits)
        for answer in self._differentiator.answer(question):
            now = time.monotonic()
            reply = messages.reply(name, answer, self._description.versions, started - task.moment, now - task.moment)
            if stream:
                reply = envelope.answer(name, envelope.RESPONSE, reply)
            if not messages.provisional(answer):
                self._reply(Kind.FINAL, reply)
                return
            self._reply(Kind.PROVISIONAL, reply)
        self._sender.send(Kind.DONE)

    def _reply(self, kind: Kind, reply: bytes, wait: float = 0.0) -> None:
        if len(reply) > self._largest:
            raise ReplyTooLargeError
        self._sender.send(kind, reply, moment=wait)

    def _fail(self, task: Frame, problem: BaseException) -> None:
        match problem:
            case Refusal():
                failure = errors.refusal(problem)
            case DeviceExhausted() | MemoryError():
                failure = errors.failure("DEVICE_OUT_OF_MEMORY")
            case ReplyTooLargeError():
                failure = errors.failure("REPLY_TOO_LARGE")
            case _:
                traceback.print_exception(problem)
                sys.stderr.flush()
                failure = errors.failure("INTERNAL")
        if task.code in STREAMED:
            status = envelope.answer(envelope.request_id(task.body), envelope.STATUS, failure.status)
            self._sender.send(Kind.FINAL, status)
        else:
            self._sender.send(Kind.FAILURE, failure.status, failure.message, code=failure.code)


class ReplyTooLargeError(Exception):
    """The reply would not pass through gRPC."""
