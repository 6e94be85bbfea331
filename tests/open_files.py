"""What a service's front holds open: files that must not pile up, and buffers, of which each worker may have one."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OpenFiles:
    """How many files a process has open, and how many buffers for large bodies: one from a worker's first one on."""

    files: int
    buffers: int


def open_files(pid: int) -> OpenFiles:
    """What a process has open now, but for what it closes meanwhile."""
    buffers = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            buffers.append(os.readlink(file).startswith("/memfd:pullback"))
    return OpenFiles(files=len(buffers) - sum(buffers), buffers=sum(buffers))
