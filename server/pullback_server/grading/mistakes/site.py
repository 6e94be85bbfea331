"""One node of f as a place where rules are misapplied, and what a misapplied rule is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from ...program import Apply, Input
from ..codes import Mistake
from ..phrasing import phrase
from ..problem import Finding
from .slopes import Rule, Slope, Slopes


@dataclass(frozen=True)
class TreeMistake:
    """One misapplied rule at one node of f, with a sentence for the student; `ending` completes one that takes longer.

    `bare` is the same without the inner derivative, where the two may be forgotten together.
    """

    code: Mistake
    node: int
    rule: Rule
    message: str
    ending: Callable[[], str] | None = None
    bare: Rule | None = None

    @cached_property
    def finding(self) -> Finding:
        """The finding, with the whole sentence."""
        return Finding(self.code, self.message + (self.ending() if self.ending is not None else ""))


class Site:
    """One node that works on operands, of which those in `active` depend on the input; `text` is how f has it."""

    def __init__(self, slopes: Slopes, number: int, node: Apply) -> None:
        self.slopes, self.number, self.node = slopes, number, node
        self.program = slopes.typed.program
        self.name = node.operator
        self.operands = [k for k in node.operands if k is not None]
        self.active = [place for place, k in enumerate(self.operands) if slopes.active[k]]
        self.text = f"`{phrase(self.program, number)}`"

    @property
    def value(self) -> torch.Tensor:
        """The node's value."""
        return self.slopes.value(self.number, self.number)

    def operand(self, place: int) -> torch.Tensor:
        """An operand's value, aligned with the node's."""
        return self.slopes.value(self.operands[place], self.number)

    def operand_text(self, place: int) -> str:
        """An operand as f has it."""
        return f"`{phrase(self.program, self.operands[place])}`"

    def slope(self, place: int, slopes: Sequence[Slope | None]) -> Slope:
        """An operand's slope, aligned with the node's."""
        slope = slopes[place]
        assert slope is not None
        return self.slopes.align(slope, self.number)

    def part(self, place: int, slopes: Sequence[Slope | None]) -> Slope:
        """What an operand's slope adds to the node's by the chain rule."""
        slope = slopes[place]
        assert slope is not None
        return self.slopes.part(self.number, place, slope)

    def partial_at(self, place: int, x: torch.Tensor) -> torch.Tensor:
        """The node's partial derivative with respect to an operand, at another value of it."""
        values = [x if k == place else self.operand(k) for k in range(len(self.operands))]
        return self.slopes.partial_at(self.number, place, values)

    def partial_rule(self, place: int, partial: torch.Tensor) -> Rule:
        """The chain rule with another partial derivative."""
        return lambda slopes: partial * self.slope(place, slopes)

    def fixed_rule(self, place: int, fixed: Slope) -> Rule:
        """A slope that does not depend on the operand's."""
        return lambda slopes: fixed + torch.zeros_like(self.slope(place, slopes))

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
        return self.slopes.align(self.slopes.identity(wrt[0]), self.number)

    def partial_mistake(self, code: Mistake, place: int, partial: torch.Tensor, message: str) -> TreeMistake:
        """Another partial derivative than the right one, with the inner derivative or, as two mistakes, without."""
        unit = self.unit(place)
        bare = self.fixed_rule(place, partial * unit) if unit is not None else None
        return TreeMistake(code, self.number, self.partial_rule(place, partial), message, bare=bare)

    def mistake(self, code: Mistake, rule: Rule, message: str, ending: Callable[[], str] | None = None) -> TreeMistake:
        """A mistake at this node."""
        return TreeMistake(code, self.number, rule, message, ending)
