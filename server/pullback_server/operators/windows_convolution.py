"""Convolutions of neural networks: cross-correlations of the channels of a signal or an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor, index_of
from .operator import Operator
from .rearranging import reshape
from .reference import windows as references
from .shape_rules import windows as shapes
from .windows import window_entries


def _column(function: Callable[..., torch.Tensor], count: int) -> Callable[..., torch.Tensor]:
    def column(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, **arguments: Any) -> torch.Tensor:
        if arguments["padding"] == "same":
            # torch warns where it has to pad one side more than the other.
            windows = shapes.convolution_windows(weight.shape[2:], arguments)
            pads = [n for w in reversed(windows) for n in (w.before, w.after)]
            return function(F.pad(x, pads), weight, bias, **{**arguments, "padding": 0})
        return function(x, weight, bias, **arguments)

    return column


def _form_of(count: int) -> Callable[..., IndexTensor]:
    def form(
        program: IndexProgram, x: IndexTensor, weight: IndexTensor, bias: IndexTensor | None, **arguments: Any
    ) -> IndexTensor:
        weight = program.materialize(weight)
        windows = shapes.convolution_windows(tuple(map(program.length, weight.axes[2:])), arguments)
        read, inside = window_entries(program, x, windows, sp.S.Zero)
        front, outside = read.axes[: -2 * count], read.axes[-2 * count : -count]
        (inner,) = program.fresh(weight.axes[1:2])
        rows, row, channel = _rows(program, weight, inner, arguments["groups"])
        summand = weight.at((row, inner, *inside)) * read.at((*front[:-1], channel, *outside, *inside))
        for index, axis in zip((row, inner, *inside, channel), (*weight.axes, front[-1]), strict=True):
            if axis is not None and isinstance(index, sp.Symbol):
                program.same(index, axis)
        bound = tuple(k for k in (inner, *inside) if k is not None)
        result = program.total(summand, bound, (*front[:-1], *rows, *outside))
        if len(rows) > 1:
            shape = tuple(map(program.length, (*front[:-1], weight.axes[0], *outside)))
            result = reshape(program, result, shape)
        if bias is None:
            return result
        along = IndexTensor((*bias.axes, *(None,) * count), bias.entry)
        return program.elementwise(exact.plus, result, along)

    return form


def _rows(
    program: IndexProgram, weight: IndexTensor, inner: sp.Symbol | None, groups: int
) -> tuple[Axes, sp.Expr, sp.Expr]:
    """The axes of the channels out, and the channel at these; and the channel in that `inner` is in its group."""
    out, each = program.length(weight.axes[0]) // groups, program.length(weight.axes[1])
    if groups == 1:
        rows = program.fresh(weight.axes[:1])
        return rows, index_of(rows[0]), index_of(inner)
    group, within = program.axis(groups), program.axis(out)
    return (group, within), index_of(group) * out + index_of(within), index_of(group) * each + index_of(inner)


SIGNATURE = (
    "input, weight, bias=None, stride: integers = 1, padding: padding = 0, dilation: integers = 1, groups: integer = 1"
)
DOC = "Sums of products of a weight with each window of the input, over the window and the channels, plus a bias."

# fmt: off
OPERATORS = (
    Operator(
        name="conv1d", family="neural", signature=SIGNATURE, size_dependent=True, work=shapes.convolution_work,
        workspace=shapes.convolution_workspace(1),
        shape=shapes.convolution(1), torch=_column(F.conv1d, 1), sympy=_form_of(1), reference=references.convolution(1),
        doc=DOC, source="torch.nn.functional.conv1d",
        samples=("conv1d(C, C)", "conv1d(C, C, at*s, padding=1)", "conv1d(D, D, stride=2, padding=1)",
                 "conv1d(D, D, None, 1, 'same')", "conv1d(C, C, padding='same', dilation=2)",
                 "conv1d(C, A[:, None], u, 1, 'valid', 1, 3)", "conv1d(D, C.permute(2, 0, 1), w, 1, 2, 2, 2)",
                 "conv1d(x, A[:2, None, :2], groups=2)", "conv1d(C, A[..., None])", "conv1d(r, A[:, None])",
                 "conv1d(z[:, None], r[None])", "conv1d(g, g[None], o, padding=1)", "tanh(conv1d(D, D))"),
        error_inputs=("conv1d(C, D)", "conv1d(C)", "conv1d(u, C)", "conv1d(C, C, u)", "conv1d(C, C, stride=0)",
                      "conv1d(C, B)", "conv1d(C, C, padding=-1)", "conv1d(C, C, padding='full')",
                      "conv1d(C, C, groups=2)", "conv1d(x, C)", "conv1d(C, C, padding='same', stride=2)",
                      "conv1d(C, C, stride=(1, 1))", "conv1d(C[:, :, :2], C)", "conv1d(C, C, dilation=2)",
                      "conv1d(count, C)", "conv1d(C, C, padding=1.5)"),
    ),
    Operator(
        name="conv2d", family="neural", signature=SIGNATURE, size_dependent=True, work=shapes.convolution_work,
        workspace=shapes.convolution_workspace(2),
        shape=shapes.convolution(2), torch=_column(F.conv2d, 2), sympy=_form_of(2), reference=references.convolution(2),
        doc=DOC, source="torch.nn.functional.conv2d",
        samples=("conv2d(C[:, None], A[None, None])", "conv2d(C, C[None], s[None], padding=1)",
                 "conv2d(D[:, None], C[:, None], at*s, (2, 1), (1, 2), (2, 1))",
                 "conv2d(D, x[:, None, None], None, 2, 'valid', groups=2)",
                 "conv2d(C, x[:, None, None], padding='same', groups=2)", "conv2d(C[None], D[None], padding='same')",
                 "conv2d(z[:, None, None], r[None, None])", "conv2d(B[None], A[None, None]) * o"),
        error_inputs=("conv2d(C, D)", "conv2d(x, C)", "conv2d(C, C[None], u)", "conv2d(C, C[None], stride=(1, 1, 1))",
                      "conv2d(C, C[None], groups=3)", "conv2d(D, C[None])", "conv2d(C, C[None], dilation=2)"),
    ),
)
# fmt: on
