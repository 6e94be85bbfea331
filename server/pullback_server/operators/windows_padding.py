"""Padding: entries before and after those of the last dimensions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.arithmetic import modulo
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import DType, TensorType
from .operator import OperandError, Operator
from .reference.columns import Objects
from .shape_rules.common import no_work
from .windows import padded, place

MODES = ("constant", "reflect", "replicate", "circular")


def _pairs(pad: Any) -> list[tuple[int, int]]:
    """What comes before and after each of the last dimensions, in their order; a call has the last one first."""
    given = pad if isinstance(pad, tuple) else (pad,)
    return [*zip(given[::2], given[1::2], strict=False)][::-1]


def _shape(x: TensorType, *, pad: Any, mode: str, value: float | None) -> TensorType:
    pairs, first = _pairs(pad), x.rank - len(_pairs(pad))
    if isinstance(pad, int) or len(pad) % 2 or first < 0:
        raise OperandError(
            f"pad={pad} for a tensor of rank {x.rank}", "two numbers a dimension, those of the last one first"
        )
    if mode not in MODES:
        raise OperandError(f"mode='{mode}'", " or ".join(f"'{m}'" for m in MODES))
    for (before, after), length in zip(pairs, x.shape[first:], strict=True):
        if length + before + after < 0:
            raise OperandError(f"pad={pad} for shape {list(x.shape)}", "no more taken away than there is")
        if mode != "constant":
            _around(mode, before, after, length)
    if mode != "constant" and (value is not None or not pairs or first not in (1, 2)):
        raise OperandError(
            f"mode='{mode}' of pad={pad} for rank {x.rank}", "no value, and the last 1 to 3 of 2 to 5 dimensions"
        )
    if mode != "constant" and x.dtype is DType.BOOL:
        raise OperandError(f"mode='{mode}' of bool", "multiply it by 1 to make it a number")
    if value is not None and not x.dtype.floating and not abs(value) < 2**7:
        raise OperandError(f"value={value} in {x.dtype.label}", "a number that the dtype holds")
    shape = (*x.shape[:first], *(n + b + a for (b, a), n in zip(pairs, x.shape[first:], strict=True)))
    return TensorType(x.dtype, shape, x.weak)


def _around(mode: str, before: int, after: int, length: int) -> None:
    """Raises OperandError where the entries there are do not give what the padding asks for."""
    most = {"reflect": length - 1, "circular": length}.get(mode)
    if length == 0 or before < 0 or after < 0 or (most is not None and max(before, after) > most):
        raise OperandError(
            f"mode='{mode}' with {before} and {after} around {length} entries",
            "numbers from 0 on" if most is None else f"numbers from 0 to {most}",
        )


def _form(program: IndexProgram, x: IndexTensor, *, pad: Any, mode: str, value: float | None) -> IndexTensor:
    pairs = _pairs(pad)
    if mode == "constant":
        return padded(program, x, pairs, exact.fraction(value or 0))
    axes, at, first = list(x.axes), list[sp.Expr | None](x.axes), len(x.axes) - len(pairs)
    for k, (before, after) in enumerate(pairs, first):
        if (before, after) != (0, 0):
            length = program.length(x.axes[k])
            axes[k] = new = program.axis(before + length + after)
            position, last = place(new) - before, sp.Integer(length - 1)
            if mode == "reflect":
                at[k] = last - fn.absolute(last - fn.absolute(position))
            elif mode == "replicate":
                at[k] = fn.clamp(position, 0, last)
            else:
                at[k] = modulo(position, length, program)
    return IndexTensor(tuple(axes), x.at(at))


def _pad(x: torch.Tensor, *, pad: Any, mode: str, value: float | None) -> torch.Tensor:
    return F.pad(x, pad, mode, value)


def _reference(x: Objects, *, pad: Any, mode: str, value: float | None) -> Objects:
    pairs = [(0, 0)] * (x.ndim - len(_pairs(pad))) + _pairs(pad)
    out = np.empty([n + b + a for n, (b, a) in zip(x.shape, pairs, strict=True)], dtype=object)
    for to in np.ndindex(out.shape):
        at = [p - b for p, (b, _) in zip(to, pairs, strict=True)]
        if mode == "constant":
            inside = all(0 <= p < n for p, n in zip(at, x.shape, strict=True))
            out[to] = x[tuple(at)] if inside else mp.mpf(value or 0)
        else:
            out[to] = x[tuple(_source(mode, p, n) for p, n in zip(at, x.shape, strict=True))]
    return out


def _source(mode: str, position: int, length: int) -> int:
    """Where the entry comes from that stands at a position before, in or after a dimension."""
    match mode:
        case "circular":
            return position % length
        case "replicate":
            return min(max(position, 0), length - 1)
    turned = -position if position < 0 else position
    return 2 * (length - 1) - turned if turned >= length else turned


# fmt: off
OPERATORS = (
    Operator(
        name="pad", family="neural", size_dependent=True, work=no_work,
        signature="input, pad: integers, mode: text = 'constant', value: number = None",
        shape=_shape, torch=_pad, sympy=_form, reference=_reference,
        doc="Entries before and after those of the last dimensions, two numbers each, the last one first: a value, "
            "0 by default, or with mode 'reflect', 'replicate' or 'circular' the entries there are.",
        source="torch.nn.functional.pad",
        samples=("pad(x, (1, 2))", "pad(u, (2, 0), 'constant', 0.5)", "pad(C, (1, 0, 0, 2))", "pad(x, (-1, 1))",
                 "pad(exp(x), (0, 1, 1, 0), value=-1)", "pad(s, ())", "pad(z, (1, 1))", "pad(x, (2, 1), 'reflect')",
                 "pad(C, (1, 1, 2, 1), mode='reflect')", "pad(x, (4, 1), 'replicate')",
                 "pad(x, (1, 3), mode='circular')",
                 "F.pad(C, pad=(0, 2, 1, 0), mode='circular')**2", "pad(c, (2, 1), 'replicate')", "pad(u, (-2, -1))"),
        error_inputs=("pad(x, 1)", "pad(x, (1,))", "pad(u, (1, 1, 1, 1))", "pad(x, (-2, -2))", "pad(x, (1, 1), 'wrap')",
                      "pad(x, (3, 1), 'reflect')", "pad(x, (4, 0), 'circular')", "pad(u, (1, 1), 'reflect')", "pad(x)",
                      "pad(x, (1, 1), 'reflect', 1.0)", "pad(x, (-1, 1), 'replicate')", "pad(x, (1, y))",
                      "pad(C, (1, 1, 1, 1, 1, 1), 'circular')"),
    ),
)
# fmt: on
