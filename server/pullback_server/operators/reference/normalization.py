"""Normalizations of object arrays of mpmath numbers, by their definitions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from . import scalars
from .columns import Objects

Dims = tuple[int, ...]


def _standardize(x: Objects, dims: Dims, eps: float) -> Objects:
    out = np.empty(x.shape, dtype=object)
    for kept in np.ndindex(*(1 if k in dims else n for k, n in enumerate(x.shape))):
        at = tuple(slice(None) if k in dims else p for k, p in enumerate(kept))
        values = list(x[at].flat)
        mean = scalars.mean(values)
        variance = scalars.mean([(v - mean) ** 2 for v in values])
        out[at] = (x[at] - mean) / scalars.sqrt(variance + mp.mpf(eps))
    return out


def _scale(x: Objects, weight: Objects | None, bias: Objects | None) -> Objects:
    result = x if weight is None else x * weight
    return np.asarray(result if bias is None else result + bias, dtype=object)


def _along_channels(x: Objects, *vectors: Objects | None) -> list[Objects | None]:
    """Vectors with an entry for each channel, shaped so that they broadcast against x."""
    return [v if v is None else v.reshape(-1, *(1,) * (x.ndim - 2)) for v in vectors]


def layer(x: Objects, weight: Objects | None, bias: Objects | None, *, normalized_shape: Dims, eps: float) -> Objects:
    """Over the last dimensions."""
    dims = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    return _scale(_standardize(x, dims, eps), weight, bias)


def rms(x: Objects, weight: Objects | None, *, normalized_shape: Dims, eps: float) -> Objects:
    """x over the root of the mean square of the last dimensions."""
    out, first = np.empty(x.shape, dtype=object), x.ndim - len(normalized_shape)
    for at in np.ndindex(x.shape[:first]):
        values: list[Any] = list(x[at].flat)
        squares = scalars.mean([v * v for v in values])
        out[at] = x[at] / scalars.sqrt(squares + mp.mpf(eps))
    return _scale(out, weight, None)


def batch(x: Objects, *others: Objects | None, training: bool, eps: float, **_: Any) -> Objects:
    """Over all but the channels, or with a given mean and variance."""
    mean, variance, weight, bias = _along_channels(x, *others)
    if training or mean is None or variance is None:
        return _scale(_standardize(x, (0, *range(2, x.ndim)), eps), weight, bias)
    deviation = np.frompyfunc(scalars.sqrt, 1, 1)(variance + mp.mpf(eps))
    return _scale((x - mean) / deviation, weight, bias)


def instance(x: Objects, *others: Objects | None, use_input_stats: bool, eps: float, **_: Any) -> Objects:
    """Over all but the batch and the channels, or with a given mean and variance."""
    if not use_input_stats:
        return batch(x, *others, training=False, eps=eps)
    return _scale(_standardize(x, tuple(range(2, x.ndim)), eps), *_along_channels(x, *others[2:]))


def group(x: Objects, weight: Objects | None, bias: Objects | None, *, num_groups: int, eps: float) -> Objects:
    """Over the channels of each group and what follows them."""
    grouped = x.reshape(len(x), num_groups, x.shape[1] // num_groups, *x.shape[2:])
    result = _standardize(grouped, tuple(range(2, grouped.ndim)), eps).reshape(x.shape)
    return _scale(result, *_along_channels(x, weight, bias))
