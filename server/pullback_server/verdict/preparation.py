"""What both legs start from: the program, compiled once for each text and types, and the upstream gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from ..language import check, parse
from ..numeric import DTYPES, FROM_TORCH, Forward, compile_program, tensor_type
from ..program import Limits, Reason, Refusal, TensorType, TypedProgram
from ..symbolic import form_key
from .exact import scale_of
from .kinks import KinkWatcher
from .values import Request

#: The name, dtype and shape of each input.
Types = tuple[tuple[str, TensorType], ...]


@dataclass(frozen=True)
class PreparedProgram:
    """A checked program with its forward pass, and what follows from both.

    `used` are the differentiated inputs that the program names, `key` identifies its closed forms, and `coarsest` is
    the least precise floating dtype of any node. `kinks` finds nodes that are on a kink or outside their domain.
    """

    typed: TypedProgram
    forward: Forward
    wrt: tuple[str, ...]
    used: tuple[str, ...]
    key: str
    coarsest: torch.dtype
    kinks: KinkWatcher


@dataclass(frozen=True)
class PreparedRequest:
    """A request with its program, its device, and its upstream gradient: ones where the request has none."""

    original: Request
    program: PreparedProgram
    upstream: torch.Tensor
    device: torch.device

    @cached_property
    def inputs(self) -> Mapping[str, torch.Tensor]:
        """The inputs' tensors by name."""
        return {operand.name: operand.tensor for operand in self.original.inputs}

    @cached_property
    def scale(self) -> float:
        """The scale of steps from 0: see `scale_of`."""
        return scale_of(self.inputs)

    def with_expression(self, expression: str) -> PreparedRequest:
        """The same request about another expression; raises Refusal."""
        original = replace(self.original, expression=expression)
        program = prepare(expression, types_of(original), self.program.wrt, Limits())
        return PreparedRequest(
            original, program, resolve_upstream(original.upstream, program.typed.output), self.device
        )


def types_of(request: Request) -> Types:
    """The types of a request's inputs, in order."""
    return tuple((o.name, tensor_type(o.tensor)) for o in request.inputs)


def prepare(expression: str, types: Types, wrt: tuple[str, ...], limits: Limits) -> PreparedProgram:
    """Parses and checks an expression for inputs of these types; raises Refusal."""
    program = parse(expression, tuple(name for name, _ in types), limits)
    typed = check(program, dict(types), limits)
    if not typed.output.dtype.floating:
        raise Refusal(
            Reason.NOT_DIFFERENTIABLE,
            f"the value has dtype {typed.output.dtype.label}, which cannot be differentiated",
            found=str(typed.output),
            hint="an expression whose value is floating",
        )
    named = program.inputs()
    used = tuple(name for name in wrt if name in named)
    forward = compile_program(typed)
    floating = {d for d, t in zip(forward.types, typed.types, strict=True) if d.is_floating_point and not t.weak}
    coarsest = max(floating, key=lambda d: torch.finfo(d).eps, default=torch.float64)
    return PreparedProgram(typed, forward, wrt, used, form_key(typed, used), coarsest, KinkWatcher(typed))


def differentiated_inputs(request: Request) -> tuple[str, ...]:
    """The names of the differentiated inputs, in order; raises Refusal where one is not floating, or there is none."""
    names = []
    for number, operand in enumerate(request.inputs):
        floating = operand.tensor.dtype.is_floating_point
        if operand.requires_grad and not floating:
            raise Refusal(
                Reason.NOT_DIFFERENTIABLE,
                f"input {operand.name} is {FROM_TORCH[operand.tensor.dtype].label}, which cannot be differentiated",
                field=f"inputs[{number}].requires_grad",
                hint="a floating dtype, or requires_grad false",
            )
        if operand.requires_grad or (operand.requires_grad is None and floating):
            names.append(operand.name)
    if not names:
        raise Refusal(
            Reason.NOTHING_TO_DIFFERENTIATE,
            "no input is differentiated",
            field="inputs",
            hint="at least one floating input without requires_grad false",
        )
    return tuple(names)


def resolve_upstream(upstream: torch.Tensor | None, output: TensorType) -> torch.Tensor:
    """The upstream gradient, ones where it is missing; raises Refusal where it does not fit the output or is needed."""
    shape = list(output.shape)
    if upstream is None:
        if output.elements == 1:
            return torch.ones(output.shape, dtype=DTYPES[output.dtype])
        raise Refusal(
            Reason.UPSTREAM_REQUIRED,
            f"the output has shape {shape}, so an upstream gradient of that shape is needed",
            field="upstream",
            hint=f"an upstream gradient of shape {shape} and dtype {output.dtype.label}, or the sum of the expression",
            output_shape=output.shape,
        )
    if tuple(upstream.shape) != output.shape:
        raise Refusal(
            Reason.UPSTREAM_SHAPE,
            f"the upstream gradient has shape {list(upstream.shape)}, but the output has shape {shape}",
            field="upstream",
            found=str(list(upstream.shape)),
            hint=f"shape {shape}; upstream gradients do not broadcast",
            output_shape=output.shape,
        )
    dtype = FROM_TORCH[upstream.dtype]
    if dtype is not output.dtype:
        raise Refusal(
            Reason.UPSTREAM_DTYPE,
            f"the upstream gradient is {dtype.label}, but the output is {output.dtype.label}",
            field="upstream",
            found=dtype.label,
            hint=output.dtype.label,
            output_shape=output.shape,
        )
    return upstream
