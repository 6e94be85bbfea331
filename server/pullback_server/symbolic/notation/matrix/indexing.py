"""Entries at computed indices: single ones, slices, those that a tensor names, and axes split, joined and rolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from ....index_notation.expressions import Entry
from ....index_notation.functions import floor, remainder
from ....index_notation.index_program import IndexProgram
from .tensors import Tensor
from .tree import Call, NoMatrixForm, Option

#: The item of square brackets that means all entries of an axis.
ALL = ("slice", None, None, None)

At = Mapping[sp.Symbol, sp.Expr]
#: Writes an expression in index notation as a tensor.
Write = Callable[[sp.Expr], Tensor]


def index_at(t: Tensor, at: At, program: IndexProgram, write: Write) -> Tensor:
    """The tensor with each of these axes read at an index expression, whose own indices become axes.

    `write` gives the tensors that hold indices. An index may then stand at two axes. Raises NoMatrixForm.
    """
    at = dict(at)
    t = _join_axes(t, at, program)
    t = _split_axes(t, at, program)
    t = _roll_axes(t, at, program)
    return _take_entries(t, at, program, write)


def linear_form(e: sp.Expr, program: IndexProgram) -> tuple[int, dict[sp.Symbol, int]] | None:
    """An index expression as a constant and the stride of each index in it, if it is one; longest strides first."""
    constant, rest = sp.expand(e).as_coeff_Add()
    strides: dict[sp.Symbol, int] = {}
    for term in sp.Add.make_args(rest) if rest != 0 else ():
        stride, symbol = term.as_coeff_Mul()
        if symbol not in program.dimensions or not stride.is_Integer:
            return None
        strides[symbol] = int(stride)
    if not constant.is_Integer:
        return None
    return int(constant), dict(sorted(strides.items(), key=lambda pair: (-pair[1], str(pair[0]))))


def fixed_length(index: sp.Symbol, program: IndexProgram) -> int:
    """The length of an index's axis; raises NoMatrixForm where a form serves several."""
    source = program.dimensions[index].root().source
    if not isinstance(source, int):
        raise NoMatrixForm("an index expression over an axis of any length")
    return source


def row_lengths(strides: Mapping[sp.Symbol, int], program: IndexProgram) -> tuple[int, ...] | None:
    """The lengths of the axes that these strides lay out in rows, if they do."""
    lengths = tuple(fixed_length(k, program) for k in strides)
    step = 1
    for stride, length in reversed([*zip(strides.values(), lengths, strict=True)]):
        if stride != step:
            return None
        step *= length
    return lengths


def _join_axes(t: Tensor, at: dict[sp.Symbol, sp.Expr], program: IndexProgram) -> Tensor:
    """`x[i // 3, i % 3]`: two axes as one."""
    for k, (first, second) in enumerate(zip(t.axes, t.axes[1:], strict=False)):
        if first is None or second is None:
            continue
        upper, lower = at.get(first, first), at.get(second, second)
        if isinstance(upper, floor) and isinstance(lower, remainder) and lower.args[1] == fixed_length(second, program):
            position, divisor = lower.args
            if upper.args[0] * divisor == position:
                new = program.index(fixed_length(first, program) * fixed_length(second, program))
                tree = Call("flatten", (t.tree,), t.tree.rank - 1, flatten_options(k, k + 1, t.tree.rank))
                at[new] = position
                return _join_axes(Tensor(tree, (*t.axes[:k], new, *t.axes[k + 2 :])), at, program)
    return t


def flatten_options(start: int, end: int, rank: int) -> tuple[tuple[str, Option], ...]:
    """The options of a `flatten` of these dimensions, the last one included."""
    return () if (start, end) == (0, rank - 1) else (("start_dim", start), ("end_dim", end))


