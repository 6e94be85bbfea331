"""Norms of vectors and matrices of mpmath numbers, by their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp
import numpy as np

from ..shape_rules.common import axes_of
from ..shape_rules.norms import SPECTRAL, Order, as_number, is_matrix_norm
from . import scalars
from .columns import Objects, Reduced
from .scalars import Real


def norm_of(values: Sequence[Real], *, p: float | str | None = 2) -> Real:
    """The p-th root of the sum of |x|**p; for infinite p the largest or smallest |x|, for p = 0 how many are not 0."""
    sizes = [abs(v) for v in values]
    order = mp.mpf(as_number(p))
    if mp.isinf(order):
        return scalars.largest(sizes) if order > 0 else scalars.smallest(sizes)
    if order == 0:
        return scalars.add_up([mp.mpf(s != 0) for s in sizes])
    return scalars.power(scalars.add_up([scalars.power(s, order) for s in sizes]), 1 / order)


def _of_matrix(matrix: Objects, order: float | str) -> Real:
    """The norm of one matrix: of its entries, its rows, its columns or its singular values."""
    if order == "fro":
        return norm_of(list(matrix.flat))
    if order in SPECTRAL:
        if not matrix.size:
            return mp.mpf(0)
        values = _singular_values(matrix)
        return scalars.add_up(values) if order == "nuc" else max(values) if order == 2 else min(values)
    lines = matrix if order in (mp.inf, -mp.inf) else matrix.T
    sums = [scalars.add_up([abs(v) for v in line]) for line in lines]
    return scalars.largest(sums) if order > 0 else scalars.smallest(sums)  # type: ignore[operator]


def _singular_values(matrix: Objects) -> list[Real]:
    """The singular values of a matrix; nan where an entry is not finite."""
    if not all(map(mp.isfinite, matrix.flat)):
        return [mp.nan] * min(matrix.shape)
    return list(mp.svd_r(mp.matrix(matrix.tolist()), compute_uv=False))


def vector_norm(x: Objects, *, ord: Order, dim: Any = None, keepdim: bool = False) -> Objects:
    """Of the entries along dim."""
    return Reduced(norm_of)(x, p=ord, dim=dim, keepdim=keepdim)


def matrix_norm(x: Objects, *, ord: float | str, dim: Any, keepdim: bool = False) -> Objects:
    """Of the matrices in two dimensions."""
    axes = axes_of(dim, np.ndim(x))
    matrices = np.moveaxis(np.asarray(x, dtype=object), axes, (-2, -1))
    out = np.empty(matrices.shape[:-2], dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = _of_matrix(matrices[index], ord)
    return np.expand_dims(out, axes) if keepdim else out


def linalg_norm(x: Objects, *, ord: Any, dim: Any = None, keepdim: bool = False) -> Objects:
    """Of all entries without an order, else of a matrix over two dimensions and of vectors over one."""
    if is_matrix_norm(np.ndim(x), ord, dim):
        return matrix_norm(x, ord=ord, dim=(0, 1) if dim is None else dim, keepdim=keepdim)
    return vector_norm(x, ord=ord, dim=dim, keepdim=keepdim)
