"""Parts of a matrix expression that stand in it more than once, given lines `name = expression` before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from ....language import CONSTANTS, PREFIXES, RESERVED
from .text import text
from .tree import Call, Infix, MatMul, Name, Power, Product, Sum, Tree, children, rebuilt

#: A part is given a line when its text has at least this many characters.
SHORTEST = 10
#: And when it has this many, where the program has a name for it.
OWN = 5
#: What lines are called, by the rank of what they name.
LETTERS = {0: "cdgh", 1: "stuwz"}
MATRICES = "STUWZ"


@dataclass(frozen=True)
class Lines:
    """Definitions in the order in which they are needed, and the expression that uses them."""

    definitions: tuple[tuple[str, Tree], ...]
    result: Tree


def with_lines(tree: Tree, given: Mapping[Tree, str], taken: frozenset[str]) -> Lines:
    """The tree with its repeated parts named: `given` has the program's names for some, `taken` has all its names."""
    parts: list[Tree] = []
    names: list[str | None] = []
    while True:
        uses = Counter(part for whole in (tree, *parts) for part in _parts(whole))
        written = {part: len(text(part)) for part, n in uses.items() if n > 1}
        repeated = [part for part, n in written.items() if n >= (OWN if part in given else SHORTEST)]
        if not repeated:
            break
        part = max(repeated, key=lambda p: written[p])
        swap = _swapping(part, Name(f"%{len(parts)}", part.rank))
        tree, parts = swap(tree), [*map(swap, parts), part]
        names.append(given.get(part))
    return _named(tree, parts, names, set(taken))


def _named(tree: Tree, parts: list[Tree], names: list[str | None], taken: set[str]) -> Lines:
    """The placeholders `%0`, `%1`, ... given letters in the order of their lines; what has become short is put back."""
    used = taken | CONSTANTS.keys() | RESERVED | {p.split(".")[0] for p in PREFIXES}
    written_out: dict[str, Tree] = {}
    definitions: list[tuple[str, Tree]] = []

    def finished(t: Tree) -> Tree:
        return written_out.get(t.name, t) if isinstance(t, Name) else rebuilt(t, finished)

    # The parts found later stand in those found before.
    for number, part in reversed([*enumerate(parts)]):
        definition = finished(part)
        own = names[number]
        if own is None and len(text(definition)) < SHORTEST:
            written_out[f"%{number}"] = definition
            continue
        name = own or next(c for c in lettered(LETTERS.get(part.rank, MATRICES)) if c not in used)
        used.add(name)
        written_out[f"%{number}"] = Name(name, part.rank)
        definitions.append((name, definition))
    return Lines(tuple(definitions), finished(tree))


def _parts(tree: Tree) -> Iterator[Tree]:
    """The subtrees that a line may stand for."""
    if isinstance(tree, Call | Infix | MatMul | Power | Sum) or (isinstance(tree, Product) and tree.number > 0):
        yield tree
    for child in children(tree):
        yield from _parts(child)


def _swapping(part: Tree, name: Tree) -> Callable[[Tree], Tree]:
    def swap(tree: Tree) -> Tree:
        return name if tree == part else rebuilt(tree, swap)

    return swap


def lettered(letters: str) -> Iterator[str]:
    """The letters, then the letters with numbers behind them."""
    yield from letters
    for number in count(1):
        yield from (f"{c}{number}" for c in letters)
