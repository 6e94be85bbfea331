"""Two replicas behind the stock client: one is killed, or all are started anew one by one, and no call is lost."""

import signal
import threading
from collections import Counter

import pytest
from pullback import Client, Request
from service_harness import free_ports, running
from waiting import PATIENCE, eventually

THREADS = 8


class Load:
    """Calls from several threads and a stream, until it is told to stop; what came of each of them."""

    def __init__(self, client):
        self._client = client
        self._stopping = threading.Event()
        self.outcomes = Counter()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._calls) for _ in range(THREADS)]
        self._threads.append(threading.Thread(target=self._stream))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def goes_on(self):
        """Waits until a good many more calls have been answered."""
        before = self.outcomes["OK"]
        eventually(lambda: self.outcomes["OK"] >= before + 60)

    def count(self, outcome):
        with self._lock:
            self.outcomes[outcome] += 1

    def _calls(self):
        while not self._stopping.is_set():
            try:
                reply = self._client.differentiate("sleep 0.005", {"x": [1.0, 2.0]}, timeout=PATIENCE)
                self.count("OK" if reply.gradients["x"].tolist() == [1.0, 2.0] else "wrong")
            except Exception as error:
                self.count(repr(error))

    def _stream(self):
        asked = 0

        def requests():
            nonlocal asked
            while not self._stopping.is_set():
                asked += 1
                yield Request("sleep 0.005", {"x": [1.0, 2.0]}, id=f"s{asked}", timeout=PATIENCE)

        answered = Counter()
        for answer in self._client.differentiate_many(requests()):
            answered[answer.id] += 1
            self.count("OK" if answer.error is None else repr(answer.error))
        if set(answered) != {f"s{k}" for k in range(1, asked + 1)} or set(answered.values()) != {1}:
            self.count("a request of the stream has not one answer")


def client_of(ports):
    return Client("ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports))


def test_one_of_two_replicas_is_killed_under_load_and_no_call_is_lost():
    ports = free_ports(2)
    with running(port=ports[0]) as one, running(port=ports[1]), client_of(ports) as client:
        with Load(client) as load:
            load.goes_on()
            one.process.kill()
            load.goes_on()
        assert set(load.outcomes) == {"OK"}, load.outcomes


@pytest.mark.slow
def test_a_rolling_restart_loses_no_call():
    ports = free_ports(2)
    with client_of(ports) as client, running(port=ports[1]) as two, running(port=ports[0]) as one:
        with Load(client) as load:
            load.goes_on()
            assert one.end(signal.SIGTERM) == 0
            with running(port=ports[0]):
                load.goes_on()
                assert two.end(signal.SIGTERM) == 0
                with running(port=ports[1]):
                    load.goes_on()
                    load.end()
        assert set(load.outcomes) == {"OK"}, load.outcomes
