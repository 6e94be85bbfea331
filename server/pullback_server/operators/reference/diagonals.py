"""Diagonals and triangles of matrices of mpmath numbers."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from .columns import Objects


def diag_embed(x: Objects, *, offset: int, dim1: int, dim2: int) -> Objects:
    """The last dimension as a diagonal of matrices."""
    side = x.shape[-1] + abs(offset)
    out = np.full((*x.shape[:-1], side, side), mp.mpf(0), dtype=object)
    for k in range(x.shape[-1]):
        out[..., k - min(offset, 0), k + max(offset, 0)] = x[..., k]
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


def diag(x: Objects, *, diagonal: int) -> Objects:
    """The diagonal matrix of a vector, or a diagonal of a matrix."""
    if x.ndim == 1:
        return diag_embed(x, offset=diagonal, dim1=0, dim2=1)
    return np.asarray(np.diagonal(x, diagonal), dtype=object)


def triangle(x: Objects, diagonal: int, lower: bool) -> Objects:
    """The entries on one side of a diagonal and on it, 0 elsewhere."""
    i, j = np.ogrid[: x.shape[-2], : x.shape[-1]]
    return np.where(j <= i + diagonal if lower else i + diagonal <= j, x, mp.mpf(0))
