"""f differentiated forward, node by node, at a few points: rightly, and with as many mistakes as one likes at a time.

Values have the point first, then the node's own shape. Slopes have a row for each way of differentiating, the point,
the direction (an entry of what f is differentiated by), and the node's own shape. The chain rule is one line: the slope
of a node is the sum over its operands of what their slopes come to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch

from ...numeric import Forward
from ...operators import BY_NAME, Operator
from ...operators.lifting import Lifted
from ...program import Apply, Input, TypedProgram

Slope = torch.Tensor
#: The slopes of a node's operands (None: does not depend on the input) to the node's own slope.
Rule = Callable[[Sequence[Slope | None]], Slope]


@dataclass(frozen=True)
class Mistaken:
    """A way to differentiate: at these nodes by these rules, and rightly elsewhere."""

    rules: Mapping[int, Rule]


class Slopes:
    """The slopes of f by some of its inputs at some points."""

    def __init__(
        self,
        typed: TypedProgram,
        forward: Forward,
        inputs: Mapping[str, torch.Tensor],
        wrt: Sequence[str],
        at_once: bool,
    ) -> None:
        self.typed, self.wrt = typed, tuple(wrt)
        self.count = len(next(iter(inputs.values())))
        self.values = _values(typed, forward, inputs, self.count, at_once)
        self.inputs = {name: x.reshape(self.count, 1, *x.shape[1:]) for name, x in inputs.items()}
        self.directions = sum(inputs[name][0].numel() for name in wrt)
        self.active = self._active()
        self.partial = cache(self._partial)

    def run(self, ways: Sequence[Mistaken]) -> torch.Tensor:
        """The derivative of f for each way of differentiating: rows, points, directions, the output's shape."""
        out = self._run(ways)[self.typed.program.output]
        if out is None:
            return torch.zeros(len(ways), self.count, self.directions, *self.typed.output.shape, dtype=torch.float64)
        return out

    @cached_property
    def right(self) -> list[Slope | None]:
        """The right slope of every node, in one row; None where it does not depend on the input."""
        return self._run([Mistaken({})])

    def _run(self, ways: Sequence[Mistaken]) -> list[Slope | None]:
        slopes: list[Slope | None] = []
        for number, node in enumerate(self.typed.program.nodes):
            match node:
                case Input(name=name) if name in self.wrt:
                    slopes.append(self.identity(name).expand(len(ways), *self.identity(name).shape[1:]))
                case Apply() if self.active[number]:
                    operands = [None if k is None else slopes[k] for k in node.operands]
                    found = self.rightly(number)(operands)
                    found = found.expand(len(ways), *found.shape[1:])
                    rows: dict[Rule, list[int]] = {}
                    for row, way in enumerate(ways):
                        if number in way.rules:
                            rows.setdefault(way.rules[number], []).append(row)
                    if rows:
                        found = found.clone()
                    for rule, chosen in rows.items():
                        found[chosen] = rule([None if s is None else s[chosen] for s in operands])
                    slopes.append(found)
                case _:
                    slopes.append(None)
        return slopes

    def rightly(self, number: int) -> Rule:
        """The chain rule at a node."""

        def slope(operands: Sequence[Slope | None]) -> Slope:
            parts = [self.part(number, k, s) for k, s in enumerate(operands) if s is not None]
            return sum(parts[1:], parts[0])

        return slope

    def part(self, number: int, operand: int, slope: Slope) -> Slope:
        """What one operand's slope adds to a node's."""
        if self.entrywise(number):
            return self.partial(number, operand) * self.lined(slope, number)
        return self._pushed(number, operand, slope)

    def lined(self, slope: Slope, number: int) -> Slope:
        """A slope or value with its own dimensions lined up from the last with those of a node."""
        missing = self.typed.types[number].rank - (slope.dim() - 3)
        return slope.reshape(*slope.shape[:3], *(1,) * missing, *slope.shape[3:]) if missing > 0 else slope

    def operand(self, number: int, operand: int) -> torch.Tensor:
        """An operand's value, lined up with the slopes of a node: points, 1, shape."""
        node = self.typed.program.nodes[number]
        assert isinstance(node, Apply)
        return self.value(node.operands[operand] or 0, number)

    def value(self, node: int, number: int) -> torch.Tensor:
        """A node's value, lined up with the slopes of another."""
        value = self.values[node]
        return self.lined(value.reshape(1, self.count, 1, *value.shape[1:]), number)[0]

    def entrywise(self, number: int) -> bool:
        """Whether a node works entry by entry."""
        return isinstance(self.row(number).sympy, Lifted)

    def row(self, number: int) -> Operator:
        """A node's row of the table."""
        node = self.typed.program.nodes[number]
        assert isinstance(node, Apply)
        return BY_NAME[node.operator]

    def identity(self, name: str) -> Slope:
        """The slope of an input by itself: 1 in its own directions."""
        shape = self.inputs[name].shape[2:]
        before = 0
        for other in self.wrt[: self.wrt.index(name)]:
            before += self.inputs[other][0].numel()
        own = int(torch.tensor(shape).prod()) if shape else 1
        whole = torch.zeros(self.directions, own, dtype=torch.float64)
        whole[before : before + own] = torch.eye(own, dtype=torch.float64)
        return whole.reshape(1, 1, self.directions, *shape).expand(1, self.count, self.directions, *shape)

    def partial_at(self, number: int, operand: int, operands: Sequence[torch.Tensor]) -> torch.Tensor:
        """The partial derivative of an entrywise node by one operand, at other values of its operands."""
        arguments, row = self.typed.arguments[number], self.row(number)
        with torch.enable_grad():
            given = [x.detach().to(torch.float64) if x.is_floating_point() else x for x in operands]
            shape = np.broadcast_shapes(*(tuple(x.shape) for x in given))
            leaf = given[operand].expand(shape).clone().requires_grad_()
            given[operand] = leaf
            value = row.torch(*given, **arguments)
            if not value.requires_grad:
                return torch.zeros(shape, dtype=torch.float64)
            (found,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
        return torch.zeros(shape, dtype=torch.float64) if found is None else found

    def _partial(self, number: int, operand: int) -> torch.Tensor:
        node = self.typed.program.nodes[number]
        assert isinstance(node, Apply)
        return self.partial_at(number, operand, [self.value(k, number) for k in node.operands if k is not None])

    def _pushed(self, number: int, operand: int, slope: Slope) -> Slope:
        """The slope of a node that mixes entries: autograd's product with the slope, point by point."""
        node = self.typed.program.nodes[number]
        assert isinstance(node, Apply)
        row, arguments = BY_NAME[node.operator], self.typed.arguments[number]
        out = []
        for point in range(self.count):
            given = [None if k is None else self.values[k][point] for k in node.operands]

            def of(x: torch.Tensor, given: list[Any] = given) -> Any:
                return row.torch(*(x if k == operand else g for k, g in enumerate(given)), **arguments)

            flat = slope[:, point].reshape(-1, *slope.shape[3:])
            found = _pushed_forward(of, given[operand], flat)
            out.append(found.reshape(slope.shape[0], slope.shape[2], *found.shape[1:]))
        return torch.stack(out, 1)

    def _active(self) -> tuple[bool, ...]:
        active: list[bool] = []
        for node, kind in zip(self.typed.program.nodes, self.typed.types, strict=True):
            match node:
                case Input(name=name):
                    active.append(name in self.wrt)
                case Apply(operands=operands):
                    depends = any(active[k] for k in operands if k is not None)
                    active.append(depends and kind.dtype.floating)
                case _:
                    active.append(False)
        return tuple(active)


def _pushed_forward(of: Callable[[torch.Tensor], torch.Tensor], x: Any, tangents: torch.Tensor) -> torch.Tensor:
    """The derivative of `of` at x along each tangent: the gradient by v of its vector-Jacobian product, linear in v.

    torch.func.jvp, which does the same, imports the compiler at its first product of matrices: two seconds.
    """
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        value = of(leaf)
        none = torch.zeros(len(tangents), *value.shape, dtype=value.dtype)
        if not value.requires_grad or not len(tangents):
            return none
        v = torch.zeros_like(value, requires_grad=True)
        (pulled,) = torch.autograd.grad(value, leaf, v, create_graph=True)
        if not pulled.requires_grad:
            return none
        (found,) = torch.autograd.grad(pulled, v, tangents, is_grads_batched=True)
    return found


def _values(
    typed: TypedProgram, forward: Forward, inputs: Mapping[str, torch.Tensor], count: int, at_once: bool
) -> list[torch.Tensor]:
    cpu = torch.device("cpu")
    numbers = range(len(typed.program.nodes))
    if at_once:
        found = forward(inputs)
        return [_wide(forward.tensor(found, k, cpu)).expand(count) for k in numbers]
    rows = [forward({name: x[p] for name, x in inputs.items()}) for p in range(count)]
    return [torch.stack([_wide(forward.tensor(row, k, cpu)) for row in rows]) for k in numbers]


def _wide(value: torch.Tensor) -> torch.Tensor:
    return value if value.dtype == torch.bool else value.to(torch.float64)
