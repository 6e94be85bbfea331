"""Tensors put together, and cut into parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
import torch

from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from ..program import TensorType
from .operator import OperandError, Operator
from .reference.columns import Objects
from .shape_rules.common import axis_of, promote

# Shape rules.


def _cat_shape(*tensors: TensorType, dim: int) -> TensorType:
    if not tensors:
        raise OperandError("nothing to put together", "one tensor at least")
    axis = axis_of(dim, tensors[0].rank)
    first = tensors[0].shape
    rest = (*first[:axis], *first[axis + 1 :])
    for t in tensors:
        if not t.rank or t.rank != len(first) or (*t.shape[:axis], *t.shape[axis + 1 :]) != rest:
            shapes = " and ".join(str(list(t.shape)) for t in tensors)
            hint = "tensors that differ in that dimension only; stack makes a new one"
            raise OperandError(f"shapes {shapes} along dimension {axis}", hint)
    shape = tuple(sum(t.shape[k] for t in tensors) if k == axis else n for k, n in enumerate(first))
    return TensorType(promote(*tensors), shape, all(t.weak for t in tensors))


def _stack_shape(*tensors: TensorType, dim: int) -> TensorType:
    if not tensors:
        raise OperandError("nothing to put together", "one tensor at least")
    if len({t.shape for t in tensors}) > 1:
        raise OperandError(f"shapes {' and '.join(str(list(t.shape)) for t in tensors)}", "tensors of one shape")
    axis, shape = axis_of(dim, tensors[0].rank + 1), tensors[0].shape
    return TensorType(promote(*tensors), (*shape[:axis], len(tensors), *shape[axis:]), all(t.weak for t in tensors))


def _part(x: TensorType, axis: int, parts: list[tuple[int, int]], output: int) -> TensorType:
    start, stop = _chosen(parts, output)
    return TensorType(x.dtype, tuple(stop - start if k == axis else n for k, n in enumerate(x.shape)), x.weak)


def _chosen(parts: list[tuple[int, int]], output: int) -> tuple[int, int]:
    if not -len(parts) <= output < len(parts):
        raise OperandError(f"part {output} of {len(parts)}", f"from {-len(parts)} to {len(parts) - 1}")
    return parts[output]


def _sections(length: int, size: Any) -> list[tuple[int, int]]:
    """Where the parts of a dimension begin and end: of one size, or of the sizes given."""
    if isinstance(size, tuple):
        if sum(size) != length or any(n < 0 for n in size):
            raise OperandError(
                f"sizes {list(size)} of a dimension of length {length}", f"sizes that add up to {length}"
            )
        ends = [sum(size[: k + 1]) for k in range(len(size))]
        return [(end - n, end) for n, end in zip(size, ends, strict=True)]
    if size < 0 or (size == 0 and length):
        raise OperandError(f"parts of size {size}", "a size of 1 or more")
    return [(k, min(k + size, length)) for k in range(0, length, max(size, 1))] or [(0, 0)]


def _chunks(length: int, chunks: int) -> list[tuple[int, int]]:
    """As torch has it: parts of one size, rounded up, so that there may be fewer than asked for."""
    if chunks < 1:
        raise OperandError(f"{chunks} chunks", "1 or more")
    if length == 0:
        return [(0, 0)] * chunks
    return _sections(length, -(-length // chunks))


def _split_shape(x: TensorType, *, split_size_or_sections: Any, dim: int, output: int) -> TensorType:
    axis = _axis(x, dim)
    return _part(x, axis, _sections(x.shape[axis], split_size_or_sections), output)


def _chunk_shape(x: TensorType, *, chunks: int, dim: int, output: int) -> TensorType:
    axis = _axis(x, dim)
    return _part(x, axis, _chunks(x.shape[axis], chunks), output)


def _unbind_shape(x: TensorType, *, dim: int, output: int) -> TensorType:
    axis = _axis(x, dim)
    if not -x.shape[axis] <= output < x.shape[axis]:
        raise OperandError(f"part {output} of {x.shape[axis]}", f"from {-x.shape[axis]} to {x.shape[axis] - 1}")
    return TensorType(x.dtype, (*x.shape[:axis], *x.shape[axis + 1 :]), x.weak)


def _axis(x: TensorType, dim: int) -> int:
    if not x.rank:
        raise OperandError("parts of a number", "a tensor of rank 1 at least")
    return axis_of(dim, x.rank)


# The torch column.


def _cat(*tensors: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.cat(tensors, dim)


def _stack(*tensors: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.stack(tensors, dim)


def _split(x: torch.Tensor, *, split_size_or_sections: Any, dim: int, output: int) -> torch.Tensor:
    sizes = list(split_size_or_sections) if isinstance(split_size_or_sections, tuple) else split_size_or_sections
    part: torch.Tensor = torch.split(x, sizes, dim)[output]
    return part


def _chunk(x: torch.Tensor, *, chunks: int, dim: int, output: int) -> torch.Tensor:
    return torch.chunk(x, chunks, dim)[output]


def _unbind(x: torch.Tensor, *, dim: int, output: int) -> torch.Tensor:
    return torch.unbind(x, dim)[output]


# The sympy column.


def _cat_form(program: IndexProgram, *tensors: IndexTensor, dim: int) -> IndexTensor:
    axis = dim % len(tensors[0].axes)
    lengths = [program.length(t.axes[axis]) for t in tensors]
    common = _common(program, tensors, axis)
    new = program.axis(sum(lengths))
    position = sp.S.Zero if new is None else new
    entry: sp.Expr | None = None
    for t, length, start in reversed([*zip(tensors, lengths, _starts(lengths), strict=True)]):
        if not length:
            continue
        part = t.at([position - start if k == axis else a for k, a in enumerate(_present(common, t, axis))])
        entry = part if entry is None else fn.where(fn.less(position, start + length), part, entry)
    axes = tuple(new if k == axis else a for k, a in enumerate(common))
    return IndexTensor(axes, sp.S.Zero if entry is None else entry)


def _stack_form(program: IndexProgram, *tensors: IndexTensor, dim: int) -> IndexTensor:
    common = _common(program, tensors, None)
    new = program.axis(len(tensors))
    entry = tensors[-1].at(_present(common, tensors[-1], None))
    for number, t in reversed([*enumerate(tensors[:-1])]):
        entry = fn.where(fn.equal(new, number), t.at(_present(common, t, None)), entry)
    axes = list(common)
    axes.insert(dim % (len(common) + 1), new)
    return IndexTensor(tuple(axes), entry)


def _common(program: IndexProgram, tensors: tuple[IndexTensor, ...], axis: int | None) -> list[sp.Symbol | None]:
    """The axes that tensors of equal lengths share, but the one that they are put together along."""
    first = tensors[0]
    common = [None if a is None or k == axis else program.index(a) for k, a in enumerate(first.axes)]
    for t in tensors:
        for k, own in enumerate(t.axes):
            shared = common[k]
            if own is not None and shared is not None:
                program.same(own, shared)
    return common


def _present(common: list[sp.Symbol | None], t: IndexTensor, axis: int | None) -> list[sp.Symbol | None]:
    return [a if k == axis else common[k] for k, a in enumerate(t.axes)]


def _starts(lengths: list[int]) -> list[int]:
    return [sum(lengths[:k]) for k in range(len(lengths))]


def _cut(program: IndexProgram, x: IndexTensor, axis: int, part: tuple[int, int]) -> IndexTensor:
    new = program.axis(part[1] - part[0])
    at = part[0] + (sp.S.Zero if new is None else new)
    return IndexTensor(
        tuple(new if k == axis else a for k, a in enumerate(x.axes)),
        x.at([at if k == axis else a for k, a in enumerate(x.axes)]),
    )


def _split_form(
    program: IndexProgram, x: IndexTensor, *, split_size_or_sections: Any, dim: int, output: int
) -> IndexTensor:
    axis = dim % len(x.axes)
    return _cut(program, x, axis, _sections(program.length(x.axes[axis]), split_size_or_sections)[output])


def _chunk_form(program: IndexProgram, x: IndexTensor, *, chunks: int, dim: int, output: int) -> IndexTensor:
    axis = dim % len(x.axes)
    return _cut(program, x, axis, _chunks(program.length(x.axes[axis]), chunks)[output])


def _unbind_form(program: IndexProgram, x: IndexTensor, *, dim: int, output: int) -> IndexTensor:
    axis = dim % len(x.axes)
    index = sp.Integer(output % program.length(x.axes[axis]))
    axes = tuple(a for k, a in enumerate(x.axes) if k != axis)
    return IndexTensor(axes, x.at([index if k == axis else a for k, a in enumerate(x.axes)]))


# The reference column.


def _cat_reference(*tensors: Objects, dim: int) -> Objects:
    return np.asarray(np.concatenate(tensors, axis=dim), dtype=object)


def _stack_reference(*tensors: Objects, dim: int) -> Objects:
    return np.asarray(np.stack(tensors, axis=dim), dtype=object)


def _taken(x: Objects, dim: int, part: tuple[int, int]) -> Objects:
    return np.take(x, range(*part), axis=dim)


def _split_reference(x: Objects, *, split_size_or_sections: Any, dim: int, output: int) -> Objects:
    return _taken(x, dim, _sections(x.shape[dim], split_size_or_sections)[output])


def _chunk_reference(x: Objects, *, chunks: int, dim: int, output: int) -> Objects:
    return _taken(x, dim, _chunks(x.shape[dim], chunks)[output])


def _unbind_reference(x: Objects, *, dim: int, output: int) -> Objects:
    return np.asarray(np.take(x, output, axis=dim), dtype=object)


# fmt: off
OPERATORS = (
    Operator(
        name="cat", family="shapes", signature="tensors: tensors, dim: dim = 0", size_dependent=True,
        shape=_cat_shape, torch=_cat, sympy=_cat_form, reference=_cat_reference,
        doc="Tensors one after the other along a dimension.", aliases=("concat", "concatenate"), source="torch.cat",
        samples=("cat([x, y])", "cat((x, r), dim=0)", "cat([x, c], -1)", "cat([u, w])", "cat([x, z])",
                 "cat([u, exp(u), o])", "cat([x, x], 1)", "cat([count, x])", "cat([x])"),
        error_inputs=("cat([x, c])", "cat(x)", "cat([s, s])", "cat([])", "cat([x, u])", "cat([x, y], 2)"),
    ),
    Operator(
        name="stack", family="shapes", signature="tensors: tensors, dim: dim = 0", size_dependent=True,
        shape=_stack_shape, torch=_stack, sympy=_stack_form, reference=_stack_reference,
        doc="Tensors of one shape along a new dimension.", source="torch.stack",
        samples=("stack([x, y])", "stack([u, v], dim=1)", "stack((x, y, 2*x), -1)", "stack([s, s**2])", "stack([o, o])",
                 "stack([z, z])", "stack([c, c], 1)"),
        error_inputs=("stack([x, c])", "stack(x)", "stack([x, y], 3)", "stack([])"),
    ),
    Operator(
        name="split", family="shapes", signature="x, split_size_or_sections: integers, dim: dim = 0, *, output: output",
        size_dependent=True, shape=_split_shape, torch=_split, sympy=_split_form, reference=_split_reference,
        doc="One of the parts of a size, or of the sizes given, along a dimension.", source="torch.split",
        samples=("split(x, 2, dim=1)[0]", "split(x, 2, 1)[1]", "split(w, (1, 3))[1]", "split(C, 2, -1)[-1]",
                 "split(z, 1)[0]"),
        error_inputs=("split(x, 2, 1)", "split(x, 2, 1)[2]", "split(w, (1, 2))[0]", "split(x, 0)[0]", "split(s, 1)[0]"),
    ),
    Operator(
        name="chunk", family="shapes", signature="x, chunks: integer, dim: dim = 0, *, output: output",
        size_dependent=True, shape=_chunk_shape, torch=_chunk, sympy=_chunk_form, reference=_chunk_reference,
        doc="One of the parts of a dimension, all of one size but the last.", source="torch.chunk",
        samples=("chunk(x, 2)[0]", "chunk(w, 3)[1]", "chunk(C, 2, dim=2)[1]", "chunk(x, 2, 1)[-1] * c"),
        error_inputs=("chunk(x, 2)", "chunk(x, 0)[0]", "chunk(w, 3)[2]"),
    ),
    Operator(
        name="unbind", family="shapes", signature="x, dim: dim = 0, *, output: output", size_dependent=True,
        shape=_unbind_shape, torch=_unbind, sympy=_unbind_form, reference=_unbind_reference,
        doc="One of the slices along a dimension, which is gone.", source="torch.unbind",
        samples=("unbind(x)[0]", "unbind(C, 1)[2]", "unbind(x, dim=-1)[-1] * u[:2]", "unbind(g)[0]"),
        error_inputs=("unbind(x)", "unbind(x)[2]", "unbind(s)[0]"),
    ),
)
# fmt: on
