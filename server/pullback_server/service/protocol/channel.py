"""The private pipe between the front and one worker: frames over a socket pair, large bodies in a memfd."""

from __future__ import annotations

import array
import mmap
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

#: A body above this many bytes goes through a memfd instead of the socket.
INLINE = 256 * 1024

#: A memfd up to this many bytes is kept for the next body: writing into fresh pages takes four times as long.
KEPT = 32 * 2**20

# kind, 1 where the body is in a memfd, code, length of the note, length of the body, seconds, the two leg_seconds
_HEAD = struct.Struct("<BBHIQddd")
_LARGEST = _HEAD.size + 2048 + INLINE
#: Frames of no more bytes altogether are sent together.
JOINED = 64 * 1024
_DESCRIPTOR = array.array("i").itemsize

#: Bytes, which may lie in a memfd.
Buffer = bytes | memoryview


@dataclass(frozen=True)
class Pieces:
    """A body whose pieces are joined where it is sent; its length is in bytes.

    >>> len(Pieces((b"one", b"two")))
    6
    """

    pieces: tuple[Buffer, ...]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))


#: Seconds spent in the numeric leg and in the symbolic leg.
LegSeconds = tuple[float, float]
NO_LEGS: LegSeconds = (0.0, 0.0)


class FrameKind(IntEnum):
    """What a frame says."""

    TASK = 1  # to the worker: code = the Method, seconds = arrival (CLOCK_MONOTONIC), note = request id, body = request
    FORM = 2  # to the worker, after FORM_GET: code = a FormLookup, body = form
    READY = 3  # from here on to the front: the worker is warm
    FORM_GET = 4  # note = key
    FORM_PUT = 5  # note = key, body = form
    PROVISIONAL = 6  # body = the reply if no better one comes in time, code = how many came before it, seconds = how
    #                  long to wait for a better one, 0 as configured, leg_seconds
    DONE = 7  # the provisional reply is the final one; note and leg_seconds as in FINAL
    FINAL = 8  # body = reply, code = gRPC status inside it, note = where its form came from or why it failed,
    #            leg_seconds
    FAILURE = 9  # code = gRPC status, note = reason and message on a line each, body = google.rpc.Status
    REQUEST_ADMISSION = 10  # the task needs more than a worker's share: note = bytes and units of work
    ADMITTED = 11  # to the worker, after REQUEST_ADMISSION: its task is admitted
    RETIRE = 12  # the worker wants to be replaced: note = why
    TOGETHER = 13  # both ways: body = frames, one after the other; tasks are answered in order
    LONG_TASK = 14  # the task takes its time: the tasks that were sent with it and come after it are not begun


class Method(IntEnum):
    """What a task asks for."""

    DIFFERENTIATE = 0  # body = DifferentiateRequest, answered by DifferentiateResponse
    DIFFERENTIATE_MANY = 1  # body = DifferentiateManyRequest, answered by DifferentiateManyResponse, refusals too
    DESCRIBE = 2  # body = DescribeLanguageRequest, answered by DescribeLanguageResponse
    GRADE = 3  # body = GradeRequest, answered by GradeResponse
    GRADE_MANY = 4  # body = GradeManyRequest, answered by GradeManyResponse, refusals too
    REPLAY = 5  # body = ReplayRequest, answered by ReplayResponse


class FormLookup(IntEnum):
    """What the front knows of a closed form."""

    MISSING = 0
    PRESENT = 1
    OVER_BUDGET = 2


@dataclass(slots=True)
class Frame:
    """One message of the pipe.

    `note` is a short string and `body` opaque bytes; `FrameKind` says what they and the numbers mean.
    """

    kind: int
    body: Buffer = b""
    note: str = ""
    code: int = 0
    seconds: float = 0.0
    leg_seconds: LegSeconds = NO_LEGS


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a pipe that keeps frames apart and can carry descriptors."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * INLINE)
    return ends


#: The frames whose kept memfd serves again: the other end has taken it before the next task begins.
_KEPT_KINDS = frozenset((FrameKind.TASK, FrameKind.PROVISIONAL, FrameKind.FINAL))


