"""Matrix expressions as frozen trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from ....program import Argument


class NoMatrixForm(Exception):
    """An expression that matrix notation cannot write in this form."""


class TooLong(Exception):
    """An expression that nobody would read in matrix notation."""


class Node:
    """Any tree: equal to those of the same kind with equal parts. Trees are compared often, so each is hashed once."""

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Node) and self._hash == other._hash and self._parts == other._parts

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _parts(self) -> tuple[object, ...]:
        assert isinstance(self, Tree)
        return type(self), *map(self.__dict__.__getitem__, self.__match_args__)

    @cached_property
    def _hash(self) -> int:
        return hash(self._parts)

    @cached_property
    def size(self) -> int:
        """The number of nodes, repeated ones counted each time."""
        assert isinstance(self, Tree)
        return 1 + sum(t.size for t in children(self))


class Broadcast(Node):
    """A tree whose children broadcast against one another."""

    @cached_property
    def rank(self) -> int:
        """The number of dimensions."""
        assert isinstance(self, Tree)
        return max((t.rank for t in children(self)), default=0)


@dataclass(frozen=True, eq=False)
class Name(Node):
    """An input, a line, or the upstream gradient; `floating` is false for inputs that are bool or integers."""

    name: str
    rank: int
    floating: bool = True


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """`pi`, `e`, `inf`, or a truth value."""

    name: str
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Number(Node):
    """A number; `point` writes an integer as 1.0, which makes it floating."""

    value: Fraction
    point: bool = False
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Length(Node):
    """`x.shape[axis]`."""

    of: Tree
    axis: int
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Call(Node):
    """An operator applied to trees, None where an operand is left out, and to literals."""

    function: str
    operands: tuple[Tree | None, ...]
    rank: int
    options: tuple[tuple[str, Option], ...] = ()


@dataclass(frozen=True, eq=False)
class Transpose(Node):
    """The transpose of a matrix."""

    of: Tree
    rank: int = 2


@dataclass(frozen=True, eq=False)
class Subscript(Node):
    """`u[:, None]`: `index` has ":" for an axis that stays, None for a new one, 0 for one that goes."""

    of: Tree
    index: tuple[str | int | None, ...]
    rank: int


@dataclass(frozen=True, eq=False)
class Power(Broadcast):
    """An elementwise power."""

    base: Tree
    exponent: Tree


@dataclass(frozen=True, eq=False)
class Infix(Broadcast):
    """A comparison, `&`, `|` or `%`, by its operator symbol."""

    symbol: str
    left: Tree
    right: Tree


@dataclass(frozen=True, eq=False)
class MatMul(Node):
    """A chain of `@`; only its ends may be vectors."""

    factors: tuple[Tree, ...]

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        ends = (self.factors[0].rank, self.factors[-1].rank)
        return max(ends) if max(ends) > 2 else 2 - ends.count(1)


@dataclass(frozen=True, eq=False)
class Product(Broadcast):
    """`number*scalars*factors/(under*below)`, elementwise: scalars are those of rank 0, above and under the line."""

    number: Fraction = Fraction(1)
    scalars: tuple[Tree, ...] = ()
    under: tuple[Tree, ...] = ()
    factors: tuple[Tree, ...] = ()
    below: tuple[Tree, ...] = ()


@dataclass(frozen=True, eq=False)
class Sum(Broadcast):
    """Terms added up; a product with a negative number is subtracted."""

    terms: tuple[Tree, ...]


#: Trees of more nodes than this are not built: nobody would read them.
LARGEST = 500

Tree = Name | Constant | Number | Length | Call | Transpose | Subscript | Power | Infix | MatMul | Product | Sum
Option = Argument | Tree | tuple["Option", ...]


def check_size(tree: Tree) -> Tree:
    """The tree itself; raises TooLong where it has too many nodes."""
    if tree.size > LARGEST:
        raise TooLong
    return tree


def children(tree: Tree) -> tuple[Tree, ...]:
    """The trees that a tree is made of."""
    match tree:
        case Call(_, operands):
            return tuple(t for t in operands if t is not None)
        case Transpose(of) | Subscript(of) | Length(of):
            return (of,)
        case Power(a, b) | Infix(_, a, b):
            return (a, b)
        case MatMul(several) | Sum(several):
            return several
        case Product():
            return (*tree.scalars, *tree.under, *tree.factors, *tree.below)
    return ()


def map_children(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with each of its children changed."""

    def all_of(trees: tuple[Tree, ...]) -> tuple[Tree, ...]:
        return tuple(map(change, trees))

    match tree:
        case Call(_, operands, _, options):
            changed = tuple((name, _changed(value, change)) for name, value in options)
            return replace(tree, operands=tuple(None if t is None else change(t) for t in operands), options=changed)
        case Transpose(of) | Subscript(of) | Length(of):
            return replace(tree, of=change(of))
        case Power(a, b):
            return Power(change(a), change(b))
        case Infix(symbol, a, b):
            return Infix(symbol, change(a), change(b))
        case MatMul(factors):
            return MatMul(all_of(factors))
        case Sum(terms):
            return Sum(all_of(terms))
        case Product(n, scalars, under, factors, below):
            return Product(n, all_of(scalars), all_of(under), all_of(factors), all_of(below))
    return tree


def _changed(value: Option, change: Callable[[Tree], Tree]) -> Option:
    """An argument with the lengths in it changed."""
    match value:
        case tuple():
            return tuple(_changed(v, change) for v in value)
        case Length():
            return change(value)
    return value
