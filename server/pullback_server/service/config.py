"""The settings of a service, as one frozen value from which flags and environment variables are made."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from ..program import Limits
from .limits import ServiceLimits, cores

__all__ = ["Config", "ConfigError", "Setting", "cores"]

#: The levels of the log, the quietest last.
LEVELS = ("debug", "info", "warning", "error")


class ConfigError(ValueError):
    """A setting with a value that it cannot have; the message names it and says what would be accepted."""


def setting(
    default: Any, doc: str, *, least: float | None = None, accepts: tuple[str, ...] = (), flag: bool = True
) -> Any:
    """A field with its default, the sentence that --help shows, what it accepts, and whether users see it at all."""
    return field(default=default, metadata={"doc": doc, "least": least, "accepts": accepts, "flag": flag})


@dataclass(frozen=True)
class Setting:
    """One setting as a user sees it: its name, default and sentence, its least value, and the strings it accepts."""

    name: str
    default: Any
    doc: str
    least: float | None = None
    accepts: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """How it is written on the command line.

        >>> Setting("time_limit", 60.0, "").flag, Setting("sandbox", True, "").flag
        ('--time-limit', '--sandbox/--no-sandbox')
        """
        name = self.name.replace("_", "-")
        return f"--{name}/--no-{name}" if isinstance(self.default, bool) else f"--{name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PULLBACK_{self.name.upper()}"


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a service listens, works and gives up.

    Raises ConfigError for a value that a setting cannot have.

    >>> Config(port=0).host, Config.of(port=0, queue=8).limits.queue
    ('127.0.0.1', 8)
    """

    host: str = setting("127.0.0.1", "The address to listen on.")
    port: int = setting(50051, "The port to listen on; 0 takes a free one.", least=0)
    tls_certificate: str = setting("", "A file with the certificate chain in PEM; read again when it changes.")
    tls_key: str = setting("", "A file with the certificate's private key in PEM.")
    tls_client_ca: str = setting("", "A file with authorities in PEM; only clients with their certificates are let in.")
    token_file: str = setting("", "A file with a line for each client, as `pullback token` makes it.")
    allow_plaintext: bool = setting(False, "Listen without TLS on an address other than a loopback one.")
    allow_anonymous: bool = setting(False, "Let anybody in on an address other than a loopback one.")
    workers: int = setting(0, "Worker processes; 0 means one per core, or one per device on an accelerator.", least=0)
    threads: int = setting(0, "torch's threads in each worker; 0 divides the cores among the workers.", least=0)
    device: str = setting("auto", "Where numbers are computed: auto, cpu, cuda, cuda:1, ...")
    sandbox: bool = setting(True, "Deny the workers the network, new programs and new processes.")
    worker_memory: int = setting(
        0,
        "Bytes of address space for a worker's tasks on the CPU; 0 means 2 GiB and twice a request's memory.",
        least=0,
    )
    worker_files: int = setting(512, "Files that a worker may have open.", least=64)
    worker_tasks: int = setting(100_000, "Tasks after which a worker is replaced; 0 means never.", least=0)
    worker_growth: int = setting(
        2**30, "Bytes by which a worker may have grown before it is replaced; 0 means any.", least=0
    )
    limits: ServiceLimits = field(default=ServiceLimits())
    drain_grace: float = setting(30.0, "Seconds that calls in flight may still take after SIGTERM.", least=0)
    form_cache_bytes: int = setting(64 * 2**20, "Bytes of closed forms that all workers share.", least=0)
    over_budget_memory: float = setting(300.0, "Seconds for which a given-up closed form is not tried again.", least=0)
    start_timeout: float = setting(120.0, "Seconds that a worker may take to warm up.", least=0.001)
    reflection: bool = setting(True, "Answer gRPC's reflection, by which tools find the methods.")
    metrics_port: int = setting(-1, "The port for Prometheus; 0 takes a free one, -1 means none.", least=-1)
    metrics_host: str = setting("127.0.0.1", "The address of the port for Prometheus.")
    health_port: int = setting(
        -1, "A port for probes: health alone, without TLS or tokens; 0 takes a free one, -1 means none.", least=-1
    )
    health_host: str = setting("127.0.0.1", "The address of the port for probes.")
    traces: bool = setting(False, "Send OpenTelemetry traces to OTEL_EXPORTER_OTLP_ENDPOINT.")
    log_format: str = setting("json", "How the log is written to stderr: json or text.", accepts=("json", "text"))
    log_level: str = setting("info", f"The lowest level that is logged: {', '.join(LEVELS)}.", accepts=LEVELS)
    log_calls: bool = setting(False, "Log every call, not only those that fail through the service's own fault.")
    mathematics: str = setting("pullback_server.verdict", "The module that answers.", flag=False)
    grading: str = setting("pullback_server.grading", "The module that grades.", flag=False)

    def __post_init__(self) -> None:
        for each in (self, self.limits):
            for item in fields(each):
                _check(item.name, getattr(each, item.name), item.metadata)
        for name in ("port", "metrics_port", "health_port"):
            if getattr(self, name) > 65535:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at most 65535")
        if not self.limits.share <= 1:
            raise ConfigError(f"share is {self.limits.share}; it must be at most 1")
        if not re.fullmatch(r"auto|[a-z]+(:\d+)?", self.device):
            raise ConfigError(f"device is {self.device!r}; it must be auto, cpu, or a device of torch such as cuda:0")
        for name in ("mathematics", "grading"):
            if not re.fullmatch(r"\w+(\.\w+)*", module := getattr(self, name)):
                raise ConfigError(f"{name} is {module!r}; it must be the name of a module")

    @classmethod
    def of(cls, **settings: Any) -> Config:
        """A configuration from settings by their names; raises ConfigError, and TypeError for an unknown name."""
        limits = {_LIMITS[name]: settings.pop(name) for name in tuple(settings) if name in _LIMITS}
        return cls(limits=ServiceLimits(**limits), **settings)

    def flat(self) -> Mapping[str, Any]:
        """Every setting by its name, which `of` takes back."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "limits"}
        return values | {name: getattr(self.limits, limit) for name, limit in _LIMITS.items()}

    def resolved(self) -> Config:
        """The configuration with the limits filled in that depend on the machine."""
        return replace(self, limits=self.limits.resolved())

    @property
    def address(self) -> str:
        """The address and port that gRPC listens on."""
        return _address(self.host, self.port)

    @property
    def health_address(self) -> str:
        """The address and port that gRPC listens on for probes."""
        return _address(self.health_host, self.health_port)


@cache
def settings() -> tuple[Setting, ...]:
    """The settings that a user sees, in order, the limits where the configuration has them."""
    shown: list[Setting] = []
    for item in fields(Config):
        if item.name == "limits":
            for limit in fields(ServiceLimits):
                doc = f"Limit: {limit.metadata['doc']}."
                shown.append(Setting(_setting_name(limit.name), limit.default, doc, limit.metadata["least"]))
        elif item.metadata["flag"]:
            about = item.metadata
            shown.append(Setting(item.name, item.default, about["doc"], about["least"], about["accepts"]))
    return tuple(shown)


def on_loopback(host: str) -> bool:
    """Whether an address is a loopback one.

    >>> on_loopback("localhost"), on_loopback("::1"), on_loopback("0.0.0.0"), on_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def _check(name: str, value: Any, about: Mapping[str, Any]) -> None:
    least, accepts = about.get("least"), about.get("accepts")
    if least is not None and not value >= least:
        raise ConfigError(f"{name} is {value}; it must be at least {least}")
    if accepts and value not in accepts:
        raise ConfigError(f"{name} is {value!r}; it must be {' or '.join(accepts)}")


def _setting_name(limit: str) -> str:
    """The name of a limit as a setting: that of a request's own limit begins with `limit_`."""
    return f"limit_{limit}" if limit in {item.name for item in fields(Limits)} else limit


#: The limits by their names as settings.
_LIMITS = {_setting_name(item.name): item.name for item in fields(ServiceLimits)}
