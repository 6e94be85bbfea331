"""How messages name parts of f, and its inputs."""

from __future__ import annotations

from collections.abc import Sequence

from ..language import TooLongToWrite, unparse
from ..program import Program

#: A longer text is cut, since it stands in the middle of a sentence.
LONGEST = 60


def phrase(program: Program, node: int) -> str:
    """The text of a node; a long one is shortened.

    >>> from ..language import parse
    >>> from ..program import Limits
    >>> program = parse("(x + 1)**2*sin(-x)", ["x"], Limits())
    >>> phrase(program, program.output)
    '(x + 1)**2*sin(-x)'
    """
    try:
        text = unparse(program, node)
    except TooLongToWrite:
        return "..."
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def list_names(names: Sequence[str]) -> str:
    """The names in their order, each once.

    >>> list_names(["x", "y", "x"])
    '`x`, `y`'
    """
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))
