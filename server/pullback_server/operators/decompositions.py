"""Functions of matrices that have no scalar formula: determinants, inverses, decompositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch

from ..index_notation import functions as fn
from ..index_notation.expressions import Delta
from ..index_notation.index_program import Axes, IndexProgram, IndexTensor
from ..program import TensorType
from .linear import matmul_form, product_of_matrices
from .operator import Kink, Operator
from .reference import matrices as references
from .reference.matrices import each_matrix
from .shape_rules import decompositions as shapes
from .workspace import of_common_shape, of_squares

# The torch column: nan where a matrix has no value, so that one such matrix does not fail the whole call.


def _inv(x: torch.Tensor) -> torch.Tensor:
    inverse, info = torch.linalg.inv_ex(x)
    return _nan_where_failed(inverse, info)


def _cholesky(x: torch.Tensor, *, upper: bool) -> torch.Tensor:
    factor, info = torch.linalg.cholesky_ex(x, upper=upper)
    return _nan_where_failed(factor, info)


def _solve(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    solution, info = torch.linalg.solve_ex(a, b)
    return _nan_where_failed(solution, info)


def _nan_where_failed(result: torch.Tensor, info: torch.Tensor) -> torch.Tensor:
    return result if not info.any() else result.masked_fill(_flags_like(info != 0, result), torch.nan)


def _flags_like(flags: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    return flags.reshape(flags.shape + (1,) * (result.dim() - flags.dim()))


def _or_nan(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A decomposition that torch refuses for entries that are not finite, which gives nan there."""

    def column(x: torch.Tensor, **arguments: Any) -> torch.Tensor:
        unusable = ~x.detach().isfinite().all(-1).all(-1)
        if not unusable.any():
            return function(x, **arguments)
        harmless = torch.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)
        result = function(torch.where(_flags_like(unusable, x), harmless, x), **arguments)
        return result.masked_fill(_flags_like(unusable, result), torch.nan)

    return column


def _svd(x: torch.Tensor, *, full_matrices: bool, output: int) -> torch.Tensor:
    part: torch.Tensor
    if output == 1:
        part = torch.linalg.svdvals(x)
    else:
        part = torch.linalg.svd(x, full_matrices=full_matrices and x.shape[-1] != x.shape[-2])[output]
    return part


def _pick(function: Callable[..., Any]) -> Callable[..., torch.Tensor]:
    """The one of several results that a call asks for."""
    return lambda *operands, output: function(*operands)[output]


# The sympy column.


def _number_form(kind: str) -> Callable[..., IndexTensor]:
    def form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
        _square_axes(program, x)
        return program.matrix_function(kind, x, ())

    return form


def _inverse_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    rows, columns = _square_axes(program, x)
    return program.matrix_function("inv", x, program.fresh((columns, rows)))


def _square_axes(program: IndexProgram, x: IndexTensor) -> Axes:
    rows, columns = x.axes[-2:]
    program.unify((rows,), (columns,))
    return rows, columns


def _pinv_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    rows, columns = x.axes[-2:]
    return program.matrix_function("pinv", x, program.fresh((columns, rows)))


def _values_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    rows, _ = _square_axes(program, x)
    return program.matrix_function("eigenvalues", x, program.fresh((rows,)))


def _eigh_form(program: IndexProgram, x: IndexTensor, *, output: int) -> IndexTensor:
    if output == 0:
        return _values_form(program, x)
    rows, columns = _square_axes(program, x)
    return program.matrix_function("eigenvectors", x, program.fresh((rows, columns)))


def _shorter(program: IndexProgram, x: IndexTensor) -> Axes:
    """A fresh index over the shorter side of a matrix."""
    rows, columns = x.axes[-2:]
    return program.fresh((rows if program.length(rows) <= program.length(columns) else columns,))


