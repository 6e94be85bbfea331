"""How long one small request takes, one after another, against an echo of the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from pullback import Client, FormOrigin
from pullback.v1 import derivative_pb2
from pullback.wire.messages import reply_from

from .bounds import SMALL_REQUEST
from .pairs import Effort, Finding, by_round, interleave, p50, p99, ratio
from .requests import SMALL, encoded
from .servers import Servers


def latency(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """p50 and p99 of `3*a**3 - b**2` on two entries with check and notations, the closed form cached.

    Bytes over a plain channel, and values through the stock client, each against the same echo.
    """
    body = encoded(SMALL)
    send = servers.sender()
    reply = warmed(servers)
    echo = servers.echo_sender(len(reply))
    with Client(servers.service.target) as client:
        contenders = {
            "small request, bytes": lambda: send(body),
            "small request, stock client": lambda: client.differentiate(SMALL.expression, SMALL.inputs, SMALL.upstream),
        }
        times = interleave(*contenders.values(), lambda: echo(body), rounds=effort.rounds, calls=effort.calls)
    note = f"{len(body)} bytes out, {len(reply)} back"
    for statistic in (p50, p99):
        *candidate, baseline = by_round(times, statistic)
        bound = SMALL_REQUEST if statistic is p50 else None
        for what, figures in zip(contenders, candidate, strict=True):
            name = f"{what}, {statistic.__name__}"
            yield ratio(name, "bare echo, same bytes", figures, baseline, bound, note=note)


def warmed(servers: Servers) -> bytes:
    """The reply to the small request once the worker that answers it has its closed form."""
    send, body = servers.sender(), encoded(SMALL)
    calls = [send(body) for _ in range(20)]
    origin = reply_from(derivative_pb2.DifferentiateResponse.FromString(calls[-1])).form_origin
    assert origin is FormOrigin.WORKER, f"the closed form of a warm service came from {origin}"
    return calls[-1]
