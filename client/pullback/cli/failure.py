"""Prints an error as a compiler does: what is wrong, the line with a caret under the place, and what is accepted."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..errors import InvalidRequest, PullbackError, Unavailable

#: Columns of a long line that are shown on either side of the place.
_AROUND = 34


def print_failure(error: PullbackError, expression: str) -> None:
    """Print an error on standard error; its line and column are those of the expression."""
    console = Console(stderr=True, highlight=False)
    label = Text("error: ", style="bold red")
    if isinstance(error, InvalidRequest):
        where = f"{error.field}: " if error.field and error.field != "expression" else ""
        console.print(label + Text(where + error.message), soft_wrap=True)
        for line in excerpt(expression, error.line, error.column) if error.field == "expression" else ():
            console.print(Text("  " + line), soft_wrap=True)
        if error.hint:
            console.print(Text("hint: ", style="bold cyan") + Text(error.hint), soft_wrap=True)
        return
    console.print(label + Text(error.message or error.code.value[1]), soft_wrap=True)
    if isinstance(error, Unavailable) and not error.reason:
        console.print(Text("hint: ", style="bold cyan") + Text("is a service listening there?"), soft_wrap=True)


def excerpt(expression: str, line: int, column: int) -> tuple[str, ...]:
    """A line of the expression with a caret under a column, both counted from 1; nothing where there is no such line.

    >>> excerpt("x + sine(y)", 1, 5)
    ('x + sine(y)', '    ^')
    """
    lines = expression.splitlines()
    if not 1 <= line <= len(lines) or column < 1:
        return ()
    source = lines[line - 1]
    start = max(0, column - 1 - _AROUND) if len(source) > 2 * _AROUND else 0
    end = max(start + 2 * _AROUND, column) if len(source) > 2 * _AROUND else len(source)
    before, after = source[start : column - 1], source[column - 1 : end]
    before = ("…" if start else "") + before.replace("\t", " ")
    return before + after.replace("\t", " ") + ("…" if end < len(source) else ""), " " * cell_len(before) + "^"
