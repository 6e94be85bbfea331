"""A place is never left empty and never taken twice, in whatever order its workers come, are relieved and die."""

import asyncio
import random

import pytest
from pullback_server.service import Config
from pullback_server.service.front import pool
from pullback_server.service.protocol.channel import Kind, Sender


class House:
    """A pool, and all that it talks to: the launcher, the listener, and the workers by the ends of their pipes."""

    def __init__(self, monkeypatch):
        monkeypatch.setattr(pool, "Launcher", lambda config, on_exit: self)
        self.pid, self.ends = 0, {}
        self.pool = pool.Pool(Config(workers=2), self)

    # What a launcher does.
    async def start(self):
        return ("cpu",)

    def launch(self, far, wanted, started):
        self.ends[self.pool.workers[-1]] = far

    def gone(self):
        return False

    def close(self):
        for end in self.ends.values():
            end.close()

    # What a listener is told.
    def frame(self, worker, frame): ...

    def idle(self, worker): ...

    def died(self, worker, innocent): ...

    def changed(self): ...

    def relieved(self, worker):
        worker.relieved = True

    # What workers do.
    def say(self, worker, kind):
        if self.ends[worker].fileno() >= 0:  # the dead, of whom the pool has not heard, say nothing
            Sender(self.ends[worker]).send(kind)

    def die(self, worker):
        self.ends[worker].close()

    def act(self, chance):
        """One worker does what one in its state may do."""
        worker = chance.choice(self.pool.workers)
        if chance.random() < 0.5:
            self.die(worker)
        elif worker.relieved:
            self.pool.end(worker)
        else:
            self.say(worker, Kind.RETIRE if worker.ready else Kind.READY)

    async def rest(self):
        """Everyone who warms up becomes ready, everyone who was relieved ends."""
        for _ in range(4):
            for worker in self.pool.workers:
                if worker.relieved:
                    self.pool.end(worker)
                elif not worker.ready:
                    self.say(worker, Kind.READY)
            await settled()


async def settled():
    for _ in range(4):
        await asyncio.sleep(0)


@pytest.fixture
async def house(monkeypatch):
    monkeypatch.setattr(pool, "BACK_OFF", (0.0, 0.0))
    house = House(monkeypatch)
    starting = asyncio.create_task(house.pool.start())
    await settled()
    await house.rest()
    await starting
    yield house
    house.pool.close()


@pytest.mark.parametrize("seed", range(40))
async def test_each_place_has_one_worker_once_everything_is_at_rest(house, seed):
    chance = random.Random(seed)
    for _ in range(30):
        for _ in range(chance.randrange(1, 12)):
            if house.pool.workers:
                house.act(chance)
            if chance.random() < 0.7:
                await settled()
        await settled()
        await house.rest()
        assert sorted(worker.place for worker in house.pool.workers) == [0, 1]


async def test_who_was_relieved_and_dies_after_its_heir_is_not_replaced(house):
    elder = house.pool.workers[0]
    house.say(elder, Kind.RETIRE)
    await settled()
    house.say(elder.heir, Kind.READY)
    await settled()
    assert elder.relieved
    house.die(elder.heir)
    await settled()
    house.die(elder)
    await settled()
    await house.rest()
    assert sorted(worker.place for worker in house.pool.workers) == [0, 1]
