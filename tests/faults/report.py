"""The figures of a storm as a person reads them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import numpy as np
from pullback_server.service.failpoints import POINTS

from .storm import Outcome

#: Violations that are shown; the others are counted.
SHOWN = 20


def print_report(outcome: Outcome) -> None:
    """Prints everything that was counted, and the violations last."""
    ledger = outcome.ledger
    total: Counter[str] = sum(ledger.statuses.values(), Counter())
    print(f"{outcome.seconds:.0f} s of faults under the load of {outcome.clients} clients")
    print(f"\n{sum(total.values())} requests, each with one final status; {ledger.right} OK replies, all right")
    _table(total)
    print("\nby client")
    for kind, statuses in sorted(ledger.statuses.items()):
        counts = ", ".join(f"{name} {count}" for name, count in statuses.most_common())
        print(f"  {kind}: {counts}")
    if ledger.latencies:
        p50, p99 = np.quantile(ledger.latencies, (0.5, 0.99))
        print("\nOK replies, in ms since the call or the stream began:", end=" ")
        print(f"p50 {p50 * 1e3:.0f}, p99 {p99 * 1e3:.0f}, longest {max(ledger.latencies) * 1e3:.0f}")
    print("\nfailpoints that struck")
    _table(Counter({point: outcome.strikes[point] for point in POINTS}))
    print("\nblows from outside")
    _table(outcome.blows)
    print("\nconnections that were broken")
    _table(outcome.connections)
    print(f"\nhealth, slowest answer {outcome.slowest_health * 1e3:.0f} ms")
    _table(outcome.health)
    print(f"{outcome.health_without_worker:8}  of them while there was no worker process")
    print("\nwhat the service held before and after")
    for log, before, after in outcome.holdings:
        pairs = zip(asdict(before).items(), asdict(after).values(), strict=True)
        changes = ", ".join(f"{name} {was} -> {is_}" for (name, was), is_ in pairs if name != "resident")
        print(f"  the log in {log.value}: {changes}, memory {before.resident >> 20} -> {after.resident >> 20} MiB")
    print(f"\nviolations: {len(ledger.violations)}")
    for violation in ledger.violations[:SHOWN]:
        print(f"  {violation}")


def _table(counts: Counter[str]) -> None:
    for name, count in counts.most_common():
        print(f"{count:8}  {name}")
