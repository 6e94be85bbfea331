"""What both legs start from: the program, compiled once for each text and types, and the upstream gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch

from ..language import check, parse
from ..numeric import DTYPES, FROM_TORCH, Forward, compile_program
from ..program import Limits, Reason, Refusal, TensorType, TypedProgram
from ..symbolic import UPSTREAM, DerivativeKind, form_key
from .exact import scale_of
from .kinks import KinkWatcher
from .values import Request

#: The places of the entries that a request names, by the input's name.
Places = Mapping[str, tuple[tuple[DerivativeKind, tuple[int, ...]], ...]]
#: No more entries than this may be named.
MOST_ENTRIES = 64

#: The name, dtype and shape of each input, and the name and shape.
Types = tuple[tuple[str, torch.dtype, tuple[int, ...]], ...]
Shapes = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class PreparedProgram:
    """A checked program with its forward pass, and what follows from both.

    `named` are the inputs that the program names, and `used` those of them that are differentiated; `key` identifies
    its closed forms, and `coarsest` is the least precise floating dtype of any node. `kinks` finds nodes that are on a
    kink or outside their domain. `shapes` and `dtypes` are those of all inputs, and `entries` how many they have
    together; `point_shapes` and `point_entries` are those of what closed forms are evaluated on: the named inputs, and
    the upstream gradient as `^`.
    """

    typed: TypedProgram
    forward: Forward
    wrt: tuple[str, ...]
    named: tuple[str, ...]
    used: tuple[str, ...]
    key: str
    coarsest: torch.dtype
    kinks: KinkWatcher
    shapes: Shapes
    entries: int
    dtypes: frozenset[torch.dtype]
    point_shapes: Shapes
    point_entries: int


@dataclass(frozen=True)
class PreparedRequest:
    """A request with its program, its device, and its upstream gradient: ones where the request has none.

    `memory` are the bytes that evaluating its closed forms may need.
    """

    original: Request
    program: PreparedProgram
    upstream: torch.Tensor
    device: torch.device
    memory: int

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
        upstream = resolve_upstream(original.upstream, program.typed.output)
        return PreparedRequest(original, program, upstream, self.device, self.memory)


def types_of(request: Request) -> Types:
    """The types of a request's inputs, in order."""
    return tuple([(o.name, o.tensor.dtype, o.tensor.shape) for o in request.inputs])


def prepare(expression: str, types: Types, wrt: tuple[str, ...], limits: Limits) -> PreparedProgram:
    """Parses and checks an expression for inputs of these types; raises Refusal."""
    program = parse(expression, tuple(name for name, *_ in types), limits)
    shapes = {name: tuple(shape) for name, _, shape in types}
    typed = check(program, {name: TensorType(FROM_TORCH[dtype], shapes[name]) for name, dtype, _ in types}, limits)
    if not typed.output.dtype.floating:
        message = f"the value has dtype {typed.output.dtype.label}, which cannot be differentiated"
        hint = "an expression whose value is floating"
        raise Refusal(Reason.NOT_DIFFERENTIABLE, message, found=str(typed.output), hint=hint)
    inputs = program.inputs()
    named = tuple(name for name in shapes if name in inputs)
    used = tuple(name for name in wrt if name in inputs)
    point = {**{name: shapes[name] for name in named}, UPSTREAM: typed.output.shape}
    forward = compile_program(typed)
    floating = {d for d, t in zip(forward.types, typed.types, strict=True) if d.is_floating_point and not t.weak}
    coarsest = max(floating, key=lambda d: torch.finfo(d).eps, default=torch.float64)
    return PreparedProgram(
        typed=typed,
        forward=forward,
        wrt=wrt,
        named=named,
        used=used,
        key=form_key(typed, used),
        coarsest=coarsest,
        kinks=KinkWatcher(typed),
        shapes=tuple(shapes.items()),
        entries=sum(map(math.prod, shapes.values())),
        dtypes=frozenset(dtype for _, dtype, _ in types),
        point_shapes=tuple(point.items()),
        point_entries=sum(map(math.prod, point.values())),
    )


