"""Norms of vectors and matrices, as in torch and torch.linalg."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from .operator import Kink, Operator
from .reference import norms as references
from .reference.columns import Reduced
from .shape_rules import norms as shapes
from .shape_rules.common import axes_of
from .shape_rules.norms import INF, SPECTRAL, Order, as_number, is_matrix_norm
from .workspace import of_common_shape

# The torch column.


def _norm(x: torch.Tensor, *, p: Order = 2, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.vector_norm(x, as_number(p), axes_of(dim, x.dim()), keepdim)
    return norm


def _vector_norm(x: torch.Tensor, *, ord: Order = 2, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
    return _norm(x, p=ord, dim=dim, keepdim=keepdim)


# The sympy column.


def sum_of_powers(
    program: IndexProgram, x: IndexTensor, p: Order, axes: tuple[int, ...], keepdim: bool = False
) -> tuple[IndexTensor, sp.Expr]:
    """What a norm is the root of, and the root's exponent, which is 1 where this is the norm already."""
    order = exact.fraction(as_number(p))
    absolute = program.elementwise(fn.absolute, x)
    if order == 0:
        return program.reduce("sum", program.elementwise(lambda e: fn.not_equal(e, 0), x), axes, keepdim), sp.S.One
    if order.is_infinite or all(x.axes[k] is None for k in axes):
        return program.reduce("max" if order == sp.oo else "min", absolute, axes, keepdim), sp.S.One
    terms = program.elementwise(lambda e: exact.power(e, order), x if order.is_even else absolute)
    return program.reduce("sum", terms, axes, keepdim), 1 / order


def _norm_form(
    program: IndexProgram, x: IndexTensor, *, p: Order, dim: Any = None, keepdim: bool = False
) -> IndexTensor:
    return norm_over(program, x, p, axes_of(dim, len(x.axes)), keepdim)


def norm_over(
    program: IndexProgram, x: IndexTensor, p: Order, axes: tuple[int, ...], keepdim: bool = False
) -> IndexTensor:
    """The norm of the entries over these axes, as a definition that formulas keep."""
    total, exponent = sum_of_powers(program, x, p, axes, keepdim)
    if exponent == 1:
        return total
    return program.norm(program.elementwise(lambda e: exact.power(e, exponent), total))


def _vector_norm_form(
    program: IndexProgram, x: IndexTensor, *, ord: Order, dim: Any = None, keepdim: bool = False
) -> IndexTensor:
    return _norm_form(program, x, p=ord, dim=dim, keepdim=keepdim)


def _matrix_norm_form(
    program: IndexProgram, x: IndexTensor, *, ord: Order, dim: Any, keepdim: bool = False
) -> IndexTensor:
    rows, columns = axes_of(dim, len(x.axes))
    if ord == "fro" or (ord in SPECTRAL and None in (x.axes[rows], x.axes[columns])):
        # One row or column has one singular value.
        return _norm_form(program, x, p=2, dim=(rows, columns), keepdim=keepdim)
    if ord in SPECTRAL:
        rest = [k for k in range(len(x.axes)) if k not in (rows, columns)]
        matrices = IndexTensor(tuple(x.axes[k] for k in (*rest, rows, columns)), x.entry)
        if (*rest, rows, columns) != tuple(range(len(x.axes))):
            matrices = program.materialize_copy(matrices)
        shorter = min(matrices.axes[-2:], key=program.length)
        values = program.matrix_function("singular_values", matrices, program.fresh((shorter,)))
        kind = "sum" if ord == "nuc" else "max" if ord == 2 else "min"
        total = program.reduce(kind, values, (len(rest),))
        others = iter(total.axes)
        kept = tuple(None if k in (rows, columns) else next(others) for k in range(len(x.axes)))
        return IndexTensor(kept if keepdim else total.axes, total.entry)
    first, second = (columns, rows) if ord in (INF, -INF) else (rows, columns)
    sums = program.reduce("sum", program.elementwise(fn.absolute, x), (first,), keepdim=True)
    total = program.reduce("max" if as_number(ord) > 0 else "min", sums, (second,), keepdim=True)
    kept = tuple(a for k, a in enumerate(total.axes) if keepdim or k not in (rows, columns))
    return IndexTensor(kept, total.entry)


