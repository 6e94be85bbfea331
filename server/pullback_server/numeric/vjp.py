"""One forward pass and one vector-Jacobian product of a typed program by torch autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from ..operators import BY_NAME, OperandError
from ..operators.shape_rules.common import promote
from ..program import Apply, DType, Input, Literal, Place, Reason, Refusal, Size, TensorType, TypedProgram
from .devices import MemoryGuard

DTYPES: dict[DType, torch.dtype] = {d: getattr(torch, d.label) for d in DType}
FROM_TORCH: dict[torch.dtype, DType] = {dtype: d for d, dtype in DTYPES.items()}

#: Tensors by the names of inputs.
Tensors = Mapping[str, torch.Tensor]
#: Computes one node from the values of those before it.
Step = Callable[[list[Any]], Any]


def tensor_type(tensor: torch.Tensor) -> TensorType:
    """The language's type of a tensor."""
    return TensorType(FROM_TORCH[tensor.dtype], tuple(tensor.shape))


@dataclass(frozen=True)
class Forward:
    """A program compiled to one closure for each node; `names[k]` is set where node k is an input."""

    steps: tuple[Step | None, ...]
    names: tuple[str | None, ...]
    output: int
    bindings: tuple[tuple[str, int], ...]
    types: tuple[torch.dtype, ...]
    places: tuple[Place, ...]
    shape: tuple[int, ...]

    def __call__(self, inputs: Tensors) -> list[Any]:
        """The value of every node; literals are Python numbers.

        Raises Refusal where an operator does not take the values of its operands, such as an index out of range.
        """
        values: list[Any] = []
        try:
            for step, name in zip(self.steps, self.names, strict=True):
                values.append(inputs[name] if step is None else step(values))  # type: ignore[index]
        except OperandError as error:
            place, message, hint = self.places[len(values)], error.message, error.hint
            raise Refusal(Reason.BAD_VALUE, message, line=place.line, column=place.column, hint=hint) from None
        return values

    def tensor(self, values: Sequence[Any], number: int, device: torch.device) -> torch.Tensor:
        """A node's value as a tensor, also where it is a Python number."""
        if isinstance(value := values[number], torch.Tensor):
            return value
        return torch.tensor(value, dtype=self.types[number], device=device)


def compile_program(typed: TypedProgram) -> Forward:
    """The program as closures over the table's torch column, once for all requests of these types."""
    program = typed.program
    return Forward(
        tuple(_step(typed, number) for number in range(len(program.nodes))),
        tuple(node.name if isinstance(node, Input) else None for node in program.nodes),
        program.output,
        program.bindings,
        tuple(DTYPES[t.dtype] for t in typed.types),
        tuple(node.place for node in program.nodes),
        typed.output.shape,
    )


def _step(typed: TypedProgram, number: int) -> Step | None:
    match typed.program.nodes[number]:
        case Input():
            return None
        case Literal(Size(operand, axis)):
            length = typed.types[operand].shape[axis]
            return lambda _: length
        case Literal(value):
            return lambda _: value
        case Apply(operator, operands):
            return _apply(typed, number, operator, operands)


def _apply(typed: TypedProgram, number: int, operator: str, operands: tuple[int | None, ...]) -> Step:
    row, arguments = BY_NAME[operator], typed.arguments[number]
    function = row.torch
    types = [None if k is None else typed.types[k] for k in operands]
    if typed.types[number].weak:
        return _constant(function, operands, arguments, typed.types[number])
    present = [t for t in types if t is not None]
    dtype = DTYPES[promote(*present)] if present else torch.float64
    constants = [k for k, t in enumerate(types) if t is not None and t.weak]
    if constants and not (row.numbers and all(t.rank == 0 for t in present if t.weak)):

        def lifted(values: list[Any]) -> Any:
            tensors = [None if k is None else values[k] for k in operands]
            device = next(t.device for n, t in enumerate(tensors) if t is not None and n not in constants)
            for k in constants:
                # A number stays on the CPU, where every device reads it.
                rank = typed.types[operands[k] or 0].rank
                tensors[k] = torch.as_tensor(tensors[k], dtype=dtype, device=device if rank else None)
            return function(*tensors, **arguments)

        return lifted
    match operands:
        case (int() as one,) if not arguments:
            return lambda values: function(values[one])
        case (int() as one, int() as two) if not arguments:
            return lambda values: function(values[one], values[two])
    return lambda values: function(*(None if k is None else values[k] for k in operands), **arguments)


