"""Pooling: the mean or the largest entry of each window."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import TensorType
from .operator import Kink, OperandError, Operator
from .reference import scalars
from .reference.columns import Objects
from .shape_rules.common import only_floating
from .windows import Window, Windows, each_dimension, place, reads, slid_shape, window_entries

RANKS = {1: "(N, C, L)", 2: "(N, C, H, W)"}


def _windows(count: int, given: dict[str, Any]) -> Windows:
    """The windows of a call; raises OperandError. The stride is the size where it is left out."""
    sizes = each_dimension(given["kernel_size"], count, "kernel_size", 1)
    strides = each_dimension(given["stride"] or sizes if given["stride"] != 0 else 0, count, "stride", 1)
    paddings = each_dimension(given["padding"], count, "padding", 0)
    dilations = each_dimension(given.get("dilation", 1), count, "dilation", 1)
    if any(2 * p > k for p, k in zip(paddings, sizes, strict=True)):
        raise OperandError(f"padding={given['padding']} for kernel_size={given['kernel_size']}", "half of it at most")
    return tuple(
        Window(k, s, d, p, p, given["ceil_mode"])
        for k, s, d, p in zip(sizes, strides, dilations, paddings, strict=True)
    )


def _shape_of(count: int) -> Callable[..., TensorType]:
    def shape(x: TensorType, **given: Any) -> TensorType:
        if given.get("divisor_override") == 0:
            raise OperandError("divisor_override=0", "another number, or None")
        counts = slid_shape(x, _windows(count, given), RANKS[count])
        return only_floating(lambda t: TensorType(t.dtype, t.shape[:-count] + counts, t.weak))(x)

    return shape


def _work(result: TensorType, x: TensorType) -> int:
    """As if each entry were read nine times at most, as by windows of 3 by 3 that overlap."""
    return 9 * result.elements + x.elements


# The mean: what it divides by.


def _mean_form_of(count: int) -> Callable[..., IndexTensor]:
    def form(program: IndexProgram, x: IndexTensor, **given: Any) -> IndexTensor:
        windows = _windows(count, given)
        lengths = [program.length(a) for a in x.axes[-count:]]
        entries, _ = window_entries(program, x, windows, sp.S.Zero)
        rank = len(entries.axes)
        total = program.reduce("sum", entries, tuple(range(rank - count, rank)))
        divisor = _divisor(windows, lengths, total.axes[-count:], given)
        return program.elementwise(lambda e: exact.over(e, divisor), total)

    return form


def _divisor(windows: Windows, lengths: list[int], axes: tuple[Any, ...], given: dict[str, Any]) -> sp.Expr:
    """How many entries a window covers, with the padding or without, where that is not the same everywhere."""
    if given.get("divisor_override"):
        return sp.Integer(given["divisor_override"])
    result: sp.Expr = sp.S.One
    for window, length, axis in zip(windows, lengths, axes, strict=True):
        ends = length + window.before + window.after, window.before, window.before + length
        start = window.stride * place(axis)
        low, high = start, start + window.size
        if window.reach(length) > ends[0]:
            high = fn.minimum(high, ends[0])
        if not given["count_include_pad"] and window.before:
            low, high = fn.maximum(low, ends[1]), fn.minimum(high, ends[2])
        result *= high - low
    return result


def _mean_reference_of(count: int) -> Callable[..., Objects]:
    def reference(x: Objects, **given: Any) -> Objects:
        windows, shape = _windows(count, given), x.shape[-count:]

        def mean(number: tuple[int, ...], entries: list[Any]) -> Any:
            covered = [w.covered(t, n) for w, t, n in zip(windows, number, shape, strict=True)]
            if not given["count_include_pad"]:
                covered = [range(max(c.start, 0), min(c.stop, n)) for c, n in zip(covered, shape, strict=True)]
            divisor = given.get("divisor_override") or math.prod(map(len, covered))
            return scalars.quotient(scalars.add_up(entries), mp.mpf(divisor))

        return _pooled(x, windows, mean)

    return reference


# The largest.


def _max_form_of(count: int) -> Callable[..., IndexTensor]:
    def form(program: IndexProgram, x: IndexTensor, **given: Any) -> IndexTensor:
        entries, _ = window_entries(program, x, _windows(count, given), -sp.oo)
        rank = len(entries.axes)
        return program.reduce("max", entries, tuple(range(rank - count, rank)))

    return form


def _max_reference_of(count: int) -> Callable[..., Objects]:
    def reference(x: Objects, **given: Any) -> Objects:
        return _pooled(x, _windows(count, given), lambda _, entries: scalars.largest(entries))

    return reference


def _pooled(x: Objects, windows: Windows, reduce: Callable[[tuple[int, ...], list[Any]], Any]) -> Objects:
    front, lengths = x.shape[: x.ndim - len(windows)], x.shape[x.ndim - len(windows) :]
    out = np.empty(front + tuple(w.count(n) for w, n in zip(windows, lengths, strict=True)), dtype=object)
    for number, read in reads(windows, lengths):
        for before in np.ndindex(front):
            out[before + number] = reduce(number, [x[before + at] for _, at in read])
    return out


MEAN = ("{0}(C, 2)", "{0}(x, 2, 1)", "{0}(C, kernel_size=3, stride=2, padding=1)", "{0}(C, 3, 3, ceil_mode=True)",
        "{0}(C, 3, 2, 1, False, False)", "{0}(x, 3, 2, 1, True, False)", "{0}(exp(C), (2,), (1,))", "{0}(c, 1)",
        "{0}(z[:, None], 2)", "F.{0}(C, 4)*c[0]", "{0}(x, 2, 2, 1, True)")  # fmt: skip
MAX = ("{0}(C, 2)", "{0}(x, 2, 1)", "{0}(C, kernel_size=3, stride=2, padding=1)", "{0}(C, 3, 3, ceil_mode=True)",
       "{0}(C, 2, 1, 1, 2)", "{0}(exp(C), (2,), (1,))", "{0}(c, 1)", "{0}(z[:, None], 2)", "F.{0}(C, 4)*c[0]",
       "{0}(x, 2, 2, 1, 1, True)*2")  # fmt: skip
UNFIT = ("{0}(C)", "{0}(u, 2)", "{0}(C, 5)", "{0}(C, 0)", "{0}(C, 2, 0)", "{0}(C, 2, padding=2)", "{0}(C, (2, 2))",
         "{0}(C, 2, padding=-1)", "{0}(mask, 2)", "{0}(count, 2)", "{0}(C[:, :0], 2)", "{0}(C, 2.5)")  # fmt: skip
MEAN_2D = ("{0}(C, 2)", "{0}(C[None], (2, 1), 1)", "{0}(C, 3, 2, 1)", "{0}(C, (3, 2), 2, 1, True, False)",
           "{0}(C, 2, divisor_override=3)", "{0}(z[:, None, None], (1, 2))", "{0}(C, 2, 3, 1, True)*s",
           "{0}(C, kernel_size=(1, 4))")  # fmt: skip
MAX_2D = ("{0}(C, 2)", "{0}(C[None], (2, 1), 1)", "{0}(C, 3, 2, 1)", "{0}(C, (3, 2), 2, 1, 1, True)",
          "{0}(C, 2, 1, dilation=(2, 1))", "{0}(z[:, None, None], (1, 2))", "{0}(C, 2, 3, 1, ceil_mode=True)*s",
          "{0}(C, kernel_size=(1, 4))")  # fmt: skip
UNFIT_2D = ("{0}(C)", "{0}(x, 1)", "{0}(C, 4)", "{0}(C, (2, 2, 2))", "{0}(C, 2, (1, 0))", "{0}(C, 2, 2, 2)",
            "{0}(C > 0, 2)", "{0}(C[:, :, :0], 2)")  # fmt: skip
AVERAGE = (
    "input, kernel_size: integers, stride: integers = None, padding: integers = 0, ceil_mode: flag = False, "
    "count_include_pad: flag = True"
)
LARGEST = (
    "input, kernel_size: integers, stride: integers = None, padding: integers = 0, dilation: integers = 1, "
    "ceil_mode: flag = False"
)
MEAN_DOC = (
    "The mean of each window of so many entries; padding counts as entries of 0 unless count_include_pad is False."
)
MAX_DOC = "The largest entry of each window of so many entries."
TIES = (Kink("sum(input == amax(input)) > 1", "1 to the first in the window of those that tie"),)


def _texts(name: str, samples: tuple[str, ...], error_inputs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "samples": tuple(text.format(name) for text in samples),
        "error_inputs": tuple(text.format(name) for text in error_inputs),
        "source": f"torch.nn.functional.{name}",
    }


# fmt: off
OPERATORS = (
    Operator(
        name="avg_pool1d", family="neural", signature=AVERAGE, size_dependent=True, work=_work,
        shape=_shape_of(1), torch=F.avg_pool1d, sympy=_mean_form_of(1), reference=_mean_reference_of(1),
        doc=MEAN_DOC, **_texts("avg_pool1d", MEAN, UNFIT),
    ),
    Operator(
        name="avg_pool2d", family="neural", signature=f"{AVERAGE}, divisor_override: integer = None",
        size_dependent=True, work=_work, shape=_shape_of(2), torch=F.avg_pool2d, sympy=_mean_form_of(2),
        reference=_mean_reference_of(2), doc=f"{MEAN_DOC[:-1]}; over divisor_override instead where it is given.",
        **_texts("avg_pool2d", MEAN_2D, (*UNFIT_2D, "avg_pool2d(C, 2, divisor_override=0)")),
    ),
    Operator(
        name="max_pool1d", family="neural", signature=LARGEST, size_dependent=True, work=_work, kinks=TIES,
        shape=_shape_of(1), torch=F.max_pool1d, sympy=_max_form_of(1), reference=_max_reference_of(1),
        doc=MAX_DOC, **_texts("max_pool1d", MAX, UNFIT),
    ),
    Operator(
        name="max_pool2d", family="neural", signature=LARGEST, size_dependent=True, work=_work, kinks=TIES,
        shape=_shape_of(2), torch=F.max_pool2d, sympy=_max_form_of(2), reference=_max_reference_of(2),
        doc=MAX_DOC, **_texts("max_pool2d", MAX_2D, UNFIT_2D),
    ),
)
# fmt: on
