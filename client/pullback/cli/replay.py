"""`pullback replay`: computes a grade again from its token, and shows it."""

from __future__ import annotations

import sys

import click

from .connection import connect, failures, service_options
from .grading_tables import grade_table
from .table import show


@click.command(short_help="Show a grade again.")
@click.argument("grade_token", metavar="TOKEN")
@service_options
def replay(grade_token: str, target: str | None, as_json: bool) -> None:
    """Compute again the grade that TOKEN, the `replay` of a result, stands for; - reads the token from standard input.

    The grade is the same to the last bit in the same versions.
    """
    text = sys.stdin.read().strip() if grade_token == "-" else grade_token
    with failures(as_json), connect(target) as client:
        grade = client.replay(text)
    show(grade, grade_table, as_json)
