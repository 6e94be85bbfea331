"""The small parts of the service by themselves: the queue, admission, callers, watched files, the log, the filter."""

import errno
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullback_server.service import failpoints, logs, sandbox
from pullback_server.service.config import Config
from pullback_server.service.front.admission import ResourceGate
from pullback_server.service.front.callers import address, identify, request_id
from pullback_server.service.front.fair_queue import FairQueue
from pullback_server.service.front.watched_files import WatchedFiles
from pullback_server.service.limits import ServiceLimits
from waiting import PATIENCE


@dataclass(eq=False)
class Call:
    client: str


STEPS = st.lists(st.tuples(st.sampled_from(["push", "push_first", "pop", "remove"]), st.sampled_from("abc")))


@given(STEPS)
def test_the_queue_loses_nothing_and_keeps_each_clients_order(steps):
    queue, inside = FairQueue(), []
    for number, (step, client) in enumerate(steps):
        call = Call(client)
        if step == "push":
            queue.push(call)
            inside.append(call)
        elif step == "push_first":
            queue.push_first(call)
            inside.insert(0, call)
            assert next(iter(queue)) is call
        elif step == "remove" and inside:
            queue.remove(inside.pop(number % len(inside)))
            queue.remove(call)
        elif step == "pop" and inside:
            popped = queue.pop()
            assert popped is next(each for each in inside if each.client == popped.client)
            inside.remove(popped)
        assert len(queue) == len(inside)
        assert {*queue} == {*inside}
        assert all(queue.count(name) == sum(each.client == name for each in inside) for name in "abc")
    with pytest.raises(KeyError):
        FairQueue().pop()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 1500))))
def test_admitted_tasks_never_exceed_what_there_is_and_none_waits_for_ever(steps):
    gate, waiting, running = ResourceGate(ServiceLimits(memory_in_flight=1000, work_in_flight=1000)), {}, {}
    for requests, worker, memory in steps:
        if requests and worker not in waiting and worker not in running:
            waiting[worker] = min(memory, 750)
            admitted = gate.request(worker, memory, 1)
        elif not requests:
            waiting.pop(worker, None)
            running.pop(worker, None)
            admitted = gate.release(worker)
        else:
            continue
        for each in admitted:
            running[each] = waiting.pop(each)
        assert sum(running.values()) <= 750
        assert running or not waiting


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("ipv4:10.0.0.1:5", "10.0.0.1"),
        ("ipv6:%5B::1%5D:5", "::/64"),
        ("ipv6:[2001:db8:0:1::5]:7", "2001:db8:0:1::/64"),
        ("ipv6:%5B2001:db8:0:1:ffff::9%5D:7", "2001:db8:0:1::/64"),
        ("ipv6:%5B::ffff:10.0.0.1%5D:7", "10.0.0.1"),
        ("ipv6:%5Bfe80::1%25eth0%5D:7", "fe80::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_a_peer_counts_as_its_address_and_not_as_its_connection(peer, client):
    assert address(peer) == client


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 65, "é", "a\n", b"bytes"], ids=repr)
def test_an_id_that_the_log_cannot_hold_is_replaced(wrong):
    assert len(request_id([("x-request-id", wrong)])) == 20
    assert len(identify([("x-request-id", wrong)], None).request_id) == 20


