"""`pullback status`: the state of a service."""

from __future__ import annotations

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..plain import json_text
from ..values.language import Language
from .connection import ExitCode, connect, failures, service_options

#: Seconds that a service has to answer.
TIMEOUT = 10.0


@click.command(short_help="Show the state of a service: health, device, workers, limits, versions.")
@click.option("--health-only", is_flag=True, help="Ask only for the health, as a probe does; needs no token.")
@service_options
def status(health_only: bool, target: str | None, as_json: bool) -> None:
    """Show the state of the service at the target: its health, device, workers, limits and versions.

    The exit code is 0 where it is serving and 3 where it is not, or does not answer.
    """
    if not target:
        raise click.UsageError("Missing option '--target'.")
    with failures(as_json), connect(target) as client:
        health = client.health(timeout=TIMEOUT)
        language = None if health_only or health != "SERVING" else client.describe_language(timeout=TIMEOUT)
    if as_json:
        click.echo(json_text(_plain(health, language)))
    elif language is None:
        click.echo(health)
    else:
        Console(highlight=False).print(_table(health, language))
    raise SystemExit(int(ExitCode.PASSED if health == "SERVING" else ExitCode.SERVICE_FAILED))


def _plain(health: str, language: Language | None) -> dict[str, object]:
    if language is None:
        return {"health": health}
    return {
        "health": health,
        "device": language.device,
        "workers": language.workers,
        "limits": {limit.name: limit.value for limit in language.limits},
        "versions": language.versions,
    }


def _table(health: str, language: Language) -> Table:
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", overflow="fold")
    table.add_column(style="dim", overflow="fold")
    table.add_row("health", Text(health), "")
    table.add_row("device", Text(language.device), "")
    if language.workers is not None:
        table.add_row("workers", Text(f"{language.workers.ready} of {language.workers.wanted}"), "ready")
        table.add_row("", Text(str(language.workers.replaced)), "replaced since the service began")
        table.add_row("", Text(str(language.workers.waiting)), "requests waiting for one")
    for title, rows in (
        ("limits", [(f"{limit.name}", f"{limit.value:,.10g}", limit.description) for limit in language.limits]),
        ("versions", [(name, version, "") for name, version in language.versions.items()]),
    ):
        table.add_section()
        table.add_row(Text(title, style="bold cyan"), "", "")
        for name, value, meaning in rows:
            table.add_row(Text(name), Text(value), Text(meaning))
    return table
