"""What the image does when it runs: answers, stays confined, is healthy, and loses no call when it ends."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pullback
import pytest

from tests.waiting import PATIENCE, eventually

from .engine import running

pytestmark = [pytest.mark.container]

#: A second or so of matrix products: a call that is still in flight when a signal comes.
SLOW = "\n".join(
    ["B = A @ A / 1000", *(f"B{k} = {f'B{k - 1}' if k else 'B'} @ A / 1000" for k in range(20)), "B19.sum()"]
)
#: The status of every process: the front, the fork server, its workers, and the one that looks.
STATUS = "import glob; print('\\n'.join(open(name).read() for name in glob.glob('/proc/[0-9]*/status')))"
#: The state of every process, Z where it is dead and nobody has taken note of it.
STATES = (
    "import glob; print(*(open(name).read().rpartition(')')[2].split()[0] for name in glob.glob('/proc/[0-9]*/stat')))"
)
NO_CAPABILITIES = dict.fromkeys(("CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16)
CONFINED = {"Uid": "10001", "Gid": "10001", "NoNewPrivs": "1", "Seccomp": "2", **NO_CAPABILITIES}


@pytest.fixture(scope="module")
def container():
    with running() as started:
        yield started


def answer(client):
    return client.differentiate("3*a**3 - b**2", {"a": [2, 3], "b": [6, 4]}, upstream=[1, 1])


def test_a_client_on_the_host_differentiates_through_the_published_port(container):
    with container.client() as client:
        reply = answer(client)
    assert reply.gradients["a"].tolist() == [36, 81]
    assert reply.verdicts["a"].outcome is pullback.Outcome.AGREE


def test_no_process_has_root_capabilities_or_new_privileges(container):
    statuses = container.execute("python", "-c", STATUS)
    facts = [dict(line.split(":\t", 1) for line in status.splitlines()) for status in statuses.split("\n\n")]
    assert len(facts) >= 4
    for name, value in CONFINED.items():
        assert {fact[name].split()[0] for fact in facts} == {value}, name


def test_the_root_cannot_be_written(container):
    write = "import pathlib, sys; pathlib.Path(sys.argv[1], 'x').write_text('x')"
    with pytest.raises(AssertionError, match="Read-only file system"):
        container.execute("python", "-c", write, "/opt/pullback")


def test_there_is_no_shell_where_it_runs(container):
    for shell in ("/bin/sh", "/bin/bash"):
        with pytest.raises(AssertionError, match=r"(?i)permission denied"):
            container.execute(shell, "-c", "true")


def test_a_fork_server_that_dies_is_replaced_and_no_dead_process_stays(container):
    (fork_server,) = container.execute("cat", "/proc/1/task/1/children").split()
    container.execute("python", "-c", f"import os, signal; os.kill({fork_server}, signal.SIGKILL)")
    eventually(lambda: fork_server not in container.execute("cat", "/proc/1/task/1/children").split(), every=0.3)
    container.wait_until_healthy()
    eventually(lambda: "Z" not in container.execute("python", "-c", STATES).split(), every=0.3)
    with container.client() as client:
        assert answer(client).value.tolist() == [-12, 65]


def test_what_it_may_use_is_limited(container):
    assert container.inspect(".HostConfig.Memory") == 2 * 2**30
    assert container.inspect(".HostConfig.PidsLimit") == 256
    lines = container.execute("pullback", "serve", "--check").splitlines()
    assert int(next(line.split()[1] for line in lines if line.startswith("memory_in_flight"))) == 1.5 * 2**30


def test_the_health_check_turns_healthy_once_a_worker_is_ready():
    with running(wait=False) as container:
        assert not container.healthy()
        container.wait_until_healthy()
        assert container.inspect(".State.Healthcheck.Status") == "healthy"


def test_a_call_that_needs_more_memory_than_there_is_takes_nothing_with_it(container):
    x = np.ones(16_000)
    with container.client() as client:
        with pytest.raises(pullback.PullbackError):
            client.differentiate("(x.reshape(-1, 1) * x.reshape(1, -1)).exp().sum()", {"x": x}, check=False)
        assert answer(client).value.tolist() == [-12, 65]
    assert container.inspect(".State.Running")
    assert container.inspect(".RestartCount") == 0


def test_a_signal_to_end_loses_no_call_in_flight():
    matrix = np.random.default_rng(0).standard_normal((400, 400))
    with running("--env=PULLBACK_WORKERS=2") as container, container.client() as client:
        first = threading.Event()

        def call(_):
            reply = client.differentiate(SLOW, {"A": matrix}, check=False, timeout=PATIENCE)
            first.set()
            return reply

        with ThreadPoolExecutor(12) as threads:
            calls = [threads.submit(call, k) for k in range(12)]
            assert first.wait(PATIENCE)
            container.signal("TERM")
            at = time.monotonic()
            values = [call.result().value.item() for call in calls]
        assert len(set(values)) == 1
        assert time.monotonic() > at + 0.5, "the calls were over before the signal came"
        assert container.wait() == 0


def test_a_signal_to_end_ends_an_idle_container_at_once():
    # A drain that waited for anything would last longer than the engine waits for the container's end.
    with running("--env=PULLBACK_DRAIN_GRACE=3600") as container:
        container.signal("TERM")
        assert container.wait() == 0


def test_replicas_that_are_restarted_one_by_one_lose_no_call():
    with running() as first, running() as second:
        ports = {each: each.target.rpartition(":")[2] for each in (first, second)}
        target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports.values())
        over = threading.Event()

        def caller(_):
            answered = 0
            while not over.is_set():
                assert answer(client).value.tolist() == [-12, 65]
                answered += 1
            return answered

        with pullback.Client(target) as client, ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(caller, k) for k in range(8)]
            try:
                for each in (first, second):
                    time.sleep(1)
                    each.restart()
                    each.wait_until_healthy()
                time.sleep(1)
            finally:
                over.set()
            answered = [call.result() for call in calls]
        assert min(answered) > 0
