"""The service under test: started with its failpoints armed, and looked at from outside through /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pullback_server.service import failpoints

from tests.processes import descendants, open_files, state

#: Few workers and short limits, so that whatever is stopped is noticed within the run.
WORKERS = 2
SETTINGS = (
    "--host=127.0.0.1", "--port=0", "--device=cpu", f"--workers={WORKERS}", "--threads=1", "--queue=64", "--share=1",
    "--time-limit=6", "--symbolic-budget=2", "--drain-grace=15", "--worker-tasks=100", "--log-calls",
)  # fmt: skip

#: Seconds that the kernel has to end what was killed with the service.
LAST_MOMENT = 1.0


class Log(Enum):
    """Where the service's log goes."""

    FILE = "a file"
    FULL = "a full disk"
    STUCK = "a pipe that nobody reads"


@dataclass(frozen=True)
class Holdings:
    """What the service holds: the same after the storm as before, but for the buffers, of which each worker has one."""

    processes: int
    zombies: int
    files: int
    buffers: int
    fork_server_files: int
    shared_memory: int
    resident: int


class Service:
    """A running service, its family of processes, and what it holds."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self._process, self.port, self._folder = process, port, folder

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def alive(self) -> bool:
        return self._process.poll() is None

    def fork_server(self) -> int | None:
        """The fork server's pid, which is the front's child; None while there is none."""
        front = self._process.pid
        return next((pid for pid, parent in descendants(front).items() if parent == front and state(pid) != "Z"), None)

    def workers(self) -> tuple[int, ...]:
        """The pids of the workers that are there, warm or not; those that have died do not count."""
        server = self.fork_server()
        return tuple(pid for pid in descendants(self._process.pid) if pid != server and state(pid) != "Z")

    def holdings(self) -> Holdings:
        """What the service holds now."""
        family, server, front = descendants(self._process.pid), self.fork_server(), open_files(self._process.pid)
        return Holdings(
            processes=1 + len(family),
            zombies=sum(state(pid) == "Z" for pid in family),
            files=front.files,
            buffers=front.buffers,
            fork_server_files=len(os.listdir(f"/proc/{server}/fd")) if server is not None else 0,
            shared_memory=len(os.listdir("/dev/shm")),
            resident=int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        )

    def strikes(self) -> Counter[str]:
        """How often each failpoint struck."""
        tally = self._folder / "tally"
        return Counter(tally.read_text().split()) if tally.exists() else Counter()

    def log(self) -> str:
        """The end of the log, where it can be read."""
        log = self._folder / "log"
        return log.read_text(errors="replace")[-20_000:] if log.exists() else ""

    def end(self) -> tuple[int, tuple[int, ...]]:
        """Ends it by SIGTERM; its exit code, and the processes that it left behind."""
        session = os.getsid(self._process.pid)
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(40)
        time.sleep(LAST_MOMENT)
        every = map(int, filter(str.isdigit, os.listdir("/proc")))
        return code, tuple(pid for pid in every if _session(pid) == session and state(pid) != "Z")


@contextmanager
def running(terms: str, log: Log) -> Iterator[Service]:
    """A service with those failpoints and that log, ended afterwards whatever happens."""
    with tempfile.TemporaryDirectory(prefix="pullback-faults-") as name:
        folder = Path(name)
        unread, stuck = os.pipe()
        where = {Log.FILE: folder / "log", Log.FULL: Path("/dev/full")}.get(log)
        errors = stuck if where is None else os.open(where, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        process = subprocess.Popen(
            (sys.executable, "-P", "-m", "pullback.cli", "serve", *SETTINGS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env={**os.environ, failpoints.VARIABLE: terms, failpoints.TALLY: str(folder / "tally")},
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if "listening" not in line:
                raise RuntimeError("the service did not start")
            yield Service(process, int(line.rpartition(":")[2]), folder)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            for descriptor in {unread, stuck, errors}:
                os.close(descriptor)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
