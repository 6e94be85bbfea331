"""The front as a worker sees it: tasks, the closed forms that all workers share, and the admission of large tasks."""

from __future__ import annotations

import socket

from ...verdict import FormOverBudget
from .. import failpoints
from ..protocol import channel
from ..protocol.channel import FormLookup, Frame, FrameKind

_ASKED = failpoints.at("worker.asked")
_FORM_ASKED, _FORM_DERIVED = map(failpoints.at, ("worker.form_asked", "worker.form_derived"))


class FrontLink:
    """A worker's end of the pipe to the front."""

    def __init__(self, pipe: socket.socket, share: tuple[int, int]) -> None:
        """`share` is the memory and work that a task may need without being admitted first."""
        self._pipe, self._share = pipe, share
        self._receiver, self.sender = channel.Receiver(mapped=True), channel.Sender(pipe)

    def receive_task(self) -> Frame | None:
        """The next task, None where the front has closed the pipe."""
        task = self._receiver.receive(self._pipe)
        # The front sends a task when it has taken the answers to the one before it.
        self.sender.renew()
        return task

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None; raises FormOverBudget where deriving it was given up lately."""
        self.sender.send(FrameKind.FORM_GET, note=key)
        _FORM_ASKED()
        answer = self._receive_answer()
        match FormLookup(answer.code):
            case FormLookup.OVER_BUDGET:
                raise FormOverBudget(key)
            case FormLookup.PRESENT:
                return bytes(answer.body)
            case FormLookup.MISSING:
                return None

    def put(self, key: str, form: bytes) -> None:
        """Keeps a form for every worker."""
        _FORM_DERIVED()
        self.sender.send(FrameKind.FORM_PUT, form, key)

    def admit(self, memory: int, work: int) -> None:
        """Waits until a task of that estimated memory and work may be computed beside those of other workers."""
        _ASKED()
        if memory > self._share[0] or work > self._share[1]:
            self.sender.send(FrameKind.REQUEST_ADMISSION, note=f"{memory} {work}")
            self._receive_answer()

    def _receive_answer(self) -> Frame:
        frame = self._receiver.receive(self._pipe)
        if frame is None:
            raise BrokenPipeError("the front is gone")
        return frame
