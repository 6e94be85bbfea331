"""The load: clients of several kinds that send one request after another and enter its outcome in the ledger."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import grpc
import grpc.aio
from pullback.v1 import derivative_pb2 as wire

from .ledger import Ledger, code_and_reason, reason_of
from .questions import Question, ask

#: Every client has a connection of its own, and nothing is retried: the service's first answer counts.
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)
_SERVICE = "/pullback.v1.DerivativeService"
#: Seconds that a caller waits, the hurried one and the others; the service's own limit is between the two.
HURRY, PATIENCE = 0.2, 60.0
#: Requests of one stream.
OF_STREAM = 20


class Crowd:
    """Clients that ask until they are told to stop; `targets` are where the service is reached, by manner."""

    def __init__(self, ledger: Ledger, seed: str, targets: dict[str, str]) -> None:
        self._ledger, self._seed, self._targets = ledger, seed, targets
        self.stop = asyncio.Event()

    async def run(self, clients: int) -> None:
        """So many clients, each of the next kind in turn; ends when each has its last answer."""
        kinds = tuple(_KINDS)
        await asyncio.gather(*(self._client(k, kinds[k % len(kinds)]) for k in range(clients)))

    async def _client(self, number: int, kind: str) -> None:
        chance = random.Random(f"{self._seed} {number}")
        manner, act = _KINDS[kind]
        asked = 0
        async with grpc.aio.insecure_channel(self._targets[manner], options=OPTIONS) as channel:
            while not self.stop.is_set():
                asked += 1
                identity = f"{self._seed}-{number}-{asked}"
                await act(self, channel, chance, kind, identity)

    async def _call(
        self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str, wait: float, connected: bool
    ) -> None:
        question = ask(identity, chance)
        self._ledger.ask(question)
        started = time.monotonic()
        method = channel.unary_unary(f"{_SERVICE}/Differentiate")
        try:
            body = await method(question.message.SerializeToString(), timeout=wait)
        except grpc.aio.AioRpcError as error:
            self._ledger.refuse(kind, identity, *code_and_reason(error), connected=connected)
            await _wait_before_retry(error.code(), chance)
        else:
            self._ledger.answer(kind, identity, body, time.monotonic() - started)

    async def _plain(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        await self._call(channel, chance, kind, identity, PATIENCE, connected=True)

    async def _broken(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        await self._call(channel, chance, kind, identity, PATIENCE, connected=False)

    async def _hurried(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        await self._call(channel, chance, kind, identity, HURRY, connected=True)

    async def _fickle(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        """A caller that changes its mind: its final status is its own."""
        question = ask(identity, chance)
        self._ledger.ask(question)
        call = channel.unary_unary(f"{_SERVICE}/Differentiate")(question.message.SerializeToString(), timeout=PATIENCE)
        await asyncio.sleep(chance.expovariate(100))
        call.cancel()
        with suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
            await call
        self._ledger.refuse(kind, identity, "CANCELLED", "", connected=False)
        await asyncio.sleep(chance.uniform(0, 0.2))

    async def _stream(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        await self._many(channel, chance, kind, identity, connected=True)

    async def _broken_stream(self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str) -> None:
        await self._many(channel, chance, kind, identity, connected=False)

    async def _many(
        self, channel: grpc.aio.Channel, chance: random.Random, kind: str, identity: str, connected: bool
    ) -> None:
        """A stream; where it ends before its time, that is the final status of all that it has not answered."""
        questions = {f"{identity}-{k}": ask(f"{identity}-{k}", chance) for k in range(OF_STREAM)}
        for question in questions.values():
            self._ledger.ask(question)
        started = time.monotonic()
        code, reason = "UNKNOWN", "the stream ended early"
        call = channel.stream_stream(f"{_SERVICE}/DifferentiateMany")(_messages(questions), timeout=PATIENCE)
        try:
            async for body in call:
                answer = wire.DifferentiateManyResponse.FromString(body)
                if answer.WhichOneof("result") == "response":
                    reply = answer.response.SerializeToString()
                    self._ledger.answer(kind, answer.id, reply, time.monotonic() - started)
                else:
                    name = _CODES[answer.status.code]
                    self._ledger.refuse(kind, answer.id, name, reason_of(answer.status), connected=connected)
        except grpc.aio.AioRpcError as error:
            code, reason = code_and_reason(error)
            await _wait_before_retry(error.code(), chance)
        for name in questions:
            if name in self._ledger.open:
                self._ledger.refuse(kind, name, code, reason, connected=connected)


async def _wait_before_retry(code: grpc.StatusCode, chance: random.Random) -> None:
    """A caller that is told to retry later waits."""
    if code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE):
        await asyncio.sleep(chance.uniform(0.05, 0.3))


async def _messages(questions: dict[str, Question]) -> AsyncIterator[bytes]:
    for question in questions.values():
        yield wire.DifferentiateManyRequest(request=question.message).SerializeToString()


_CODES = {status.value[0]: status.name for status in grpc.StatusCode}
_Act = Callable[[Crowd, grpc.aio.Channel, random.Random, str, str], Awaitable[None]]
#: Each kind of client: the way that it takes to the service, and what it does with it.
_KINDS: dict[str, tuple[str, _Act]] = {
    "plain caller": ("direct", Crowd._plain),
    "stream": ("direct", Crowd._stream),
    "hurried caller": ("direct", Crowd._hurried),
    "fickle caller": ("direct", Crowd._fickle),
    "cut caller": ("cut", Crowd._broken),
    "cut stream": ("cut", Crowd._broken_stream),
    "vanishing stream": ("vanish", Crowd._broken_stream),
    "slow caller": ("slow", Crowd._broken),
}
