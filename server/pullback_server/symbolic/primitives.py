"""The primitives of plans that are no elementwise function of the operator table: all that is known of each, in a row.

A new reduction or function of a matrix is a row here, its derivative (`differentiation`), how it carries errors on
(`evaluation.running_error`) and its value in many digits (`verdict.exact`); this table's tests say which is missing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch

from . import kernels
from .kernels import AlongAxes, OfMatrices, along, backwards, decomposed


@dataclass(frozen=True)
class AxisRow:
    """A function along axes of a tensor: a scan, which keeps them, or a reduction, which takes them away.

    `rounding` and `per_entry` are the error of torch's kernel as in `kernel_errors`, in units of the dtype's epsilon:
    of the magnitudes of what is added up, or of the result of a product; and as much again for each entry. In the code
    `{0}` is the tensor, `{along}` the argument for the axes, left out where these are all, `{axes}` and `{axis}` are
    axes without a name, and `{product}` and the like are helpers, of `notation.code.helpers`.
    """

    name: str
    torch: AlongAxes
    rounding: float
    per_entry: float
    code_torch: str
    code_numpy: str


@dataclass(frozen=True)
class ReductionRow(AxisRow):
    """A reduction, which programs have and not plans alone.

    `text` and `latex` are its names in index notation, empty where it is written in terms of others; `operator` is the
    one of our own language. `meaning` and `rule` tell a derivation what it is and how its derivative goes.
    """

    text: str
    latex: str
    operator: str
    meaning: str
    rule: str


@dataclass(frozen=True)
class MatrixRow:
    """A function of the matrices in two axes of a tensor.

    `axes` are those of the result: r as long as the matrix has rows, c columns, k the fewer of these. `text` and
    `latex` are its names in index notation, of the matrix `{}`; `call` is the operator of our own language with its
    options. `meaning` and `rule` tell a derivation what it is and how its derivative goes. Cofactors have none of
    these: they are written as `det(X)*inv(X).T`, and not differentiated.
    """

    name: str
    axes: str
    torch: OfMatrices
    code_torch: str
    code_numpy: str
    text: str = ""
    latex: str = ""
    call: tuple[Any, ...] = ()
    meaning: str = ""
    rule: str = ""


@dataclass(frozen=True)
class ComparisonRow:
    """A comparison, or what joins some: its operator symbol, what that is in LaTeX, and the function.

    `exact` is that of Python integers, for index arithmetic.
    """

    name: str
    symbol: str
    latex: str
    torch: Callable[..., Any]
    exact: Callable[..., Any]


Row = TypeVar("Row", AxisRow, ReductionRow, MatrixRow, ComparisonRow)


def _by_name(*rows: Row) -> dict[str, Row]:
    return {row.name: row for row in rows}


def _back(scan: AxisRow) -> AxisRow:
    """The scan that runs along its axis from the last entry to the first."""
    return replace(
        scan,
        name=f"{scan.name}_back",
        torch=backwards(scan.torch),
        code_torch=f"torch.flip({scan.code_torch.replace('{0}', 'torch.flip({0}, ({axis},))')}, ({{axis}},))",
        code_numpy=f"np.flip({scan.code_numpy.replace('{0}', 'np.flip({0}, {axis})')}, {{axis}})",
    )


#: An option of `svd`: without the vectors that belong to no singular value.
THIN = ("full_matrices", False)

# fmt: off
REDUCTIONS = _by_name(
    #            name                     torch             error            code in torch
    #            code in NumPy                              text       LaTeX     operator     what it is
    #            how its derivative goes
    ReductionRow("sum",                   torch.sum,        5, 1e-5,         "torch.sum({0}{along})",
                 "np.sum({0}{along})",                      "Sum",     r"\sum",  "sum",       "a sum",
                 "a sum passes the gradient to each summand"),
    ReductionRow("prod",                  kernels.product,  1, 0.25,         "{product}({0}, {axes})",
                 "np.prod({0}{along})",                     "Product", r"\prod", "prod",      "a product",
                 "the derivative of a product with respect to one factor is the product of the others"),
    ReductionRow("max",                   torch.amax,       0, 0,            "torch.amax({0}{along})",
                 "np.max({0}{along})",                      "Max",     r"\max",  "amax",      "the greatest entry",
                 "the gradient goes to the greatest entry, and ties share it"),
    ReductionRow("min",                   torch.amin,       0, 0,            "torch.amin({0}{along})",
                 "np.min({0}{along})",                      "Min",     r"\min",  "amin",      "the least entry",
                 "the gradient goes to the least entry, and ties share it"),
    # In index notation log(Sum(exp(x))).
    ReductionRow("logsumexp",             torch.logsumexp,  2, 1e-5,         "torch.logsumexp({0}, dim={axes})",
                 "np.logaddexp.reduce({0}, axis={axes})",   "",        "",       "logsumexp", "log-sum-exp",
                 "the derivative of log-sum-exp is softmax"),
)

_CUMULATIVE = (
    #       name                 torch                       error    code in torch
    #       code in NumPy
    AxisRow("cumsum",            along(torch.cumsum),        1, 0.2,  "torch.cumsum({0}, dim={axis})",
            "np.cumsum({0}, axis={axis})"),
    AxisRow("cumprod",           along(torch.cumprod),       1, 0.25, "torch.cumprod({0}, dim={axis})",
            "np.cumprod({0}, axis={axis})"),
    AxisRow("cumlogsumexp",      along(torch.logcumsumexp),  2, 0.2,  "torch.logcumsumexp({0}, dim={axis})",
            "np.logaddexp.accumulate({0}, axis={axis})"),
)
#: What keeps the axes that it runs along: plans have these where programs have sums of masked terms, and the like.
SCANS = _by_name(
    AxisRow("softmax",           along(torch.softmax),       3, 0.06, "torch.softmax({0}, dim={axis})",
            "{softmax}({0}, axis={axis})"),
    AxisRow("product_of_others", kernels.product_of_others,  1, 0.25, "{product_of_others}({0}, {axes})",
            "{product_of_others}({0}, {axes})"),
    *_CUMULATIVE,
    *map(_back, _CUMULATIVE),
)

AXIS_FUNCTIONS: dict[str, AxisRow] = {**REDUCTIONS, **SCANS}

MATRIX_FUNCTIONS = _by_name(
    #         name               axes  torch
    #         code in torch                                   code in NumPy
    #         text               LaTeX                                         call
    #         what it is         how its derivative goes
    MatrixRow("inv",             "cr", kernels.inverse,
              "torch.linalg.inv({0})",                        "np.linalg.inv({0})",
              "inv({})",         "{}^{{-1}}",                                  ("inv",),
              "a matrix inverse", "d inv(X) = -inv(X) @ dX @ inv(X)"),
    MatrixRow("pinv",            "cr", decomposed(torch.linalg.pinv),
              "torch.linalg.pinv({0})",                       "np.linalg.pinv({0})",
              "pinv({})",        "{}^{{+}}",                                   ("pinv",),
              "a pseudoinverse", "the derivative of the pseudoinverse at constant rank (Golub and Pereyra, 1973)"),
    MatrixRow("det",             "",   torch.linalg.det,
              "torch.linalg.det({0})",                        "np.linalg.det({0})",
              "det({})",         r"\det {}",                                   ("det",),
              "a determinant",   "d det(X) = trace(det(X)*inv(X) @ dX)"),
    MatrixRow("logdet",          "",   torch.logdet,
              "torch.logdet({0})",                            "np.log(np.linalg.det({0}))",
              "logdet({})",      r"\log\det {}",                               ("logdet",),
              "a log-determinant", "d logdet(X) = trace(inv(X) @ dX)"),
    MatrixRow("logabsdet",       "",   kernels.log_abs_det,
              "torch.linalg.slogdet({0})[1]",                 "np.linalg.slogdet({0})[1]",
              "slogdet({})[1]",  r"\log\left|\det {}\right|",                  ("slogdet", ("output", 1)),
              "the logarithm of a determinant's magnitude", "d log(abs(det(X))) = trace(inv(X) @ dX)"),
    MatrixRow("eigenvalues",     "k",  decomposed(torch.linalg.eigvalsh),
              "torch.linalg.eigvalsh({0})",                   "np.linalg.eigvalsh({0})",
              "eigvalsh({})",    r"\operatorname{{eigvalsh}}\left({}\right)",  ("eigvalsh",),
              "eigenvalues",     "the derivative of an eigenvalue is outer(u, u), of its unit vector u"),
    MatrixRow("eigenvectors",    "rk", decomposed(torch.linalg.eigh, 1),
              "torch.linalg.eigh({0})[1]",                    "np.linalg.eigh({0})[1]",
              "eigh({})[1]",     r"\operatorname{{eigh}}_{{2}}\left({}\right)", ("eigh", ("output", 1)),
              "eigenvectors",    "an eigenvector turns towards the others by their overlap over the gap"),
    MatrixRow("singular_values", "k",  decomposed(torch.linalg.svdvals),
              "torch.linalg.svdvals({0})",                    "np.linalg.svd({0}, compute_uv=False)",
              "svdvals({})",     r"\operatorname{{svdvals}}\left({}\right)",   ("svdvals",),
              "singular values", "the derivative of a singular value is outer(u, v), of its vectors"),
    MatrixRow("left_vectors",    "rk", decomposed(torch.linalg.svd, 0, full_matrices=False),
              "torch.linalg.svd({0}, full_matrices=False)[0]", "np.linalg.svd({0}, full_matrices=False)[0]",
              "svd({})[0]",      r"\operatorname{{svd}}_{{1}}\left({}\right)", ("svd", THIN, ("output", 0)),
              "left singular vectors", "a singular vector turns towards the others by overlap over gap"),
    MatrixRow("right_vectors",   "kc", decomposed(torch.linalg.svd, 2, full_matrices=False),
              "torch.linalg.svd({0}, full_matrices=False)[2]", "np.linalg.svd({0}, full_matrices=False)[2]",
              "svd({})[2]",      r"\operatorname{{svd}}_{{3}}\left({}\right)", ("svd", THIN, ("output", 2)),
              "right singular vectors", "a singular vector turns towards the others by overlap over gap"),
    # In index notation det(X)*inv(X)[j, i].
    MatrixRow("cofactor",        "rc", kernels.cofactor,
              "{cofactor}({0})",                              "{cofactor}({0})"),
)

COMPARISONS = _by_name(
    #             name             symbol  LaTeX      torch              of integers
    ComparisonRow("less",          "<",    "<",       torch.lt,          operator.lt),
    ComparisonRow("less_equal",    "<=",   r"\le",    torch.le,          operator.le),
    ComparisonRow("greater",       ">",    ">",       torch.gt,          operator.gt),
    ComparisonRow("greater_equal", ">=",   r"\ge",    torch.ge,          operator.ge),
    ComparisonRow("equal",         "==",   "=",       torch.eq,          operator.eq),
    ComparisonRow("not_equal",     "!=",   r"\ne",    torch.ne,          operator.ne),
    ComparisonRow("logical_and",   "&",    r"\wedge", torch.logical_and, lambda a, b: a and b),
    ComparisonRow("logical_or",    "|",    r"\vee",   torch.logical_or,  lambda a, b: a or b),
    ComparisonRow("logical_not",   "~",    r"\neg",   torch.logical_not, operator.not_),
)
# fmt: on
