"""What pages that are made from tables share: a table in Markdown, and the command that writes a page or checks it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, and an empty one."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    yield ""


def write_or_check(file: Path, page: str, module: str, description: str | None) -> int:
    """Do what the command line of that module says; the exit status is 0 on success."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the file, and write nothing")
    if not parser.parse_args().check:
        file.write_text(page, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != page:
        print(f"{file} is not what the tables give: run python -m {module}")
        return 1
    return 0