def _linalg_norm_form(
    program: IndexProgram, x: IndexTensor, *, ord: Order, dim: Any = None, keepdim: bool = False
) -> IndexTensor:
    if is_matrix_norm(len(x.axes), ord, dim):
        return _matrix_norm_form(program, x, ord=ord, dim=(0, 1) if dim is None else dim, keepdim=keepdim)
    return _vector_norm_form(program, x, ord=ord, dim=dim, keepdim=keepdim)


NORMS = ("norm(x)", "norm(s)", "norm(o)", "norm(x, 1)", "norm(x, inf, 0)", "norm(x, 3, dim=1)", "norm(x, p=1.5)",
         "norm(x, dim=0, keepdim=True)", "norm(C, 2, (0, -1))", "norm(C, 'fro')", "norm(C, 4, 1, True)", "norm(z)",
         "norm(z, inf, 1)", "x*norm(g, 2, 0, True)", "norm(c, 2, 1)", "norm(x, 0.5)", "norm(x, -inf)",
         "norm(x, -1, 1)", "x*norm(x, 0)", "norm(s, 0)*x", "norm(o, -2)", "norm(z, 0, 0)", "norm(x - c)**2",
         "x/norm(x, -inf, 0)")  # fmt: skip
WRONG_NORM = ("norm()", "norm(x, 'nuc')", "norm(x, 2, 2)", "norm(count)", "norm(z, inf)", "norm(x, y)", "norm(z, -1)",
              "norm(z, -inf, 0)", "norm(x, 'two')")  # fmt: skip
VECTOR_NORMS = ("vector_norm(x)", "vector_norm(s)", "vector_norm(x, ord=3)", "vector_norm(C, 1, (0, 2))",
                "vector_norm(x, inf, dim=1, keepdim=True)", "linalg.vector_norm(x, -inf)", "vector_norm(x, 0, 1)*c",
                "vector_norm(z, 2, 1)", "torch.linalg.vector_norm(C, 0.5, -1)")  # fmt: skip
WRONG_VECTOR_NORM = ("vector_norm()", "vector_norm(x, 'fro')", "vector_norm(x, 'nuc')", "vector_norm(x, 2, 2)",
                     "vector_norm(count)", "vector_norm(z, inf)")  # fmt: skip
MATRIX_NORMS = ("matrix_norm(x)", "matrix_norm(x, 'nuc')", "matrix_norm(A, 2)", "matrix_norm(x, -2)",
                "matrix_norm(x, ord=1)", "matrix_norm(x, -1)", "matrix_norm(C, inf)",
                "matrix_norm(C, -inf, (0, 2), True)", "matrix_norm(C, 'nuc', dim=(2, 0))",
                "matrix_norm(C, 2, keepdim=True)*C", "matrix_norm(c, 'nuc')", "matrix_norm(g, 2)", "matrix_norm(g, 1)",
                "matrix_norm(r, -2)", "matrix_norm(z)", "matrix_norm(z, 'nuc')", "linalg.matrix_norm(C, 1, (1, 0))",
                "matrix_norm(x - y, 'fro')**2")  # fmt: skip
WRONG_MATRIX_NORM = ("matrix_norm()", "matrix_norm(u)", "matrix_norm(x, 3)", "matrix_norm(x, None)",
                     "matrix_norm(z, 2)", "matrix_norm(x, 2, 0)", "matrix_norm(x, 2, (0, 0))", "matrix_norm(count)",
                     "matrix_norm(z, inf)")  # fmt: skip
LINALG_NORMS = ("linalg.norm(x)", "np.linalg.norm(u)", "linalg.norm(C)", "linalg.norm(u, 1)", "linalg.norm(x, 1)",
                "linalg.norm(x, 2)", "linalg.norm(x, 'nuc')", "torch.linalg.norm(x, 'fro')", "linalg.norm(x, inf)",
                "np.linalg.norm(x, axis=1)", "np.linalg.norm(x, axis=1, keepdims=True)*x",
                "linalg.norm(C, dim=(0, 2))", "linalg.norm(C, 2, (1, 2))", "linalg.norm(x, 3, 0)", "linalg.norm(s)",
                "linalg.norm(u, -inf)", "linalg.norm(x - y)**2", "linalg.norm(x, 1, (0,))")  # fmt: skip
