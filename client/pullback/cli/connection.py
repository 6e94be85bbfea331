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
from .failure import print_failure
from .plain import json_text

F = TypeVar("F", bound=Callable[..., Any])


class ExitCode(IntEnum):
    """What the command's exit code says."""

    AGREE = 0
    OTHER_VERDICT = 1
    BAD_REQUEST = 2
    SERVICE_FAILED = 3


def service_options(command: F) -> F:
    """The options of every command that calls a service."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON; errors too, on standard output.")(
        command
    )
    return click.option(
        "--target", metavar="HOST:PORT", help="The service to ask; without it a server is started for this call."
    )(command)


def connect(target: str | None, workers: int = 1) -> AbstractContextManager[Client]:
    """A client of the service at the target, or of a server of its own with so many workers, 0 for one a core."""
    return Client(target) if target else local("--workers", str(workers))


@contextmanager
def failures(as_json: bool, expression: str = "") -> Iterator[None]:
    """Print what goes wrong inside the block, and end with the exit code for it."""
    try:
        yield
    except PullbackError as error:
        if as_json:
            click.echo(json_text(error))
        else:
            print_failure(error, expression)
        code = ExitCode.BAD_REQUEST if isinstance(error, InvalidRequest) else ExitCode.SERVICE_FAILED
        raise SystemExit(int(code)) from error
