"""The load: clients of several kinds that send one request after another and enter its outcome in the ledger."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count

import grpc
import grpc.aio
from google.rpc.code_pb2 import Code
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

    async def _client(self, number: int, name: str) -> None:
        manner, act = _KINDS[name]
        asked = count(1)
        async with grpc.aio.insecure_channel(self._targets[manner], options=OPTIONS) as channel:
            client = _Client(self._ledger, channel, random.Random(f"{self._seed} {number}"), name, manner == "direct")
            while not self.stop.is_set():
                await act(client, f"{self._seed}-{number}-{next(asked)}")


@dataclass(frozen=True)
class _Client:
    """One client, on a connection of its own; nothing is done to the connection where it is `connected`."""

    ledger: Ledger
    channel: grpc.aio.Channel
    chance: random.Random
    kind: str
    connected: bool

    async def call(self, identity: str, patience: float = PATIENCE) -> None:
        question = self._ask(identity)
        started = time.monotonic()
        method = self.channel.unary_unary(f"{_SERVICE}/Differentiate")
        try:
            body = await method(question.message.SerializeToString(), timeout=patience)
        except grpc.aio.AioRpcError as error:
            self._refuse(identity, *code_and_reason(error))
            await self._wait_before_retry(error.code())
        else:
            self.ledger.answer(self.kind, identity, body, time.monotonic() - started)

    async def change_its_mind(self, identity: str) -> None:
        """Cancels its call: the final status is its own."""
        message = self._ask(identity).message
        call = self.channel.unary_unary(f"{_SERVICE}/Differentiate")(message.SerializeToString(), timeout=PATIENCE)
        await asyncio.sleep(self.chance.expovariate(100))
        call.cancel()
        with suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
            await call
        self.ledger.refuse(self.kind, identity, "CANCELLED", "", connected=False)
        await asyncio.sleep(self.chance.uniform(0, 0.2))

    async def stream(self, identity: str) -> None:
        """A stream; where it ends before its time, that is the final status of all that it has not answered."""
        questions = [self._ask(f"{identity}-{k}") for k in range(OF_STREAM)]
        started = time.monotonic()
        code, reason = "UNKNOWN", "the stream ended early"
        call = self.channel.stream_stream(f"{_SERVICE}/DifferentiateMany")(_messages(questions), timeout=PATIENCE)
        try:
            async for body in call:
                answer = wire.DifferentiateManyResponse.FromString(body)
                if answer.WhichOneof("result") == "response":
                    reply = answer.response.SerializeToString()
                    self.ledger.answer(self.kind, answer.id, reply, time.monotonic() - started)
                else:
                    self._refuse(answer.id, Code.Name(answer.status.code), reason_of(answer.status))
        except grpc.aio.AioRpcError as error:
            code, reason = code_and_reason(error)
            await self._wait_before_retry(error.code())
        for question in questions:
            if question.message.id in self.ledger.open:
                self._refuse(question.message.id, code, reason)

    def _ask(self, identity: str) -> Question:
        question = ask(identity, self.chance)
        self.ledger.ask(question)
        return question

    def _refuse(self, identity: str, code: str, reason: str) -> None:
        self.ledger.refuse(self.kind, identity, code, reason, connected=self.connected)

    async def _wait_before_retry(self, code: grpc.StatusCode) -> None:
        """A caller that is told to retry later waits."""
        if code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE):
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))


async def _messages(questions: list[Question]) -> AsyncIterator[bytes]:
    for question in questions:
        yield wire.DifferentiateManyRequest(request=question.message).SerializeToString()


#: Each kind of client: the way that it takes to the service, and what it does with it.
_KINDS: dict[str, tuple[str, Callable[[_Client, str], Awaitable[None]]]] = {
    "plain caller": ("direct", _Client.call),
    "stream": ("direct", _Client.stream),
    "hurried caller": ("direct", partial(_Client.call, patience=HURRY)),
    "fickle caller": ("direct", _Client.change_its_mind),
    "cut caller": ("cut", _Client.call),
    "cut stream": ("cut", _Client.stream),
    "vanishing stream": ("vanish", _Client.stream),
    "slow caller": ("slow", _Client.call),
}
