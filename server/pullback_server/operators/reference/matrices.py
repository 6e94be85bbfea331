"""Functions of matrices of mpmath numbers at the precision in force, matrix by matrix: nan where there is no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from ..shape_rules.decompositions import of_vectors
from . import scalars
from .columns import Objects


def each_matrix(function: Callable[..., Any]) -> Callable[..., Objects]:
    """A function of one mpmath matrix, as a list of lists, applied to the matrices in the last two dimensions."""

    def column(x: Objects, **arguments: Any) -> Objects:
        batch = x.shape[:-2]
        results = [np.array(_total(function, x[index], **arguments), dtype=object) for index in np.ndindex(batch)]
        if not results:
            ones = np.full(x.shape[-2:], mp.mpf(1), dtype=object)
            shape = np.array(_total(function, ones, **arguments), dtype=object).shape
            return np.empty((*batch, *shape), dtype=object)
        return np.array([r.tolist() for r in results], dtype=object).reshape((*batch, *results[0].shape))

    return column


def _total(function: Callable[..., Any], x: Objects, **arguments: Any) -> Any:
    try:
        return function(x, **arguments)
    except (ZeroDivisionError, ValueError):
        return function(np.eye(*x.shape).astype(object) * mp.mpf(1), **arguments) * mp.nan


def _mp(x: Objects) -> Any:
    return mp.matrix(x.tolist()) if x.size else mp.matrix(*x.shape)


def _array(x: Any) -> Objects:
    return np.array(x.tolist(), dtype=object).reshape(x.rows, x.cols)


def det(x: Objects) -> Objects:
    """The determinant; 1 for no rows."""
    return np.array(mp.mpf(mp.det(_mp(x))) if x.size else mp.mpf(1), dtype=object)


def inverse(x: Objects) -> Objects:
    """The inverse; ZeroDivisionError where there is none."""
    return _array(mp.inverse(_mp(x))) if x.size else x


def logdet(x: Objects) -> Objects:
    """The logarithm of the determinant."""
    return np.array(scalars.log(det(x)[()]), dtype=object)


def slogdet(x: Objects, *, output: int) -> Objects:
    """The determinant's sign, or the logarithm of its absolute value."""
    determinant = det(x)[()]
    return np.array(mp.sign(determinant) if output == 0 else scalars.log(abs(determinant)), dtype=object)


def _symmetric(x: Objects) -> Objects:
    """The symmetric matrix with that lower triangle, which is all that torch reads."""
    matrix: Objects = np.tril(x) + np.tril(x, -1).T
    return matrix


def eigh(x: Objects, *, output: int = 0) -> Objects:
    """The eigenvalues of the lower triangle, ascending, or the eigenvectors as columns."""
    values, vectors = mp.eigsy(_mp(_symmetric(x)))
    return np.array(list(values), dtype=object) if output == 0 else _array(vectors)


def svd(x: Objects, *, output: int = 1, full_matrices: bool = False) -> Objects:
    """One of U, S and Vh, with the shorter side's number of singular values."""
    del full_matrices
    u, s, v = mp.svd_r(_mp(x), full_matrices=False)
    return np.array(list(s), dtype=object) if output == 1 else _array((u, s, v)[output])


def pinv(x: Objects) -> Objects:
    """The pseudoinverse; singular values within rounding error count as 0."""
    u, s, v = mp.svd_r(_mp(x), full_matrices=False)
    kept = [1 / value if value > max(x.shape) * mp.eps * s[0] else mp.mpf(0) for value in s]
    return _array(v.T * mp.diag(kept) * u.T)


def matrix_power(x: Objects, *, n: int) -> Objects:
    """The n-th power, of the inverse where n is negative."""
    return _array(_mp(x) ** n) if x.size else x


def matrix_exp(x: Objects) -> Objects:
    """The exponential series of the matrix."""
    return _array(mp.expm(_mp(x))) if x.size else x


def cholesky(x: Objects, *, upper: bool) -> Objects:
    """The lower Cholesky factor, from the lower triangle; the upper one from the upper triangle."""
    if not x.size:
        return x
    return _array(mp.cholesky(_mp(_symmetric(x.T)))).T if upper else _array(mp.cholesky(_mp(_symmetric(x))))


def solve(a: Objects, b: Objects) -> Objects:
    """The inverse times the right side: a vector, vectors or matrices."""
    inverses = each_matrix(inverse)(a)
    if b.ndim == 1 or not of_vectors(a, b):
        return matmul_reference(inverses, b)
    return matmul_reference(inverses, b[..., None])[..., 0]


def lstsq(a: Objects, b: Objects, *, output: int) -> Objects:
    """The pseudoinverse times the right side."""
    return matmul_reference(each_matrix(pinv)(a), b)


# NumPy multiplies and adds mpmath numbers as they are.


def matmul_reference(x: Objects, y: Objects) -> Objects:
    """torch.matmul: vectors are rows on the left and columns on the right."""
    rows = x if x.ndim > 1 else x[np.newaxis, :]
    columns = y if y.ndim > 1 else y[:, np.newaxis]
    product = (rows[..., :, :, np.newaxis] * columns[..., np.newaxis, :, :]).sum(axis=-2)
    product = product if x.ndim > 1 else product[..., 0, :]
    return np.asarray(product if y.ndim > 1 else product[..., 0], dtype=object)
