"""One storm: for each kind of log a service, a calm to measure it in, faults under load, and a calm to compare with."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from .clients import Crowd
from .faults import TERMS, Blows
from .ledger import Ledger
from .proxy import Manner, Proxy
from .service import WORKERS, Holdings, Log, Service, running
from .watcher import Watcher

#: Seconds that the service has to be whole again after the storm, and of load before it is measured the first time.
CALM, WARM = 60.0, 3.0
#: What the front may have grown by: caches that fill, and an allocator that keeps what it was given.
GROWTH = 96 * 2**20


@dataclass
class Outcome:
    """The figures of a storm, over all lives of the service."""

    seconds: float = 0.0
    clients: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    strikes: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    health: Counter[str] = field(default_factory=Counter)
    health_without_worker: int = 0
    slowest_health: float = 0.0
    holdings: list[tuple[Log, Holdings, Holdings]] = field(default_factory=list)


async def storm(seconds: float, clients: int, seed: str) -> Outcome:
    """A storm of so many seconds, in as many parts as there are kinds of log."""
    outcome = Outcome(clients=clients)
    for log in Log:
        with running(";".join(TERMS), log) as service:
            violations_before = len(outcome.ledger.violations)
            await _part(service, log, seconds / len(Log), clients, f"{seed}-{log.name.lower()}", outcome)
            if len(outcome.ledger.violations) > violations_before:
                print(service.log())
    return outcome


async def _part(service: Service, log: Log, seconds: float, clients: int, seed: str, outcome: Outcome) -> None:
    chance, ledger = random.Random(seed), outcome.ledger
    proxy, blows = Proxy(service.port, chance), Blows(service, chance)
    targets = {manner.value: await proxy.listen(manner) for manner in Manner} | {"direct": service.target}
    watcher = Watcher(service, ledger)

    await _load(ledger, f"{seed}-calm", targets, clients, WARM)
    before = await _calm(service, None)
    stop = asyncio.Event()
    faults = asyncio.gather(blows.run(stop), watcher.run(stop))
    began = time.monotonic()
    await _load(ledger, f"{seed}-storm", targets, clients, seconds)
    outcome.seconds += time.monotonic() - began
    stop.set()
    await faults
    await proxy.close()

    after = await _calm(service, before)
    if not service.alive():
        ledger.violations.append("the service ended")
    code, left = service.end()
    _compare(log, before, after, ledger)
    if code or left:
        ledger.violations.append(f"the service ended with code {code} and left {len(left)} processes behind")
    if ledger.open:
        ledger.violations.append(f"{len(ledger.open)} requests have no final status")
        ledger.open.clear()
    outcome.strikes += service.strikes()
    outcome.blows += blows.dealt
    outcome.connections += proxy.broken
    outcome.health += watcher.answers
    outcome.health_without_worker += watcher.without_worker
    outcome.slowest_health = max(outcome.slowest_health, watcher.slowest)
    outcome.holdings.append((log, before, after))


async def _load(ledger: Ledger, seed: str, targets: dict[str, str], clients: int, seconds: float) -> None:
    """So many clients for so many seconds, and then until each has its last answer."""
    crowd = Crowd(ledger, seed, targets)
    load = asyncio.create_task(crowd.run(clients))
    await asyncio.wait((load,), timeout=seconds)
    crowd.stop.set()
    await load


async def _calm(service: Service, before: Holdings | None) -> Holdings:
    """What the service holds once nothing changes any more: as few files and processes as before, or time is up."""
    until = time.monotonic() + CALM
    while True:
        await asyncio.sleep(1)
        now = service.holdings()
        # While it starts a worker the fork server holds a file or two more, until the front has them.
        whole = before is None or (
            now.files <= before.files
            and now.fork_server_files <= before.fork_server_files
            and now.processes == before.processes
            and not now.zombies
        )
        if (whole and len(service.workers()) == WORKERS) or time.monotonic() > until:
            return now


def _compare(log: Log, before: Holdings, after: Holdings, ledger: Ledger) -> None:
    for name in ("processes", "zombies", "files", "fork_server_files", "shared_memory"):
        was, is_ = getattr(before, name), getattr(after, name)
        if is_ > was:
            ledger.violations.append(f"with the log in {log.value}: {name} grew from {was} to {is_}")
    if after.buffers > WORKERS:
        ledger.violations.append(f"with the log in {log.value}: {after.buffers} buffers for {WORKERS} workers")
    if after.resident - before.resident > GROWTH:
        ledger.violations.append(f"the front grew by {(after.resident - before.resident) >> 20} MiB")
