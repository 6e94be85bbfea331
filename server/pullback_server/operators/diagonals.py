"""Diagonals and triangles of matrices."""

from __future__ import annotations

import numpy as np
import torch

from ..index_notation import functions as fn
from ..index_notation.expressions import Delta
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .operator import Operator
from .reference import diagonals as references
from .shape_rules import matrices as shapes
from .shape_rules.common import no_work

# The sympy column.


def _diagonal(program: IndexProgram, x: IndexTensor, a: int, b: int, offset: int) -> IndexTensor:
    """`x[i, i + offset]`; the main diagonal of a square matrix serves every size."""
    rows, columns = x.axes[a], x.axes[b]
    rest = tuple(axis for k, axis in enumerate(x.axes) if k not in (a, b))
    if not offset and program.seen_length(rows) == program.seen_length(columns):
        program.unify((rows,), (columns,))
        return IndexTensor((*rest, rows), x.at([rows if k in (a, b) else axis for k, axis in enumerate(x.axes)]))
    new = program.axis(shapes.diagonal_length(program.length(rows), program.length(columns), offset))
    i = index_of(new)
    at = {a: i - min(offset, 0), b: i + max(offset, 0)}
    return IndexTensor((*rest, new), x.at([at.get(k, axis) for k, axis in enumerate(x.axes)]))


def _diagonal_form(program: IndexProgram, x: IndexTensor, *, offset: int, dim1: int, dim2: int) -> IndexTensor:
    return _diagonal(program, x, *shapes.diagonal_axes(len(x.axes), dim1, dim2), offset)


def _trace_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    return program.reduce("sum", _diagonal(program, x, 0, 1, 0), (0,))


def _diag_embed_form(program: IndexProgram, x: IndexTensor, *, offset: int, dim1: int, dim2: int) -> IndexTensor:
    """`x[i]*delta(i + offset, j)`: out of x's range the delta is 0."""
    a, b = shapes.diagonal_axes(len(x.axes) + 1, dim1, dim2)
    last = x.axes[-1]
    if not offset:
        rows, columns = last, *program.fresh((last,))
    else:
        rows, columns = (program.axis(program.length(last) + abs(offset)) for _ in range(2))
    i, j = index_of(rows), index_of(columns)
    entry = x.at((*x.axes[:-1], i if offset >= 0 else j)) * Delta(i + max(offset, 0), j - min(offset, 0))
    rest = iter(x.axes[:-1])
    axes = tuple(rows if k == a else columns if k == b else next(rest) for k in range(len(x.axes) + 1))
    return IndexTensor(axes, entry)


def _diag_form(program: IndexProgram, x: IndexTensor, *, diagonal: int) -> IndexTensor:
    column = _diagonal_form if len(x.axes) == 2 else _diag_embed_form
    return column(program, x, offset=diagonal, dim1=0, dim2=1)


def _triangle_form(x: IndexTensor, diagonal: int, lower: bool) -> IndexTensor:
    """`x[i, j]` where `j <= i + diagonal`, or the other way round."""
    i, j = map(index_of, x.axes[-2:])
    kept = (j, i + diagonal) if lower else (i + diagonal, j)
    return IndexTensor(x.axes, fn.where(fn.less_equal(*kept), x.entry, 0))


DIAGONAL = "input, offset: integer = 0, dim1: dim = 0, dim2: dim = 1"
DIAG_EMBED = "input, offset: integer = 0, dim1: dim = -2, dim2: dim = -1"