def _split_axes(t: Tensor, at: dict[sp.Symbol, sp.Expr], program: IndexProgram) -> Tensor:
    """`x[3*i + j]`: one axis as several."""
    shape: list[int] = []
    parts = 0
    axes = list(t.axes)
    tree = t.tree
    for axis in t.axes:
        form = linear_form(at[axis], program) if axis in at else None
        if axis is None or form is None or len(form[1]) < 2:
            shape.append(1 if axis is None else program.seen_length(axis))
            continue
        start, strides = form
        lengths = row_lengths(strides, program)
        if lengths is None or start or row_lengths({axis: 1}, program) != (sp.prod(lengths),):
            raise NoMatrixForm("an index that is a sum of others")
        del at[axis]
        k = axes.index(axis)
        tree = Call("unflatten", (tree,), tree.rank + len(lengths) - 1, (("dim", k), ("sizes", lengths)))
        axes[k : k + 1] = strides
        shape += lengths
        parts += 1
    if parts > 1 and parts == len(t.axes):
        tree = Call("reshape", (t.tree,), len(axes), (("shape", tuple(shape)),))
    return Tensor(tree, tuple(axes))


def _roll_axes(t: Tensor, at: dict[sp.Symbol, sp.Expr], program: IndexProgram) -> Tensor:
    """`x[(i + 1) % n]`."""
    for k, axis in enumerate(t.axes):
        e = at.get(axis)
        if axis is None or not isinstance(e, remainder):
            continue
        n = fixed_length(axis, program)
        start, strides = linear_form(e.args[0], program) or (0, {})
        if e.args[1] != n or [*strides.values()] != [1] or fixed_length(next(iter(strides)), program) != n:
            raise NoMatrixForm("an index that is a remainder")
        shift = -start % n
        shift = shift if 2 * shift <= n else shift - n
        options: tuple[tuple[str, Option], ...] = (("shifts", shift),) + ((("dims", k),) if len(t.axes) > 1 else ())
        (at[axis],) = strides
        t = replace(t, tree=Call("roll", (t.tree,), t.tree.rank, options))
    return t


def _take_entries(t: Tensor, at: At, program: IndexProgram, write: Write) -> Tensor:
    """Entries at indices that square brackets can hold."""
    key: list[Option] = []
    axes: list[sp.Symbol | None] = []
    tensors: list[Tensor] = []
    for axis in t.axes:
        e = at.get(axis, axis)
        if axis is None or (e.is_Symbol and e in program.dimensions and program.spans(e, axis)):
            key.append(ALL)
            axes.append(axis if axis is None else e)
        elif isinstance(e, Entry):
            index = write(e)
            apart = bool(tensors) and (tensors[0].axes != index.axes or key[-1] == ALL)
            if index.floating or None in index.axes or apart:
                raise NoMatrixForm("indices that are entries of several tensors")
            key.append(("tensor", len(tensors)))
            axes += index.axes if not tensors else ()
            tensors.append(index)
        elif (form := linear_form(e, program)) is not None and len(form[1]) < 2:
            start, strides = form
            key.append(_slice(start, strides, fixed_length(axis, program), program) if strides else start)
            axes += strides
        else:
            raise NoMatrixForm("an index that is an expression")
    while key and key[-1] == ALL:
        key.pop()
    if not key:
        return Tensor(t.tree, tuple(axes))
    operands = (t.tree, *(i.tree for i in tensors))
    return Tensor(Call("getitem", operands, len(axes), (("key", tuple(key)),)), tuple(axes))


def _slice(start: int, strides: Mapping[sp.Symbol, int], length: int, program: IndexProgram) -> Option:
    ((index, step),) = strides.items()
    last = start + step * (fixed_length(index, program) - 1)
    if not (0 <= start < length and 0 <= last < length):
        raise NoMatrixForm("an index out of range")
    if step > 0:
        return ("slice", start or None, last + 1 if last + step < length else None, step if step != 1 else None)
    return ("slice", start if start != length - 1 else None, last - 1 if last + step >= 0 else None, step)
