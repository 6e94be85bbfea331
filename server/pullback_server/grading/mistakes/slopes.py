"""f differentiated forward, node by node, at a few points: rightly, and with any number of mistakes at a time.

Values have the point first, then the node's shape. Slopes have a row for each way of differentiating, the point, the
direction (an entry of what f is differentiated with respect to), and the node's shape. The chain rule is one line: the
slope of a node is the sum over its operands of what their slopes add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch

from ...numeric import Forward
from ...operators import BY_NAME, Operator
from ...operators.lifting import Lifted
from ...program import Apply, Input, TypedProgram
from ..work import CALL, FLOATS

Slope = torch.Tensor
#: From the slopes of a node's operands (None: does not depend on the input) to the node's slope.
Rule = Callable[[Sequence[Slope | None]], Slope]
#: A way to differentiate: at these nodes by these rules, and rightly elsewhere.
Rules = Mapping[int, Rule]


class Slopes:
    """The slopes of f with respect to some of its inputs at some points."""

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

    def run(self, ways: Sequence[Rules]) -> torch.Tensor:
        """The derivative of f for each way of differentiating: rows, points, directions, the output's shape."""
        out = self._run(ways)[self.typed.program.output]
        if out is None:
            return torch.zeros(len(ways), self.count, self.directions, *self.typed.output.shape, dtype=torch.float64)
        return out

    def work(self, ways: int) -> int:
        """The work of `run` for so many ways of differentiating."""
        units = CALL * ways
        for number, kind in enumerate(self.typed.types):
            if not self.active[number]:
                continue
            floats = ways * self.count * self.directions * kind.elements
            units += 2 * CALL + 10 * floats // FLOATS
            if isinstance(self.typed.program.nodes[number], Apply) and not self.is_elementwise(number):
                units += self.count * 10 * CALL
        return units

    @cached_property
    def right(self) -> list[Slope | None]:
        """The right slope of every node, in one row; None where it does not depend on the input."""
        return self._run([{}])

    def _run(self, ways: Sequence[Rules]) -> list[Slope | None]:
        slopes: list[Slope | None] = []
        for number, node in enumerate(self.typed.program.nodes):
            match node:
                case Input(name=name) if name in self.wrt:
                    slopes.append(self.identity(name).expand(len(ways), *self.identity(name).shape[1:]))
                case Apply() if self.active[number]:
                    operands = [None if k is None else slopes[k] for k in node.operands]
                    parts = [self.part(number, k, s) for k, s in enumerate(operands) if s is not None]
                    slope = sum(parts[1:], parts[0])
                    slope = slope.expand(len(ways), *slope.shape[1:])
                    rows: dict[Rule, list[int]] = {}
                    for row, rules in enumerate(ways):
                        if number in rules:
                            rows.setdefault(rules[number], []).append(row)
                    if rows:
                        slope = slope.clone()
                    for rule, chosen in rows.items():
                        slope[chosen] = rule([None if s is None else s[chosen] for s in operands])
                    slopes.append(slope)
                case _:
                    slopes.append(None)
        return slopes

    def part(self, number: int, operand: int, slope: Slope) -> Slope:
        """What one operand's slope adds to a node's."""
        if self.is_elementwise(number):
            return self.partial(number, operand) * self.align(slope, number)
        return self._push_forward(number, operand, slope)

    def align(self, slope: Slope, number: int) -> Slope:
        """A slope or value with its dimensions aligned from the last with those of a node."""
        missing = self.typed.types[number].rank - (slope.dim() - 3)
        return slope.reshape(*slope.shape[:3], *(1,) * missing, *slope.shape[3:]) if missing > 0 else slope

    def value(self, node: int, number: int) -> torch.Tensor:
        """A node's value, aligned with the slopes of another: points, 1, shape."""
        value = self.values[node]
        return self.align(value.reshape(1, self.count, 1, *value.shape[1:]), number)[0]

    def is_elementwise(self, number: int) -> bool:
        """Whether a node is an elementwise operation."""
        return isinstance(self._row(number).sympy, Lifted)

    def _node(self, number: int) -> Apply:
        node = self.typed.program.nodes[number]
        assert isinstance(node, Apply)
        return node

    def _row(self, number: int) -> Operator:
        return BY_NAME[self._node(number).operator]

    def identity(self, name: str) -> Slope:
        """The slope of an input with respect to itself: 1 in its own directions."""
        shape = self.inputs[name].shape[2:]
        before = sum(self.inputs[other][0].numel() for other in self.wrt[: self.wrt.index(name)])
        entries = shape.numel()
        slope = torch.zeros(self.directions, entries, dtype=torch.float64)
        slope[before : before + entries] = torch.eye(entries, dtype=torch.float64)
        return slope.reshape(1, 1, self.directions, *shape).expand(1, self.count, self.directions, *shape)

    def partial_at(self, number: int, operand: int, operands: Sequence[torch.Tensor]) -> torch.Tensor:
        """The partial derivative of an elementwise node with respect to an operand, at other values of its operands."""
        arguments, row = self.typed.arguments[number], self._row(number)
        with torch.enable_grad():
            values = [x.detach().to(torch.float64) if x.is_floating_point() else x for x in operands]
            shape = np.broadcast_shapes(*(tuple(x.shape) for x in values))
            leaf = values[operand].expand(shape).clone().requires_grad_()
            values[operand] = leaf
            output = row.torch(*values, **arguments)
            if not output.requires_grad:
                return torch.zeros(shape, dtype=torch.float64)
            (gradient,) = torch.autograd.grad(output.sum(), leaf, allow_unused=True)
        return torch.zeros(shape, dtype=torch.float64) if gradient is None else gradient

    def _partial(self, number: int, operand: int) -> torch.Tensor:
        operands = self._node(number).operands
        return self.partial_at(number, operand, [self.value(k, number) for k in operands if k is not None])

    def _push_forward(self, number: int, operand: int, slope: Slope) -> Slope:
        """The slope of a node that mixes entries: autograd's product with the slope, point by point."""
        node, row, arguments = self._node(number), self._row(number), self.typed.arguments[number]
        rows = []
        for point in range(self.count):
            values = [None if k is None else self.values[k][point] for k in node.operands]

            def of(x: torch.Tensor, values: list[Any] = values) -> Any:
                return row.torch(*(x if k == operand else v for k, v in enumerate(values)), **arguments)

            tangents = slope[:, point].reshape(-1, *slope.shape[3:])
            products = _jacobian_vector_products(of, values[operand], tangents)
            rows.append(products.reshape(slope.shape[0], slope.shape[2], *products.shape[1:]))
        return torch.stack(rows, 1)

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


