"""Large contents beside their message: protobuf, which would copy them several times, has a token in their place.

A worker has one task at a time, so that what was attached before belongs to nobody when the next request is read.
"""

from __future__ import annotations

import os
from itertools import count
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from ..protocol import envelope
from ..protocol.channel import Buffer, Pieces
from ..protocol.decoding import decode

M = TypeVar("M", bound=Message)

#: A content of more bytes than this is attached.
LARGE = 64 * 1024

# Nobody outside knows the prefix, so that no request can hold a token.
_PREFIX, _NUMBERS = os.urandom(16), count()
_contents: dict[bytes, memoryview] = {}


def attach(content: memoryview) -> bytes:
    """The token that stands for a content of bytes.

    >>> detach(attach(memoryview(b"bytes"))).tobytes()
    b'bytes'
    """
    token = _PREFIX + next(_NUMBERS).to_bytes(8, "little")
    _contents[token] = content
    return token


def detach(data: bytes) -> bytes | memoryview:
    """What a token stands for, which is then forgotten; anything else as it is."""
    return _contents.pop(data, data)


def split(kind: type[M], body: Buffer) -> M:
    """The message of that kind that the bytes are, with tokens in place of its large contents.

    Raises Refusal where they are not one.
    """
    _contents.clear()
    return decode(kind, b"".join(_split(kind.DESCRIPTOR, memoryview(body))) if len(body) > LARGE else body)


def join(message: bytes) -> bytes | Pieces:
    """A message with the large contents in place of their tokens."""
    return Pieces(tuple(_join(memoryview(message)))) if _PREFIX in message else message


def _split(kind: Any, message: memoryview) -> list[Buffer]:
    pieces: list[Buffer] = []
    done = 0
    for number, content, start, end in envelope.fields(message):
        field = kind.fields_by_number.get(number)
        if not isinstance(content, memoryview) or len(content) <= LARGE or field is None:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            inner = b"".join(_split(field.message_type, content))
        elif field.type == FieldDescriptor.TYPE_BYTES:
            inner = attach(content)
        else:
            continue
        pieces += (message[done:start], envelope.field_head(number, len(inner)), inner)
        done = end
    return [*pieces, message[done:]]


def _join(message: memoryview) -> list[Buffer]:
    pieces: list[Buffer] = []
    done = 0
    for number, content, start, end in envelope.fields(message, len(message)):
        if not isinstance(content, memoryview) or _PREFIX not in bytes(content):
            continue
        token = content.tobytes()
        inner: list[Buffer] = [_contents.pop(token)] if token in _contents else _join(content)
        pieces += (message[done:start], envelope.field_head(number, sum(map(len, inner))), *inner)
        done = end
    return [*pieces, message[done:]]
