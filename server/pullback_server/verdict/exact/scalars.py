"""The functions that plans name, on mpmath numbers: the rows' reference columns, and arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from inspect import signature
from itertools import accumulate
from operator import add, mul, neg, sub
from typing import Any

import mpmath as mp
import numpy as np

from ...operators import BY_FUNCTION, Operator
from ...operators.lifting import WithLiterals
from ...operators.reference import matrices, reductions, scalars
from ...operators.reference.columns import Elementwise, Objects
from ...operators.reference.matrices import each_matrix

Scalar = Callable[..., Any]


def _truth(holds: bool) -> Any:
    return mp.mpf(int(holds))


#: Arithmetic, and the functions that have no row in the table.
CORE: dict[str, Scalar] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": scalars.quotient,
    "over_norm": lambda a, b: mp.mpf(0) if b == 0 else a / b,
    "neg": neg,
    "pow": scalars.power,
    "sqrt": scalars.sqrt,
    "number": lambda a: a,
    "ones_like": lambda a: mp.mpf(1),
    "where": lambda c, a, b: a if c != 0 else b,
    "less": lambda a, b: _truth(a < b),
    "less_equal": lambda a, b: _truth(a <= b),
    "greater": lambda a, b: _truth(a > b),
    "greater_equal": lambda a, b: _truth(a >= b),
    "equal": lambda a, b: _truth(a == b),
    "not_equal": lambda a, b: _truth(a != b),
    "logical_and": lambda a, b: _truth(a != 0 and b != 0),
    "logical_or": lambda a, b: _truth(a != 0 or b != 0),
    "logical_not": lambda a: _truth(a == 0),
    "logical_xor": lambda a, b: _truth((a != 0) != (b != 0)),
    "sign": scalars.sign,
}


@cache
def scalar(name: str) -> Scalar:
    """The function of that name; the numbers of a call follow or precede its operands, as in plans."""
    return CORE[name] if name in CORE else _rows()[name]


@cache
def _rows() -> dict[str, Scalar]:
    return {
        name: _of_row(row, row.reference.scalar)
        for name, row in BY_FUNCTION.items()
        if isinstance(row.reference, Elementwise)
    }


def _of_row(row: Operator, function: Scalar) -> Scalar:
    if isinstance(row.sympy, WithLiterals):
        return row.sympy.positional(function, row.parameters)
    # The function that plans call by the row's name is the one with the row's own options.
    options = {p.name for p in signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}
    defaults = {name: value for name, value in row.parameters.defaults.items() if name in options}
    return partial(function, **defaults) if defaults else function


Scan = Callable[[list[Any]], list[Any]]


def _others(values: list[Any]) -> list[Any]:
    left = list(accumulate(values[:-1], mul, initial=mp.mpf(1)))
    right = list(accumulate(values[:0:-1], mul, initial=mp.mpf(1)))[::-1]
    return [a * b for a, b in zip(left, right, strict=True)] if values else []


def _back(run: Scan) -> Scan:
    return lambda values: run(values[::-1])[::-1]


def _running(combine: Callable[[Any, Any], Any]) -> Scan:
    return lambda values: list(accumulate(values, combine))


def _log_sums(values: list[Any]) -> list[Any]:
    return [scalars.logsumexp(values[: k + 1]) for k in range(len(values))]


#: Scans: functions of lines whose results have the length of the line.
SCANS: dict[str, Scan] = {
    "softmax": reductions.softmax,
    "product_of_others": _others,
    "cumsum": _running(add),
    "cumsum_back": _back(_running(add)),
    "cumprod": _running(mul),
    "cumprod_back": _back(_running(mul)),
    "cumlogsumexp": _log_sums,
    "cumlogsumexp_back": _back(_log_sums),
}


def _cofactor(x: Objects) -> Objects:
    """The derivative of the determinant: for each entry the signed determinant without its row and column."""
    n = x.shape[0]
    out = np.empty((n, n), dtype=object)
    for i, j in np.ndindex(n, n):
        minor = np.delete(np.delete(x, i, axis=0), j, axis=1)
        out[i, j] = (-1) ** (i + j) * matrices.det(minor)[()]
    return out


#: The functions of matrices that plans name, on the last two dimensions.
MATRICES: dict[str, Callable[[Objects], Objects]] = {
    "inv": each_matrix(matrices.inverse),
    "det": each_matrix(matrices.det),
    "cofactor": each_matrix(_cofactor),
    "logdet": each_matrix(matrices.logdet),
    "logabsdet": each_matrix(lambda x: matrices.slogdet(x, output=1)),
    "pinv": each_matrix(matrices.pinv),
    "eigenvalues": each_matrix(lambda x: matrices.eigh(x, output=0)),
    "eigenvectors": each_matrix(lambda x: matrices.eigh(x, output=1)),
    "singular_values": each_matrix(lambda x: matrices.svd(x, output=1)),
    "left_vectors": each_matrix(lambda x: matrices.svd(x, output=0)),
    "right_vectors": each_matrix(lambda x: matrices.svd(x, output=2)),
}
