"""Pooling: the mean or the largest entry of each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .operator import Kink, Operator
from .reference import windows as references
from .shape_rules import windows as shapes
from .shape_rules.windows import Windows
from .windows import window_entries


def _mean_form_of(count: int) -> Callable[..., IndexTensor]:
    def form(program: IndexProgram, x: IndexTensor, **arguments: Any) -> IndexTensor:
        windows = shapes.pooling_windows(count, arguments)
        lengths = [program.length(a) for a in x.axes[-count:]]
        entries, _ = window_entries(program, x, windows, sp.S.Zero)
        rank = len(entries.axes)
        total = program.reduce("sum", entries, tuple(range(rank - count, rank)))
        divisor = _divisor(windows, lengths, total.axes[-count:], arguments)
        return program.elementwise(lambda e: exact.over(e, divisor), total)

    return form


def _divisor(windows: Windows, lengths: list[int], axes: tuple[Any, ...], arguments: dict[str, Any]) -> sp.Expr:
    """How many entries a window covers, with the padding or without, where that is not the same everywhere."""
    if arguments.get("divisor_override"):
        return sp.Integer(arguments["divisor_override"])
    result: sp.Expr = sp.S.One
    for window, length, axis in zip(windows, lengths, axes, strict=True):
        ends = length + window.before + window.after, window.before, window.before + length
        start = window.stride * index_of(axis)
        low, high = start, start + window.size
        if window.reach(length) > ends[0]:
            high = fn.minimum(high, ends[0])
        if not arguments["count_include_pad"] and window.before:
            low, high = fn.maximum(low, ends[1]), fn.minimum(high, ends[2])
        result *= high - low
    return result


def _max_form_of(count: int) -> Callable[..., IndexTensor]:
    def form(program: IndexProgram, x: IndexTensor, **arguments: Any) -> IndexTensor:
        entries, _ = window_entries(program, x, shapes.pooling_windows(count, arguments), -sp.oo)
        rank = len(entries.axes)
        return program.reduce("max", entries, tuple(range(rank - count, rank)))

    return form


MEAN = ("{0}(C, 2)", "{0}(x, 2, 1)", "{0}(C, kernel_size=3, stride=2, padding=1)", "{0}(C, 3, 3, ceil_mode=True)",
        "{0}(C, 3, 2, 1, False, False)", "{0}(x, 3, 2, 1, True, False)", "{0}(exp(C), (2,), (1,))", "{0}(c, 1)",
        "{0}(z[:, None], 2)", "F.{0}(C, 4)*c[0]", "{0}(x, 2, 2, 1, True)")  # fmt: skip
MAX = ("{0}(C, 2)", "{0}(x, 2, 1)", "{0}(C, kernel_size=3, stride=2, padding=1)", "{0}(C, 3, 3, ceil_mode=True)",
       "{0}(C, 2, 1, 1, 2)", "{0}(exp(C), (2,), (1,))", "{0}(c, 1)", "{0}(z[:, None], 2)", "F.{0}(C, 4)*c[0]",
       "{0}(x, 2, 2, 1, 1, True)*2")  # fmt: skip
WRONG = ("{0}(C)", "{0}(u, 2)", "{0}(C, 5)", "{0}(C, 0)", "{0}(C, 2, 0)", "{0}(C, 2, padding=2)", "{0}(C, (2, 2))",
         "{0}(C, 2, padding=-1)", "{0}(mask, 2)", "{0}(count, 2)", "{0}(C[:, :0], 2)", "{0}(C, 2.5)")  # fmt: skip
MEAN_2D = ("{0}(C, 2)", "{0}(C[None], (2, 1), 1)", "{0}(C, 3, 2, 1)", "{0}(C, (3, 2), 2, 1, True, False)",
           "{0}(C, 2, divisor_override=3)", "{0}(z[:, None, None], (1, 2))", "{0}(C, 2, 3, 1, True)*s",
           "{0}(C, kernel_size=(1, 4))")  # fmt: skip
MAX_2D = ("{0}(C, 2)", "{0}(C[None], (2, 1), 1)", "{0}(C, 3, 2, 1)", "{0}(C, (3, 2), 2, 1, 1, True)",
          "{0}(C, 2, 1, dilation=(2, 1))", "{0}(z[:, None, None], (1, 2))", "{0}(C, 2, 3, 1, ceil_mode=True)*s",
          "{0}(C, kernel_size=(1, 4))")  # fmt: skip
WRONG_2D = ("{0}(C)", "{0}(x, 1)", "{0}(C, 4)", "{0}(C, (2, 2, 2))", "{0}(C, 2, (1, 0))", "{0}(C, 2, 2, 2)",
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
    "The mean of each window of kernel_size entries; padding counts as entries of 0 unless count_include_pad is False."
)
MAX_DOC = "The largest entry of each window of kernel_size entries."
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
        name="avg_pool1d", family="neural", signature=AVERAGE, size_dependent=True, work=shapes.pooling_work(1),
        shape=shapes.pooling(1), torch=F.avg_pool1d, sympy=_mean_form_of(1), reference=references.mean_pooling(1),
        doc=MEAN_DOC, **_texts("avg_pool1d", MEAN, WRONG),
    ),
    Operator(
        name="avg_pool2d", family="neural", signature=f"{AVERAGE}, divisor_override: integer = None",
        size_dependent=True, work=shapes.pooling_work(2),
        shape=shapes.pooling(2), torch=F.avg_pool2d, sympy=_mean_form_of(2), reference=references.mean_pooling(2),
        doc=f"{MEAN_DOC[:-1]}; over divisor_override instead where it is given.",
        **_texts("avg_pool2d", MEAN_2D, (*WRONG_2D, "avg_pool2d(C, 2, divisor_override=0)")),
    ),
    Operator(
        name="max_pool1d", family="neural", signature=LARGEST, size_dependent=True, kinks=TIES,
        work=shapes.pooling_work(1), shape=shapes.pooling(1), torch=F.max_pool1d, sympy=_max_form_of(1),
        reference=references.max_pooling(1), doc=MAX_DOC, **_texts("max_pool1d", MAX, WRONG),
    ),
    Operator(
        name="max_pool2d", family="neural", signature=LARGEST, size_dependent=True, kinks=TIES,
        work=shapes.pooling_work(2), shape=shapes.pooling(2), torch=F.max_pool2d, sympy=_max_form_of(2),
        reference=references.max_pooling(2), doc=MAX_DOC, **_texts("max_pool2d", MAX_2D, WRONG_2D),
    ),
)
# fmt: on
