"""The settings of a service, as one frozen value from which flags and environment variables are made."""

from __future__ import annotations

import os
import re
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any


class ConfigError(ValueError):
    """A setting that cannot be; the message names it and says what would be accepted."""


def setting(default: Any, doc: str, *, least: float | None = None, flag: bool = True) -> Any:
    """A field with its default, the sentence that --help shows, its least value, and whether it is a flag at all."""
    return field(default=default, metadata={"doc": doc, "least": least, "flag": flag})


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a service listens, works and gives up.

    Raises ConfigError for a value that cannot be.

    >>> Config(port=0).host
    '127.0.0.1'
    """

    host: str = setting("127.0.0.1", "The address to listen on.")
    port: int = setting(50051, "The port to listen on; 0 takes a free one.", least=0)
    workers: int = setting(0, "Worker processes; 0 means one a core, or one a device on an accelerator.", least=0)
    threads: int = setting(0, "torch's threads in each worker; 0 divides the cores among the workers.", least=0)
    device: str = setting("auto", "Where numbers are computed: auto, cpu, cuda, cuda:1, ...")
    queue: int = setting(128, "Calls that may wait for a worker; more are refused.", least=0)
    symbolic_budget: float = setting(10.0, "Seconds for a closed form once the numbers are there.", least=0)
    time_limit: float = setting(60.0, "Seconds for a whole call, waiting included.", least=0.001)
    drain_grace: float = setting(30.0, "Seconds that calls in flight may take after SIGTERM.", least=0)
    max_message_bytes: int = setting(64 * 2**20, "Bytes of the largest message, both ways.", least=1024)
    form_cache_bytes: int = setting(64 * 2**20, "Bytes for closed forms that all workers share.", least=0)
    over_budget_memory: float = setting(300.0, "Seconds for which a given-up closed form is not tried again.", least=0)
    start_timeout: float = setting(120.0, "Seconds that a worker may take to warm up.", least=0.001)
    health_port: int = setting(
        -1, "A port for probes, without credentials: health and nothing else; 0 takes a free one, -1 none.", least=-1
    )
    health_host: str = setting("127.0.0.1", "The address of the port for probes.")
    mathematics: str = setting("pullback_server.verdict", "The module that answers.", flag=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            value, least = getattr(self, item.name), item.metadata["least"]
            if least is not None and not value >= least:
                raise ConfigError(f"{item.name} is {value}; it must be at least {least}")
        for name in ("port", "health_port"):
            if getattr(self, name) > 65535:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at most 65535")
        if not re.fullmatch(r"auto|[a-z]+(:\d+)?", self.device):
            raise ConfigError(f"device is {self.device!r}; it must be auto, cpu, or a device of torch such as cuda:0")
        if not re.fullmatch(r"\w+(\.\w+)*", self.mathematics):
            raise ConfigError(f"mathematics is {self.mathematics!r}; it must be the name of a module")

    @classmethod
    def flags(cls) -> tuple[Field[Any], ...]:
        """The settings that a user sees, in order."""
        return tuple(item for item in fields(cls) if item.metadata["flag"])

    @property
    def address(self) -> str:
        """What gRPC is told to listen on."""
        return _address(self.host, self.port)

    @property
    def health_address(self) -> str:
        """What gRPC is told to listen on for probes."""
        return _address(self.health_host, self.health_port)


def _address(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def cores() -> int:
    """The processors that this process may use: its affinity, and its share of them in a container.

    >>> cores() >= 1
    True
    """
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, round(int(quota) / int(period))))
