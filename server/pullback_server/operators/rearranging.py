"""The same entries in another shape or order, repeated, or with dimensions of length 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
import torch

from ..index_notation.arithmetic import modulo, quotient, ravel, unravel
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from ..program import TensorType
from .operator import Operator
from .reference import rearranging as references
from .reference.columns import Objects
from .shape_rules import rearranging as shapes
from .shape_rules.common import axes_of, no_work

# The sympy column.


def reshape(program: IndexProgram, x: IndexTensor, shape: tuple[int, ...]) -> IndexTensor:
    """The entries in row-major order, in another shape; dimensions at both ends that stay keep their indices."""
    old = _lengths(program, x)
    new = shapes.complete_shape(shape, math.prod(old))
    if 0 in old:
        return IndexTensor(tuple(map(program.axis, new)), sp.S.Zero)
    head = next((k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    room = min(len(old), len(new)) - head
    tail = next((k for k in range(room) if old[-1 - k] != new[-1 - k]), room)
    kept = x.axes[:head], x.axes[len(x.axes) - tail :]
    axes = tuple(map(program.axis, new[head : len(new) - tail]))
    position = ravel(tuple(map(index_of, axes)), new[head : len(new) - tail])
    between = unravel(position, old[head : len(old) - tail], program) if len(old) - tail > head else ()
    return IndexTensor((*kept[0], *axes, *kept[1]), x.at((*kept[0], *between, *kept[1])))


def _lengths(program: IndexProgram, x: IndexTensor) -> tuple[int, ...]:
    return tuple(map(program.length, x.axes))


def _reshape_form(program: IndexProgram, x: IndexTensor, *, shape: tuple[Any, ...]) -> IndexTensor:
    return reshape(program, x, shapes.as_tuple(shape))


def _flatten_form(program: IndexProgram, x: IndexTensor, *, start_dim: int, end_dim: int) -> IndexTensor:
    return reshape(program, x, shapes.flatten(_lengths(program, x), start_dim=start_dim, end_dim=end_dim))


def _unflatten_form(program: IndexProgram, x: IndexTensor, *, dim: int, sizes: tuple[int, ...]) -> IndexTensor:
    return reshape(program, x, shapes.unflatten(_lengths(program, x), dim=dim, sizes=sizes))


def _squeeze_form(_: IndexProgram, x: IndexTensor, *, dim: shapes.Dims = None) -> IndexTensor:
    gone = axes_of(dim, len(x.axes)) if dim != () else ()
    return IndexTensor(tuple(a for k, a in enumerate(x.axes) if a is not None or k not in gone), x.entry)


def _unsqueeze_form(_: IndexProgram, x: IndexTensor, *, dim: int) -> IndexTensor:
    axes = list(x.axes)
    axes.insert(dim % (len(axes) + 1), None)
    return IndexTensor(tuple(axes), x.entry)


def _permute_form(_: IndexProgram, x: IndexTensor, *, dims: tuple[Any, ...]) -> IndexTensor:
    return IndexTensor(tuple(x.axes[k] for k in shapes.permutation(len(x.axes), shapes.as_tuple(dims))), x.entry)


def _movedim_form(_: IndexProgram, x: IndexTensor, *, source: shapes.Dims, destination: shapes.Dims) -> IndexTensor:
    return IndexTensor(tuple(x.axes[k] for k in shapes.movedim_order(len(x.axes), source, destination)), x.entry)


def _expand_form(program: IndexProgram, x: IndexTensor, *, size: tuple[Any, ...]) -> IndexTensor:
    target = shapes.as_tuple(size)
    added = len(target) - len(x.axes)
    axes = [None if a is None and n == -1 else program.axis(n) if a is None else a
            for a, n in zip((None,) * added + x.axes, target, strict=True)]  # fmt: skip
    return IndexTensor(tuple(axes), x.entry)


def _tile_form(program: IndexProgram, x: IndexTensor, *, repeats: tuple[Any, ...]) -> IndexTensor:
    shape, times = shapes.tile_factors(_lengths(program, x), shapes.as_tuple(repeats))
    old = (None,) * (len(shape) - len(x.axes)) + x.axes
    axes = tuple(a if r == 1 else program.axis(n * r) for a, n, r in zip(old, shape, times, strict=True))
    at = [new if new is axis or new is None or axis is None else modulo(new, n, program)
          for axis, new, n in zip(old, axes, shape, strict=True)]  # fmt: skip
    return IndexTensor(axes, x.at(at[len(at) - len(x.axes) :]))


def _interleave_form(program: IndexProgram, x: IndexTensor, *, repeats: int, dim: int | None) -> IndexTensor:
    if dim is None:
        x, dim = reshape(program, x, (-1,)), 0
    axes, at = list(x.axes), list[sp.Expr | None](x.axes)
    k = dim % len(axes)
    new = program.axis(program.length(axes[k]) * repeats)
    if axes[k] is not None and repeats != 1:
        at[k] = sp.S.Zero if new is None or repeats == 0 else quotient(new, repeats, program)
    axes[k] = new
    return IndexTensor(tuple(axes), x.at(at))


def _flip_form(program: IndexProgram, x: IndexTensor, *, dims: tuple[Any, ...]) -> IndexTensor:
    flipped = axes_of(shapes.as_tuple(dims), len(x.axes)) if shapes.as_tuple(dims) else ()
    axes = tuple(program.index(a) if a is not None and k in flipped else a for k, a in enumerate(x.axes))
    at = [new if new is axis or new is None or axis is None else program.length(axis) - 1 - new
          for axis, new in zip(x.axes, axes, strict=True)]  # fmt: skip
    return IndexTensor(axes, x.at(at))


def _roll_form(program: IndexProgram, x: IndexTensor, *, shifts: Any, dims: shapes.Dims) -> IndexTensor:
    if dims is None:
        shape, rows = _lengths(program, x), reshape(program, x, (-1,))
        return reshape(program, _roll_form(program, rows, shifts=shifts, dims=0), shape)
    axes, at = list(x.axes), list[sp.Expr | None](x.axes)
    for k, shift in shapes.shifts_by_axis(len(axes), shifts, dims).items():
        axis = axes[k]
        if axis is not None and (length := program.length(axis)):
            new = axes[k] = program.index(axis)
            at[k] = modulo(new - shift % length, length, program)
    return IndexTensor(tuple(axes), x.at(at))


def rearrangement(
    name: str,
    signature: str,
    shape: Callable[..., tuple[int, ...]],
    torch_column: Callable[..., torch.Tensor],
    sympy_column: Callable[..., IndexTensor],
    reference: Callable[..., Any],
    doc: str,
    samples: tuple[str, ...],
    error_inputs: tuple[str, ...],
    size_dependent: bool = True,
    **more: Any,
) -> Operator:
    """A row that moves entries and computes nothing; `shape(shape, **arguments)` is the result's."""

    def rule(x: TensorType, **arguments: Any) -> TensorType:
        return TensorType(x.dtype, shape(x.shape, **arguments), x.weak)

    def column(x: Objects, **arguments: Any) -> Objects:
        return np.asarray(reference(x, **arguments), dtype=object)

    return Operator(
        name=name, family="shapes", signature=signature, shape=rule, torch=torch_column, sympy=sympy_column,
        reference=column, doc=doc, samples=samples, error_inputs=error_inputs, size_dependent=size_dependent,
        source=f"torch.{name}", work=no_work, **more,
    )  # fmt: skip


