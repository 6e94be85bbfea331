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

from .tokens import Tokens, bearer_name

#: The metadata in which a request's id comes and goes.
REQUEST_ID = "x-request-id"

_AUTHORIZATION, _TRACE = "authorization", "traceparent"
_VALID_ID = re.compile(r"[\w.:/-]{1,64}", re.ASCII)
#: Random for each process, so that ids are unique among all services.
_PREFIX, _NUMBERS = os.urandom(6).hex(), count(1)


class Caller(NamedTuple):
    """Who calls: `client` is empty where only the address is known; `trace` is a W3C traceparent or empty."""

    client: str
    request_id: str
    trace: str = ""


def new_id() -> str:
    """An id for a request that has none: unique among all services."""
    return f"{_PREFIX}{next(_NUMBERS):08x}"


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The id that the caller sent, where it is a valid one, or a new one.

    >>> request_id([("x-request-id", "a1")])
    'a1'
    """
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and _VALID_ID.fullmatch(value):
            return value
    return new_id()


def identify(metadata: Iterable[tuple[str, str | bytes]], tokens: Tokens | None) -> Caller:
    """Who calls, by the call's metadata; raises UnknownBearer.

    >>> identify([("x-request-id", "a1")], None)
    Caller(client='', request_id='a1', trace='')
    """
    headers, name, trace = [], "", ""
    for key, value in metadata:
        if key == _AUTHORIZATION:
            headers.append(value)
        elif key == REQUEST_ID:
            name = request_id(((key, value),))
        elif key == _TRACE and isinstance(value, str):
            trace = value
    return Caller(bearer_name(headers, tokens), name or new_id(), trace)


@lru_cache(maxsize=4096)
def address(peer: str) -> str:
    """The address in what gRPC calls a peer; for IPv6 the /64 network that one customer has, so that it counts once.

    >>> address("ipv4:127.0.0.1:53422"), address("ipv6:%5B2001:db8::1%5D:80"), address("unix:")
    ('127.0.0.1', '2001:db8::/64', 'unix:')
    """
    kind, _, rest = peer.partition(":")
    host = unquote(rest).rpartition(":")[0].strip("[]")
    if kind != "ipv6":
        return host or peer
    try:
        ipv6 = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(ipv6.ipv4_mapped or ipaddress.IPv6Network((int(ipv6), 64), strict=False))
