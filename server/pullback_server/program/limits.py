"""The limits of one request, as one frozen value with documented defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def limit(default: float, doc: str, *, least: float = 1) -> Any:
    """A field with its default, the phrase that `describe` shows, and its least value."""
    return field(default=default, metadata={"doc": doc, "least": least})


@dataclass(frozen=True, kw_only=True, eq=False)
class Limits:
    """What one request may ask for; over a limit means a refusal, never an allocation.

    Over those of formulas and entries, a formula or a list of entries is left out of the reply, which says so.

    >>> Limits(nodes=10).nodes
    10
    """

    characters: int = limit(10_000, "characters in an expression")
    nodes: int = limit(2_000, "operators, names and numbers in an expression")
    depth: int = limit(100, "nested operators")
    literal: int = limit(300, "characters in a number of an expression")
    inputs: int = limit(64, "inputs of a request")
    name_characters: int = limit(64, "characters in a name")
    rank: int = limit(8, "dimensions of a tensor")
    elements: int = limit(2**27, "elements of one tensor, an input or a result")
    memory: int = limit(4 * 2**30, "bytes that the values and gradients of a request are estimated to need")
    work: int = limit(2 * 10**12, "multiplications and additions that a request is estimated to need")
    formula_characters: int = limit(4_000, "characters of a formula in index notation; a longer one is not written")
    entries_characters: int = limit(8_000, "characters of all entries in a reply; longer lists are not written")

    @property
    def peak_memory(self) -> int:
        """The bytes that a request within the limits needs at most at one time: a call has intermediates too."""
        return 2 * self.memory

    def describe(self) -> tuple[tuple[str, float, str], ...]:
        """Every limit as (name, value, description)."""
        return tuple((f.name, getattr(self, f.name), f.metadata["doc"]) for f in fields(self))