class Sender:
    """Sends frames over one end of a pipe, which it leaves open; its memfds end with `close`.

    >>> near, far = pair()
    >>> Sender(near).send(FrameKind.FORM_PUT, b"form", "key")
    >>> Receiver().receive(far)
    Frame(kind=5, body=b'form', note='key', code=0, seconds=0.0, leg_seconds=(0.0, 0.0))
    >>> near.close(), far.close()
    (None, None)
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._memories: dict[int, int] = {}
        self._lent: set[int] = set()
        self._holding = False
        self._held: list[bytes] = []
        self._held_bytes = 0

    def send(
        self,
        kind: int,
        body: Buffer | Pieces = b"",
        note: str = "",
        *,
        code: int = 0,
        seconds: float = 0.0,
        leg_seconds: LegSeconds = NO_LEGS,
    ) -> None:
        """Sends or holds one frame. Raises OSError where the other end is gone, BlockingIOError where it is full."""
        note_bytes = note.encode()
        size, in_memfd = len(body), len(body) > INLINE
        head = _HEAD.pack(kind, in_memfd, code, len(note_bytes), size, seconds, *leg_seconds)
        pieces = body.pieces if isinstance(body, Pieces) else (body,)
        length = len(head) + len(note_bytes) + size
        if self._held_bytes + length > JOINED:
            self._send_held()
        if in_memfd:
            self._send_large(kind, head + note_bytes, pieces, size)
        elif self._holding and length <= JOINED:
            self._held += (head, note_bytes, *map(bytes, pieces))
            self._held_bytes += length
        else:
            self._end.sendmsg((head, note_bytes, *pieces))

    def hold(self) -> None:
        """Holds small frames from now on, to send them together."""
        self._holding = True

    def release(self) -> None:
        """Sends the frames that are held, and each further one at once."""
        self._holding = False
        self._send_held()

    def _send_held(self) -> None:
        if self._held:
            body = b"".join(self._held)
            self._held.clear()
            self._held_bytes = 0
            self._end.sendmsg((_HEAD.pack(FrameKind.TOGETHER, False, 0, 0, len(body), 0.0, *NO_LEGS), body))

    def renew(self) -> None:
        """Says that the other end has taken all that was sent, so that the kept memfds are free again."""
        self._lent.clear()

    def _send_large(self, kind: int, head: bytes, pieces: Sequence[Buffer], size: int) -> None:
        kept = kind in _KEPT_KINDS and kind not in self._lent and size <= KEPT
        memory = self._memories.get(kind, -1) if kept else -1
        if memory < 0:
            memory = os.memfd_create("pullback", os.MFD_CLOEXEC)
            if kept:
                self._memories[kind] = memory
        if kept:
            self._lent.add(kind)
        try:
            position = 0
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    written = os.pwrite(memory, view, position)
                    view, position = view[written:], position + written
            socket.send_fds(self._end, (head,), (memory,))
        finally:
            if not kept:
                os.close(memory)

    def close(self) -> None:
        """Closes the kept memfds."""
        for memory in self._memories.values():
            os.close(memory)
        self._memories.clear()


class Receiver:
    """Receives frames into one buffer, used for each of them, so that a small frame allocates little."""

    def __init__(self, *, mapped: bool = False) -> None:
        """`mapped` leaves a large body in its memfd, which the other end must neither shorten nor write until then."""
        self._mapped = mapped
        self._buffer = bytearray(_LARGEST)
        self._view = memoryview(self._buffer)

    def receive(self, end: socket.socket) -> Frame | None:
        """The next frame, or None where the other end is closed. Raises BlockingIOError where there is none yet."""
        size, ancillary, _, _ = end.recvmsg_into((self._buffer,), socket.CMSG_SPACE(_DESCRIPTOR), 0)
        if size < _HEAD.size:
            return None
        frame, length = _frame(self._view[:size])
        if length > size:
            frame.body = _read_memfd(ancillary[0][2], length - size, self._mapped)
        return frame


def apart(frame: Frame) -> Iterator[Frame]:
    """The frames that were sent together, or the one that was sent alone.

    >>> near, far = pair()
    >>> sender = Sender(near)
    >>> sender.hold(), sender.send(FrameKind.TASK, b"one"), sender.send(FrameKind.TASK, b"two"), sender.release()
    (None, None, None, None)
    >>> [bytes(each.body) for each in apart(Receiver().receive(far))]
    [b'one', b'two']
    >>> near.close(), far.close()
    (None, None)
    """
    if frame.kind != FrameKind.TOGETHER:
        yield frame
        return
    left = memoryview(frame.body)
    while left:
        each, length = _frame(left)
        left = left[length:]
        yield each


def _frame(data: memoryview) -> tuple[Frame, int]:
    """The frame at the start of the bytes, and its length: more than there is where its body is in a memfd."""
    kind, _, code, note_size, body_size, seconds, numeric, symbolic = _HEAD.unpack_from(data)
    start = _HEAD.size + note_size
    end = start + body_size
    note = str(data[_HEAD.size : start], "utf-8") if note_size else ""
    return Frame(kind, bytes(data[start:end]), note, code, seconds, (numeric, symbolic)), end


def _read_memfd(ancillary: bytes, size: int, mapped: bool) -> Buffer:
    (memory,) = array.array("i", ancillary[:_DESCRIPTOR])
    try:
        if mapped:
            return memoryview(mmap.mmap(memory, size, prot=mmap.PROT_READ))
        body = os.pread(memory, size, 0)
        if len(body) != size:
            raise OSError(f"read {len(body)} bytes from a memfd that should hold {size}")
        return body
    finally:
        os.close(memory)
