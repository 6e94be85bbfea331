"""One node of f as a place where rules are misapplied, and what a misapplied rule is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from ...program import Apply, Input
from ..codes import Mistake
from .phrasing import written
from .slopes import Rule, Slope, Slopes


@dataclass(frozen=True)
class TreeMistake:
    """One misapplied rule at one node, with a sentence for the student; `rest` ends it where that takes longer.

    `bare` is the same without the inner derivative, where the two may be forgotten together.
    """

    code: Mistake
    node: int
    rule: Rule
    message: str
    rest: Callable[[], str] | None = None
    bare: Rule | None = None

    @cached_property
    def sentence(self) -> str:
        """The whole sentence."""
        return self.message + (self.rest() if self.rest is not None else "")


class Site:
    """One node that works on operands, of which those in `active` depend on the input."""

    def __init__(self, slopes: Slopes, number: int, node: Apply) -> None:
        self.slopes, self.number, self.node = slopes, number, node
        self.program = slopes.typed.program
        self.name = node.operator
        self.operands = [k for k in node.operands if k is not None]
        self.active = [place for place, k in enumerate(self.operands) if slopes.active[k]]
        self.shown = f"`{written(self.program, number)}`"

    @property
    def value(self) -> torch.Tensor:
        """The node's own value."""
        return self.slopes.value(self.number, self.number)

    def operand(self, place: int) -> torch.Tensor:
        """An operand's value, lined up with the node's."""
        return self.slopes.value(self.operands[place], self.number)

    def text(self, place: int) -> str:
        """An operand as it is written."""
        return f"`{written(self.program, self.operands[place])}`"

    def slope(self, place: int, d: Sequence[Slope | None]) -> Slope:
        """An operand's slope, lined up with the node's."""
        slope = d[place]
        assert slope is not None
        return self.slopes.lined(slope, self.number)

    def part(self, place: int, d: Sequence[Slope | None]) -> Slope:
        """What an operand's slope adds to the node's, rightly."""
        slope = d[place]
        assert slope is not None
        return self.slopes.part(self.number, place, slope)

    def partial_at(self, place: int, x: torch.Tensor) -> torch.Tensor:
        """The node's partial derivative by an operand, taken at another value of it."""
        values = [x if k == place else self.operand(k) for k in range(len(self.operands))]
        return self.slopes.partial_at(self.number, place, values)

    def scaled(self, place: int, partial: torch.Tensor) -> Rule:
        """The chain rule with another partial derivative."""

        def rule(d: Sequence[Slope | None]) -> Slope:
            return partial * self.slope(place, d)

        return rule

    def fixed(self, place: int, slope: Slope) -> Rule:
        """A slope that leaves the operand's out of account."""

        def rule(d: Sequence[Slope | None]) -> Slope:
            return slope + torch.zeros_like(self.slope(place, d))

        return rule

    def unit(self, place: int) -> Slope | None:
        """The slope 1 of an inner function; None where the operand is the input itself, or has another shape."""
        inner = self.operands[place]
        if isinstance(self.program.nodes[inner], Input):
            return None
        shape, wrt = self.slopes.typed.types[inner].shape, self.slopes.wrt
        if len(wrt) > 1:
            return torch.ones(1, self.slopes.count, 1, dtype=torch.float64) if not shape else None
        if self.slopes.inputs[wrt[0]].shape[2:] != shape:
            return None
        return self.slopes.lined(self.slopes.identity(wrt[0]), self.number)

    def taken(self, code: Mistake, place: int, partial: torch.Tensor, message: str) -> TreeMistake:
        """Another partial derivative than the right one, with the inner derivative or, as two mistakes, without."""
        unit = self.unit(place)
        bare = self.fixed(place, partial * unit) if unit is not None else None
        return TreeMistake(code, self.number, self.scaled(place, partial), message, bare=bare)

    def mistake(self, code: Mistake, rule: Rule, message: str, rest: Callable[[], str] | None = None) -> TreeMistake:
        """A mistake at this node."""
        return TreeMistake(code, self.number, rule, message, rest)
