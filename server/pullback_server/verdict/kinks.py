"""Where a program is evaluated on a kink, on a guard that holds with equality, or outside a domain.

There, agreement of the legs proves nothing. The rows' conditions are evaluated on the values of the forward pass; the
operand entries that they mark are traced back to the entries of the inputs.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from ..language import check, parse
from ..numeric import compile_program, tensor_type
from ..operators import BY_NAME, Operator
from ..operators.operator import OperandError
from ..operators.reference.columns import Elementwise, Reduced
from ..operators.shape_rules.common import axes_of, broadcast_shapes
from ..program import Apply, Input, Limits, Literal, Program, Refusal, TypedProgram
from .exact import Mask, Values

log = logging.getLogger(__name__)

Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class Guard:
    """One node that is on a kink (`kink` is its number among the row's) or outside its domain (`kink` is None).

    `marks` are the operand entries where it is: flat flags by the operand's number.
    """

    node: int
    kink: int | None
    marks: Mapping[int, Mask]


class _NotApplicable(Exception):
    """A condition names an operand or a number that the call does not have."""


class KinkWatcher:
    """The conditions of a program's rows, evaluated on the values of each forward pass.

    A condition that the program's own literals rule out is not evaluated again.
    """

    def __init__(self, typed: TypedProgram) -> None:
        self._typed = typed
        self._conditions: list[tuple[int, int | None, str]] = []
        for number, node in enumerate(typed.program.nodes):
            if isinstance(node, Apply):
                row = BY_NAME[node.operator]
                self._conditions += [(number, place, kink.where) for place, kink in enumerate(row.kinks)]
                self._conditions += [(number, None, row.domain)] * bool(row.domain)
        #: The conditions that literals rule out, and those that values decide, each by its node and kink.
        self._never, self._possible = set[tuple[int, int | None]](), set[tuple[int, int | None]]()

    def active(self, values: Sequence[Any]) -> Iterator[Guard]:
        """Every guard that the program is on; `values` are those of its nodes, detached or not, and numbers."""
        for number, kink, condition in self._conditions:
            place = number, kink
            if place in self._never:
                continue
            # What is outside a domain has no finite value.
            inside = kink is None and is_finite(values[number])
            if inside and place in self._possible:
                continue
            node = self._typed.program.nodes[number]
            assert isinstance(node, Apply)
            operands = [None if k is None else values[k] for k in node.operands]
            row, arguments = BY_NAME[node.operator], self._typed.arguments[number]
            # Only a number can rule a condition out.
            asked = not inside or not all(isinstance(o, torch.Tensor) for o in operands)
            masks = _condition_masks(row, condition, operands, arguments, outside=kink is None) if asked else ()
            if masks is None:
                self._never.add(place)
                continue
            self._possible.add(place)
            if inside:
                continue
            marks: dict[int, Mask] = {}
            for k, mask in zip(node.operands, masks, strict=False):
                _add_marks(marks, k, mask)
            if marks:
                yield Guard(number, kink, marks)


def trace_to_inputs(values: Values, marks: Mapping[int, Mask]) -> dict[str, Mask]:
    """The entries of each input that marked entries of nodes depend on; `marks` are flags by the node's number."""
    program, marked = values.typed.program, dict(marks)
    for number in range(max(marks, default=-1), -1, -1):
        apply = program.nodes[number]
        if number not in marked or not isinstance(apply, Apply) or not values.typed.types[number].dtype.floating:
            continue
        for operand, mask in zip(apply.operands, values.dependencies(number).sources(marked[number]), strict=True):
            _add_marks(marked, operand, mask)
    return {n.name: marked[k] for k, n in enumerate(program.nodes) if isinstance(n, Input) and k in marked}


def _add_marks(marks: dict[int, Mask], node: int | None, mask: Mask | None) -> None:
    if node is not None and mask is not None and mask.any():
        marks[node] = marks[node] | mask if node in marks else mask


#: Tensors with no more entries are examined number by number.
FEW = 64


def is_finite(value: Any) -> bool:
    """Whether all entries of a tensor, or a number, are finite: by their sum, one pass, where there are many."""
    if not isinstance(value, torch.Tensor):
        return math.isfinite(value)
    if value.numel() <= FEW:
        return all(map(math.isfinite, value.detach().reshape(-1).tolist()))
    return math.isfinite(value.detach().sum().item())


def _condition_masks(
    row: Operator, condition: str, operands: Sequence[Any], arguments: Mapping[str, Any], outside: bool
) -> tuple[Mask | None, ...] | None:
    """Where a condition holds or, with `outside`, does not: flags for each operand that is a floating tensor.

    None where the numbers of the call alone rule it out.
    """
    if not any(isinstance(o, torch.Tensor) for o in operands):
        return None
    named = _by_parameter(row, operands, arguments)
    with torch.no_grad():
        try:
            if isinstance(row.reference, Elementwise):
                holds = _Condition(condition, named, lines=False).value()
            elif (shape := _common_shape(operands)) and "dim" in arguments:
                holds = _along_lines(condition, named, axes_of(arguments["dim"], len(shape)), shape)
            else:
                holds = _by_the_language(condition, named)
        except (_NotApplicable, Refusal):
            return None
        except Exception:
            # A condition of ours that cannot be evaluated must not cost the verdict; it is a fault, so it is logged.
            log.exception("the condition `%s` of %s could not be evaluated", condition, row.name)
            return ()
    if isinstance(holds, bool) and holds is outside:
        return None
    holds = torch.as_tensor(holds)
    marked = ~holds if outside else holds
    entries = isinstance(row.reference, Elementwise) or marked.dim() > 0
    return tuple(_flags(marked, o, entries) for o in operands) if bool(marked.any()) else ()


def _common_shape(operands: Sequence[Any]) -> tuple[int, ...]:
    """The shape of the operands, if they are tensors with entries and of the same shape; otherwise ()."""
    shapes = {tuple(o.shape) if isinstance(o, torch.Tensor) else () for o in operands}
    (shape, *others) = shapes
    return () if others or 0 in shape else shape


def _flags(marked: torch.Tensor, operand: Any, entries: bool) -> Mask | None:
    """The entries of one operand that a condition marks: all of them unless it is a condition on `entries`."""
    if not isinstance(operand, torch.Tensor) or not operand.is_floating_point():
        return None
    try:
        shape = broadcast_shapes(tuple(marked.shape), tuple(operand.shape)) if entries else None
    except OperandError:
        # A condition on something computed from the operands, such as eigenvalues.
        shape = None
    if shape is None:
        return np.ones(operand.numel(), dtype=bool)
    flags, lead = marked.expand(shape).cpu().numpy(), len(shape) - operand.dim()
    axes = [k for k in range(len(shape)) if k < lead or (operand.shape[k - lead] == 1 and shape[k] != 1)]
    return np.array(flags.any(axis=tuple(axes), keepdims=True) if axes else flags).reshape(-1)


def _along_lines(condition: str, named: Tensors, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The condition on each line along these axes, for all of the line's entries."""
    order = [k for k in range(len(shape)) if k not in axes] + list(axes)
    rows = [shape[k] for k in order[: len(shape) - len(axes)]]

    def lines(value: Any) -> Any:
        return value.permute(order).reshape(*rows, -1) if isinstance(value, torch.Tensor) else value

    in_lines = {name: lines(value) for name, value in named.items()}
    holds = _Condition(condition, in_lines, lines=True).value()
    if isinstance(holds, bool):
        return holds
    entries = holds.expand(*rows, math.prod(shape[k] for k in axes)).reshape([shape[k] for k in order])
    return entries.permute([order.index(k) for k in range(len(shape))])


def _by_parameter(row: Operator, operands: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors and numbers by the names that the row's conditions have for them."""
    tensors = iter(operands)
    named: dict[str, Any] = {}
    for parameter in row.parameters.parameters:
        value = arguments[parameter.name] if parameter.name in arguments else next(tensors, None)
        name = parameter.name + "_" * (parameter.name in BY_NAME)
        if isinstance(value, torch.Tensor):
            named[name] = value.detach() if value.is_floating_point() else value.to(torch.float64)
        elif isinstance(value, int | float):
            named[name] = value
    return named


@cache
def _parse(condition: str, names: tuple[str, ...]) -> Program:
    """The condition as a program of these names; raises _NotApplicable where it has others."""
    try:
        return parse(condition, names, Limits())
    except Refusal as refusal:
        raise _NotApplicable from refusal


class _Condition:
    """A condition on tensors and numbers; parts made of numbers alone are evaluated first, so that they cost no pass.

    With `lines`, reductions go along the last dimension, which they keep.
    """

    def __init__(self, condition: str, named: Tensors, lines: bool) -> None:
        self._program, self._named, self._lines = _parse(condition, tuple(named)), named, lines

    def value(self, node: int | None = None) -> Any:
        """The value of a node, by default that of the condition: a tensor of bools, or a bool."""
        match self._program.nodes[self._program.output if node is None else node]:
            case Input(name):
                return self._named[name]
            case Literal(value):
                return value
            case Apply("bitwise_and" | "bitwise_or" as operator, (int() as one, int() as two)):
                first, second = sorted((one, two), key=lambda k: not self._of_numbers(k))
                left = self.value(first)
                absorbing = operator == "bitwise_or"
                if left is absorbing:
                    return left
                right = self.value(second)
                if isinstance(left, bool):
                    return right
                if isinstance(right, bool):
                    return right if right is absorbing else left
                return left | right if absorbing else left & right
            case Apply() as apply:
                return self._apply(apply, [None if k is None else self.value(k) for k in apply.operands])

    def _of_numbers(self, node: int) -> bool:
        """Whether a node is made of numbers alone."""
        match self._program.nodes[node]:
            case Input(name):
                return not isinstance(self._named[name], torch.Tensor)
            case Literal():
                return True
            case Apply(_, operands):
                return all(k is None or self._of_numbers(k) for k in operands)

    def _apply(self, apply: Apply, operands: list[Any]) -> Any:
        row = BY_NAME[apply.operator]
        arguments = {**row.parameters.defaults, **dict(apply.arguments)}
        if self._lines and isinstance(row.reference, Reduced):
            arguments |= {"dim": -1, "keepdim": True}
        numbers = not any(isinstance(o, torch.Tensor) for o in operands)
        if row.numbers and isinstance(operands[0], torch.Tensor):
            return row.torch(*operands, **arguments)
        like = next((o for o in operands if isinstance(o, torch.Tensor)), None)
        dtype = torch.float64 if like is None or not like.is_floating_point() else like.dtype
        device = None if like is None else like.device
        tensors = [
            o if o is None or isinstance(o, torch.Tensor) else torch.tensor(o, dtype=dtype, device=device)
            for o in operands
        ]
        result = row.torch(*tensors, **arguments)
        return result.item() if numbers else result


def _by_the_language(condition: str, named: Tensors) -> Any:
    """A condition that is not entry by entry, evaluated as the language evaluates it."""
    tensors = {n: v if isinstance(v, torch.Tensor) else torch.tensor(v, dtype=torch.float64) for n, v in named.items()}
    types = {name: tensor_type(tensor) for name, tensor in tensors.items()}
    typed = check(_parse(condition, tuple(types)), types, Limits())
    forward = compile_program(typed)
    return forward.tensor(forward(tensors), typed.program.output, torch.device("cpu"))
