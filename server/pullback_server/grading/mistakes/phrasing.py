"""Parts of f as a finding names them."""

from __future__ import annotations

from ...language import TooLongToWrite, unparse
from ...program import Program

#: What is longer is cut in the middle of a sentence.
LONGEST = 60


def written(program: Program, node: int) -> str:
    """The text of a node; a long one is shortened.

    >>> from ...language import parse
    >>> from ...program import Limits
    >>> program = parse("(x + 1)**2*sin(-x)", ["x"], Limits())
    >>> written(program, program.output)
    '(x + 1)**2*sin(-x)'
    """
    try:
        text = unparse(program, node)
    except TooLongToWrite:
        return "..."
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
