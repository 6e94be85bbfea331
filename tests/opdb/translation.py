"""A sample of torch's as a request: tensors become named inputs, everything else is written as a literal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from pullback_server.numeric import FROM_TORCH

#: Keywords that may be left out when they have one of these values; the language has no word for others.
DEFAULTS: dict[str, tuple[Any, ...]] = {
    "device": (None, "cpu", torch.device("cpu")),
    "dtype": (None, torch.float64),
    "layout": (None, torch.strided),
    "memory_format": (None, torch.contiguous_format, torch.preserve_format),
    "out": (None,),
    "pin_memory": (None, False),
    "requires_grad": (None, False, True),
}


class Untranslatable(Exception):
    """The language has no word for an argument; the message says for which."""


@dataclass
class Translator:
    """Writes arguments; their tensors are in `inputs`, by the names that they were given."""

    inputs: dict[str, torch.Tensor] = field(default_factory=dict)

    def arguments(self, positional: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """The arguments by position, and those by keyword as `name=value`; raises Untranslatable.

        >>> Translator().arguments([torch.ones(2), (0, -1)], {"keepdim": True, "dtype": None})
        (['x1', '(0, -1)'], ['keepdim=True'])
        """
        operands = [self.literal(each) for each in positional]
        options = {k: v for k, v in keywords.items() if k not in DEFAULTS or v not in DEFAULTS[k]}
        if any(not tensor.is_floating_point() for tensor in self.inputs.values()) and keywords.get("dtype"):
            raise Untranslatable("no word for another dtype than the operands'")
        return operands, [f"{k}={self.literal(v)}" for k, v in options.items()]

    def literal(self, value: Any) -> str:
        """The text of one argument; raises Untranslatable."""
        match value:
            case torch.Tensor():
                return self._named(value)
            case None | bool() | int() | str() | float() if not isinstance(value, float) or math.isfinite(value):
                return repr(value)
            case float() if math.isinf(value):
                return "inf" if value > 0 else "-inf"
            case list():
                return f"[{', '.join(map(self.literal, value))}]"
            case tuple():
                return f"({', '.join(map(self.literal, value))}{',' * (len(value) == 1)})"
            case slice(start=start, stop=stop, step=step):
                ends = ("" if end is None else self.literal(end) for end in (start, stop))
                return ":".join((*ends, *([] if step is None else [self.literal(step)])))
            case _ if value is ...:
                return "..."
        raise Untranslatable(f"no word for {value!r}" if value != value else f"no word for a {type(value).__name__}")

    def _named(self, tensor: torch.Tensor) -> str:
        if tensor.dtype not in FROM_TORCH:
            raise Untranslatable(f"no tensors of {str(tensor.dtype).removeprefix('torch.')}")
        for name, known in self.inputs.items():
            if known is tensor:
                return name
        name = f"x{len(self.inputs) + 1}"
        self.inputs[name] = tensor
        return name


def outputs(text: str, result: Any) -> list[tuple[tuple[str, ...], torch.Tensor]]:
    """The tensors of a result, each with the expressions that have it as their value, best first.

    A field of a named tuple is written by its name, `eigh(x).eigenvalues`; where the language gives the values alone,
    as for `max(x, 1)`, the call is enough. The parts of other tuples and lists are written by their numbers.
    """
    if isinstance(result, torch.Tensor):
        return [((text,), result)]
    if not isinstance(result, tuple | list):
        raise Untranslatable(f"no word for a result that is a {type(result).__name__}")
    fields = _fields(result)
    tensors: list[tuple[tuple[str, ...], torch.Tensor]] = []
    for number, part in enumerate(result):
        if not isinstance(part, torch.Tensor):
            raise Untranslatable("no word for a part of the result that is not a tensor")
        ways: tuple[str, ...] = (f"{text}[{number}]",)
        if fields:
            ways = (f"{text}.{fields[number]}", *((text,) if fields[number] == "values" else ways))
        tensors.append((ways, part))
    return tensors


def _fields(result: Any) -> tuple[str, ...]:
    """The names of the fields of one of torch's named tuples, in order; none of any other."""
    match = getattr(type(result), "__match_args__", ())
    return tuple(match) if len(match) == len(result) else ()
