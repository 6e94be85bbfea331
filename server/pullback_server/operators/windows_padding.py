"""Padding: entries before and after those of the last dimensions."""

from __future__ import annotations

from typing import Any

import sympy as sp
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.arithmetic import modulo
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .operator import Operator
from .reference import windows as references
from .shape_rules import padding as shapes
from .shape_rules.common import no_work
from .windows import pad_entries


def _form(program: IndexProgram, x: IndexTensor, *, pad: Any, mode: str, value: float | None) -> IndexTensor:
    pairs = shapes.widths(pad)
    if mode == "constant":
        return pad_entries(program, x, pairs, exact.fraction(value or 0))
    axes, at, first = list(x.axes), list[sp.Expr | None](x.axes), len(x.axes) - len(pairs)
    for k, (before, after) in enumerate(pairs, first):
        if (before, after) != (0, 0):
            length = program.length(x.axes[k])
            axes[k] = new = program.axis(before + length + after)
            position, last = index_of(new) - before, sp.Integer(length - 1)
            if mode == "reflect":
                at[k] = last - fn.absolute(last - fn.absolute(position))
            elif mode == "replicate":
                at[k] = fn.clamp(position, 0, last)
            else:
                at[k] = modulo(position, length, program)
    return IndexTensor(tuple(axes), x.at(at))


# fmt: off
OPERATORS = (
    Operator(
        name="pad", family="neural", size_dependent=True, work=no_work,
        signature="input, pad: integers, mode: string = 'constant', value: number = None",
        shape=shapes.pad, sympy=_form, reference=references.pad,
        torch=lambda x, *, pad, mode, value: F.pad(x, pad, mode, value),
        doc="Entries before and after those of the last dimensions, two numbers each, the last one first: a value, "
            "0 by default, or with mode 'reflect', 'replicate' or 'circular' entries of the tensor.",
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