def _jacobian_vector_products(
    of: Callable[[torch.Tensor], torch.Tensor], x: Any, tangents: torch.Tensor
) -> torch.Tensor:
    """The derivative of `of` at x along each tangent: the gradient of its VJP, which is linear in the cotangent.

    torch.func.jvp, which does the same, imports the compiler at its first product of matrices: two seconds.
    """
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        value = of(leaf)
        zeros = torch.zeros(len(tangents), *value.shape, dtype=value.dtype)
        if not value.requires_grad or not len(tangents):
            return zeros
        v = torch.zeros_like(value, requires_grad=True)
        (vjp,) = torch.autograd.grad(value, leaf, v, create_graph=True)
        if not vjp.requires_grad:
            return zeros
        (products,) = torch.autograd.grad(vjp, v, tangents, is_grads_batched=True)
    return products


def _values(
    typed: TypedProgram, forward: Forward, inputs: Mapping[str, torch.Tensor], count: int, at_once: bool
) -> list[torch.Tensor]:
    cpu = torch.device("cpu")
    numbers = range(len(typed.program.nodes))
    if at_once:
        steps = forward(inputs)
        return [_to_float64(forward.tensor(steps, k, cpu)).expand(count) for k in numbers]
    rows = [forward({name: x[p] for name, x in inputs.items()}) for p in range(count)]
    return [torch.stack([_to_float64(forward.tensor(row, k, cpu)) for row in rows]) for k in numbers]


def _to_float64(value: torch.Tensor) -> torch.Tensor:
    return value if value.dtype == torch.bool else value.to(torch.float64)
