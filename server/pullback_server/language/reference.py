"""The language's reference, server/LANGUAGE.md, made from the tables that define the language.

python -m pullback_server.language.reference            write server/LANGUAGE.md
python -m pullback_server.language.reference --check    exit 1 if it differs from what the tables give
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ..operators import TABLE, Operator
from ..operators.signature import KINDS
from ..program import DType, Limits, Reason
from .names import CONSTANTS, LIBRARIES, PREFIXES
from .pages import table, write_or_check
from .refusals import KEYWORDS

FILE = Path(__file__).parents[2] / "LANGUAGE.md"

INTRODUCTION = """\
# The language

This file is made by `python -m pullback_server.language.reference` from the tables of the language and of the
operators; change those instead.

An expression is written in Python's syntax with torch's names: `softmax(Q @ K.T / sqrt(8), dim=-1) @ V`. Lines
`name = expression` may come before it, each with a new name; the last line is an expression. Text is parsed, never
executed, and what is not described here is refused with its line and column.

- The name of an input or of a line may be any identifier that is not a Python keyword and not the name of an operator
  that is called; it hides a constant or a prefix of the same name.
- An operator is called as a function, `sum(x)`, or as a method, `x.sum()`, unless it has an operator symbol. Arguments
  are passed by position or by keyword. A parameter without a kind is a tensor.
- Meaning, broadcasting and dtypes are torch's. `dim` may be left out where torch requires it: reductions then run over
  all dimensions, softmax and its relatives over the last one. `x.shape[k]` is a number.
"""


def reference() -> str:
    """The whole text."""
    return "\n".join((INTRODUCTION, *_literals(), *_operators(), *_names(), *_limits(), *_refusals()))


def _literals() -> Iterator[str]:
    yield "## Dtypes and literals\n"
    floating = ", ".join(f"`{d.label}`" for d in DType if d.floating)
    yield f"Differentiable: {floating}. Constants: {', '.join(f'`{d.label}`' for d in DType if not d.floating)}.\n"
    yield "The kinds of the parameters that are not tensors:\n"
    yield from table(("kind", "what to write"), ((f"`{kind}`", text) for kind, (_, text) in KINDS.items()))


def _operators() -> Iterator[str]:
    yield "## Operators\n"
    families = [(family, list(rows)) for family, rows in groupby(TABLE, key=lambda row: row.family)]
    listed = (
        (f"[{family}](#{family.replace(' ', '-')})", " ".join(f"`{row.name}`" for row in rows))
        for family, rows in families
    )
    yield from table(("family", "operators"), listed)
    for family, rows in families:
        yield f"### {family[0].upper()}{family[1:]}\n"
        for row in rows:
            yield from _operator(row)


def _operator(row: Operator) -> Iterator[str]:
    yield f"#### `{row.name}`\n"
    yield f"{row.doc}\n"
    facts = (
        ("Written", ", ".join(f"`{spelling}`" for spelling in row.spellings)),
        ("Parameters", f"`{row.signature}`" if row.signature else ""),
        ("Also called", ", ".join(f"`{alias}`" for alias in row.aliases)),
        ("Defined where", f"`{row.domain}`" if row.domain else ""),
        ("No derivative where", "; ".join(f"`{kink.where}` (autograd gives {kink.gives})" for kink in row.kinks)),
        ("Closed form", "" if row.closed_form else "none"),
        ("Example", f"`{row.example}`"),
        ("Source", row.source),
    )
    yield from (f"- {label}: {fact}" for label, fact in facts if fact)
    yield ""


def _names() -> Iterator[str]:
    yield "## Constants and prefixes\n"
    yield f"Constants: {', '.join(f'`{name}`' for name in CONSTANTS)}.\n"
    prefixes = ", ".join(f"`{prefix}.`" for prefix in sorted(PREFIXES))
    yield f"A prefix may stand before an operator or a constant and is ignored: {prefixes}.\n"
    yield "Where an operator's own name has a prefix, such as `np.var`, the prefix selects it. These mean the same:"
    yield ", ".join(f"`{prefix}.` and `{library}.`" for prefix, library in LIBRARIES.items()) + ".\n"


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield "A request over one of these is refused before anything is computed.\n"
    rows = ((f"`{name}`", f"{value:,}".replace(",", " "), sentence) for name, value, sentence in Limits().describe())
    yield from table(("limit", "value", "what it limits"), rows)


def _refusals() -> Iterator[str]:
    yield "## What is refused\n"
    yield "Each refusal has a reason, and says what was found and what would be accepted.\n"
    yield from table(("reason", "what it means"), ((f"`{reason.name}`", reason.value) for reason in Reason))
    yield "Python keywords that are not part of the language:\n"
    yield from table(("keyword", "instead"), ((f"`{word}`", instead) for word, (_, instead) in KEYWORDS.items()))


def main() -> int:
    """Do what the command line says; the exit status is 0 on success."""
    return write_or_check(FILE, reference(), "pullback_server.language.reference", __doc__)


if __name__ == "__main__":
    sys.exit(main())
