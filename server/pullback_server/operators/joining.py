"""Tensors joined along a dimension, and split into parts."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch

from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .operator import Operator
from .reference import joining as references
from .shape_rules import joining as shapes
from .workspace import nothing

# The torch column: one part alone, of however many.


def _split(x: torch.Tensor, *, split_size_or_sections: Any, dim: int, output: int) -> torch.Tensor:
    return _narrow(x, dim, shapes.section(x.shape[dim], split_size_or_sections, output))


def _chunk(x: torch.Tensor, *, chunks: int, dim: int, output: int) -> torch.Tensor:
    return _narrow(x, dim, shapes.chunk_section(x.shape[dim], chunks, output))


def _narrow(x: torch.Tensor, dim: int, part: tuple[int, int]) -> torch.Tensor:
    start, stop = part
    return x.narrow(dim, start, stop - start)


# The sympy column.


def _cat_form(program: IndexProgram, *tensors: IndexTensor, dim: int) -> IndexTensor:
    axis = dim % len(tensors[0].axes)
    lengths = [program.length(t.axes[axis]) for t in tensors]
    common = _common_axes(program, tensors, axis)
    new = program.axis(sum(lengths))
    position = index_of(new)
    entry: sp.Expr | None = None
    for t, length, start in reversed([*zip(tensors, lengths, _starts(lengths), strict=True)]):
        if not length:
            continue
        part = t.at([position - start if k == axis else a for k, a in enumerate(_present(common, t, axis))])
        entry = part if entry is None else fn.where(fn.less(position, start + length), part, entry)
    axes = tuple(new if k == axis else a for k, a in enumerate(common))
    return IndexTensor(axes, sp.S.Zero if entry is None else entry)


def _stack_form(program: IndexProgram, *tensors: IndexTensor, dim: int) -> IndexTensor:
    common = _common_axes(program, tensors, None)
    new = program.axis(len(tensors))
    entry = tensors[-1].at(_present(common, tensors[-1], None))
    for number, t in reversed([*enumerate(tensors[:-1])]):
        entry = fn.where(fn.equal(new, number), t.at(_present(common, t, None)), entry)
    axes = list(common)
    axes.insert(dim % (len(common) + 1), new)
    return IndexTensor(tuple(axes), entry)


def _common_axes(program: IndexProgram, tensors: tuple[IndexTensor, ...], axis: int | None) -> list[sp.Symbol | None]:
    """The axes that tensors of equal lengths share, except the one that they are joined along."""
    first = tensors[0]
    common = [None if a is None or k == axis else program.index(a) for k, a in enumerate(first.axes)]
    for t in tensors:
        program.unify(t.axes, tuple(common))
    return common


def _present(common: list[sp.Symbol | None], t: IndexTensor, axis: int | None) -> list[sp.Symbol | None]:
    return [a if k == axis else common[k] for k, a in enumerate(t.axes)]


def _starts(lengths: list[int]) -> list[int]:
    return [sum(lengths[:k]) for k in range(len(lengths))]


def _section(program: IndexProgram, x: IndexTensor, axis: int, section: tuple[int, int]) -> IndexTensor:
    start, stop = section
    new = program.axis(stop - start)
    axes = tuple(new if k == axis else a for k, a in enumerate(x.axes))
    return IndexTensor(axes, x.at([start + index_of(new) if k == axis else a for k, a in enumerate(x.axes)]))


def _split_form(
    program: IndexProgram, x: IndexTensor, *, split_size_or_sections: Any, dim: int, output: int
) -> IndexTensor:
    axis = dim % len(x.axes)
    return _section(program, x, axis, shapes.section(program.length(x.axes[axis]), split_size_or_sections, output))


def _chunk_form(program: IndexProgram, x: IndexTensor, *, chunks: int, dim: int, output: int) -> IndexTensor:
    axis = dim % len(x.axes)
    return _section(program, x, axis, shapes.chunk_section(program.length(x.axes[axis]), chunks, output))


def _unbind_form(program: IndexProgram, x: IndexTensor, *, dim: int, output: int) -> IndexTensor:
    axis = dim % len(x.axes)
    index = sp.Integer(output % program.length(x.axes[axis]))
    axes = tuple(a for k, a in enumerate(x.axes) if k != axis)
    return IndexTensor(axes, x.at([index if k == axis else a for k, a in enumerate(x.axes)]))


# fmt: off
OPERATORS = (
    Operator(
        name="cat", family="shapes", signature="tensors: tensors, dim: dim = 0", size_dependent=True, workspace=nothing,
        shape=shapes.cat, sympy=_cat_form, reference=references.cat,
        torch=lambda *tensors, dim: torch.cat(tensors, dim),
        doc="Tensors one after the other along a dimension.", aliases=("concat", "concatenate"), source="torch.cat",
        samples=("cat([x, y])", "cat((x, r), dim=0)", "cat([x, c], -1)", "cat([u, w])", "cat([x, z])",
                 "cat([u, exp(u), o])", "cat([x, x], 1)", "cat([count, x])", "cat([x])"),
        error_inputs=("cat([x, c])", "cat(x)", "cat([s, s])", "cat([])", "cat([x, u])", "cat([x, y], 2)"),
    ),
    Operator(
        name="stack", family="shapes", signature="tensors: tensors, dim: dim = 0", size_dependent=True,
        workspace=nothing, shape=shapes.stack, sympy=_stack_form, reference=references.stack,
        torch=lambda *tensors, dim: torch.stack(tensors, dim),
        doc="Tensors of one shape along a new dimension.", source="torch.stack",
        samples=("stack([x, y])", "stack([u, v], dim=1)", "stack((x, y, 2*x), -1)", "stack([s, s**2])", "stack([o, o])",
                 "stack([z, z])", "stack([c, c], 1)"),
        error_inputs=("stack([x, c])", "stack(x)", "stack([x, y], 3)", "stack([])"),
    ),
    Operator(
        name="split", family="shapes", signature="x, split_size_or_sections: integers, dim: dim = 0, *, output: output",
        size_dependent=True, shape=shapes.split, torch=_split, sympy=_split_form, reference=references.split,
        doc="One of the parts of one size, or of several sizes, along a dimension.", source="torch.split",
        samples=("split(x, 2, dim=1)[0]", "split(x, 2, 1)[1]", "split(w, (1, 3))[1]", "split(C, 2, -1)[-1]",
                 "split(z, 1)[0]"),
        error_inputs=("split(x, 2, 1)", "split(x, 2, 1)[2]", "split(w, (1, 2))[0]", "split(x, 0)[0]", "split(s, 1)[0]"),
    ),
    Operator(
        name="chunk", family="shapes", signature="x, chunks: integer, dim: dim = 0, *, output: output",
        size_dependent=True, shape=shapes.chunk, sympy=_chunk_form, reference=references.chunk,
        torch=_chunk,
        doc="One of the parts of a dimension, all of one size except the last.", source="torch.chunk",
        samples=("chunk(x, 2)[0]", "chunk(w, 3)[1]", "chunk(C, 2, dim=2)[1]", "chunk(x, 2, 1)[-1] * c"),
        error_inputs=("chunk(x, 2)", "chunk(x, 0)[0]", "chunk(w, 3)[2]"),
    ),
    Operator(
        name="unbind", family="shapes", signature="x, dim: dim = 0, *, output: output", size_dependent=True,
        shape=shapes.unbind, sympy=_unbind_form, reference=references.unbind,
        torch=lambda x, *, dim, output: x.select(dim, output),
        doc="One of the slices along a dimension, which is removed.", source="torch.unbind",
        samples=("unbind(x)[0]", "unbind(C, 1)[2]", "unbind(x, dim=-1)[-1] * u[:2]", "unbind(g)[0]"),
        error_inputs=("unbind(x)", "unbind(x)[2]", "unbind(s)[0]"),
    ),
)
# fmt: on
