"""What /proc shows of a service: its processes, their memory, and the files that its front has open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OpenFiles:
    """How many files a process has open, and how many buffers for large bodies: one from a worker's first one on."""

    files: int
    buffers: int


def open_files(pid: int) -> OpenFiles:
    """The files that a process has open now, apart from those that it closes meanwhile."""
    buffers = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            buffers.append(os.readlink(file).startswith("/memfd:pullback"))
    return OpenFiles(files=len(buffers) - sum(buffers), buffers=sum(buffers))


def descendants(pid: int) -> dict[int, int]:
    """The parents of a process's descendants, by pid, the nearest first: a front's first one is its fork server."""
    parents: dict[int, int] = {}
    family = [pid]
    for parent in family:
        with suppress(OSError):
            children = list(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))
            parents |= dict.fromkeys(children, parent)
            family += children
    return parents


def memory(pids: Iterable[int]) -> int:
    """The bytes of memory of some processes, what they share counted once; one that has ended counts as nothing."""
    lines: list[str] = []
    for pid in pids:
        with suppress(OSError):
            lines += Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def state(pid: int) -> str:
    """The state of a process; Z where it is dead but not reaped yet, or reaped by now."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
