"""`pullback operators`: the operators of the language, or everything about one of them."""

from __future__ import annotations

import click

from .connection import connect, failures, service_options
from .table import language_table, operators_table, show


@click.command(short_help="List the operators, or describe one.")
@click.argument("name", required=False, default="")
@service_options
def operators(name: str, target: str | None, as_json: bool) -> None:
    """List the operators of the language, or describe the one of that NAME or alias."""
    with failures(as_json), connect(target) as client:
        language = client.describe_language(name)
    show(language, operators_table if name else language_table, as_json)