def test_a_watched_file_has_changed_when_it_is_written_replaced_relinked_or_gone(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("one")
    (tmp_path / "other").write_text("two")
    link.symlink_to(file)
    watched = WatchedFiles((str(link),), interval=0)
    assert not watched.have_changed()
    file.write_text("three")
    assert watched.have_changed()
    (tmp_path / "new").write_text("three")
    (tmp_path / "new").rename(file)
    assert watched.have_changed()
    link.unlink()
    link.symlink_to(tmp_path / "other")
    assert watched.have_changed()
    link.unlink()
    assert watched.have_changed()
    assert not watched.have_changed()


@pytest.fixture
def logged(monkeypatch):
    """The lines that the log writes, as the test configures it."""
    lines = []
    monkeypatch.setattr(logs, "_write", lines.append)
    yield lines
    logging.getLogger("pullback_server").handlers = []


def test_a_line_of_the_log_is_one_json_object_whatever_is_in_it(logged):
    logs.configure(Config(), "front", threaded=False)
    log = logging.getLogger("pullback_server.test")
    try:
        raise ValueError("line\nand\x1b[31m")
    except ValueError:
        log.exception("a\nb\x00%s", "\u2028", extra=logs.about(request="r\n1"))
    [line] = logged
    assert "\n" not in line
    assert line.isascii()
    fields = json.loads(line)
    assert (fields["level"], fields["source"], fields["request"]) == ("error", "front", "r\n1")
    assert "ValueError" in fields["exception"]


def test_a_log_for_people_has_nothing_that_a_terminal_acts_on(logged):
    logs.configure(Config(log_format="text", log_level="warning"), "front", threaded=False)
    log = logging.getLogger("pullback_server.test")
    log.info("not this")
    log.warning("a\x1b[31m", extra=logs.about(request="r"))
    assert logged == [r"warning: front: a\x1b[31m request=r"]


def stderr_pipe(monkeypatch):
    """The ends of a pipe in the place of stderr, for which at most 100 lines of the log wait."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(fileno=lambda: writing))
    monkeypatch.setattr(logs, "WAITING", 100)
    return reading, writing


def test_a_log_that_is_not_read_drops_lines_and_stops_nobody(monkeypatch):
    reading, writing = stderr_pipe(monkeypatch)
    logs.configure(Config(), "front", threaded=True)
    for number in range(2000):
        logging.getLogger("pullback_server.test").warning("line %d %s", number, "x" * 100)
    content, kept, dropped = b"", 0, 0
    while kept + dropped < 2000:
        content += os.read(reading, 65536)
        messages = [
            json.loads(line)["message"].split() for line in content.splitlines(keepends=True) if line.endswith(b"\n")
        ]
        kept = sum(words[0] == "line" for words in messages)
        dropped = sum(int(words[0]) for words in messages if words[0] != "line")
    logs.close()
    logging.getLogger("pullback_server").handlers = []
    os.close(reading)
    os.close(writing)
    assert kept + dropped == 2000
    assert dropped


def test_what_another_process_writes_joins_the_log(logged):
    logs.configure(Config(), "front", threaded=True)
    writing = logs.relay()
    command = ("sh", "-c", "echo out; echo gr\u00fc\u00df >&2")
    subprocess.run(command, stdout=writing, stderr=writing, check=True)
    os.write(writing, b"\xff and no end")
    os.close(writing)
    logs.close()
    assert sorted(logged) == sorted(["out", "gr\u00fc\u00df", r"\xff and no end"])


def test_a_log_that_is_not_read_makes_no_other_process_wait(monkeypatch):
    reading, stuck = stderr_pipe(monkeypatch)
    logs.configure(Config(), "front", threaded=True)
    other = logs.relay()
    code = (
        "import logging; from pullback_server.service import Config, logs\n"
        "logs.configure(Config(), 'worker', threaded=False)\n"
        "for _ in range(5000): logging.getLogger('pullback_server.test').warning('x' * 1000)"
    )
    subprocess.run((sys.executable, "-c", code), stdout=other, stderr=other, check=True, timeout=PATIENCE)
    os.close(other)
    os.close(reading)  # what waits finds nobody there
    logs.close()
    logging.getLogger("pullback_server").handlers = []
    os.close(stuck)


def test_the_filter_denies_what_its_table_names_by_the_kernels_own_numbers():
    """Each call of the table is denied by its number; only fork and vfork have none on some machines."""
    code = (
        "import ctypes, errno, json, sys; from pullback_server.service import sandbox; sandbox.enter();"
        "libc = ctypes.CDLL(None, use_errno=True); column = sandbox._MACHINES[sandbox.platform.machine()].column;"
        "print(json.dumps({name: (libc.syscall(numbers[column], 0, 0, 0, 0, 0, 0), ctypes.get_errno())"
        " for name, numbers in sandbox.DENIED.items() if numbers[column] >= 0}))"
    )
    answers = json.loads(subprocess.check_output((sys.executable, "-c", code), text=True))
    assert {name for name in sandbox.DENIED if name not in answers} <= {"fork", "vfork"}
    assert {tuple(answer) for answer in answers.values()} == {(-1, errno.EPERM)}


def test_a_machine_without_a_sandbox_is_told_how_to_run_without_one(monkeypatch):
    monkeypatch.setattr(sandbox.platform, "machine", lambda: "mips")
    assert not sandbox.supported()
    with pytest.raises(sandbox.SandboxError, match="--no-sandbox"):
        sandbox.enter()


@pytest.mark.parametrize(
    "term", ["worker.taken=50%kill", "worker.taken=2*sleep(0.1)", " front.dispatched=raise(x) ;", ""]
)
def test_terms_of_failpoints_that_are_valid(term):
    assert set(failpoints.parse(term)) <= set(failpoints.POINTS)


def test_a_failpoint_strikes_as_often_as_it_says():
    strike = failpoints.parse("worker.taken=2*raise(now)")["worker.taken"]
    for _ in range(2):
        with pytest.raises(failpoints.Injected):
            strike()
    strike()
