"""The list of nodes under construction: equal subexpressions become one node."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..program import Apply, Argument, Input, Limits, Literal, Node, Place
from .refusals import over_limit

#: A subexpression while it is read: a literal, which may still be folded, or a node's number.
Operand = Literal | int


class Builder:
    """Gives each node a number, and equal ones the number of the first."""

    def __init__(self, limits: Limits) -> None:
        self.nodes: list[Node] = []
        self._limits = limits
        self._numbers: dict[Hashable, int] = {}

    def number(self, operand: Operand) -> int:
        """The number of the node that an operand is."""
        if isinstance(operand, int):
            return operand
        # 1, 1.0 and True are equal in Python and different here, as are 0.0 and -0.0.
        return self._add((type(operand.value).__name__, repr(operand.value), operand.name), operand)

    def input(self, name: str, place: Place) -> int:
        """The number of an input's node."""
        return self._add(("input", name), Input(name, place))

    def apply(
        self, operator: str, operands: Sequence[int | None], arguments: Sequence[tuple[str, Argument]], place: Place
    ) -> int:
        """The number of the node that applies an operator."""
        node = Apply(operator, tuple(operands), tuple(arguments), place)
        return self._add(("apply", operator, node.operands, repr(node.arguments)), node)

    def _add(self, key: Hashable, node: Node) -> int:
        number = self._numbers.setdefault(key, len(self.nodes))
        if number == len(self.nodes):
            if number >= self._limits.nodes:
                amount = f"more than {number} operators, names and numbers"
                raise over_limit(node.place, "nodes", amount, self._limits.nodes, "send a part of it as an input")
            self.nodes.append(node)
        return number
