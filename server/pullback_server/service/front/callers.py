"""Who calls: the name of a token's bearer or the address of a peer, the request's id, and the trace it is part of."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import count
from typing import NamedTuple
from urllib.parse import unquote

from .tokens import Tokens, identify

#: The metadata in which a request's id comes and goes.
REQUEST_ID = "x-request-id"

_AUTHORIZATION, _TRACE = "authorization", "traceparent"
_SOUND = re.compile(r"[\w.:/-]{1,64}", re.ASCII)
_OURS, _NUMBERS = os.urandom(6).hex(), count(1)


class Caller(NamedTuple):
    """Who calls: `client` is empty where only the address is known; `trace` is a W3C traceparent or empty."""

    client: str
    request: str
    trace: str = ""


def new_id() -> str:
    """An id for a request that has none: unique among all services."""
    return f"{_OURS}{next(_NUMBERS):08x}"


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The id that the caller gave, where it is one, or a new one.

    >>> request_id([("x-request-id", "a1")])
    'a1'
    """
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and _SOUND.fullmatch(value):
            return value
    return new_id()


def caller(metadata: Iterable[tuple[str, str | bytes]], tokens: Tokens | None) -> Caller:
    """Who calls, by the call's metadata; raises UnknownBearer.

    >>> caller([("x-request-id", "a1")], None)
    Caller(client='', request='a1', trace='')
    """
    headers, request, trace = [], "", ""
    for key, value in metadata:
        if key == _AUTHORIZATION:
            headers.append(value)
        elif key == REQUEST_ID:
            request = request_id(((key, value),))
        elif key == _TRACE and isinstance(value, str):
            trace = value
    return Caller(identify(headers, tokens), request or new_id(), trace)


@lru_cache(maxsize=4096)
def address(peer: str) -> str:
    """The address in what gRPC calls a peer; for IPv6 the network that one customer has, so that it counts as one.

    >>> address("ipv4:127.0.0.1:53422"), address("ipv6:%5B2001:db8::1%5D:80"), address("unix:")
    ('127.0.0.1', '2001:db8::/64', 'unix:')
    """
    kind, _, rest = peer.partition(":")
    host = unquote(rest).rpartition(":")[0].strip("[]")
    if kind != "ipv6":
        return host or peer
    try:
        found = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))
