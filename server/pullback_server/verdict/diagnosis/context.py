"""What is known when a cause is sought: the nodes' values by torch and in many digits, and what an entry reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import torch

from ...language import TooLongToWrite, parse, unparse
from ...numeric import local_gradients
from ...operators import BY_NAME, Operator
from ...operators.reference.columns import Objects
from ...program import Apply, Input, Limits, Place, Program, Refusal
from ..estimates import ErrorEstimates
from ..exact import Mask, Reach, Slopes, Values
from ..exact.dependencies import EachEntry, Places, mask_of
from ..kinks import Guard
from ..values import Outcome

#: A node's text in a sentence is cut to this many characters.
SHOWN = 60
#: Entries of a node that are looked at in the search for a cause.
ENTRIES = 256


@dataclass(frozen=True)
class DiagnosisContext:
    """One request whose legs were compared: its program, its values in many digits, and the guards that it is on."""

    estimates: ErrorEstimates
    values: Values
    guards: tuple[Guard, ...]

    @property
    def program(self) -> Program:
        """The program."""
        return self.values.typed.program

    def is_floating(self, node: int) -> bool:
        """Whether a node's dtype is floating."""
        return self.values.typed.types[node].dtype.floating

    def row(self, node: int) -> Operator:
        """The row of a node that applies an operator."""
        return BY_NAME[self.apply(node).operator]

    def apply(self, node: int) -> Apply:
        """A node that applies an operator."""
        apply = self.program.nodes[node]
        assert isinstance(apply, Apply)
        return apply

    def text(self, node: int) -> str:
        """A node as the language writes it, cut where it is long."""
        try:
            text = unparse(self.program, node)
        except TooLongToWrite:
            text = f"{self.row(node).name}(...)"
        return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

    def condition(self, node: int, condition: str) -> str:
        """A row's condition on its parameters, with the text of a node's operands for the parameters."""
        row, operands = self.row(node), iter(self.apply(node).operands)
        by_parameter = {p.name: next(operands, None) for p in row.parameters.tensors}
        arguments = self.values.typed.arguments[node]
        try:
            names = [p.name + "_" * (p.name in BY_NAME) for p in row.parameters.parameters]
            program = parse(condition, names, Limits())
            texts = {}
            for number, name in ((n, x.name.rstrip("_")) for n, x in enumerate(program.nodes) if isinstance(x, Input)):
                if name in arguments:
                    texts[number] = repr(arguments[name])
                elif (operand := by_parameter.get(name)) is not None:
                    texts[number] = self.text(operand)
            text = unparse(program, None, {k: v for k, v in texts.items() if v and "…" not in v})
        except (Refusal, TooLongToWrite, SyntaxError):
            return condition
        return text if len(text) <= 2 * SHOWN else condition

    def place(self, node: int) -> Place:
        """Where a node is in the expression."""
        return self.program.nodes[node].place

    def sent_back(self, node: int, operands: Iterable[int]) -> Mapping[int, torch.Tensor]:
        """What one node alone adds to its operands' gradients."""
        gradient, values = self.estimates.node_gradients.get(node), self.estimates.numbers.values
        if gradient is None:
            return {}
        floating = [k for k in operands if isinstance(values[k], torch.Tensor) and values[k].is_floating_point()]
        return local_gradients(self.estimates.request.program.forward, values, node, floating, gradient)


@dataclass(frozen=True)
class EntryContext:
    """One examined entry, with what it reaches and the guards that it is on."""

    context: DiagnosisContext
    reach: Reach
    outcome: Outcome
    slopes: Slopes
    autograd: float
    exact: Any
    guards: tuple[Guard, ...]

    def nodes(self) -> list[int]:
        """The nodes that apply an operator and that the entry reaches, in order."""
        return [
            n
            for n, node in enumerate(self.context.program.nodes)
            if isinstance(node, Apply) and self.reach.masks[n] is not None and self.context.is_floating(n)
        ]

    def places(self, node: int) -> Places:
        """Some of the node's entries that the entry reaches."""
        return self.reach.places[node][:ENTRIES]

    def exact_values(self, node: int) -> Objects:
        """Those entries in many digits."""
        return self.context.values.at(node, self.places(node))

    def torch_values(self, node: int) -> list[float]:
        """Those entries as torch computed them."""
        return _numbers(self.context.estimates.numbers.values[node], self.places(node))

    def sends_back_finite(self, node: int) -> bool:
        """Whether all that a node sends back along what the entry reaches is finite."""
        operands = [k for k in self.context.apply(node).operands if k is not None and self.reach.masks[k] is not None]
        gradients = self.context.sent_back(node, operands)
        return all(all_finite(_numbers(gradient, self.places(k))) for k, gradient in gradients.items())

    def gradient(self, node: int) -> list[float]:
        """Autograd's gradients of those entries, zeros where it has none."""
        gradient = self.context.estimates.node_gradients.get(node)
        return [0.0] * len(self.places(node)) if gradient is None else _numbers(gradient, self.places(node))

    @cached_property
    def alive(self) -> dict[int, Mask]:
        """For each node the entries that the output depends on, without those in branches that are not taken."""
        nodes, output = self.context.program.nodes, self.context.program.output
        start = self.reach.masks[output]
        alive: dict[int, Mask] = {} if start is None else {output: start}
        for number in range(output, -1, -1):
            node = nodes[number]
            if number not in alive or not isinstance(node, Apply):
                continue
            if node.operator == "where":
                masks = self._taken(node, number, alive[number])
            else:
                masks = self.context.values.dependencies(number).sources(alive[number])
            for operand, mask in zip(node.operands, masks, strict=True):
                if operand is not None and mask is not None:
                    alive[operand] = alive[operand] | mask if operand in alive else mask
        return alive

    def _taken(self, node: Apply, number: int, mask: Mask) -> tuple[Mask | None, ...]:
        """The entries of a `where`'s operands that it takes."""
        values, condition = self.context.values, node.operands[0]
        dependencies = values.dependencies(number)
        assert isinstance(dependencies, EachEntry)
        assert condition is not None
        places = np.flatnonzero(mask)
        holds = np.array([v != 0 for v in values.at(condition, dependencies.operand_places(0, places))], dtype=bool)
        masks = [dependencies.sources(mask)[0]]
        for operand, taken in ((1, places[holds]), (2, places[~holds])):
            elements = values.typed.types[node.operands[operand] or 0].elements
            masks.append(mask_of(elements, dependencies.operand_places(operand, taken)))
        return tuple(masks)

    def is_dead(self, node: int) -> bool:
        """Whether none of the node's entries that the entry reaches is taken."""
        alive = self.alive.get(node)
        return alive is None or not bool(alive[self.reach.places[node]].any())


def _numbers(value: Any, places: Places) -> list[float]:
    if not isinstance(value, torch.Tensor):
        return [float(value)] * len(places)
    numbers: list[float] = value.detach().reshape(-1).cpu()[torch.from_numpy(places)].to(torch.float64).tolist()
    return numbers


def all_finite(values: Iterable[Any]) -> bool:
    """Whether numbers, of Python or mpmath, are all finite."""
    return all(mp.isfinite(v) for v in values)
