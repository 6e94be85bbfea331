"""Where a program is evaluated on a kink, on a guard that holds with equality, or outside a domain.

Agreement of the legs is no proof there.

The conditions are those of the rows, on the values that the forward pass had; what they mark of a node's operands is
followed back to the entries of the inputs.
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
from ..numeric import compile_program
from ..operators import BY_NAME, Operator
from ..operators.operator import OperandError
from ..operators.reference.columns import Elementwise, Reduced
from ..operators.shape_rules.common import axes_of, broadcast_shapes
from ..program import Apply, DType, Input, Limits, Literal, Program, Refusal, TensorType, TypedProgram
from .exact import Mask, Values

log = logging.getLogger(__name__)

Tensors = Mapping[str, Any]

_DTYPES = {getattr(torch, d.label): d for d in DType}


@dataclass(frozen=True)
class Guard:
    """One node that sits on a kink (`kink` is its number among the row's) or outside its domain (`kink` is None).

    `marks` are the entries of its operands that it does so at: flat flags by the operand's number.
    """

    node: int
    kink: int | None
    marks: Mapping[int, Mask]


class _Untold(Exception):
    """A condition that says nothing here: it names an operand or a number that the call has not."""


class Watch:
    """The conditions of a program's rows, to be looked at with every forward pass of it.

    What is found not to be met because of the program's own numbers is not looked at again.
    """

    def __init__(self, typed: TypedProgram) -> None:
        self._typed = typed
        self._conditions: list[tuple[int, int | None, str]] = []
        for number, node in enumerate(typed.program.nodes):
            if isinstance(node, Apply):
                row = BY_NAME[node.operator]
                self._conditions += [(number, place, kink.where) for place, kink in enumerate(row.kinks)]
                self._conditions += [(number, None, row.domain)] * bool(row.domain)
        self._never: set[tuple[int, int | None]] = set()

    def met(self, values: Sequence[Any]) -> Iterator[Guard]:
        """Every guard that is met; `values` are those of the program's nodes, tensors and numbers."""
        for number, kink, condition in self._conditions:
            # What is outside a domain has no finite value.
            if (number, kink) in self._never or (kink is None and _finite(values[number])):
                continue
            node = self._typed.program.nodes[number]
            assert isinstance(node, Apply)
            operands = [None if k is None else values[k] for k in node.operands]
            masks = _met(BY_NAME[node.operator], condition, operands, self._typed.arguments[number], kink is None)
            if masks is None:
                self._never.add((number, kink))
                continue
            marks: dict[int, Mask] = {}
            for k, mask in zip(node.operands, masks, strict=False):
                if k is not None and mask is not None and mask.any():
                    marks[k] = marks[k] | mask if k in marks else mask
            if marks:
                yield Guard(number, kink, marks)


def followed(values: Values, marks: Mapping[int, Mask]) -> dict[str, Mask]:
    """The entries of each input that marked entries of nodes depend on; `marks` are flags by the node's number."""
    program, marked = values.typed.program, dict(marks)
    for number in range(max(marks, default=-1), -1, -1):
        apply = program.nodes[number]
        if number not in marked or not isinstance(apply, Apply) or not values.typed.types[number].dtype.floating:
            continue
        for operand, mask in zip(apply.operands, values.wiring(number).sources(marked[number]), strict=True):
            if operand is not None and mask is not None and mask.any():
                marked[operand] = marked[operand] | mask if operand in marked else mask
    return {n.name: marked[k] for k, n in enumerate(program.nodes) if isinstance(n, Input) and k in marked}


#: Tensors with no more entries are looked at number by number.
FEW = 64


def _finite(value: Any) -> bool:
    """Whether all entries are, by their sum: one pass."""
    if isinstance(value, torch.Tensor) and value.numel() <= FEW:
        return all(map(math.isfinite, value.reshape(-1).tolist()))
    total = value.detach().sum() if isinstance(value, torch.Tensor) else torch.tensor(value)
    return bool(total.isfinite())


def _met(
    row: Operator, condition: str, operands: Sequence[Any], arguments: Mapping[str, Any], outside: bool
) -> tuple[Mask | None, ...] | None:
    """Where a condition is met, or is not: flags for each operand that is a floating tensor.

    None where the numbers of the call alone say that it never is.
    """
    if not any(isinstance(o, torch.Tensor) for o in operands):
        return None
    named = _named(row, operands, arguments)
    with torch.no_grad():
        try:
            if isinstance(row.reference, Elementwise):
                met = _Evaluation(named, lines=False).of(_parsed(condition, tuple(named)))
            elif (shape := _alike(operands)) and "dim" in arguments:
                met = _in_lines(condition, named, axes_of(arguments["dim"], len(shape)), shape)
            else:
                met = _by_the_language(condition, named)
        except (_Untold, Refusal):
            return None
        except Exception:
            # A condition of ours that cannot be evaluated must not cost the verdict; it is a fault, so it is logged.
            log.exception("the condition `%s` of %s could not be evaluated", condition, row.name)
            return ()
    if isinstance(met, bool) and met is outside:
        return None
    met = torch.as_tensor(met)
    met = ~met if outside else met
    entries = isinstance(row.reference, Elementwise) or met.dim() > 0
    return tuple(_flags(met, o, entries) for o in operands) if bool(met.any()) else ()


def _alike(operands: Sequence[Any]) -> tuple[int, ...]:
    """The shape of the operands, if they are tensors with entries and of one shape."""
    shapes = {tuple(o.shape) if isinstance(o, torch.Tensor) else () for o in operands}
    (shape, *others) = shapes
    return () if others or 0 in shape else shape


def _flags(met: torch.Tensor, operand: Any, entries: bool) -> Mask | None:
    """What a condition marks of one operand; all of it, where the condition is one of the whole."""
    if not isinstance(operand, torch.Tensor) or not operand.is_floating_point():
        return None
    try:
        shape = broadcast_shapes(tuple(met.shape), tuple(operand.shape)) if entries else None
    except OperandError:
        # A condition on something made of the operands, such as eigenvalues.
        shape = None
    if shape is None:
        return np.ones(operand.numel(), dtype=bool)
    whole, own = met.expand(shape), operand.shape
    lead = len(shape) - len(own)
    axes = [k for k in range(len(shape)) if k < lead or (own[k - lead] == 1 and shape[k] != 1)]
    narrowed = whole.cpu().numpy().any(axis=tuple(axes), keepdims=True) if axes else whole.cpu().numpy()
    return np.array(narrowed).reshape(-1)


def _in_lines(condition: str, named: Tensors, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The condition on each line along these axes, marked at all of the line's entries."""
    order = [k for k in range(len(shape)) if k not in axes] + list(axes)
    rows = [shape[k] for k in order[: len(shape) - len(axes)]]

    def lines(value: Any) -> Any:
        return value.permute(order).reshape(*rows, -1) if isinstance(value, torch.Tensor) else value

    turned = {name: lines(value) for name, value in named.items()}
    met = _Evaluation(turned, lines=True).of(_parsed(condition, tuple(named)))
    if isinstance(met, bool):
        return met
    whole = met.expand(*rows, math.prod(shape[k] for k in axes)).reshape([shape[k] for k in order])
    return whole.permute([order.index(k) for k in range(len(shape))])


def _named(row: Operator, operands: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors and numbers by the names that the row's conditions have for them."""
    tensors = iter(operands)
    given: dict[str, Any] = {}
    for parameter in row.parameters.parameters:
        value = arguments[parameter.name] if parameter.name in arguments else next(tensors, None)
        name = parameter.name + "_" * (parameter.name in BY_NAME)
        if isinstance(value, torch.Tensor):
            given[name] = value.detach() if value.is_floating_point() else value.to(torch.float64)
        elif isinstance(value, int | float):
            given[name] = value
    return given


@cache
def _parsed(condition: str, names: tuple[str, ...]) -> Program:
    """The condition as a program; names that the call has not are inputs without a value."""
    try:
        return parse(condition, names, Limits())
    except Refusal as refusal:
        raise _Untold from refusal


class _Evaluation:
    """A condition on tensors and numbers: what is made of numbers alone is worked out first, so that it costs no pass.

    Over `lines`, reductions go along the last dimension, which they keep.
    """

    def __init__(self, named: Tensors, lines: bool) -> None:
        self._named, self._lines = named, lines

    def of(self, program: Program) -> Any:
        """The value of the program: a tensor of bools, or a bool."""
        return self._value(program, program.output)

    def _value(self, program: Program, number: int) -> Any:
        match program.nodes[number]:
            case Input(name):
                return self._named[name]
            case Literal(value):
                return value
            case Apply("bitwise_and" | "bitwise_or" as operator, (int() as one, int() as two)):
                first, second = sorted((one, two), key=lambda k: not self._of_numbers(program, k))
                held = self._value(program, first)
                if isinstance(held, bool):
                    decided = held if operator == "bitwise_or" else not held
                    return held if decided else self._value(program, second)
                other = self._value(program, second)
                if isinstance(other, bool):
                    held, other = other, held
                    return (other if held else False) if operator == "bitwise_and" else (True if held else other)
                return held & other if operator == "bitwise_and" else held | other
            case Apply() as apply:
                return self._applied(apply, [None if k is None else self._value(program, k) for k in apply.operands])

    def _of_numbers(self, program: Program, number: int) -> bool:
        """Whether a node is made of numbers alone."""
        match program.nodes[number]:
            case Input(name):
                return not isinstance(self._named[name], torch.Tensor)
            case Literal():
                return True
            case Apply(_, operands):
                return all(k is None or self._of_numbers(program, k) for k in operands)

    def _applied(self, apply: Apply, operands: list[Any]) -> Any:
        row = BY_NAME[apply.operator]
        arguments = {p.name: p.default for p in row.parameters.literals} | dict(apply.arguments)
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
    """A condition that is not entry by entry, as the language itself would have it."""
    tensors = {n: v if isinstance(v, torch.Tensor) else torch.tensor(v, dtype=torch.float64) for n, v in named.items()}
    types = {n: TensorType(_DTYPES[t.dtype], tuple(t.shape)) for n, t in tensors.items()}
    typed = check(parse(condition, list(types), Limits()), types, Limits())
    forward = compile_program(typed)
    return forward.tensor(forward(tensors), typed.program.output, torch.device("cpu"))
