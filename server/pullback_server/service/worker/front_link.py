"""The front as a worker sees it: tasks, the closed forms that all workers share, and the admission of large tasks."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator

from ...verdict import FormOverBudget
from .. import failpoints
from ..protocol import channel
from ..protocol.channel import FormLookup, Frame, FrameKind

_ASKED = failpoints.at("worker.asked")
_FORM_ASKED, _FORM_DERIVED = map(failpoints.at, ("worker.form_asked", "worker.form_derived"))


#: Bytes, and multiplications and additions, that take no time worth speaking of.
LITTLE_MEMORY, LITTLE_WORK = 2**20, 2**20


class FrontLink:
    """A worker's end of the pipe to the front."""

    def __init__(self, pipe: socket.socket, share: tuple[int, int]) -> None:
        """`share` is the memory and work that a task may need without being admitted first."""
        self._pipe, self._share = pipe, share
        self._receiver, self.sender = channel.Receiver(mapped=True), channel.Sender(pipe)
        self._tasks: deque[Frame] = deque()

    def tasks(self) -> Iterator[Frame]:
        """The tasks, until the front closes the pipe; the answers to those that were sent together are sent so too."""
        while (frame := self._receiver.receive(self._pipe)) is not None:
            # The front sends tasks when it has taken the answers to those before them.
            self.sender.renew()
            self._tasks.extend(channel.apart(frame))
            if len(self._tasks) > 1:
                self.sender.hold()
            while self._tasks:
                yield self._tasks.popleft()
            self.sender.release()

    def take_time(self) -> None:
        """Says before something that may take long that the present task does, so that no other waits for it.

        The tasks that were sent with it go back to the front, and the answers to those before it are sent.
        """
        if self._tasks:
            self._tasks.clear()
            self.sender.send(FrameKind.LONG_TASK)
        self.sender.release()

    def get(self, key: str) -> bytes | None:
        """The form of that key, or None; raises FormOverBudget where deriving it was given up lately."""
        self.take_time()
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
        self.take_time()
        self.sender.send(FrameKind.FORM_PUT, form, key)

    def admit(self, memory: int, work: int) -> None:
        """Waits until a task of that estimated memory and work may be computed beside those of other workers."""
        _ASKED()
        if memory > LITTLE_MEMORY or work > LITTLE_WORK:
            self.take_time()
        if memory > self._share[0] or work > self._share[1]:
            self.sender.send(FrameKind.REQUEST_ADMISSION, note=f"{memory} {work}")
            self._receive_answer()

    def _receive_answer(self) -> Frame:
        frame = self._receiver.receive(self._pipe)
        if frame is None:
            raise BrokenPipeError("the front is gone")
        return frame
