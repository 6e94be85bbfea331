"""Layers of neural networks on object arrays of mpmath numbers, by their definitions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from . import reductions, scalars
from .columns import AlongDim, Objects
from .matrices import matmul_reference


def linear(x: Objects, weight: Objects, bias: Objects | None) -> Objects:
    """x @ weight.T + bias."""
    result = matmul_reference(x, weight.T)
    return result if bias is None else np.asarray(result + bias, dtype=object)


def bilinear(x: Objects, y: Objects, weight: Objects, bias: Objects | None) -> Objects:
    """x @ weight[k] @ y for each k, plus bias[k]."""
    out = np.empty((*x.shape[:-1], len(weight)), dtype=object)
    for place in np.ndindex(out.shape):
        *row, k = place
        total = mp.mpf(0) if bias is None else bias[k]
        for i, j in np.ndindex(weight.shape[1:]):
            total = total + x[(*row, i)] * weight[k, i, j] * y[(*row, j)]
        out[place] = total
    return out


def embedding(indices: Objects, weight: Objects, *, padding_idx: int | None) -> Objects:
    """The rows at these indices."""
    out = np.empty((*indices.shape, weight.shape[1]), dtype=object)
    for place in np.ndindex(indices.shape):
        out[place] = weight[int(indices[place])]
    return out


def glu(x: Objects, *, dim: int) -> Objects:
    """The first half times the sigmoid of the second."""
    first, gate = np.split(x, 2, axis=dim)
    return np.asarray(first * np.frompyfunc(scalars.sigmoid, 1, 1)(gate), dtype=object)


def prelu(x: Objects, weight: Objects) -> Objects:
    """x, times its channel's slope where it is negative."""
    out = np.empty(x.shape, dtype=object)
    for place in np.ndindex(x.shape):
        slope = weight.reshape(-1)[place[1] if weight.size > 1 else 0]
        out[place] = x[place] if x[place] > 0 else slope * x[place]
    return out


def pixel_shuffle(x: Objects, *, upscale_factor: int) -> Objects:
    """Entry (c*r*r + a*r + b, h, w) goes to (c, h*r + a, w*r + b)."""
    r, (channels, height, width) = upscale_factor, x.shape[-3:]
    out = np.empty((*x.shape[:-3], channels // r**2, height * r, width * r), dtype=object)
    for c, h, w in np.ndindex(channels, height, width):
        out[..., c // r**2, h * r + c % r**2 // r, w * r + c % r] = x[..., c, h, w]
    return out


def attention(
    query: Objects,
    key: Objects,
    value: Objects,
    mask: Objects | None,
    *,
    scale: float | None,
    is_causal: bool,
    choosing: bool,
    **_: Any,
) -> Objects:
    """softmax(query @ key.T*scale + mask) @ value; a mask that chooses and is_causal leave scores out."""
    factor = 1 / scalars.sqrt(mp.mpf(query.shape[-1])) if scale is None else mp.mpf(scale)
    scores = matmul_reference(query, np.swapaxes(key, -2, -1)) * factor
    if mask is not None and not choosing:
        scores = scores + mask
    out = np.array(np.broadcast_to(scores, scores.shape), dtype=object)
    chosen = np.broadcast_to(mask, out.shape) if mask is not None and choosing else None
    for place in np.ndindex(out.shape):
        if (chosen is not None and chosen[place] == 0) or (is_causal and place[-1] > place[-2]):
            out[place] = -mp.inf
    weights = AlongDim(reductions.softmax)(out)
    if chosen is not None:
        # In torch the weights are 0 where nothing is chosen.
        weights = np.where(chosen != 0, weights, mp.mpf(0))
    return matmul_reference(weights, value)
