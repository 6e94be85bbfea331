"""A TCP proxy on the loopback interface in front of the service, which cuts, stalls and slows connections."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from contextlib import suppress
from enum import Enum


class Manner(Enum):
    """How the proxy treats a connection."""

    CUT = "cut"  # reset after a while, in the middle of whatever is on its way
    VANISH = "vanish"  # after a while nothing more goes either way, and much later it is reset
    SLOW = "slow"  # a few kilobytes a second come back


#: Seconds until a connection is cut or falls silent: from, to.
LIFE = (0.2, 3.0)
#: Seconds of silence before a connection that fell silent is reset.
SILENCE = 3.0
#: Bytes that a slow connection carries at once, and the seconds between.
SIP, PAUSE = 4096, 0.05


class Proxy:
    """Listens on a port of its own for each manner, and passes on to the service."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._port, self._chance = port, chance
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.broken: Counter[str] = Counter()

    async def listen(self, manner: Manner) -> str:
        """The target at which the service is reached in that manner."""
        server = await asyncio.start_server(lambda r, w: self._accept(manner, r, w), "127.0.0.1", 0)
        self._servers.append(server)
        return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Listens no more, and resets what is left."""
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, manner: Manner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass_on(manner, reader, writer)
        except (OSError, asyncio.CancelledError):
            return  # the service takes no connections, one end is gone, or the proxy closes
        finally:
            _reset(writer)
            self._tasks.discard(task)

    async def _pass_on(self, manner: Manner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        sip, pause = (SIP, PAUSE) if manner is Manner.SLOW else (65536, 0)
        there, back = _pump(reader, far_writer), _pump(far_reader, writer, sip, pause)
        pumps = {asyncio.create_task(there), asyncio.create_task(back)}
        try:
            life = None if manner is Manner.SLOW else self._chance.uniform(*LIFE)
            _, going = await asyncio.wait(pumps, timeout=life, return_when=asyncio.FIRST_COMPLETED)
            if manner is Manner.VANISH and going == pumps:
                for pump in pumps:
                    pump.cancel()
                await asyncio.sleep(SILENCE)
            self.broken[manner.value] += 1
        finally:
            for pump in pumps:
                pump.cancel()
            _reset(far_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sip: int = 65536, pause: float = 0) -> None:
    try:
        while data := await reader.read(sip):
            writer.write(data)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
    except OSError:
        return


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes a connection as a machine that crashed does: with a reset, and without notice."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