WRONG_LINALG_NORM = ("linalg.norm()", "linalg.norm(C, 2)", "linalg.norm(x, 3)", "linalg.norm(u, 'fro')",
                "linalg.norm(s, 1)", "linalg.norm(x, 'fro', 0)", "linalg.norm(C, None, (0, 1, 2))",
                "linalg.norm(count)")  # fmt: skip
ZERO = Kink("norm(x) == 0", "0")
SUM_OF_SIZES = Kink("((abs(ord) == 1) | (abs(ord) == inf)) & (sum(x == 0) > 0)", "0 where it is a sum of abs(x)")


def _kinks(order: str) -> tuple[Kink, ...]:
    """The kinks of a norm of entries; `order` is the name of the parameter."""
    return (
        ZERO,
        Kink(f"({order} <= 1) & (sum(x == 0) > 0)", "0"),
        Kink(f"({order} == inf) & (sum(abs(x) == amax(abs(x))) > 1)", "equal shares"),
        Kink(f"({order} == -inf) & (sum(abs(x) == amin(abs(x))) > 1)", "equal shares"),
    )


# fmt: off
OPERATORS = (
    Operator(
        name="norm", family="reductions",
        signature="x, p: order = 2, dim: dims = None, keepdim: flag = False", shape=shapes.norm,
        workspace=of_common_shape(1),
        torch=_norm, sympy=_norm_form, reference=Reduced(references.norm_of),
        doc="The p-th root of the sum of abs(x)**p; the largest abs(x) where p is inf, the smallest where it is -inf, "
            "the number of entries that are not 0 where it is 0; 'fro' is 2.",
        source="torch.linalg.vector_norm", kinks=_kinks("p"), samples=NORMS, error_inputs=WRONG_NORM,
    ),
    Operator(
        name="vector_norm", family="reductions",
        signature="x, ord: order = 2, dim: dims = None, keepdim: flag = False", shape=shapes.vector_norm,
        workspace=of_common_shape(1),
        torch=_vector_norm, sympy=_vector_norm_form, reference=references.vector_norm,
        doc="The norm of order ord of the entries, as norm has it.",
        source="torch.linalg.vector_norm", kinks=_kinks("ord"), samples=VECTOR_NORMS, error_inputs=WRONG_VECTOR_NORM,
    ),
    Operator(
        name="matrix_norm", family="reductions", size_dependent=True, work=shapes.matrix_norm_work,
        workspace=shapes.matrix_norm_workspace,
        signature="x, ord: order = 'fro', dim: dims = (-2, -1), keepdim: flag = False", shape=shapes.matrix_norm,
        torch=torch.linalg.matrix_norm, sympy=_matrix_norm_form, reference=references.matrix_norm,
        doc="The root of the sum of squares ('fro'); the sum ('nuc'), the largest (2) or the smallest (-2) of the "
            "singular values; the largest or smallest sum of abs(x) over a column (1, -1) or a row (inf, -inf).",
        source="torch.linalg.matrix_norm",
        kinks=(ZERO, SUM_OF_SIZES),
        samples=MATRIX_NORMS, error_inputs=WRONG_MATRIX_NORM,
    ),
    Operator(
        name="linalg.norm", family="reductions", size_dependent=True, work=shapes.linalg_norm_work,
        workspace=shapes.linalg_norm_workspace,
        signature="x, ord: order = None, dim: dims = None, keepdim: flag = False", shape=shapes.linalg_norm,
        torch=torch.linalg.norm, sympy=_linalg_norm_form, reference=references.linalg_norm,
        doc="The norm of all entries without ord; else matrix_norm over two dimensions, vector_norm over one.",
        source="torch.linalg.norm, numpy.linalg.norm", kinks=_kinks("ord"),
        samples=LINALG_NORMS, error_inputs=WRONG_LINALG_NORM,
    ),
)
# fmt: on
