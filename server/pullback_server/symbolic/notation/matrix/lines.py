"""Lines `name = expression` before a matrix expression, for the parts that stand in it more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ....language import CONSTANTS, PREFIXES, RESERVED
from ..words import iter_names
from .text import text
from .tree import Call, Infix, MatMul, Name, Power, Product, Sum, Tree, children, map_children

#: A part is given a line when its text has at least this many characters.
SHORTEST = 10
#: And when it has this many, where the program has a name for it.
SHORTEST_NAMED = 5
#: The letters of lines, by the rank of the tensor that they name.
LETTERS = {0: "cdgh", 1: "stuwz"}
MATRICES = "STUWZ"


@dataclass(frozen=True)
class Lines:
    """Definitions in the order in which they are needed, and the expression that uses them."""

    definitions: tuple[tuple[str, Tree], ...]
    result: Tree


def name_repeated_parts(tree: Tree, known: Mapping[Tree, str], taken: frozenset[str]) -> Lines:
    """The tree with its repeated parts named: `known` has the program's names for some, `taken` all of its names."""
    parts: list[Tree] = []
    names: list[str | None] = []
    while True:
        uses = Counter(part for line in (tree, *parts) for part in _parts(line))
        lengths = {part: len(text(part)) for part, n in uses.items() if n > 1}
        repeated = [part for part, n in lengths.items() if n >= (SHORTEST_NAMED if part in known else SHORTEST)]
        if not repeated:
            break
        part = max(repeated, key=lambda p: lengths[p])
        swap = _replacement(part, Name(f"%{len(parts)}", part.rank))
        tree, parts = swap(tree), [*map(swap, parts), part]
        names.append(known.get(part))
    if not parts:
        return Lines((), tree)
    return _name_lines(tree, parts, names, set(taken))


def _name_lines(tree: Tree, parts: list[Tree], names: list[str | None], taken: set[str]) -> Lines:
    """Letters for the placeholders `%0`, `%1`, ..., in the order of their lines; short definitions are put back."""
    used = taken | CONSTANTS.keys() | RESERVED | {p.split(".")[0] for p in PREFIXES}
    replacements: dict[str, Tree] = {}
    definitions: list[tuple[str, Tree]] = []

    def fill(t: Tree) -> Tree:
        return replacements.get(t.name, t) if isinstance(t, Name) else map_children(t, fill)

    # Later parts stand in earlier ones.
    for number, part in reversed([*enumerate(parts)]):
        definition, known = fill(part), names[number]
        if known is None and len(text(definition)) < SHORTEST:
            replacements[f"%{number}"] = definition
            continue
        name = known or next(c for c in iter_names(LETTERS.get(part.rank, MATRICES)) if c not in used)
        used.add(name)
        replacements[f"%{number}"] = Name(name, part.rank)
        definitions.append((name, definition))
    return Lines(tuple(definitions), fill(tree))


def _parts(tree: Tree) -> Iterator[Tree]:
    """The subtrees that a line may stand for."""
    if isinstance(tree, Call | Infix | MatMul | Power | Sum) or (isinstance(tree, Product) and tree.number > 0):
        yield tree
    for child in children(tree):
        yield from _parts(child)


def _replacement(part: Tree, name: Tree) -> Callable[[Tree], Tree]:
    def swap(tree: Tree) -> Tree:
        return name if tree == part else map_children(tree, swap)

    return swap
