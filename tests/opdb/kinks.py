"""Whether a program is evaluated on a kink or outside a domain: the conditions of its rows, on the values at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from pullback_server.language import check, parse
from pullback_server.numeric import compile_program
from pullback_server.operators import BY_NAME, Operator
from pullback_server.operators.shapes import axes_of
from pullback_server.program import Apply, Limits, Refusal, TensorType, TypedProgram
from pullback_server.verdict.preparation import DTYPES

Tensors = Mapping[str, torch.Tensor]


def unsmooth(typed: TypedProgram, values: Sequence[Any]) -> str:
    """The first condition under which some operator of a program has no derivative here, such as `abs: x == 0`.

    `values` are those of the program's nodes. Empty where every operator is inside its domain and off its kinks.
    """
    for number, node in enumerate(typed.program.nodes):
        if isinstance(node, Apply):
            row, operands = BY_NAME[node.operator], [None if k is None else values[k] for k in node.operands]
            if not (row.kinks or row.domain):
                continue
            named = _named(row, operands, typed.arguments[number])
            for point in _lines(row, named, typed.arguments[number]):
                for kink in row.kinks:
                    if bool(_holds(kink.where, point).any()):
                        return f"{row.name}: {kink.where}"
                if row.domain and not bool(_holds(row.domain, point).all()):
                    return f"{row.name}: not {row.domain}"
    return ""


def _named(row: Operator, operands: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Tensors and numbers by the names that the row's conditions have for them."""
    tensors = iter(operands)
    given = {}
    for parameter in row.parameters.parameters:
        value = arguments[parameter.name] if parameter.name in arguments else next(tensors, None)
        if isinstance(value, torch.Tensor | int | float):
            name = parameter.name + "_" * (parameter.name in BY_NAME)
            given[name] = value.detach() if isinstance(value, torch.Tensor) else torch.tensor(value).double()
    return given


def _lines(row: Operator, named: dict[str, torch.Tensor], arguments: Mapping[str, Any]) -> Iterator[Tensors]:
    """What the conditions are about: everything at once, or of a reduction each line that is reduced."""
    if "dim" not in arguments or len(row.parameters.tensors) != 1:
        yield named
        return
    (parameter,) = row.parameters.tensors
    x = named[parameter.name + "_" * (parameter.name in BY_NAME)]
    axes = axes_of(arguments["dim"], x.dim())
    kept = [k for k in range(x.dim()) if k not in axes]
    for line in x.permute(*kept, *axes).flatten(0, len(kept) - 1).unbind() if kept else [x]:
        yield {**named, parameter.name: line}


def _holds(condition: str, point: Tensors) -> torch.Tensor:
    """The condition entry by entry; it does not hold where it names an operand that was left out."""
    types = {name: TensorType(DTYPES[tensor.dtype], tuple(tensor.shape)) for name, tensor in point.items()}
    try:
        typed = check(parse(condition, list(types), Limits()), types, Limits())
    except Refusal:
        return torch.tensor(False)
    forward = compile_program(typed)
    return forward.tensor(forward(point), typed.program.output, torch.device("cpu"))