def differentiated_inputs(request: Request) -> tuple[str, ...]:
    """The names of the differentiated inputs, in order; raises Refusal where one is not floating, or there is none."""
    names = []
    for number, operand in enumerate(request.inputs):
        floating = operand.tensor.dtype.is_floating_point
        if operand.requires_grad and not floating:
            dtype, field = FROM_TORCH[operand.tensor.dtype].label, f"inputs[{number}].requires_grad"
            message = f"input {operand.name} is {dtype}, which cannot be differentiated"
            hint = "a floating dtype, or requires_grad false"
            raise Refusal(Reason.NOT_DIFFERENTIABLE, message, field, hint=hint)
        if operand.requires_grad or (operand.requires_grad is None and floating):
            names.append(operand.name)
    if not names:
        hint = "at least one floating input without requires_grad false"
        raise Refusal(Reason.NOTHING_TO_DIFFERENTIATE, "no input is differentiated", "inputs", hint=hint)
    return tuple(names)


def resolve_entries(request: Request, wrt: tuple[str, ...], output: TensorType) -> Places:
    """The places of the entries that a request names; raises Refusal where there is no such entry."""
    shapes = {operand.name: tuple(operand.tensor.shape) for operand in request.inputs}
    places: dict[str, list[tuple[DerivativeKind, tuple[int, ...]]]] = {}
    if len(request.entries) > MOST_ENTRIES:
        message = f"{len(request.entries)} entries are named"
        raise Refusal(Reason.LIMIT_EXCEEDED, message, "entries", hint=f"at most {MOST_ENTRIES}")
    for number, (name, index) in enumerate((place.input, place.index) for place in request.entries):
        field = f"entries[{number}]"
        if name not in wrt:
            hint = f"one of {', '.join(wrt)}"
            raise Refusal(
                Reason.UNKNOWN_NAME, "no input of that name is differentiated", f"{field}.input", found=name, hint=hint
            )
        ranges = {DerivativeKind.JACOBIAN: (*output.shape, *shapes[name]), DerivativeKind.VJP: shapes[name]}
        kinds = [k for k, shape in ranges.items() if len(shape) == len(index)]
        if not kinds or not all(0 <= i < n for i, n in zip(index, ranges[kinds[0]], strict=True)):
            jacobian, vjp = (list(shape) for shape in ranges.values())
            hint = f"an index into {jacobian} for the Jacobian, or into {vjp} for the vector-Jacobian product"
            message = f"the derivative with respect to {name} has no such entry"
            raise Refusal(Reason.BAD_VALUE, message, f"{field}.index", found=str(list(index)), hint=hint)
        places.setdefault(name, []).extend((kind, index) for kind in kinds)
    return {name: tuple(each) for name, each in places.items()}


def resolve_upstream(upstream: torch.Tensor | None, output: TensorType) -> torch.Tensor:
    """The upstream gradient, ones where it is missing; raises Refusal where it does not fit the output or is needed."""
    if upstream is not None and upstream.shape == output.shape and upstream.dtype is DTYPES[output.dtype]:
        return upstream
    shape, dtype = list(output.shape), output.dtype.label
    refusal = partial(Refusal, field="upstream", output_shape=output.shape)
    if upstream is None:
        if output.elements == 1:
            return torch.ones(output.shape, dtype=DTYPES[output.dtype])
        message = f"the output has shape {shape}, so an upstream gradient of that shape is needed"
        hint = f"an upstream gradient of shape {shape} and dtype {dtype}, or the sum of the expression"
        raise refusal(Reason.UPSTREAM_REQUIRED, message, hint=hint)
    upstream_shape, upstream_dtype = list(upstream.shape), FROM_TORCH[upstream.dtype].label
    if upstream_shape != shape:
        message = f"the upstream gradient has shape {upstream_shape}, but the output has shape {shape}"
        hint = f"shape {shape}; upstream gradients do not broadcast"
        raise refusal(Reason.UPSTREAM_SHAPE, message, found=str(upstream_shape), hint=hint)
    message = f"the upstream gradient is {upstream_dtype}, but the output is {dtype}"
    raise refusal(Reason.UPSTREAM_DTYPE, message, found=upstream_dtype, hint=dtype)