# fmt: off
OPERATORS = (
    rearrangement("reshape", "x, *shape: integers", shapes.reshape,
        lambda x, *, shape: x.reshape(shapes.as_tuple(shape)), _reshape_form,
        references.reshape, "The entries in row-major order, in another shape; one length may be -1.",
        ("reshape(x, (3, 2))", "x.reshape(-1)", "reshape(C, (4, 6))", "C.view(2, -1)", "reshape(C, (2, 3, 2, 2))",
         "s.reshape(1, 1)", "o.reshape(())", "reshape(z, (3, 0))", "reshape(x, shape=(1, 6))", "reshape(x.T, (2, 3))",
         "exp(C).reshape(6, 4)", "x.reshape(3, 2) @ x", "sum(C.reshape(2, 12)**2, 1)"),
        ("reshape(x, (4, 2))", "reshape(x, (-1, -1))", "reshape(z, (-1, 0))", "x.reshape(0.5)", "reshape(x, y)"),
        aliases=("view",)),
    rearrangement("flatten", "x, start_dim: dim = 0, end_dim: dim = -1", shapes.flatten, torch.flatten, _flatten_form,
        lambda x, *, start_dim, end_dim: x.reshape(shapes.flatten(x.shape, start_dim=start_dim, end_dim=end_dim)),
        "Several dimensions as one.",
        ("flatten(C)", "flatten(C, 1)", "flatten(C, 0, 1)", "flatten(s)", "flatten(z)", "flatten(c)",
         "ravel(x) * flatten(y)"),
        ("flatten(x, 1, 0)", "flatten(x, 2)", "flatten(x, y)"), aliases=("ravel",)),
    rearrangement("unflatten", "x, dim: dim, sizes: integers", shapes.unflatten, torch.unflatten, _unflatten_form,
        lambda x, *, dim, sizes: x.reshape(shapes.unflatten(x.shape, dim=dim, sizes=sizes)),
        "One dimension as several, one of whose lengths may be -1.",
        ("unflatten(w, 0, (2, 2))", "unflatten(C, -1, (2, -1))", "unflatten(x, 1, (3, 1))", "unflatten(z, 0, (0, 2))"),
        ("unflatten(x, 1, (2, 2))", "unflatten(s, 0, (1,))", "unflatten(x, 2, (1, 3))", "unflatten(x, 0, 2)")),
    rearrangement("squeeze", "x, dim: dims = None", shapes.squeeze,
        lambda x, *, dim: x.squeeze() if dim is None else x.squeeze(dim), _squeeze_form,
        lambda x, *, dim: x.reshape(shapes.squeeze(x.shape, dim=dim)),
        "Dimensions of length 1 removed: all of them, or those named.",
        ("squeeze(c)", "squeeze(g)", "squeeze(r, 0)", "squeeze(x, 0)", "squeeze(g, (0, 1))", "squeeze(s)", "squeeze(o)",
         "squeeze(z, -1)"),
        ("squeeze(x, 2)", "squeeze(x, (0, 0))", "squeeze(x, y)"), size_dependent=False),
    rearrangement("unsqueeze", "x, dim: dim", shapes.unsqueeze, lambda x, *, dim: x.unsqueeze(dim), _unsqueeze_form,
        lambda x, *, dim: np.expand_dims(x, dim), "A new dimension of length 1.",
        ("unsqueeze(u, 0)", "unsqueeze(u, -1) * r", "unsqueeze(s, 0)", "unsqueeze(x, 1)", "unsqueeze(z, 2)",
         "expand_dims(u, 1) @ r"),
        ("unsqueeze(u, 2)", "unsqueeze(u)", "unsqueeze(x, y)"), aliases=("expand_dims",), size_dependent=False),
    rearrangement("permute", "x, *dims: integers", shapes.permute,
        lambda x, *, dims: x.permute(shapes.as_tuple(dims)), _permute_form,
        lambda x, *, dims: x.transpose(shapes.as_tuple(dims)), "The dimensions in another order.",
        ("permute(x, (1, 0))", "C.permute(2, 0, 1)", "permute(C, (0, -1, 1)) + D", "permute(s, ())",
         "permute(z, (1, 0))", "permute(x, dims=(1, 0)) @ y"),
        ("permute(x, (0, 0))", "permute(x, (0,))", "permute(x, (0, 2))"), size_dependent=False),
    rearrangement("movedim", "x, source: integers, destination: integers", shapes.movedim,
        torch.movedim, _movedim_form, lambda x, *, source, destination: np.moveaxis(x, source, destination),
        "Some dimensions moved to other places.",
        ("movedim(C, 0, -1)", "movedim(C, (0, 1), (2, 0))", "movedim(x, 0, 1)", "moveaxis(z, 1, 0)"),
        ("movedim(x, 0, 2)", "movedim(C, (0, 0), (1, 2))", "movedim(C, (0, 1), 2)"), aliases=("moveaxis",),
        size_dependent=False),
    rearrangement("expand", "x, *size: integers", shapes.expand,
        lambda x, *, size: x.expand(shapes.as_tuple(size)), _expand_form,
        lambda x, *, size: np.broadcast_to(x, shapes.expand(x.shape, size=size)),
        "Dimensions of length 1 repeated to a length; -1 leaves a dimension as it is.",
        ("expand(c, (2, 3))", "c.expand(-1, 4)", "r.expand(2, 4, -1)", "expand(s, (2,))", "u.expand(2, 3) * x",
         "broadcast_to(o, (2, 3))", "expand(g, (0, 3))", "sum(c.expand(2, 5) ** 2)"),
        ("expand(x, (2, 4))", "expand(x, (3,))", "expand(u, (-1, 3))"), aliases=("broadcast_to",),
        size_dependent=False),
    rearrangement("tile", "x, *dims: integers", lambda shape, *, dims: shapes.tile(shape, repeats=dims),
        lambda x, *, dims: x.tile(shapes.as_tuple(dims)),
        lambda program, x, *, dims: _tile_form(program, x, repeats=dims),
        lambda x, *, dims: np.tile(x, shapes.as_tuple(dims)),
        "The whole repeated along dimensions, counted from the last.",
        ("tile(u, (2,))", "tile(x, (2, 2))", "tile(C, (2,))", "tile(u, (2, 1))", "tile(s, (3,))", "tile(c, (1, 3))",
         "tile(z, (2, 2))", "tile(x, (0, 1))"),
        ("tile(u, (-1,))", "tile(u, v)")),
    rearrangement("repeat", "x, *repeats: integers", shapes.repeat,
        lambda x, *, repeats: x.repeat(shapes.as_tuple(repeats)), _tile_form,
        lambda x, *, repeats: np.tile(x, shapes.as_tuple(repeats)),
        "The whole repeated along dimensions, a number for each.",
        ("u.repeat(2)", "x.repeat(2, 2)", "repeat(u, (2, 1))", "x.repeat(1, 2) * tile(y, (1, 2))"),
        ("x.repeat(2)", "u.repeat(-1)")),
    rearrangement("repeat_interleave", "x, repeats: integer, dim: dim = None", shapes.repeat_interleave,
        lambda x, *, repeats, dim: torch.repeat_interleave(x, repeats, dim), _interleave_form,
        lambda x, *, repeats, dim: np.repeat(x, repeats, axis=dim),
        "Each entry repeated along a dimension, or in row-major order.",
        ("repeat_interleave(u, 2)", "repeat_interleave(x, 2, dim=0)", "repeat_interleave(x, 3, 1)",
         "repeat_interleave(x, 2)", "repeat_interleave(c, 2, 1)"),
        ("repeat_interleave(x, -1)", "repeat_interleave(x, 2, 2)", "repeat_interleave(x, 0.5)")),
    rearrangement("flip", "x, *dims: integers", shapes.flip, lambda x, *, dims: x.flip(shapes.as_tuple(dims)),
        _flip_form, lambda x, *, dims: np.flip(x, tuple(k % x.ndim for k in shapes.as_tuple(dims))),
        "The entries in reverse order along dimensions.",
        ("flip(u, (0,))", "flip(x, (0, 1))", "x.flip(-1) * y", "flip(c, (1,))", "flip(z, (0,))",
         "sum(x * flip(x, (1,)))"),
        ("flip(x, (2,))", "flip(x, (0, 0))", "flip(x, 0.5)")),
    rearrangement("roll", "x, shifts: integers, dims: dims = None", shapes.roll,
        lambda x, *, shifts, dims: torch.roll(x, shifts, dims),
        _roll_form, references.roll,
        "Entries shifted along dimensions, or in row-major order; those that leave come in at the other end.",
        ("roll(u, 1)", "roll(x, 1, 0)", "roll(x, (1, -1), (0, 1))", "roll(x, 2)", "roll(u, 1) * u", "roll(c, 1, 1)",
         "roll(z, 1, 0)", "roll(x, 5, 1)"),
        ("roll(x, (1, 2))", "roll(x, (1, 2), 0)", "roll(x, 1, 2)", "roll(x, 0.5)")),
)
# fmt: on
