"""Convolutions as neural networks have them: cross-correlations of the channels of a signal or an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation.arithmetic import fresh
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor
from ..program import TensorType
from .operator import OperandError, Operator
from .rearranging import reshaped
from .reference.columns import Objects
from .shape_rules.matrices import one_floating_dtype
from .windows import Window, Windows, each_dimension, place, reads, slid_shape, window_entries

RANKS = {1: "(N, C, L)", 2: "(N, C, H, W)"}


def _windows(sizes: tuple[int, ...], given: dict[str, Any]) -> Windows:
    """The windows of a call; raises OperandError. Padding 'same' gives as many windows as entries."""
    count, padding = len(sizes), given["padding"]
    strides = each_dimension(given["stride"], count, "stride", 1)
    dilations = each_dimension(given["dilation"], count, "dilation", 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise OperandError(f"padding='{padding}'", "'same', 'valid', a number, or one a dimension")
        if padding == "same" and any(s > 1 for s in strides):
            raise OperandError(f"padding='same' with stride={given['stride']}", "a stride of 1")
        both = [d * (k - 1) if padding == "same" else 0 for k, d in zip(sizes, dilations, strict=True)]
        pads = [(p // 2, p - p // 2) for p in both]
    else:
        pads = [(p, p) for p in each_dimension(padding, count, "padding", 0)]
    return tuple(Window(k, s, d, *p) for k, s, d, p in zip(sizes, strides, dilations, pads, strict=True))


def _shape_of(count: int) -> Callable[..., TensorType]:
    name = f"conv{count}d"

    def shape(x: TensorType, weight: TensorType, bias: TensorType | None = None, **given: Any) -> TensorType:
        operands = [t for t in (x, weight, bias) if t is not None]
        dtype = one_floating_dtype(name, *operands)
        groups = given["groups"]
        if weight.rank != count + 2 or 0 in (weight.shape[0], *weight.shape[2:]):
            raise OperandError(
                f"a weight of shape {list(weight.shape)}", f"shape (channels out, channels in, {'k, ' * count})"
            )
        counts = slid_shape(x, _windows(weight.shape[2:], given), RANKS[count])
        channels = x.shape[-count - 1]
        if groups < 1 or weight.shape[0] % groups or channels != groups * weight.shape[1]:
            raise OperandError(
                f"{channels} channels and a weight of shape {list(weight.shape)} in {groups} groups",
                "groups that divide the channels out, and channels in that are weight.shape[1]*groups",
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise OperandError(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
        shape = (*x.shape[: -count - 1], weight.shape[0], *counts)
        return TensorType(dtype, shape, all(t.weak for t in operands))

    return shape


def _work(result: TensorType, _: TensorType, weight: TensorType, *__: TensorType | None) -> int:
    return 2 * result.elements * math.prod(weight.shape[1:])


def _column(function: Callable[..., torch.Tensor], count: int) -> Callable[..., torch.Tensor]:
    def column(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, **given: Any) -> torch.Tensor:
        if given["padding"] == "same":
            # torch warns where it has to pad one side more than the other.
            pads = [n for w in reversed(_windows(weight.shape[2:], given)) for n in (w.before, w.after)]
            return function(F.pad(x, pads), weight, bias, **{**given, "padding": 0})
        return function(x, weight, bias, **given)

    return column


def _form_of(count: int) -> Callable[..., IndexTensor]:
    def form(
        program: IndexProgram, x: IndexTensor, weight: IndexTensor, bias: IndexTensor | None, **given: Any
    ) -> IndexTensor:
        weight = program.materialize(weight)
        windows = _windows(tuple(map(program.length, weight.axes[2:])), given)
        read, inside = window_entries(program, x, windows, sp.S.Zero)
        front, outside = read.axes[: -2 * count], read.axes[-2 * count : -count]
        (own,) = fresh(program, weight.axes[1:2])
        rows, row, channel = _rows(program, weight, own, given["groups"])
        summand = weight.at((row, own, *inside)) * read.at((*front[:-1], channel, *outside, *inside))
        for index, axis in zip((row, own, *inside, channel), (*weight.axes, front[-1]), strict=True):
            if axis is not None and isinstance(index, sp.Symbol):
                program.same(index, axis)
        bound = tuple(k for k in (own, *inside) if k is not None)
        result = program.total(summand, bound, (*front[:-1], *rows, *outside))
        if len(rows) > 1:
            shape = tuple(map(program.length, (*front[:-1], weight.axes[0], *outside)))
            result = reshaped(program, result, shape)
        if bias is None:
            return result
        along = IndexTensor((*bias.axes, *(None,) * count), bias.entry)
        return program.elementwise(exact.plus, result, along)

    return form


def _rows(
    program: IndexProgram, weight: IndexTensor, own: sp.Symbol | None, groups: int
) -> tuple[Axes, sp.Expr, sp.Expr]:
    """The axes of the channels out, and which one they mean; and the channel in that `own` is in a group."""
    out, each = program.length(weight.axes[0]) // groups, program.length(weight.axes[1])
    if groups == 1:
        rows = fresh(program, weight.axes[:1])
        return rows, place(rows[0]), place(own)
    group, within = program.axis(groups), program.axis(out)
    return (group, within), place(group) * out + place(within), place(group) * each + place(own)


def _reference_of(count: int) -> Callable[..., Objects]:
    def reference(x: Objects, weight: Objects, bias: Objects | None, **given: Any) -> Objects:
        windows = _windows(weight.shape[2:], given)
        batched = x if x.ndim == count + 2 else x[np.newaxis]
        lengths, per_group = batched.shape[2:], weight.shape[0] // given["groups"]
        shape = (len(batched), len(weight), *(w.count(n) for w, n in zip(windows, lengths, strict=True)))
        out = np.empty(shape, dtype=object)
        for number, read in reads(windows, lengths):
            for n, o in np.ndindex(shape[:2]):
                total = mp.mpf(0) if bias is None else bias[o]
                for c in range(weight.shape[1]):
                    channel = o // per_group * weight.shape[1] + c
                    for inside, at in read:
                        total = total + weight[(o, c, *inside)] * batched[(n, channel, *at)]
                out[(n, o, *number)] = total
        return out if x.ndim == count + 2 else out[0]

    return reference


SIGNATURE = (
    "input, weight, bias=None, stride: integers = 1, padding: padding = 0, dilation: integers = 1, groups: integer = 1"
)
DOC = "Sums of products of a weight with each window of the input, over the window and the channels, plus a bias."

# fmt: off
OPERATORS = (
    Operator(
        name="conv1d", family="neural", signature=SIGNATURE, size_dependent=True, work=_work,
        shape=_shape_of(1), torch=_column(F.conv1d, 1), sympy=_form_of(1), reference=_reference_of(1),
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
        name="conv2d", family="neural", signature=SIGNATURE, size_dependent=True, work=_work,
        shape=_shape_of(2), torch=_column(F.conv2d, 2), sympy=_form_of(2), reference=_reference_of(2),
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
