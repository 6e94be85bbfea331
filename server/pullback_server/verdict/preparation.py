"""What a question needs once for all requests of its text and types: the checked program and its compiled legs."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..language import check, parse
from ..numeric import Forward, compile_program
from ..program import DType, Limits, Reason, Refusal, TensorType, TypedProgram
from ..symbolic import form_key
from .kinks import Watch
from .values import Question

DTYPES: dict[torch.dtype, DType] = {getattr(torch, d.label): d for d in DType}

#: The name, dtype and shape of each input.
Types = tuple[tuple[str, TensorType], ...]


@dataclass(frozen=True)
class Prepared:
    """A checked program with its forward pass, and what follows from both.

    `used` are the differentiated inputs that the program names, `key` is its forms' name, and `coarsest` the least
    precise floating dtype that any node has. `watch` looks for kinks, guards and what is outside domains.
    """

    typed: TypedProgram
    forward: Forward
    wrt: tuple[str, ...]
    used: tuple[str, ...]
    key: str
    coarsest: torch.dtype
    watch: Watch


def types_of(question: Question) -> Types:
    """The types of a question's inputs, in order."""
    return tuple((o.name, TensorType(DTYPES[o.tensor.dtype], tuple(o.tensor.shape))) for o in question.inputs)


def prepare(expression: str, types: Types, wrt: tuple[str, ...], limits: Limits) -> Prepared:
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
    return Prepared(typed, forward, wrt, used, form_key(typed, used), coarsest, Watch(typed))


def differentiated(question: Question) -> tuple[str, ...]:
    """The inputs that are differentiated, in order; raises Refusal where one cannot be, or none is left."""
    names = []
    for number, operand in enumerate(question.inputs):
        floating = operand.tensor.dtype.is_floating_point
        if operand.requires_grad and not floating:
            raise Refusal(
                Reason.NOT_DIFFERENTIABLE,
                f"input {operand.name} is {DTYPES[operand.tensor.dtype].label}, which cannot be differentiated",
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
            hint="one floating input at least without requires_grad false",
        )
    return tuple(names)


def check_upstream(upstream: torch.Tensor | None, output: TensorType) -> None:
    """Raises Refusal where the upstream gradient does not fit the output, or is missing and needed."""
    shape = list(output.shape)
    if upstream is None:
        if output.elements == 1:
            return
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
    given = DTYPES[upstream.dtype]
    if given is not output.dtype:
        raise Refusal(
            Reason.UPSTREAM_DTYPE,
            f"the upstream gradient is {given.label}, but the output is {output.dtype.label}",
            field="upstream",
            found=given.label,
            hint=output.dtype.label,
            output_shape=output.shape,
        )
