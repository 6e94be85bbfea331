"""The grading tasks of a worker: an undecided grade at once, in case no other comes in time, then its stages."""

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

#: The least seconds that the front waits for a better reply; to it 0 means something else.
SOON = 1e-3

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

        end = time.monotonic() + problem.policy.budget

        def send(grade: Grade) -> None:
            now = time.monotonic()
            reply = grading_messages.reply(request_id, grade, self._versions, now - task.seconds)
            if stream:
                reply = envelope.stream_response(request_id, envelope.RESPONSE, reply)
            if grade.final:
                self._send(FrameKind.FINAL, reply)
            else:
                self._send(FrameKind.PROVISIONAL, reply, wait=max(end - now, SOON))

        send(grading_messages.unfinished(problem))
        for grade in self._grader.stages(problem, answer):
            send(grade)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limits torch to one thread: on the many small tensors of grading, several threads take five times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
