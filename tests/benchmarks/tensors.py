"""What a VJP without the check costs through the service: against an echo of the same bytes, and torch in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from .bounds import LARGE_TENSOR, TORCH_SHARE
from .pairs import Effort, Finding, by_round, interleave, ratio, torch_threads
from .requests import unchecked
from .servers import Servers

MILLION = 10**6


@dataclass(frozen=True)
class Case:
    """A VJP: its text, the same in torch, the entries of its input, and whether it has an upstream of that size."""

    expression: str
    torch: Callable[[torch.Tensor], torch.Tensor]
    entries: int
    upstream: bool = False


CASES = (
    Case("sum(x*x)", lambda x: (x * x).sum(), 10),
    Case("sum(x*x)", lambda x: (x * x).sum(), 10**4),
    Case("sum(x*x)", lambda x: (x * x).sum(), 125_000),
    Case("sum(x*x)", lambda x: (x * x).sum(), MILLION),
    Case("sum(x*x)", lambda x: (x * x).sum(), 4 * MILLION),
    Case("x**2", lambda x: x**2, MILLION, upstream=True),
)


def tensors(servers: Servers, effort: Effort) -> Iterator[Finding]:
    """float64 tensors of 80 bytes to 32 MB, the service, the echo and torch in turn, call by call.

    torch works on arrays that are at hand, with one thread as a worker on these cores has, and gives the same value and
    gradient.
    """
    with torch_threads(1):
        for case in CASES:
            yield from _findings(servers, effort, case)


def _findings(servers: Servers, effort: Effort, case: Case) -> Iterator[Finding]:
    random = np.random.default_rng(0)
    x = random.standard_normal(case.entries)
    upstream = random.standard_normal(case.entries) if case.upstream else None
    body = unchecked(case.expression, {"x": x}, upstream)
    send = servers.sender()
    size = len(send(body))
    echo = servers.echo_sender(size)
    seed = None if upstream is None else torch.from_numpy(upstream)

    def in_process() -> tuple[torch.Tensor, torch.Tensor]:
        leaf = torch.from_numpy(x).requires_grad_(True)
        value = case.torch(leaf)
        return value, torch.autograd.grad(value, leaf, seed)[0]

    calls = min(effort.calls, max(2, MILLION // case.entries))
    contenders = (lambda: send(body), lambda: echo(body), in_process)
    times = interleave(*contenders, rounds=effort.rounds, calls=calls, patience=effort.patience, warm_up=4)
    candidate, echoed, computed = by_round(times)
    name = f"{case.expression}, {_amount(case.entries)}" + (", upstream" if case.upstream else "")
    note = f"{len(body):,} bytes out, {size:,} back"
    yield ratio(name, "bare echo, same bytes", candidate, echoed, note=note)
    yield ratio(name, "torch in process", candidate, computed, note=note)
    bound = LARGE_TENSOR if case.entries == MILLION else None
    yield ratio(name, f"echo + {TORCH_SHARE} x torch", candidate, echoed + TORCH_SHARE * computed, bound, note=note)


def _amount(entries: int) -> str:
    size = 8 * entries
    return f"{entries:,} entries" + (f" ({size / 1e6:.3g} MB)" if size >= 1e6 else "")
