"""Entries selected from a tensor: square brackets, gather and similar."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch

from ..index_notation.arithmetic import listed_index
from ..index_notation.expressions import Delta
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor, index_of
from .operator import NoClosedForm, OperandError, Operator
from .rearranging import reshape
from .reference import indexing as references
from .shape_rules import selecting as shapes
from .shape_rules.indexing import IndexList, NewAxis, SingleIndex, Slice, resolve

#: Lists of more indices than this have no closed form, which would contain each of them.
LONGEST_LIST = 64

# The torch column. Indices are checked before they are used: a wrong one makes an accelerator unusable.


def valid_indices(index: torch.Tensor, length: int, negative: bool = True) -> torch.Tensor:
    """The indices counted from the beginning; raises OperandError where one is out of range."""
    index = index.long()
    low = -length if negative else 0
    if index.numel() and not bool(((index >= low) & (index < length)).all()):
        wrong = index[(index < low) | (index >= length)][0].item()
        raise OperandError(f"index {wrong} of a dimension of length {length}", f"from {low} to {length - 1}")
    return torch.where(index < 0, index + length, index)


def _getitem(x: torch.Tensor, *indices: torch.Tensor, key: tuple[Any, ...]) -> torch.Tensor:
    resolved = resolve(key, tuple(x.shape), tuple(tuple(i.shape) for i in indices))
    python: list[Any] = []
    reversed_axes: list[int] = []
    for item in resolved.items:
        match item:
            case SingleIndex(_, index):
                python.append(index)
            case NewAxis():
                python.append(None)
            case IndexList(axis, int() as number):
                python.append(valid_indices(indices[number], x.shape[axis]))
            case IndexList(_, listed):
                python.append(torch.tensor(listed, dtype=torch.long, device=x.device))
            case Slice(axis, start, step, length):
                if step < 0:
                    reversed_axes.append(axis)
                    start, step = x.shape[axis] - 1 - start, -step
                python.append(slice(start, start + step * length, step) if length else slice(0, 0))
    return (x.flip(reversed_axes) if reversed_axes else x)[tuple(python)]


def _gather(x: torch.Tensor, index: torch.Tensor, *, dim: int) -> torch.Tensor:
    return torch.gather(x, dim, valid_indices(index, x.shape[dim] if x.dim() else 1, negative=False))


def _select(x: torch.Tensor, index: torch.Tensor, *, dim: int) -> torch.Tensor:
    return torch.index_select(x, dim, valid_indices(index, x.shape[dim] if x.dim() else 1, negative=False))


def _along(x: torch.Tensor, indices: torch.Tensor, *, dim: int | None) -> torch.Tensor:
    if dim is None:
        # torch flattens them itself, but fails on tensors that are not contiguous.
        x, indices, dim = x.reshape(-1), indices.reshape(-1), 0
    return torch.take_along_dim(x, valid_indices(indices, x.shape[dim] if x.dim() else 1), dim)


def _scatter_add(x: torch.Tensor, index: torch.Tensor, src: torch.Tensor, *, dim: int) -> torch.Tensor:
    # torch's backward pass needs a src of the index's shape; only that part of it is added.
    used = src[tuple(slice(n) for n in index.shape)]
    return torch.scatter_add(x, dim, valid_indices(index, x.shape[dim] if x.dim() else 1, negative=False), used)


# The sympy column: the entry at computed indices.


def _getitem_form(program: IndexProgram, x: IndexTensor, *indices: IndexTensor, key: tuple[Any, ...]) -> IndexTensor:
    length = program.length if shapes.key_mixes_lengths(key=key) else program.seen_length
    shape = tuple(map(length, x.axes))
    resolved = resolve(key, shape, tuple(tuple(map(length, i.axes)) for i in indices))
    common = tuple(program.axis(n) for n in resolved.listed or ())
    at: list[sp.Expr | None] = []
    out: list[sp.Symbol | None] = []
    for item in resolved.items:
        match item:
            case SingleIndex(_, index):
                at.append(sp.Integer(index))
            case NewAxis():
                out.append(None)
            case IndexList(_, int() as number):
                at.append(_entry_of(program, indices[number], common))
            case IndexList(_, tuple() as listed):
                if len(listed) > LONGEST_LIST:
                    raise NoClosedForm(f"a list of more than {LONGEST_LIST} indices has no closed form")
                at.append(listed_index(listed, common[-1]))
            case Slice(axis, start, step, count):
                if (start, step, count) == (0, 1, shape[axis]):
                    out.append(x.axes[axis])
                    at.append(x.axes[axis])
                else:
                    new = program.axis(count)
                    out.append(new)
                    at.append(start + step * (new or sp.S.Zero))
    if resolved.listed is not None:
        out[resolved.place : resolved.place] = common
    return IndexTensor(tuple(out), x.at(at))


def _entry_of(program: IndexProgram, index: IndexTensor, common: Axes) -> sp.Expr:
    """The entry of an index tensor that broadcasts to common axes."""
    target = common[len(common) - len(index.axes) :]
    program.unify(index.axes, target)
    return index.at(target)


def _gather_form(program: IndexProgram, x: IndexTensor, index: IndexTensor, *, dim: int) -> IndexTensor:
    if not x.axes:
        return x
    axis = dim % len(x.axes)
    index = _with_fresh_axes(program, index)
    at: list[sp.Expr | None] = []
    for k, (old, new) in enumerate(zip(x.axes, index.axes, strict=True)):
        if k != axis and old is not None and new is not None and program.length(old) == program.length(new):
            program.same(old, new)
        at.append(index.entry if k == axis else index_of(new))
    return IndexTensor(index.axes, x.at(at))


def _with_fresh_axes(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    """The tensor with fresh indices, which no other tensor has."""
    axes = program.fresh(x.axes)
    return IndexTensor(axes, x.at(axes))


def _select_form(program: IndexProgram, x: IndexTensor, index: IndexTensor, *, dim: int) -> IndexTensor:
    if not x.axes:
        return x
    axis = dim % len(x.axes)
    index = _with_fresh_axes(program, index)
    at = [index.entry if k == axis else a for k, a in enumerate(x.axes)]
    new = index.axes[0] if index.axes else None
    return IndexTensor(tuple(new if k == axis else a for k, a in enumerate(x.axes)), x.at(at))


def _along_form(program: IndexProgram, x: IndexTensor, indices: IndexTensor, *, dim: int | None) -> IndexTensor:
    if dim is None:
        x, indices, dim = reshape(program, x, (-1,)), reshape(program, indices, (-1,)), 0
    if not x.axes:
        return x
    axis = dim % len(x.axes)
    indices = _with_fresh_axes(program, indices)
    out: list[sp.Symbol | None] = []
    at: list[sp.Expr | None] = []
    for k, (old, new) in enumerate(zip(x.axes, indices.axes, strict=True)):
        if k != axis:
            program.unify((old,), (new,))
        out.append(new if k == axis or new is not None else old)
        at.append(indices.entry if k == axis else old if new is None else new)
    return IndexTensor(tuple(out), x.at(at))


def _scatter_add_form(
    program: IndexProgram, x: IndexTensor, index: IndexTensor, src: IndexTensor, *, dim: int
) -> IndexTensor:
    if not x.axes:
        return program.elementwise(lambda a, b: a + b, x, src)
    axis = dim % len(x.axes)
    index, source = _with_fresh_axes(program, index), program.materialize(src)
    axes = program.fresh(x.axes)
    entry = source.at([*map(index_of, index.axes)])
    for k, (old, new) in enumerate(zip(axes, index.axes, strict=True)):
        entry *= Delta(index.entry if k == axis else index_of(new), index_of(old))
    added = program.total(entry, index.free, axes)
    return IndexTensor(axes, x.at(axes) + added.entry)


# fmt: off
KEYS = (
    "x[0]", "x[-1]*y", "x[:, 1]", "x[0, 2]", "C[1, :, -2]", "x[::-1]", "x[:, ::-2]", "x[:, 1:]",
    "x[..., None]*y[:, None]", "C[..., 1:3]", "u[None] + x", "u[[0, 2]]", "x[:, [2, 0, 0]]", "x[at]", "x[at, pos]",
    "C[:, at]", "C[at, :, pos]", "x[[0, 1], [2, 0]]", "z[:, 1:]", "z[::-1]", "x[2:]", "s[...]", "o[0]", "c[:, 0]",
    "C[0, [1, 1]]", "C[0, ..., at]", "x.T[1]", "exp(x)[1:] * 2", "sum(x, 1)[0]", "u[-2:]", "(x @ A)[:, 0]", "g[0, 0]",
    "u[:2] * u[1:]",
)
OPERATORS = (
    Operator(
        name="getitem", family="shapes", signature="x, *indices, key: key", symbol="[]",
        size_dependent=shapes.key_mixes_lengths,
        shape=shapes.getitem, torch=_getitem, sympy=_getitem_form, reference=references.getitem,
        doc="Entries, slices with any step, `...`, None for a new dimension, lists of indices and integer tensors.",
        source="torch indexing semantics",
        samples=KEYS,
        error_inputs=("x[2]", "x[0, 0, 0]", "x[mask]", "x[u]", "x[0.5]", "x[::0]", "x[..., ...]", "s[0]", "x['a']",
                      "x[[0, 5]]", "x[True]"),
    ),
    Operator(
        name="gather", family="shapes", signature="input, dim: dim, index", size_dependent=True,
        shape=shapes.gather, torch=_gather, sympy=_gather_form, reference=references.gather,
        doc="The entry at index along dim, for each entry of the index.", source="torch.gather",
        samples=("gather(x, 1, pos)", "gather(x, 0, pos)", "gather(x, dim=-1, index=pos) * x[:, :2]",
                 "gather(u, 0, at)", "gather(exp(A), 1, pos)"),
        error_inputs=("gather(x, 1, x)", "gather(u, 0, pos)", "gather(x, 2, pos)", "gather(x, 1)"),
    ),
    Operator(
        name="index_select", family="shapes", signature="input, dim: dim, index", size_dependent=True,
        shape=shapes.index_select, torch=_select, sympy=_select_form, reference=references.index_select,
        doc="The slices of dim at these indices.", source="torch.index_select",
        samples=("index_select(x, 0, at)", "index_select(C, 1, at)", "index_select(u, 0, at)",
                 "index_select(x, -1, at) * c"),
        error_inputs=("index_select(x, 0, pos)", "index_select(x, 0, u)", "index_select(x, 2, at)"),
    ),
    Operator(
        name="take_along_dim", family="shapes", signature="input, indices, dim: dim = None", size_dependent=True,
        shape=shapes.take_along_dim, torch=_along, sympy=_along_form, reference=references.take_along_dim,
        doc="As gather, with broadcasting; where dim is left out, of all entries in row-major order.",
        aliases=("take_along_axis",), source="torch.take_along_dim",
        samples=("take_along_dim(x, pos, 1)", "take_along_dim(c, pos, dim=0)", "take_along_dim(x, pos)",
                 "take_along_dim(u, at, 0)"),
        error_inputs=("take_along_dim(x, at, 1)", "take_along_dim(x, y, 1)", "take_along_dim(x, pos, 2)"),
    ),
    Operator(
        name="scatter_add", family="shapes", signature="input, dim: dim, index, src", size_dependent=True,
        shape=shapes.scatter_add, torch=_scatter_add, sympy=_scatter_add_form, reference=references.scatter_add,
        doc="Each entry of src added to the entry at index along dim.", source="torch.scatter_add",
        samples=("scatter_add(x, 1, pos, y)", "scatter_add(x, 0, pos, exp(y))", "scatter_add(u, 0, at, v)",
                 "scatter_add(A, 1, pos, x)"),
        error_inputs=("scatter_add(x, 1, y, y)", "scatter_add(x, 1, pos, u)", "scatter_add(u, 0, at, o)"),
    ),
)
# fmt: on
