"""`python -m tests.interrupted_run`: answers through `pullback grade`, with two deaths of the server and one Ctrl-C.

It grades 20,000 answers made of the case file on a server of `pullback serve`, which is killed twice, with all its
processes, and started again on its port; the command is interrupted once, and run again. It prints what came of it, and
exits with 1 where a line is lost, doubled, out of order, graded twice or graded otherwise than its case says.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.case_files import read
from tests.waiting import eventually

ANSWERS = 20_000
#: Seconds for the server to come up, and for the journal to grow to where something is done to the run.
PATIENCE = 600.0

_FIELDS = ("expression", "inputs", "wrt", "kind", "syntax", "answer")


@dataclass(frozen=True)
class RunResult:
    """What came of a run: how many lines were graded by each command, seconds, outcomes, and all that is wrong."""

    before: int
    after: int
    seconds: float
    outcomes: Counter[str]
    faults: tuple[str, ...]


class Server:
    """`pullback serve` on one port, as often as it is started."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = (sys.executable, "-m", "pullback.cli", "serve", "--port", str(self.port))
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("pullback listening"):
            raise RuntimeError("the server did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


def interrupted_run(home: Path, count: int) -> RunResult:
    """Runs it all in a folder, with `count` answers."""
    cases = read("grading")
    lines = [{"id": f"s{n}", **{key: cases[n % len(cases)][key] for key in _FIELDS}} for n in range(count)]
    (home / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    journal = home / "grades.jsonl.journal"
    server = Server()
    words = ("grade", str(home / "answers.jsonl"), "--out", str(home / "grades.jsonl"))
    command = (sys.executable, "-m", "pullback.cli", *words, "--target", f"127.0.0.1:{server.port}", "--json")
    server.start()
    started = time.monotonic()
    try:
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for share in (0.2, 0.4):
            _until(partial(_grown, journal, share * count))
            server.kill()
            server.start()
        _until(partial(_grown, journal, 0.6 * count))
        first.send_signal(signal.SIGINT)
        faults = [] if first.wait(PATIENCE) == 130 else [f"the first command exited with {first.returncode}"]
        before = _kept(journal)
        kept = journal.read_bytes()
        second = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    finally:
        server.kill()
    if second.returncode:
        faults.append(f"the second command exited with {second.returncode}")
    rows = [json.loads(line) for line in (home / "grades.jsonl").read_text().splitlines()]
    faults += _faults(rows, cases, count, _rows_of(kept))
    outcomes, seconds = Counter(row["outcome"] for row in rows), time.monotonic() - started
    return RunResult(before, count - before, seconds, outcomes, tuple(faults))


def _faults(rows: list[dict[str, Any]], cases: list[dict[str, Any]], count: int, kept: dict[str, Any]) -> list[str]:
    faults = []
    if [row["id"] for row in rows] != [f"s{n}" for n in range(count)]:
        faults.append(f"{count} ids went in, and others came out: {len({row['id'] for row in rows})} of {len(rows)}")
    for number, row in enumerate(rows):
        right = cases[number % len(cases)]["outcome"].split("|")
        if row["outcome"] not in right:
            faults.append(f"{row['id']} is {row['outcome']}, and {' or '.join(right)} is right: {row['message']}")
        if row["id"] in kept and kept[row["id"]] != row["replay"]:
            faults.append(f"{row['id']} was graded twice")
    return faults


def _rows_of(journal: bytes) -> dict[str, Any]:
    entries = [json.loads(line) for line in journal.splitlines()[1:]]
    if len({entry["position"] for entry in entries}) != len(entries):
        raise RuntimeError("the journal holds a line twice")
    return {entry["id"]: entry["replay"] for entry in entries}


def _kept(journal: Path) -> int:
    with suppress(FileNotFoundError):
        return journal.read_bytes().count(b"\n") - 1
    return 0


def _grown(journal: Path, count: float) -> bool:
    return _kept(journal) >= count


def _until(claim: Callable[[], bool]) -> None:
    eventually(claim, PATIENCE, every=0.05, message=lambda: "the run does not go on")


def main() -> int:
    """Runs it with what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.interrupted_run", description=__doc__)
    parser.add_argument("--answers", type=int, default=ANSWERS, help=f"how many; {ANSWERS} by default")
    # Where a shell runs this in the background, the command would inherit that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as home:
        result = interrupted_run(Path(home), parser.parse_args().answers)
    print(f"{result.before} lines before the interruption, {result.after} after it, in {result.seconds:.0f} s")
    print(", ".join(f"{name} {count}" for name, count in sorted(result.outcomes.items())))
    print("\n".join(result.faults[:20]) or "Each line is there once, and graded as its case says.")
    return bool(result.faults)


if __name__ == "__main__":
    sys.exit(main())
