"""Windows that slide along the last dimensions, in the sympy column: what they read of a padded tensor."""

from __future__ import annotations

import math

import sympy as sp

from ..index_notation import functions as fn
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor, index_of
from .operator import NoClosedForm
from .shape_rules.windows import Windows

#: Windows that together read more entries than this have no closed form, which would hold all of them in memory.
MOST_READ = 2**26


def window_entries(program: IndexProgram, x: IndexTensor, windows: Windows, fill: sp.Expr) -> tuple[IndexTensor, Axes]:
    """What the windows read along the last axes of x, and the axes inside a window, which are the last ones.

    Padding has the value `fill`, in a definition of its own.
    """
    lengths = [program.length(a) for a in x.axes[len(x.axes) - len(windows) :]]
    reaches = [w.reach(n) for w, n in zip(windows, lengths, strict=True)]
    pads = [(w.before, r - n - w.before) for w, n, r in zip(windows, lengths, reaches, strict=True)]
    x = program.materialize(pad_entries(program, x, pads, fill))
    front = x.axes[: len(x.axes) - len(windows)]
    counts = [w.count(n) for w, n in zip(windows, lengths, strict=True)]
    if math.prod((*map(program.length, front), *counts, *(w.size for w in windows))) > MOST_READ:
        raise NoClosedForm(f"windows that read more than {MOST_READ} entries have no closed form")
    outside = tuple(map(program.axis, counts))
    inside = tuple(program.axis(w.size) for w in windows)
    at = [w.stride * index_of(t) + w.dilation * index_of(k) for w, t, k in zip(windows, outside, inside, strict=True)]
    return IndexTensor((*front, *outside, *inside), x.at((*front, *at))), inside


def pad_entries(program: IndexProgram, x: IndexTensor, pads: list[tuple[int, int]], fill: sp.Expr) -> IndexTensor:
    """The tensor with this many entries more before and after it along its last axes, or less where negative."""
    axes, at, first = list(x.axes), list[sp.Expr | None](x.axes), len(x.axes) - len(pads)
    inside: list[sp.Expr] = []
    for k, (before, after) in enumerate(pads, first):
        if (before, after) != (0, 0):
            length = program.length(x.axes[k])
            axes[k] = new = program.axis(before + length + after)
            position = index_of(new)
            at[k] = position - before
            inside += [fn.less_equal(before, position)] * (before > 0)
            inside += [fn.less(position, before + length)] * (after > 0)
    entry = x.at(at)
    for condition in reversed(inside):
        entry = fn.where(condition, entry, fill)
    return IndexTensor(tuple(axes), entry)
