"""Contractions of two and more tensors besides the matrix product: einsum and similar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation.arithmetic import modulo, quotient
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .linear import matmul_form
from .operator import Operator
from .reference import products as references
from .reference.matrices import matmul_reference
from .shape_rules import products as shapes
from .shape_rules.common import broadcast_shapes
from .shape_rules.einsum import contracted_axes, inner_equation, read_equation, tensordot_equation
from .shape_rules.matrices import dot, matmul_work
from .workspace import nothing, of_common_shape, of_result

# The torch column.


def _vecdot(x: torch.Tensor, y: torch.Tensor, *, dim: int) -> torch.Tensor:
    """torch takes no vectors of different lengths here, and broadcasts all else."""
    shape = broadcast_shapes(x.shape, y.shape)
    products: torch.Tensor = torch.linalg.vecdot(x.expand(shape), y.expand(shape), dim=dim)
    return products


# The sympy column.


def _einsum_form(program: IndexProgram, *operands: IndexTensor, equation: str) -> IndexTensor:
    labels, out = read_equation(equation, tuple(len(t.axes) for t in operands))
    common: dict[str, sp.Symbol] = {}
    entry: sp.Expr = sp.S.One
    for letters, operand in zip(labels, map(program.materialize, operands), strict=True):
        for label, axis in zip(letters, operand.axes, strict=True):
            if axis is not None:
                program.same(axis, common.setdefault(label, program.index(axis)))
        entry *= operand.at([common.get(label) for label in letters])
    bound = tuple(k for label, k in common.items() if label not in out)
    return program.total(entry, bound, tuple(common.get(label) for label in out))


def _tensordot_form(program: IndexProgram, a: IndexTensor, b: IndexTensor, *, dims: Any) -> IndexTensor:
    return _einsum_form(program, a, b, equation=tensordot_equation(dims, len(a.axes), len(b.axes)))


def _kron_form(program: IndexProgram, x: IndexTensor, y: IndexTensor) -> IndexTensor:
    rank = max(len(x.axes), len(y.axes))
    first, second = ((None,) * (rank - len(t.axes)) + t.axes for t in (x, y))
    axes, x_indices, y_indices = list[sp.Symbol | None](), list[sp.Expr | None](), list[sp.Expr | None]()
    for a, b in zip(first, second, strict=True):
        if a is None or b is None:
            (new,) = program.fresh((b if a is None else a,))
            at = (None, new) if a is None else (new, None)
        else:
            inner = program.length(b)
            new = program.axis(program.length(a) * inner)
            at = (quotient(index_of(new), inner, program), modulo(index_of(new), inner, program))
        axes.append(new)
        x_indices.append(at[0])
        y_indices.append(at[1])
    entry = exact.times(x.at(x_indices[rank - len(x.axes) :]), y.at(y_indices[rank - len(y.axes) :]))
    return IndexTensor(tuple(axes), entry)


def _sum_form(program: IndexProgram, x: IndexTensor, dim: int) -> IndexTensor:
    return program.reduce("sum", x, (dim % len(x.axes),))


def _cross_form(program: IndexProgram, x: IndexTensor, y: IndexTensor, *, dim: int) -> IndexTensor:
    axis = dim % len(x.axes)
    i = program.index(3)
    for t in (x, y):
        assert program.length(t.axes[axis]) == 3
    batch = [IndexTensor(tuple(a for k, a in enumerate(t.axes) if k != axis), t.entry) for t in (x, y)]
    common, entries = program.align(*batch)

    def at(t: IndexTensor, entry: sp.Expr, step: int) -> sp.Expr:
        return entry.xreplace({t.axes[axis]: modulo(i + step, 3, program)})

    (a, b) = entries
    entry = at(x, a, 1) * at(y, b, 2) - at(x, a, 2) * at(y, b, 1)
    return IndexTensor((*common[:axis], i, *common[axis:]), entry)


def product(
    name: str,
    ranks: tuple[int, int],
    torch_column: Callable[..., Any],
    doc: str,
    samples: tuple[str, ...],
    error_inputs: tuple[str, ...],
) -> Operator:
    """The matrix product of operands of two ranks."""
    return Operator(
        name=name, family="linear algebra", signature="input, other", shape=shapes.matrix_product(name, ranks),
        torch=torch_column, sympy=matmul_form, reference=matmul_reference, doc=doc, samples=samples,
        error_inputs=error_inputs, source=f"torch.{name}", work=matmul_work, workspace=nothing,
    )  # fmt: skip


# fmt: off
OPERATORS = (
    product("mm", (2, 2), torch.mm, "The product of two matrices.",
            ("mm(A, B)", "mm(x, y.T)", "mm(c, r)", "mm(z.T, z)"),
            ("mm(A, u)", "mm(C, D)", "mm(x, y)")),
    product("mv", (2, 1), torch.mv, "A matrix times a vector.", ("mv(A, u)", "mv(x, u)", "mv(c, o)", "mv(z, u)"),
            ("mv(u, A)", "mv(A, w)", "mv(C, u)")),
    product("bmm", (3, 3), torch.bmm, "The products of pairs of matrices, one pair for each entry of the batch.",
            ("bmm(C, D)", "bmm(D, C)", "bmm(C[:1], D[:1])"),
            ("bmm(A, B)", "bmm(C, C)", "bmm(C, D[:1])")),
    Operator(
        name="einsum", family="linear algebra", signature="equation: string, *operands", shape=shapes.einsum,
        work=shapes.einsum_work, workspace=shapes.einsum_workspace, sympy=_einsum_form, reference=references.einsum,
        torch=lambda *operands, equation: torch.einsum(equation, *operands),
        doc="The sum of products that the letters describe; letters that the result lacks are summed over.",
        source="torch.einsum",
        samples=("einsum('ij,jk->ik', A, B)", "einsum('ij,jk', A, B)", "einsum('ii->i', A)", "einsum('ii', A)",
                 "einsum('bij,bjk->bik', C, D)", "einsum('i,j->ij', u, w)", "einsum('ij,ij->', x, y)",
                 "einsum('...i,i->...', C, w)", "einsum('ij->ji', x)", "einsum('ij,j,kj->ik', x, u, A)",
                 "einsum('ij,ij->ij', c, x)", "einsum('i,i', u, v)", "einsum('bij->', C)", "einsum('ij,ik->jk', z, z)",
                 "einsum('...,...', s, x)"),
        error_inputs=("einsum('ij,jk', A)", "einsum('ij', u)", "einsum('i1', x)", "einsum('ij,ij', A, B)",
                      "einsum('ij->k', A)", "einsum(A, B)", "einsum('ij->ii', A)"),
    ),
    Operator(
        name="tensordot", family="linear algebra", signature="a, b, dims: pairs = 2", shape=shapes.tensordot,
        work=shapes.tensordot_work, workspace=nothing,
        torch=lambda a, b, *, dims: torch.tensordot(a, b, contracted_axes(dims, a.ndim, b.ndim)),
        sympy=_tensordot_form,
        reference=lambda a, b, *, dims: references.einsum(a, b, equation=tensordot_equation(dims, a.ndim, b.ndim)),
        doc="The last dimensions of a contracted with the first of b, or the dimensions that are named.",
        source="torch.tensordot",
        samples=("tensordot(A, B, 1)", "tensordot(x, y)", "tensordot(u, w, 0)", "tensordot(C, x, ((0, 1), (0, 1)))",
                 "tensordot(C, D, dims=([2], [1]))"),
        error_inputs=("tensordot(A, B, 3)", "tensordot(x, y, 1)", "tensordot(x, y, ((0,), (0, 1)))",
                      "tensordot(x, y, -1)"),
    ),
    Operator(
        name="vdot", family="linear algebra", signature="input, other", shape=dot, torch=torch.vdot,
        sympy=matmul_form, reference=matmul_reference, work=matmul_work, workspace=nothing,
        doc="The sum of the products of two vectors' entries.", source="torch.vdot",
        samples=("vdot(u, v)", "vdot(u, A @ u)", "vdot(o, o)"), error_inputs=("vdot(x, y)", "vdot(u, w)", "vdot(u)"),
    ),
    Operator(
        name="vecdot", family="linear algebra", signature="x, y, *, dim: dim = -1", shape=shapes.vecdot,
        torch=_vecdot, work=shapes.vecdot_work, workspace=of_common_shape(1),
        sympy=lambda program, x, y, *, dim: _sum_form(program, program.elementwise(exact.times, x, y), dim),
        reference=lambda x, y, *, dim: np.asarray((x * y).sum(axis=dim), dtype=object),
        doc="The sum of the products of two tensors' entries along a dimension; the others broadcast.",
        source="torch.linalg.vecdot",
        samples=("vecdot(u, v)", "vecdot(u, o)", "vecdot(x, y)", "linalg.vecdot(x, u)", "vecdot(x, y, dim=0)",
                 "vecdot(C, C, dim=1)", "vecdot(z, z, dim=0)", "vecdot(c, x)"),
        error_inputs=("vecdot(u)", "vecdot(s, s)", "vecdot(x, B)", "vecdot(x, y, dim=2)", "vecdot(u, u > 0)"),
    ),
    Operator(
        name="inner", family="linear algebra", signature="input, other", shape=shapes.inner, torch=torch.inner,
        work=shapes.inner_work, workspace=nothing,
        sympy=lambda program, x, y: _einsum_form(program, x, y, equation=inner_equation(len(x.axes), len(y.axes))),
        reference=lambda x, y: references.einsum(x, y, equation=inner_equation(x.ndim, y.ndim)),
        doc="The sum of products over the last dimension of both.", source="torch.inner",
        samples=("inner(u, v)", "inner(x, y)", "inner(C, w)", "inner(s, x)", "inner(z, x)", "inner(c, o)"),
        error_inputs=("inner(x, w)", "inner(x)", "inner(u, w)"),
    ),
    Operator(
        name="kron", family="linear algebra", signature="input, other", shape=shapes.kron,
        torch=lambda x, y: torch.kron(x.contiguous(), y.contiguous()), sympy=_kron_form, reference=references.kron,
        size_dependent=shapes.kron_mixes_lengths, workspace=of_result(1),
        doc="The Kronecker product: every entry of the first times the whole second.", source="torch.kron",
        samples=("kron(A, x)", "kron(u, w)", "kron(x, u)", "kron(c, r)", "trace(kron(A, A))", "kron(s, x)",
                 "kron(z, x)", "kron(g, A) @ u"),
        error_inputs=("kron(A)", "kron(A, x, y)", "kron(A, dim=0)"),
    ),
    Operator(
        name="cross", family="linear algebra", signature="input, other, dim: dim = -1", shape=shapes.cross,
        size_dependent=True,
        torch=torch.linalg.cross, sympy=_cross_form, reference=references.cross,
        doc="The vector product of vectors of length 3.", source="torch.linalg.cross",
        samples=("cross(u, v)", "cross(x, y)", "cross(A, x.T @ x, dim=0)", "cross(u, cross(u, v))", "cross(z, z)",
                 "cross(x, r)"),
        error_inputs=("cross(u, w)", "cross(s, s)", "cross(x, u)", "cross(x, y, 0)"),
    ),
)
# fmt: on
