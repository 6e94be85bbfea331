"""Small calls that wait are sent to a worker together, and none of them pays for another."""

import asyncio
from contextlib import ExitStack

import pytest
from pullback_server.service import Config
from pullback_server.service.front import dispatch
from pullback_server.service.front.calls import SMALL
from pullback_server.service.front.waiting import TOGETHER
from pullback_server.service.front.worker_handle import WorkerHandle
from pullback_server.service.protocol import channel
from pullback_server.service.protocol.channel import FrameKind, Method
from pullback_server.service.protocol.errors import Failure
from pullback_server.service.worker.front_link import FrontLink


class Service:
    """A dispatcher whose workers are the other ends of their pipes, read by the test."""

    def __init__(self, monkeypatch, pipes):
        monkeypatch.setattr(dispatch, "Pool", lambda config, listener: self)
        self._pipes, self.workers, self.links, self.killed = pipes, [], {}, []
        self.outcomes = {}
        self.dispatcher = dispatch.Dispatcher(Config(), lambda serving: None)

    # What a pool does.
    workers_coming = True

    @property
    def ready(self):
        return len(self.workers)

    def kill(self, worker):
        self.workers.remove(worker)
        self.killed.append(worker)

    # What the test does.
    def hire(self):
        near, far = channel.pair()
        self._pipes.enter_context(near)
        self._pipes.enter_context(far)
        far.setblocking(False)
        worker = WorkerHandle(near, len(self.workers))
        self.workers.append(worker)
        self.links[worker] = FrontLink(far, (0, 0))
        self.dispatcher.on_idle(worker)
        return worker

    def submit(self, body, method=Method.DIFFERENTIATE):
        def settle(_, outcome):
            assert body not in self.outcomes
            self.outcomes[body] = outcome

        return self.dispatcher.submit(method, body, None, settle, "client")

    def waiting(self, *bodies):
        """Calls that wait because the only worker is busy with another."""
        self.worker = self.hire()
        first = self.submit(b"first")
        calls = [self.submit(body) for body in bodies]
        assert self.work(self.worker) == [b"first"]
        assert first.settled
        return calls

    def work(self, worker, long=None, ends_after=None):
        """The tasks that a worker begins; it answers each by its own body, and takes its time for one."""
        begun = []
        link = self.links[worker]
        try:
            for task in link.tasks():
                begun.append(task.body)
                if task.body == long:
                    link.take_time()
                if len(begun) == ends_after:
                    return begun
                link.sender.send(FrameKind.FINAL, task.body)
        except BlockingIOError:
            pass
        self.read(worker)
        return begun

    def read(self, worker):
        """The front reads what a worker has sent."""
        worker.pipe.setblocking(False)
        receiver = channel.Receiver()
        while True:
            try:
                frame = receiver.receive(worker.pipe)
            except BlockingIOError:
                return
            for each in channel.apart(frame):
                self.dispatcher.on_frame(worker, each)

    def lose(self, worker):
        self.workers.remove(worker)
        self.dispatcher.on_death(worker, blameless=False)


@pytest.fixture
def service(monkeypatch):
    with ExitStack() as pipes:

        async def run(test):
            return test(Service(monkeypatch, pipes))

        yield lambda test: asyncio.run(run(test))


BODIES = [bytes([65 + k]) for k in range(6)]


def test_calls_that_wait_are_sent_together_and_each_gets_its_own_answer(service):
    def test(service):
        service.waiting(*BODIES)
        assert len(service.worker.tasks) == len(BODIES)
        assert service.work(service.worker) == BODIES
        assert service.outcomes == {body: body for body in [b"first", *BODIES]}

    service(test)


def test_a_worker_gets_its_share_of_those_that_wait_and_no_more_than_so_many(service):
    def test(service):
        one, two = service.hire(), service.hire()
        bodies = [b"%d" % number for number in range(3 * TOGETHER + 2)]
        for body in bodies:
            service.submit(body)
        assert [len(worker.tasks) for worker in (one, two)] == [1, 1]
        sizes = []
        while any(worker.tasks for worker in (one, two)):
            for worker in (one, two):
                sizes.append(len(worker.tasks))
                service.work(worker)
        assert sizes[2] == TOGETHER
        assert sizes[-1] <= 2
        assert service.outcomes == {body: body for body in bodies}

    service(test)


@pytest.mark.parametrize(
    ("body", "method"), [(b"x" * (SMALL + 1), Method.DIFFERENTIATE), (b"g", Method.GRADE), (b"g", Method.GRADE_MANY)]
)
def test_what_is_not_small_is_sent_alone(service, body, method):
    def test(service):
        worker = service.hire()
        service.submit(b"first")
        for each, how in ((b"A", Method.DIFFERENTIATE), (body, method), (b"B", Method.DIFFERENTIATE)):
            service.submit(each, how)
        for together in ([b"first"], [b"A"], [body], [b"B"]):
            assert [call.body for call in worker.tasks] == together
            service.work(worker)

    service(test)


def test_the_calls_behind_one_that_takes_its_time_go_to_other_workers(service):
    def test(service):
        service.waiting(*BODIES)
        assert service.work(service.worker, long=b"C", ends_after=3) == BODIES[:3]
        service.read(service.worker)
        assert service.outcomes.keys() == {b"first", b"A", b"B"}
        assert [call.body for call in service.worker.tasks] == [b"C"]
        other = service.hire()
        assert service.work(other) + service.work(other) == BODIES[3:]
        service.links[service.worker].sender.send(FrameKind.FINAL, b"C")
        service.read(service.worker)
        assert service.outcomes == {body: body for body in [b"first", *BODIES]}

    service(test)


def test_a_call_that_kills_its_workers_costs_those_sent_with_it_nothing(service):
    def test(service):
        service.waiting(*BODIES)
        service.lose(service.worker)
        deaths = 1
        while len(service.outcomes) <= len(BODIES):
            worker = service.hire()
            while worker.tasks:
                assert len(worker.tasks) == 1
                if worker.tasks[0].body == b"C":
                    service.lose(worker)
                    deaths += 1
                    break
                service.work(worker)
        assert deaths == 3
        assert isinstance(service.outcomes.pop(b"C"), Failure)
        assert all(body == outcome for body, outcome in service.outcomes.items())

    service(test)


def test_the_end_of_a_worker_for_an_abandoned_call_costs_the_others_nothing(service, monkeypatch):
    monkeypatch.setattr(dispatch, "ABANDON_GRACE", 0.0)

    def test(service):
        calls = service.waiting(*BODIES)
        service.dispatcher.abandon(calls[1])
        assert service.killed == [service.worker]
        worker, begun = service.hire(), []
        while worker.tasks:
            begun += service.work(worker)
        assert begun == [body for body in BODIES if body != b"B"]
        assert service.outcomes == {body: body for body in [b"first", *begun]}

    service(test)


def test_an_abandoned_call_that_is_answered_in_time_costs_no_worker(service):
    def test(service):
        calls = service.waiting(*BODIES)
        service.dispatcher.abandon(calls[1])
        assert service.work(service.worker) == BODIES
        assert not service.killed
        assert service.outcomes.keys() == {b"first", *BODIES} - {b"B"}

    service(test)
