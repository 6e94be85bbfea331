"""What is known when a cause is looked for: the nodes' values by torch and in many digits, and what reaches what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import torch

from ...language import TooLongToWrite, parse, unparse
from ...operators import BY_NAME, Operator
from ...operators.reference.columns import Objects
from ...program import Apply, Input, Limits, Place, Refusal, TypedProgram
from ..exact import Mask, Reach, Slopes, Values
from ..exact.dependencies import EachEntry, Places
from ..kinks import Guard
from ..values import Outcome

#: A node's text in a sentence is cut to so many characters.
SHOWN = 60
#: Entries of a node that are looked at where a cause is sought.
LOOKED_AT = 256


@dataclass(frozen=True)
class Scene:
    """One question whose legs were compared: the program, its values in many digits and by torch, and its guards.

    `torch_values` are the values of the nodes, `torch_gradients()` the gradients of the nodes by number, and
    `sent_back(node, operands)` what one node alone adds to its operands' gradients.
    """

    values: Values
    torch_values: Sequence[Any]
    torch_gradients: Callable[[], Mapping[int, torch.Tensor]]
    sent_back: Callable[[int, Sequence[int]], Mapping[int, torch.Tensor]]
    guards: tuple[Guard, ...]
    unit: float

    @property
    def typed(self) -> TypedProgram:
        """The program."""
        return self.values.typed

    def row(self, node: int) -> Operator:
        """The row of a node that applies one."""
        return BY_NAME[self.apply(node).operator]

    def apply(self, node: int) -> Apply:
        """A node that applies an operator."""
        found = self.typed.program.nodes[node]
        assert isinstance(found, Apply)
        return found

    def text(self, node: int) -> str:
        """A node as the language writes it, cut where it is long."""
        try:
            text = unparse(self.typed.program, node)
        except TooLongToWrite:
            text = f"{self.row(node).name}(...)"
        return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

    def condition(self, node: int, condition: str) -> str:
        """A row's condition on its parameters, in terms of what a node's operands are."""
        row, operands = self.row(node), iter(self.apply(node).operands)
        told = {p.name: next(operands, None) for p in row.parameters.tensors}
        numbers = self.typed.arguments[node]
        try:
            names = [p.name + "_" * (p.name in BY_NAME) for p in row.parameters.parameters]
            program = parse(condition, names, Limits())
            instead = {}
            for number, name in ((n, x.name.rstrip("_")) for n, x in enumerate(program.nodes) if isinstance(x, Input)):
                operand = told.get(name)
                instead[number] = (
                    repr(numbers[name]) if name in numbers else "" if operand is None else self.text(operand)
                )
            text = unparse(program, None, {k: v for k, v in instead.items() if v and "…" not in v})
        except (Refusal, TooLongToWrite, SyntaxError):
            return condition
        return text if len(text) <= 2 * SHOWN else condition

    def place(self, node: int) -> Place:
        """Where a node stands in the expression."""
        return self.typed.program.nodes[node].place


@dataclass(frozen=True)
class Witness:
    """One examined entry, with what it reaches."""

    scene: Scene
    reach: Reach
    outcome: Outcome
    slopes: Slopes
    autograd: float
    exact: Any
    on: tuple[Guard, ...]
    _memo: dict[str, Any] = field(default_factory=dict, compare=False)

    def nodes(self) -> list[int]:
        """The nodes that apply an operator and that the entry reaches, in order."""
        program = self.scene.typed.program
        return [
            n
            for n, node in enumerate(program.nodes)
            if isinstance(node, Apply) and self.reach.masks[n] is not None and self.scene.typed.types[n].dtype.floating
        ]

    def looked_at(self, node: int) -> Places:
        """Some of the node's entries that the entry reaches."""
        return self.reach.places[node][:LOOKED_AT]

    def exactly(self, node: int) -> Objects:
        """Those entries in many digits."""
        return self.scene.values.at(node, self.looked_at(node))

    def by_torch(self, node: int) -> list[float]:
        """Those entries as torch has them."""
        return _numbers(self.scene.torch_values[node], self.looked_at(node))

    def sent_back(self, node: int) -> bool:
        """Whether all that a node sends back along what the entry reaches is finite."""
        operands = [k for k in self.scene.apply(node).operands if k is not None and self.reach.masks[k] is not None]
        found = self.scene.sent_back(node, operands)
        return all(finite(_numbers(gradient, self.looked_at(k))) for k, gradient in found.items())

    def gradient(self, node: int) -> list[float]:
        """Autograd's gradients of those entries, zeros where it has none."""
        found = self.scene.torch_gradients().get(node)
        return [0.0] * len(self.looked_at(node)) if found is None else _numbers(found, self.looked_at(node))

    @cached_property
    def alive(self) -> dict[int, Mask]:
        """For each node the entries that the output is made of, without those in branches that are not taken."""
        scene, output = self.scene, self.scene.typed.program.output
        start = self.reach.masks[output]
        found: dict[int, Mask] = {} if start is None else {output: start}
        for number in range(output, -1, -1):
            node = scene.typed.program.nodes[number]
            if number not in found or not isinstance(node, Apply):
                continue
            masks = scene.values.wiring(number).sources(found[number])
            if node.operator == "where":
                masks = self._taken(node, number, found[number])
            for operand, mask in zip(node.operands, masks, strict=True):
                if operand is not None and mask is not None:
                    found[operand] = found[operand] | mask if operand in found else mask
        return found

    def _taken(self, node: Apply, number: int, mask: Mask) -> tuple[Mask | None, ...]:
        """The entries of a `where`'s operands that it takes."""
        wiring, condition = self.scene.values.wiring(number), node.operands[0]
        assert isinstance(wiring, EachEntry)
        assert condition is not None
        places = np.flatnonzero(mask)
        holds = np.array([v != 0 for v in self.scene.values.at(condition, wiring.places(0, places))], dtype=bool)
        masks: list[Mask | None] = [None]
        for operand, mine in ((1, places[holds]), (2, places[~holds])):
            k = node.operands[operand]
            own = np.zeros(self.scene.typed.types[k or 0].elements, dtype=bool)
            own[wiring.places(operand, mine)] = True
            masks.append(own)
        masks[0] = wiring.sources(mask)[0]
        return tuple(masks)

    def dead(self, node: int) -> bool:
        """Whether nothing of what the entry reaches in a node is taken."""
        alive = self.alive.get(node)
        return alive is None or not bool(alive[self.reach.places[node]].any())


def _numbers(value: Any, places: Places) -> list[float]:
    if not isinstance(value, torch.Tensor):
        return [float(value)] * len(places)
    found: list[float] = value.detach().reshape(-1).cpu()[torch.from_numpy(places)].to(torch.float64).tolist()
    return found


def finite(values: Iterable[Any]) -> bool:
    """Whether numbers, of Python or mpmath, are all finite."""
    return all(mp.isfinite(v) for v in values)
