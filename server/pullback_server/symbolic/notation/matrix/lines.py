"""Parts of a matrix expression that stand in it more than once, given lines `name = expression` before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from ....language import CONSTANTS, PREFIXES, RESERVED
from .text import text
from .tree import Call, Infix, Item, MatMul, Name, Power, Product, Sum, Tree, children, rebuilt

#: A part is given a line when its text has at least this many characters.
SHORTEST = 10
#: What lines are called, by the rank of what they name.
LETTERS = {0: "cdgh", 1: "stuwz"}
MATRICES = "STUWZ"


@dataclass(frozen=True)
class Lines:
    """Definitions in the order in which they are needed, and the expression that uses them."""

    definitions: tuple[tuple[str, Tree], ...]
    result: Tree


def with_lines(tree: Tree, given: Mapping[Tree, str], taken: frozenset[str]) -> Lines:
    """The tree with its repeated parts named; `given` are names that the program has for some, `taken` all its names."""
    definitions: list[tuple[str, Tree]] = []
    used = set(taken) | CONSTANTS.keys() | RESERVED | {p.split(".")[0] for p in PREFIXES}
    while True:
        uses = Counter(part for whole in (tree, *(d for _, d in definitions)) for part in _parts(whole))
        repeated = [(len(written), part) for part, n in uses.items() if n > 1 and len(written := text(part)) >= SHORTEST]
        if not repeated:
            return Lines(tuple(reversed(definitions)), tree)
        _, part = max(repeated, key=lambda r: r[0])
        name = given.get(part) or next(c for c in _stream(LETTERS.get(part.rank, MATRICES)) if c not in used)
        used.add(name)
        swap = _swapping(part, Name(name, part.rank))
        tree = swap(tree)
        definitions = [(n, swap(d)) for n, d in definitions]
        definitions.append((name, part))


def _parts(tree: Tree) -> Iterator[Tree]:
    """The subtrees that a line may stand for."""
    if isinstance(tree, Call | Infix | Item | MatMul | Power | Sum) or (isinstance(tree, Product) and tree.number > 0):
        yield tree
    for child in children(tree):
        yield from _parts(child)


def _swapping(part: Tree, name: Tree) -> Callable[[Tree], Tree]:
    def swap(tree: Tree) -> Tree:
        return name if tree == part else rebuilt(tree, swap)

    return swap


def _stream(letters: str) -> Iterator[str]:
    yield from letters
    for number in count(1):
        yield from (f"{c}{number}" for c in letters)
