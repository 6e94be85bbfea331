"""A closed form that another worker has derived, at other sizes: how much of sympy still runs, and for how long."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import numpy as np
from pullback import Client
from pullback_server.verdict import DerivativeKind, Differentiator, Notation, Request

from .bounds import SYMPY_WORK
from .expressions import softmax
from .pairs import Effort, Finding, absolute
from .servers import Servers, service

#: Sizes after the first; at 5, and 5 only, the Jacobian is small enough for its entries to be written out.
SIZES = (5, 65, 1000, 10**5)


def forms(_: Servers, effort: Effort) -> Iterator[Finding]:
    """In process, the calls into sympy by a fresh worker with the service's forms; then a service, from outside."""
    for n in SIZES:
        yield _sympy_calls(n)
    yield from _origins(effort)


def _softmax(n: int) -> Request:
    request = softmax(n).request()
    return Request(request.expression, request.inputs, request.upstream, frozenset(Notation))


def _sympy_calls(n: int) -> Finding:
    store = _Store()
    list(Differentiator("cpu", forms=store).respond(_softmax(3)))
    fresh = Differentiator("cpu", forms=store)
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_globals.get("__name__", "").startswith("sympy.")

    sys.setprofile(count)
    try:
        *_, last = fresh.respond(_softmax(n))
    finally:
        sys.setprofile(None)
    written_out = last.derivatives[0].formula(DerivativeKind.JACOBIAN, Notation.ENTRIES)
    entries = "entries written out" if written_out else "no entries"
    origin = last.form_origin.name if last.form_origin else "none"
    what = f"calls into sympy, softmax(x) at {n:,} after 3, another worker"
    return absolute(what, np.array([float(calls)]), SYMPY_WORK, " calls", f"form from {origin}, {entries}")


class _Store:
    """A service's forms, in process."""

    def __init__(self) -> None:
        forms: dict[str, bytes] = {}
        self.get, self.put = forms.get, forms.__setitem__


def _origins(effort: Effort) -> Iterator[Finding]:
    """One request derives; then requests of other sizes, two at a time, so that both workers answer."""
    seconds: dict[str, list[float]] = defaultdict(list)
    with service("--workers", "2") as server, Client(server.target) as client, ThreadPoolExecutor(4) as threads:

        def ask(n: int) -> None:
            reply = client.differentiate("softmax(x)", {"x": np.zeros(n)}, np.ones(n))
            seconds[reply.form_origin.name].append(reply.timings.derive)

        ask(3)
        list(threads.map(ask, range(65, 65 + 4 * effort.rounds)))
    note = ", ".join(f"{origin} {len(figures)}" for origin, figures in sorted(seconds.items()))
    later = len(seconds["DERIVED"]) - 1
    yield absolute("forms derived again, two workers", np.array([float(later)]), SYMPY_WORK, " calls", note)
    for origin, figures in sorted(seconds.items()):
        yield absolute(f"time to the closed form, origin {origin}", np.array(figures))