# fmt: off
OPERATORS = (
    Operator(
        name="diag", family="linear algebra", signature="x, diagonal: integer = 0",
        shape=shapes.diag, torch=torch.diag, sympy=_diag_form, reference=references.diag,
        size_dependent=shapes.diag_mixes_lengths,
        doc="The diagonal matrix of a vector, or a diagonal of a matrix.", source="torch.diag",
        samples=("diag(u)", "diag(A)", "diag(o)", "diag(g)", "diag(u, 1)", "diag(A, -1)", "diag(A, diagonal=9)",
                 "diag(B, 2)", "diag(o, -2)",
                 "diag(sum(z, 1))", "diag(diag(A))", "diag(u) @ B", "diag(u, -1) @ diag(w)"),
        error_inputs=("diag(s)", "diag(C)", "diag(u, 0.5)", "diag(u, u)", "diag()"),
    ),
    Operator(
        name="diagonal", family="linear algebra", signature=DIAGONAL, work=no_work,
        shape=shapes.diagonal, torch=torch.diagonal, sympy=_diagonal_form,
        reference=lambda x, *, offset, dim1, dim2: np.asarray(np.diagonal(x, offset, dim1, dim2), dtype=object),
        size_dependent=shapes.diagonal_mixes_lengths,
        doc="A diagonal of the matrices in two dimensions, as the last dimension.", source="torch.diagonal",
        samples=("diagonal(A)", "diagonal(C, 0, 1, 2)", "diagonal(B, offset=1)", "diagonal(C, -1, 0, 2)",
                 "diagonal(x, 5)", "diagonal(z)", "diagonal(c)", "sum(diagonal(C @ D, 0, -2, -1), -1)"),
        error_inputs=("diagonal(u)", "diagonal(A, 0, 0, 0)", "diagonal(A, 0, 0, 2)", "diagonal(A, 0.5)"),
    ),
    Operator(
        name="trace", family="linear algebra", signature="x", size_dependent=lambda x: x.shape[0] != x.shape[1],
        shape=shapes.trace, torch=torch.trace, sympy=_trace_form,
        reference=lambda x: np.asarray(np.trace(x), dtype=object),
        doc="The sum of the main diagonal of a matrix.", source="torch.trace",
        samples=("trace(A)", "trace(g)", "trace(A @ A)", "trace(x @ y.T)", "trace(z @ z.T)", "trace(A.T @ B @ B.T)",
                 "trace(x)", "trace(x.T**2)", "trace(c)", "trace(z)"),
        error_inputs=("trace(s)", "trace(u)", "trace(C)", "trace(A, 1)", "trace(A > 0)"),
    ),
    Operator(
        name="diag_embed", family="linear algebra", signature=DIAG_EMBED,
        size_dependent=lambda _, *, offset, dim1, dim2: bool(offset),
        shape=shapes.diag_embed, torch=torch.diag_embed, sympy=_diag_embed_form, reference=references.diag_embed,
        doc="The last dimension as a diagonal of matrices.", source="torch.diag_embed",
        samples=("diag_embed(u)", "diag_embed(x)", "diag_embed(x, 1)", "diag_embed(x, -2)", "diag_embed(x, 0, 0, 2)",
                 "diag_embed(c)", "diag_embed(z)"),
        error_inputs=("diag_embed(s)", "diag_embed(u, 0, 1, 1)", "diag_embed(u, 0.5)"),
    ),
    Operator(
        name="tril", family="linear algebra", signature="input, diagonal: integer = 0",
        shape=shapes.triangle, torch=torch.tril,
        sympy=lambda _, x, *, diagonal: _triangle_form(x, diagonal, lower=True),
        reference=lambda x, *, diagonal: references.triangle(x, diagonal, lower=True),
        doc="The entries on and below a diagonal; 0 elsewhere.", source="torch.tril",
        samples=("tril(A)", "tril(x, 1)", "tril(C, -1)", "tril(c)", "tril(A) @ u", "tril(z)",
                 "tril(exp(A), diagonal=-9)"),
        error_inputs=("tril(u)", "tril(A, 0.5)", "tril(A, u)"),
    ),
    Operator(
        name="triu", family="linear algebra", signature="input, diagonal: integer = 0",
        shape=shapes.triangle, torch=torch.triu,
        sympy=lambda _, x, *, diagonal: _triangle_form(x, diagonal, lower=False),
        reference=lambda x, *, diagonal: references.triangle(x, diagonal, lower=False),
        doc="The entries on and above a diagonal; 0 elsewhere.", source="torch.triu",
        samples=("triu(A)", "triu(x, 1)", "triu(C, -1)", "triu(r)", "sum(triu(A, 1)**2)", "triu(z)"),
        error_inputs=("triu(u)", "triu(A, 0.5)", "triu(s)"),
    ),
)
# fmt: on
