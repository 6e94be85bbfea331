"""The grading tasks of a worker: an undecided grade at once, in case no other comes in time, then the grade."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch

from ...grading import Grade, Grader
from ...program import Limits
from .. import failpoints
from ..protocol import envelope
from ..protocol.channel import Frame, FrameKind, Method
from ..protocol.methods import STREAMED
from ..wire import grading_messages

#: Seconds that a grade may take beyond its budget before its worker is ended.
OVERTIME = 0.5

_PARSED = failpoints.at("worker.parsed")


class Send(Protocol):
    """Sends a reply to the front."""

    def __call__(self, kind: FrameKind, reply: bytes, *, wait: float = 0.0) -> None:
        """For a provisional reply, `wait` is how many seconds a better one may take."""


class GradingTasks:
    """Answers the tasks of GradingService with one grader."""

    def __init__(self, grader: Grader, send: Send, versions: Mapping[str, str], limits: Limits) -> None:
        self._grader, self._send, self._versions, self._limits = grader, send, versions, limits

    def answer(self, task: Frame) -> None:
        """Sends the replies to one task; raises Refusal where its problem or token is not a valid one."""
        with _one_thread():
            if task.code == Method.REPLAY:
                token = grading_messages.parse_token(task.body)
                _PARSED()
                grade = self._grader.grade_again(token)
                self._send(FrameKind.FINAL, grading_messages.replay_reply(grade, self._versions))
            else:
                self._grade(task)

    def _grade(self, task: Frame) -> None:
        stream = task.code in STREAMED
        request_id, problem, answer = grading_messages.parse_request(task.body, self._limits, stream=stream)
        _PARSED()

        def reply(grade: Grade) -> bytes:
            total = time.monotonic() - task.seconds
            message = grading_messages.reply(request_id, grade, self._versions, total)
            return envelope.stream_response(request_id, envelope.RESPONSE, message) if stream else message

        # The grader keeps to the budget by itself; what it calls might not.
        wait = problem.policy.budget + OVERTIME
        self._send(FrameKind.PROVISIONAL, reply(grading_messages.unfinished(problem)), wait=wait)
        self._send(FrameKind.FINAL, reply(self._grader.grade(problem, answer)))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limits torch to one thread: on the many small tensors of grading, several threads take five times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
