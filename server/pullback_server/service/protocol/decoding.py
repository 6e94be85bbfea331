"""Makes messages of bytes, and refuses bytes that are not a message."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from ...program import Reason, Refusal
from .channel import Buffer

M = TypeVar("M", bound=Message)


def decode(kind: type[M], body: Buffer) -> M:
    """The message of that kind that the bytes are; raises Refusal where they are not one."""
    try:
        return kind.FromString(bytes(body))
    except DecodeError:
        message, hint = f"the bytes are not a {kind.DESCRIPTOR.full_name}", "a protobuf message with UTF-8 strings"
        raise Refusal(Reason.MALFORMED_MESSAGE, message, "request", hint=hint) from None