def _svdvals_form(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    return program.matrix_function("singular_values", x, _shorter(program, x))


def _svd_form(program: IndexProgram, x: IndexTensor, *, full_matrices: bool, output: int) -> IndexTensor:
    del full_matrices
    rows, columns = x.axes[-2:]
    if output == 1:
        return _svdvals_form(program, x)
    if output == 0:
        return program.matrix_function("left_vectors", x, (*program.fresh((rows,)), *_shorter(program, x)))
    return program.matrix_function("right_vectors", x, (*_shorter(program, x), *program.fresh((columns,))))


def _slogdet_form(program: IndexProgram, x: IndexTensor, *, output: int) -> IndexTensor:
    if output == 1:
        return _number_form("logabsdet")(program, x)
    return program.elementwise(fn.sign, _number_form("det")(program, x))


def _solve_form(program: IndexProgram, a: IndexTensor, b: IndexTensor) -> IndexTensor:
    lengths = tuple(tuple(map(program.seen_length, t.axes)) for t in (a, b))
    inverse = _inverse_form(program, a)
    if len(lengths[1]) == 1 or lengths[1] != lengths[0][:-1]:
        return matmul_form(program, inverse, b)
    columns = matmul_form(program, inverse, IndexTensor((*b.axes, None), b.entry))
    return IndexTensor(columns.axes[:-1], columns.entry)


def _power_form(program: IndexProgram, x: IndexTensor, *, n: int) -> IndexTensor:
    rows, columns = _square_axes(program, x)
    if n == 0 and rows is None:
        return IndexTensor((*x.axes[:-2], rows, *program.fresh((columns,))), sp.S.One)
    if n == 0:
        return _identity(program, x)
    return product_of_matrices(program, x if n > 0 else _inverse_form(program, x), abs(n))


def _identity(program: IndexProgram, x: IndexTensor) -> IndexTensor:
    i = x.axes[-2]
    j = program.index(i)
    return IndexTensor((*x.axes[:-2], i, j), Delta(i, j))


def row(
    name: str, shape: Callable[..., TensorType], *columns: Any, doc: str, samples: tuple[str, ...], **more: Any
) -> Operator:
    """A function of matrices; the columns are torch's, sympy's and the reference's."""
    torch_column, sympy_column, reference = columns
    fields: dict[str, Any] = {
        "signature": "A", "work": shapes.work, "workspace": of_squares(2),
        "error_inputs": (f"{name}(u)", f"{name}(x)", f"{name}()", f"{name}(A, dim=0)", f"{name}(count)"),
        "source": "K. B. Petersen and M. S. Pedersen, The Matrix Cookbook, 2012", "interval": (0.2, 2.0),
    } | more  # fmt: skip
    return Operator(
        name=name, family="linear algebra", shape=shape, torch=torch_column, sympy=sympy_column, reference=reference,
        doc=doc, samples=samples, **fields,
    )  # fmt: skip


SPD = "(A @ A.T + 2*eye(3))"
SINGULAR = (Kink("det(A) == 0", "nan or a large number, since there is no inverse"),)
EQUAL = "inf or nan for vectors; for values the result of one basis of many"
TIES, SINGULAR_TIES = (Kink(f"{f}(A)[1:] == {f}(A)[:-1]", EQUAL) for f in ("eigvalsh", "svdvals"))

# fmt: off
OPERATORS = (
    row("det", shapes.number_of("det"), torch.linalg.det, _number_form("det"), each_matrix(references.det),
        doc="The determinant.",
        samples=("det(A)", "det(C @ D)", "det(g)", "det(x @ x.T)", "det(A)**2", "det(A.T @ A)", "det(A[:2, :2])")),
    row("logdet", shapes.number_of("logdet"), torch.logdet, _number_form("logdet"), each_matrix(references.logdet),
        domain="det(A) > 0", doc="The logarithm of the determinant; nan where that is negative.", kinks=SINGULAR,
        samples=(f"logdet({SPD})", "logdet(C @ C.mT)", "logdet(g)", f"logdet(2*{SPD})")),
    row("slogdet", shapes.number_of("slogdet"), _pick(torch.linalg.slogdet), _slogdet_form,
        each_matrix(references.slogdet), signature="A, *, output: output", outputs=("sign", "logabsdet"),
        domain="det(A) != 0",
        doc="The sign of the determinant, and the logarithm of its absolute value.", kinks=SINGULAR,
        samples=("slogdet(A)[1]", "slogdet(C @ D).logabsdet", "slogdet(A)[0] * s", "slogdet(g)[1]"),
        error_inputs=("slogdet(A)", "slogdet(A)[2]", "slogdet(x)[1]", "slogdet(u)[1]")),
    row("inv", shapes.square_of("inv"), _inv, _inverse_form, each_matrix(references.inverse), aliases=("inverse",),
        domain="det(A) != 0", doc="The inverse matrix.", kinks=SINGULAR,
        samples=("inv(A)", "inv(C @ C.mT)", "inv(g)", f"inv({SPD}) @ u", "u @ inv(A) @ v", "trace(inv(A))",
                 "inv(inv(A))", "inv(A.T)")),
    row("pinv", shapes.pinv, _or_nan(torch.linalg.pinv), _pinv_form, each_matrix(references.pinv),
        doc="The pseudoinverse.", kinks=(Kink("svdvals(A)[-1] == 0", "the derivative along matrices of that rank"),),
        source="G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973",
        samples=("pinv(x)", "pinv(x.T)", "pinv(C)", "pinv(A) @ u", "pinv(c)", "pinv(r)", "pinv(g)"),
        error_inputs=("pinv(u)", "pinv()", "pinv(count)")),
    row("solve", shapes.solve, _solve, _solve_form, references.solve, signature="A, B", domain="det(A) != 0",
        doc="The x with A @ x = B, a vector or the columns of a matrix.", kinks=SINGULAR, source="torch.linalg.solve",
        samples=("solve(A, u)", "solve(A, B)", "solve(C @ C.mT, C)", "solve(g, o)", f"u @ solve({SPD}, u)",
                 "solve(C @ C.mT, x)", "solve(A, D.mT)"),
        error_inputs=("solve(A, w)", "solve(x, u)", "solve(A)", "solve(A, s)")),
    row("matrix_power", shapes.matrix_power, torch.linalg.matrix_power, _power_form,
        each_matrix(references.matrix_power), signature="A, n: integer", work=shapes.power_work,
        workspace=shapes.power_workspace,
        doc="The n-th power of the matrix; of its inverse where n is negative.",
        source="torch.linalg.matrix_power",
        samples=("matrix_power(A, 3)", "matrix_power(A, 0) + A", "matrix_power(A, 1)", "matrix_power(A, -2)",
                 "matrix_power(C @ D, 2)", "matrix_power(g, 4)"),
        error_inputs=("matrix_power(A)", "matrix_power(x, 2)", "matrix_power(A, 0.5)", "matrix_power(A, 2000)")),
    row("matrix_exp", shapes.square_of("matrix_exp"), torch.linalg.matrix_exp, None, each_matrix(references.matrix_exp),
        work=shapes.exponential_work, workspace=of_squares(16),
        doc="The sum of the matrix's powers over their factorials.", source="torch.linalg.matrix_exp",
        samples=("matrix_exp(A)", "matrix_exp(C @ D / 4)", "matrix_exp(g)")),
    row("cholesky", shapes.square_of("cholesky"), _cholesky, None, each_matrix(references.cholesky),
        domain="eigvalsh(A) > 0", signature="A, upper: flag = False",
        doc="The lower triangle L with positive diagonal and L @ L.T = A, from A's lower triangle; or L.T, from its "
            "upper one.",
        source="torch.linalg.cholesky",
        samples=(f"cholesky({SPD})", "cholesky(C @ C.mT)", "cholesky(g)", f"cholesky({SPD}, upper=True)")),
    row("eigvalsh", shapes.eigvalsh, _or_nan(torch.linalg.eigvalsh), _values_form, each_matrix(references.eigh),
        kinks=(TIES,), doc="The eigenvalues of a symmetric matrix, ascending, from its lower triangle.",
        source="M. B. Giles, 2008, section 3.1",
        samples=(f"eigvalsh({SPD})", "eigvalsh(C @ C.mT)", "eigvalsh(g)", "sum(eigvalsh(A + A.T)**2)",
                 f"log(eigvalsh({SPD}))")),
    row("eigh", shapes.eigh, _or_nan(_pick(torch.linalg.eigh)), _eigh_form, each_matrix(references.eigh),
        signature="A, *, output: output", outputs=("eigenvalues", "eigenvectors"),
        doc="The eigenvalues, ascending, and the eigenvectors, as columns, of a symmetric matrix; "
            "a vector's sign is torch's.",
        source="M. B. Giles, 2008, section 3.1", kinks=(TIES,),
        samples=(f"eigh({SPD})[0]", f"eigh({SPD})[1]**2", "eigh(A + A.T).eigenvectors**2", "eigh(g)[1]**2",
                 "eigh(C @ C.mT)[1]**2"),
        error_inputs=("eigh(A)", "eigh(A)[2]", "eigh(x)[0]", "eigh(u)[0]", "eigh(A).values")),
    row("svdvals", shapes.svdvals, _or_nan(torch.linalg.svdvals), _svdvals_form, each_matrix(references.svd),
        size_dependent=True, workspace=of_common_shape(2),
        doc="The singular values, descending.", source="M. B. Giles, 2008, section 3.2", kinks=(SINGULAR_TIES,),
        samples=("svdvals(A)", "svdvals(x)", "svdvals(C)", "svdvals(c)", "sum(svdvals(x.T))", "svdvals(g)"),
        error_inputs=("svdvals(u)", "svdvals()", "svdvals(count)")),
    row("svd", shapes.svd, _or_nan(_svd), _svd_form, each_matrix(references.svd),
        signature="A, full_matrices: flag = True, *, output: output",
        outputs=("U", "S", "Vh"), size_dependent=True, kinks=(SINGULAR_TIES,),
        workspace=of_common_shape(2), source="M. B. Giles, 2008, section 3.2",
        doc="A = U @ diag(S) @ Vh: singular vectors as columns of U and rows of Vh, values descending; "
            "a vector's sign is torch's.",
        samples=("svd(A)[1]", "svd(A)[0]**2", "svd(x, full_matrices=False)[0]**2", "svd(x, False).Vh**2", "svd(x).S",
                 "svd(x.T, False)[0]**2", "svd(C, False)[2]**2", "svd(c, False)[0]**2"),
        error_inputs=("svd(A)", "svd(x)[0]", "svd(u)[1]", "svd(A)[3]")),
    row("lstsq", shapes.lstsq, _pick(torch.linalg.lstsq), None, references.lstsq,
        signature="A, B, *, output: output", outputs=("solution",),
        doc="The x with the smallest norm of A @ x - B, for A of full rank.", source="torch.linalg.lstsq",
        samples=("lstsq(x.T, B)[0]", "lstsq(A, B).solution", "lstsq(C.mT, D)[0]"),
        error_inputs=("lstsq(A, B)", "lstsq(A, B)[1]", "lstsq(A, u)[0]", "lstsq(x, B)[0]")),
)
# fmt: on