def _constant(
    function: Callable[..., Any], operands: tuple[int | None, ...], arguments: dict[str, Any], kind: TensorType
) -> Step:
    """A node that depends on no input, in float64; scalars stay Python numbers, so that they do not widen a tensor."""
    number_type, dtype = (bool, int, float)[kind.dtype.category], DTYPES[kind.dtype]

    def constant(values: list[Any]) -> Any:
        tensors = [None if k is None else torch.as_tensor(values[k], dtype=torch.float64) for k in operands]
        result = function(*tensors, **arguments)
        return result.to(dtype) if kind.rank else number_type(result.item())

    return constant


@dataclass(frozen=True)
class NumericResult:
    """The value of the output, the gradients by name, the intermediates, and what the forward pass gave for all nodes.

    There is nothing for `nodes` where a decomposition did not converge.
    """

    value: torch.Tensor
    gradients: dict[str, torch.Tensor]
    intermediates: tuple[tuple[str, torch.Tensor], ...]
    nodes: Sequence[Any] = ()

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The values of all nodes: detached tensors, and Python numbers."""
        return tuple(v.detach() if isinstance(v, torch.Tensor) else v for v in self.nodes)


def differentiate(
    forward: Forward, inputs: Tensors, wrt: Sequence[str], upstream: torch.Tensor, device: torch.device
) -> NumericResult:
    """The vector-Jacobian product, one gradient for each name in `wrt`, each in its input's shape and dtype.

    The tensors are moved to the device; an input that the output does not depend on gets zeros. Where a decomposition
    does not converge everything is nan. Raises DeviceExhausted, and Refusal for values that an operator does not take.
    """
    try:
        with MemoryGuard():
            leaves = {name: tensor.to(device).detach().requires_grad_(name in wrt) for name, tensor in inputs.items()}
            values = forward(leaves)
            output = forward.tensor(values, forward.output, device)
            sources = [leaves[name] for name in wrt]
            reached: Sequence[torch.Tensor | None] = [None] * len(sources)
            if output.requires_grad and sources:
                reached = torch.autograd.grad(output, sources, upstream.to(device), allow_unused=True)
            gradients = {
                name: torch.zeros_like(source) if gradient is None else gradient
                for name, source, gradient in zip(wrt, sources, reached, strict=True)
            }
            intermediates = tuple((name, forward.tensor(values, n, device).detach()) for name, n in forward.bindings)
            return NumericResult(output.detach(), gradients, intermediates, values)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        # A decomposition that does not converge has no value: that is a result, and no failure.
        nan = torch.full(forward.shape, torch.nan, dtype=forward.types[forward.output], device=device)
        return NumericResult(nan, {name: torch.full_like(inputs[name], torch.nan).to(device) for name in wrt}, ())


def node_gradients(
    forward: Forward, inputs: Tensors, upstream: torch.Tensor, device: torch.device
) -> dict[int, torch.Tensor]:
    """Autograd's gradient of each node that has one, by the node's number: it shows where a gradient goes wrong."""
    with MemoryGuard():
        leaves = {n: t.to(device).detach().requires_grad_(t.is_floating_point()) for n, t in inputs.items()}
        values = forward(leaves)
        output = forward.tensor(values, forward.output, device)
        if not output.requires_grad:
            return {}
        numbers = [k for k, v in enumerate(values) if isinstance(v, torch.Tensor) and v.requires_grad]
        gradients = torch.autograd.grad(output, [values[k] for k in numbers], upstream.to(device), allow_unused=True)
        return {k: gradient for k, gradient in zip(numbers, gradients, strict=True) if gradient is not None}


def local_gradients(
    forward: Forward, values: Sequence[Any], node: int, operands: Sequence[int], gradient: torch.Tensor
) -> dict[int, torch.Tensor]:
    """What one node alone adds to the gradients of these operands, given its own gradient and all nodes' values."""
    step = forward.steps[node]
    if step is None:
        return {}
    with MemoryGuard():
        leaves = {k: values[k].detach().clone().requires_grad_() for k in set(operands)}
        result = step([leaves.get(k, v) for k, v in enumerate(values)])
        if not result.requires_grad:
            return {}
        gradients = torch.autograd.grad(result, list(leaves.values()), gradient.to(result), allow_unused=True)
        return {k: g for k, g in zip(leaves, gradients, strict=True) if g is not None}
