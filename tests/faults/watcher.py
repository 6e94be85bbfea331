"""Asks for the service's health all the time, and compares it with the processes that there are."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import grpc
import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from .clients import OPTIONS, PATIENCE
from .ledger import Ledger
from .service import Service

#: Seconds between two checks, and after how many answers the service has noticed that its last worker is dead: the
#: slower the machine, the longer they take.
EVERY, NOTICE = 0.02, 15


class Watcher:
    """Counts health's answers; SERVING while there is no worker is a violation."""

    def __init__(self, service: Service, ledger: Ledger) -> None:
        self._service, self._ledger = service, ledger
        self.answers: Counter[str] = Counter()
        self.without_worker = 0
        self.slowest = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Asks until told to stop."""
        async with grpc.aio.insecure_channel(self._service.target, options=OPTIONS) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            body = HealthCheckRequest().SerializeToString()
            alone = 0
            while not stop.is_set():
                started = time.monotonic()
                alone = 0 if self._service.workers() else alone + 1
                try:
                    answer = HealthCheckResponse.FromString(await check(body, timeout=PATIENCE))
                except grpc.aio.AioRpcError as error:
                    self._ledger.violations.append(f"health did not answer: {error.code().name}")
                    continue
                name = HealthCheckResponse.ServingStatus.Name(answer.status)
                self.answers[name] += 1
                self.slowest = max(self.slowest, time.monotonic() - started)
                if alone > NOTICE and not self._service.workers():
                    self.without_worker += 1
                    if name == "SERVING":
                        self._ledger.violations.append("health was SERVING without a worker")
                await asyncio.sleep(EVERY)
