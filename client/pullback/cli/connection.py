"""What the commands that call a service share: its address, how a failure ends them, and the exit codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from typing import Any, TypeVar

import click

from ..client import Client
from ..embedded import local
from ..errors import InvalidRequest, PullbackError
from ..plain import json_text
from ..wire.security import TlsFiles
from .failure import print_failure

F = TypeVar("F", bound=Callable[..., Any])


class ExitCode(IntEnum):
    """What a command's exit code says."""

    PASSED = 0  # the verdicts agree, the answers are graded, the service is serving
    NOT_PASSED = 1  # another verdict, or a mean score below the one that is demanded
    BAD_REQUEST = 2
    SERVICE_FAILED = 3
    INTERRUPTED = 130


# fmt: off
#: The options of a connection beside its target: the flag, what stands for its value, and what it means.
_CONNECTION = (
    ("--token",            "TOKEN", "The token that says who calls; the variable keeps it from other users."),
    ("--tls/--plaintext",  None,    "Whether to secure the connection with TLS."),
    ("--ca",               "FILE",  "The authorities that the service's certificate is checked against."),
    ("--certificate",      "FILE",  "The client's certificate, for a service that asks for one."),
    ("--key",              "FILE",  "The key of the client's certificate."),
    ("--server-name",      "NAME",  "The name in the service's certificate, where it is not the host."),
)
# fmt: on
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; errors too, on standard output.")


def service_options(command: F) -> F:
    """The options of every command that calls a service."""
    command = _JSON(command)
    for flag, metavar, meaning in reversed(_CONNECTION):
        command = click.option(
            flag,
            metavar=metavar,
            envvar=f"PULLBACK_{_name(flag).upper()}",
            show_envvar=True,
            help=meaning,
            default=None,
            expose_value=False,
            callback=_keep,
        )(command)
    return click.option(
        "--target",
        metavar="HOST:PORT",
        envvar="PULLBACK_TARGET",
        show_envvar=True,
        help="The service to ask; without it a server is started for this call.",
    )(command)


def connect(target: str | None, workers: int = 1) -> AbstractContextManager[Client]:
    """A client of the service at the target, or of a server of its own with so many workers, 0 for one per core.

    The other options of the connection come from the command that runs.
    """
    if not target:
        return local("--workers", str(workers))
    options = click.get_current_context().meta
    token, tls, ca, certificate, key, name = (options.get(f"{__name__}.{_name(flag)}") for flag, _, _ in _CONNECTION)
    try:
        files = TlsFiles(ca=ca, certificate=certificate, key=key, name=name)
        return Client(target, token=token, tls=files if files != TlsFiles() and tls is not False else tls)
    except (ValueError, OSError) as problem:
        raise click.UsageError(str(problem)) from None


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keeps the value of an option for `connect`, so that no command has to pass it on."""
    ctx.meta[f"{__name__}.{parameter.name}"] = value


def _name(flag: str) -> str:
    return flag.partition("/")[0].removeprefix("--").replace("-", "_")


@contextmanager
def failures(as_json: bool, expression: str = "") -> Iterator[None]:
    """Print the error that the block raises, and end with the exit code for it."""
    try:
        yield
    except PullbackError as error:
        if as_json:
            click.echo(json_text(error))
        else:
            print_failure(error, expression)
        code = ExitCode.BAD_REQUEST if isinstance(error, InvalidRequest) else ExitCode.SERVICE_FAILED
        raise SystemExit(int(code)) from error
