"""The nodes of a program: what an expression means, apart from its text and before its shapes are known."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands in the expression; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Size:
    """The length of one dimension of an earlier node, `x.shape[axis]`, which is known when shapes are."""

    operand: int
    axis: int


#: What an operator may take beside tensors: literals, sizes, and tuples of them.
Argument = None | bool | int | float | str | Size | tuple["Argument", ...]


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor of the request."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Literal:
    """A number literal, the length of a dimension, or a constant, whose `name` is then `pi`, `e` or `inf`."""

    value: bool | int | float | Size
    place: Place
    name: str = ""


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator applied to earlier nodes; an operand that was left out is None."""

    operator: str
    operands: tuple[int | None, ...]
    arguments: tuple[tuple[str, Argument], ...]
    place: Place


Node = Input | Literal | Apply


@dataclass(frozen=True, slots=True)
class Program:
    """An expression as a list of nodes, each of which refers to earlier ones by their number.

    Equal subexpressions are one node. `bindings` are the lines `name = expression`, in order; the output is the
    number of the last line's node.

    >>> here = Place(1, 1)
    >>> Program((Input("x", here), Apply("exp", (0,), (), here)), bindings=(), output=1).output
    1
    """

    nodes: tuple[Node, ...]
    bindings: tuple[tuple[str, int], ...]
    output: int

    def dependencies(self, node: int, known: Container[int] = ()) -> set[int]:
        """A node and all that it is written with, sizes included, without the `known` ones and what only they need."""
        pending, nodes = [node], {node}
        while pending:
            match self.nodes[pending.pop()]:
                case Apply(operands=operands):
                    new = {k for k in operands if k is not None and k not in known} - nodes
                case Literal(Size(operand)) if operand not in known:
                    new = {operand} - nodes
                case _:
                    continue
            nodes |= new
            pending += new
        return nodes

    def inputs(self) -> Mapping[str, int]:
        """The inputs that the expression uses, by name."""
        return {node.name: number for number, node in enumerate(self.nodes) if isinstance(node, Input)}
