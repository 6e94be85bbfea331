"""What the front reads and writes of a stream's messages, without parsing the requests inside them.

DifferentiateMany and GradeMany number the fields of their messages alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import overload

from .channel import Buffer, Pieces

#: A message with more fields than this is not scanned further; the worker decides whether it is valid.
FIELDS = 1024

#: The numbers of the fields that hold the result of a DifferentiateManyResponse or a GradeManyResponse.
RESPONSE, STATUS = 2, 3

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def budget(message: Buffer) -> float | None:
    """The budget of a stream's request in seconds, or None where none can be read.

    >>> budget(bytes([0x12, 0x02, 0x08, 0x03]))
    3.0
    """
    seconds: float | None = None
    for number, value, _, _ in fields(memoryview(message)):
        if number == 2 and isinstance(value, memoryview):
            seconds = seconds or 0.0
            for part, amount, _, _ in fields(value):
                if isinstance(amount, int):
                    signed = amount - 2**64 if amount >= 2**63 else amount
                    seconds += {1: float(signed), 2: signed * 1e-9}.get(part, 0.0)
    return seconds


def request_id(message: Buffer) -> str:
    """The id of a stream's request, empty where none can be read.

    >>> request_id(bytes([0x0A, 0x04, 0x0A, 0x02]) + b"r1")
    'r1'
    """
    encoded = b""
    for number, request, _, _ in fields(memoryview(message)):
        if number == 1 and isinstance(request, memoryview):
            for part, value, _, _ in fields(request):
                if part == 1 and isinstance(value, memoryview):
                    encoded = bytes(value[:1024])
    return encoded.decode(errors="replace")[:256]


@overload
def stream_response(request_id: str, field: int, content: bytes) -> bytes: ...
@overload
def stream_response(request_id: str, field: int, content: bytes | Pieces) -> bytes | Pieces: ...
def stream_response(request_id: str, field: int, content: bytes | Pieces) -> bytes | Pieces:
    """A stream's response with that id whose field, RESPONSE or STATUS, holds the content."""
    name = request_id.encode()
    head = b"".join((field_head(1, len(name)), name, field_head(field, len(content))))
    return Pieces((head, *content.pieces)) if isinstance(content, Pieces) else head + content


@lru_cache(maxsize=2**12)
def field_head(number: int, size: int) -> bytes:
    """What stands before a field's content of so many bytes.

    >>> field_head(1, 300)
    b'\\n\\xac\\x02'
    """
    return _varint(number << 3 | _BYTES) + _varint(size)


def fields(message: memoryview, most: int = FIELDS) -> Iterator[tuple[int, int | memoryview, int, int]]:
    """The fields of a message up to the first invalid one: the number of each, its content, its start and its end.

    A varint is an integer, all else a view.
    """
    position = 0
    for _ in range(most):
        start = position
        tag, position = _read_varint(message, position)
        if position < 0:
            return
        kind, size = tag & 7, 0
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            if position < 0:
                return
            yield tag >> 3, value, start, position
            continue
        if kind == _BYTES:
            size, position = _read_varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            return
        if position < 0 or position + size > len(message):
            return
        position += size
        yield tag >> 3, message[position - size : position], start, position


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """The integer at a position and where it ends; the end is negative where there is none."""
    if position < len(message) and message[position] < 0x80:  # most have one byte
        return message[position], position + 1
    value = 0
    for shift, byte in enumerate(message[position : position + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, position + shift + 1
    return 0, -1


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
