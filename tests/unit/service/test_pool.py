"""A place is never left empty nor taken twice, in whatever order its workers come, are superseded and die."""

import asyncio
import random

import pytest
from pullback_server.service import Config
from pullback_server.service.front import pool
from pullback_server.service.protocol.channel import FrameKind, Sender


class Harness:
    """A pool, and all that it talks to: the launcher, the listener, and the workers by the ends of their pipes."""

    def __init__(self, monkeypatch):
        monkeypatch.setattr(pool, "Launcher", lambda config, on_exit: self)
        self.pid, self.ends = 0, {}
        self.pool = pool.Pool(Config(workers=2), self)

    # What a launcher does.
    async def start(self):
        return ("cpu",)

    def launch(self, far, settings, on_start):
        self.ends[self.pool.workers[-1]] = far

    def check_exit(self):
        return False

    def close(self):
        for end in self.ends.values():
            end.close()

    # What a listener is told.
    def on_frame(self, worker, frame): ...

    def on_idle(self, worker): ...

    def on_death(self, worker, blameless): ...

    def on_change(self): ...

    def on_superseded(self, worker):
        worker.superseded = True

    # What workers do.
    def send(self, worker, kind):
        if self.ends[worker].fileno() >= 0:  # a dead worker of which the pool does not know yet sends nothing
            Sender(self.ends[worker]).send(kind)

    def die(self, worker):
        self.ends[worker].close()

    def act(self, chance):
        """One worker does what one in its state may do."""
        worker = chance.choice(self.pool.workers)
        if chance.random() < 0.5:
            self.die(worker)
        elif worker.superseded:
            self.pool.end(worker)
        else:
            self.send(worker, FrameKind.RETIRE if worker.ready else FrameKind.READY)

    async def rest(self):
        """Every worker that warms up becomes ready, every superseded one ends."""
        for _ in range(4):
            for worker in self.pool.workers:
                if worker.superseded:
                    self.pool.end(worker)
                elif not worker.ready:
                    self.send(worker, FrameKind.READY)
            await settle()


async def settle():
    for _ in range(4):
        await asyncio.sleep(0)


@pytest.fixture
async def harness(monkeypatch):
    monkeypatch.setattr(pool, "BACK_OFF", (0.0, 0.0))
    harness = Harness(monkeypatch)
    starting = asyncio.create_task(harness.pool.start())
    await settle()
    await harness.rest()
    await starting
    yield harness
    harness.pool.close()


@pytest.mark.parametrize("seed", range(40))
async def test_each_place_has_one_worker_once_everything_is_at_rest(harness, seed):
    chance = random.Random(seed)
    for _ in range(30):
        for _ in range(chance.randrange(1, 12)):
            if harness.pool.workers:
                harness.act(chance)
            if chance.random() < 0.7:
                await settle()
        await settle()
        await harness.rest()
        assert sorted(worker.place for worker in harness.pool.workers) == [0, 1]


async def test_a_superseded_worker_that_dies_after_its_successor_is_not_replaced(harness):
    predecessor = harness.pool.workers[0]
    harness.send(predecessor, FrameKind.RETIRE)
    await settle()
    harness.send(predecessor.successor, FrameKind.READY)
    await settle()
    assert predecessor.superseded
    harness.die(predecessor.successor)
    await settle()
    harness.die(predecessor)
    await settle()
    await harness.rest()
    assert sorted(worker.place for worker in harness.pool.workers) == [0, 1]
