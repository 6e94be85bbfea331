"""Directions and distances of vectors of mpmath numbers, by their definitions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from . import scalars
from .columns import Objects, Reduced
from .norms import norm_of

_QUOTIENT: Any = np.frompyfunc(scalars.quotient, 2, 1)


def normalize(x: Objects, *, p: float, dim: Any, eps: float) -> Objects:
    """x over its norm, or over eps where that is greater."""
    return np.asarray(_QUOTIENT(x, _norm_at_least(x, p, dim, eps)), dtype=object)


def cosine_similarity(x1: Objects, x2: Objects, *, dim: int, eps: float) -> Objects:
    """The sum of the products of the normalized vectors' entries."""
    a, b = np.broadcast_arrays(np.asarray(x1, dtype=object), np.asarray(x2, dtype=object))
    lines = _QUOTIENT(a, _norm_at_least(a, 2, dim, eps)) * _QUOTIENT(b, _norm_at_least(b, 2, dim, eps))
    return Reduced(scalars.add_up)(lines, dim=dim)


def pairwise_distance(x1: Objects, x2: Objects, *, p: float, eps: float, keepdim: bool) -> Objects:
    """The norm of x1 - x2 + eps."""
    return Reduced(norm_of)(np.asarray(x1 - x2 + mp.mpf(eps)), p=p, dim=-1, keepdim=keepdim)


def cdist(x1: Objects, x2: Objects, *, p: float, compute_mode: str | None) -> Objects:
    """The norm of the difference of each pair of rows."""
    del compute_mode
    differences = x1[..., :, np.newaxis, :] - x2[..., np.newaxis, :, :]
    if not differences.shape[-1]:
        return np.full(differences.shape[:-1], mp.mpf(0), dtype=object)
    return Reduced(norm_of)(differences, p=p, dim=-1)


def _norm_at_least(x: Objects, p: float, dim: Any, eps: float) -> Objects:
    norm = Reduced(norm_of)(x, p=p, dim=dim, keepdim=True)
    return np.asarray(np.frompyfunc(lambda n: scalars.maximum(n, mp.mpf(eps)), 1, 1)(norm), dtype=object)
