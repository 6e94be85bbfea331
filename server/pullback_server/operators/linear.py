"""Linear algebra without factorisations: products, diagonals, transposes."""

from __future__ import annotations

import numpy as np
import torch

from ..index_notation import exact
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor
from .operator import Operator
from .reference import products, rearranging
from .reference.matrices import matmul_reference
from .shape_rules import matrices as shapes
from .shape_rules.common import no_work
from .workspace import nothing

# The sympy column: an axis of length 1 has no index, so that nothing is summed over it.


def matmul_form(program: IndexProgram, x: IndexTensor, y: IndexTensor) -> IndexTensor:
    """`x[..., i, k]*y[..., k, j]` summed over k; a vector has k only."""
    rows, columns = x.axes[-2:-1] if len(x.axes) > 1 else (), y.axes[-1:] if len(y.axes) > 1 else ()
    inner = program.fresh(x.axes[-1:])
    columns = program.fresh(columns)
    y_inner = inner if y.axes[len(y.axes) - 1 - len(columns)] is not None else (None,)
    batch = _broadcast(program, x.axes[:-2], y.axes[:-2])
    x_batch = _present(batch, x.axes[:-2])
    y_batch = _present(batch, y.axes[:-2])
    return program.contract(
        x, (*x_batch, *rows, *inner), y, (*y_batch, *y_inner, *columns), out=(*batch, *rows, *columns)
    )


def product_of_matrices(program: IndexProgram, x: IndexTensor, times: int) -> IndexTensor:
    """The matrix multiplied by itself, by repeated squaring."""
    if times == 1:
        return x
    half = product_of_matrices(program, x, times // 2)
    square = matmul_form(program, half, half)
    return matmul_form(program, square, x) if times % 2 else square


def _broadcast(program: IndexProgram, x: Axes, y: Axes) -> Axes:
    """The common axes of two batches: those of x, or else fresh ones over those of y."""
    rank = max(len(x), len(y))
    padded = zip((None,) * (rank - len(x)) + x, (None,) * (rank - len(y)) + y, strict=True)
    return tuple(a if a is not None or b is None else program.index(b) for a, b in padded)


def _present(common: Axes, axes: Axes) -> Axes:
    """The last of the common axes, without those that an operand with these axes does not vary along."""
    last = common[len(common) - len(axes) :]
    return tuple(None if a is None else shared for shared, a in zip(last, axes, strict=True))


def _outer_form(program: IndexProgram, x: IndexTensor, y: IndexTensor) -> IndexTensor:
    columns = program.fresh(y.axes)
    return IndexTensor((*x.axes, *columns), exact.times(x.entry, y.at(columns)))


def _swap_form(_: IndexProgram, x: IndexTensor, *, dim0: int, dim1: int) -> IndexTensor:
    axes = list(x.axes)
    if axes:
        axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return IndexTensor(tuple(axes), x.entry)


def _transpose_form(_: IndexProgram, x: IndexTensor) -> IndexTensor:
    return IndexTensor(x.axes[::-1], x.entry)


def _transpose_last_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    return _swap_form(program, x, dim0=-2, dim1=-1)


# fmt: off
OPERATORS = (
    Operator(
        name="matmul", family="linear algebra", signature="x, y", symbol="@", work=shapes.matmul_work,
        workspace=shapes.matmul_workspace,
        shape=shapes.matmul, torch=torch.matmul, sympy=matmul_form, reference=matmul_reference,
        doc="The matrix product; vectors are rows on the left and columns on the right, further dimensions broadcast.",
        source="torch.matmul",
        samples=("A @ B", "A @ u", "u @ B", "u @ v", "A @ A", "x @ y.T", "c @ r", "r @ u", "o @ r", "g @ g", "g @ o",
                 "C @ D", "C @ w", "C @ B.T", "A @ D.mT", "u @ D.mT", "w @ D", "sum(C, 0, True) @ D", "z @ u",
                 "z.T @ z", "r.T @ c.T", "x @ A @ x.T", "(x @ u) @ c", "sum(C, 2) @ C"),
        error_inputs=("x @ y", "x @ s", "2 @ x", "A @ count.T", "matmul(x)", "C @ A", "A @ w", "count @ count.T"),
    ),
    Operator(
        name="dot", family="linear algebra", signature="x, y", work=shapes.matmul_work, workspace=nothing,
        shape=shapes.dot, torch=torch.dot, sympy=matmul_form, reference=matmul_reference,
        doc="The sum of the products of two vectors' entries.",
        samples=("dot(u, v)", "dot(u, u)", "dot(o, o)", "dot(sum(x, 0), u)", "dot(u, A @ v)",
                 "dot(z.sum(1), z.sum(1))"),
        error_inputs=("dot(u, w)", "dot(x, y)", "dot(u)", "dot(s, u)", "dot(count.sum(0), count.sum(0))"),
    ),
    Operator(
        name="outer", family="linear algebra", signature="x, y", workspace=nothing,
        shape=shapes.outer, torch=torch.outer, sympy=_outer_form, reference=products.outer,
        doc="Every entry of one vector times every entry of another.",
        samples=("outer(u, w)", "outer(u, u)", "outer(o, w)", "outer(u, o)", "outer(o, o)", "outer(sum(z, 1), u)",
                 "outer(count.sum(0), u)"),
        error_inputs=("outer(x, u)", "outer(u, s)", "outer(u)", "outer(2, u)"),
    ),
    Operator(
        name="T", family="linear algebra", signature="x", attribute=True, work=no_work,
        shape=shapes.transpose, torch=torch.t, sympy=_transpose_form, reference=np.transpose,
        doc="The transpose of a matrix; a vector or a number stays as it is.",
        samples=("x.T", "u.T", "s.T", "z.T", "c.T * c", "g.T", "x.T @ y"),
        error_inputs=("C.T", "x.T()", "T(x)", "D.T"),
    ),
    Operator(
        name="mT", family="linear algebra", signature="x", attribute=True, work=no_work,
        shape=shapes.transpose_last, torch=lambda x: x.mT, sympy=_transpose_last_form,
        reference=rearranging.transpose_last,
        doc="The last two dimensions swapped.",
        samples=("x.mT", "C.mT", "z.mT", "c.mT", "C.mT + D", "C @ C.mT"),
        error_inputs=("u.mT", "s.mT", "C.mT()", "mT(C)"),
    ),
    Operator(
        name="transpose", family="linear algebra", signature="x, dim0: dim, dim1: dim", work=no_work,
        shape=shapes.swap, sympy=_swap_form, reference=rearranging.swap,
        torch=lambda x, *, dim0, dim1: torch.transpose(x, dim0, dim1),
        doc="Two dimensions swapped.", aliases=("swapaxes", "swapdims"),
        samples=("transpose(x, 0, 1)", "transpose(C, 0, -1)", "transpose(C, 1, 2) + D", "transpose(s, 0, -1)",
                 "transpose(u, 0, 0)", "transpose(z, 1, 0)", "C.transpose(-1, -2)"),
        error_inputs=("transpose(x)", "transpose(x, 0, 2)", "transpose(x, 0)", "transpose(x, dim0=0, dim1=y)",
                      "transpose(x, -3, 0)"),
    ),
)
# fmt: on
