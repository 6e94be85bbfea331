"""Losses of vectors of mpmath numbers, by their definitions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from . import losses, reductions, scalars
from .columns import Objects


def cross_entropy(
    x: Objects, t: Objects, weight: Objects | None, *, ignore_index: int, reduction: str, label_smoothing: float
) -> Objects:
    """-log_softmax(x) at the target's class, or times the target's probabilities."""
    lines, share = _lines(x), mp.mpf(label_smoothing)
    logs = np.empty(lines.shape, dtype=object)
    for at in np.ndindex(lines.shape[:-1]):
        logs[at] = np.array(reductions.log_softmax(list(lines[at])), dtype=object)
    if t.ndim < x.ndim:
        return _of_classes(logs, t, weight, ignore_index, reduction, share)
    probabilities, factors = _lines(t), _factors(logs, weight)
    out = np.empty(lines.shape[:-1], dtype=object)
    for at in np.ndindex(out.shape):
        smooth = [(1 - share) * p + share / len(factors) for p in probabilities[at]]
        out[at] = -scalars.add_up([f * p * v for f, p, v in zip(factors, smooth, logs[at], strict=True)])
    return losses.reduced_reference(out, reduction)


def likelihood(x: Objects, t: Objects, weight: Objects | None, *, ignore_index: int, reduction: str) -> Objects:
    """-x at the target's class."""
    return _of_classes(_lines(x), t, weight, ignore_index, reduction, mp.mpf(0))


def _lines(x: Objects) -> Objects:
    """The classes, which are the second dimension or the only one, as the last."""
    return np.moveaxis(x, 1, -1) if x.ndim > 1 else x


def _factors(lines: Objects, weight: Objects | None) -> list[Any]:
    return [mp.mpf(1)] * lines.shape[-1] if weight is None else list(weight)


def _of_classes(
    logs: Objects, t: Objects, weight: Objects | None, ignore_index: int, reduction: str, share: Any
) -> Objects:
    factors, counted = _factors(logs, weight), mp.mpf(0)
    out = np.empty(logs.shape[:-1], dtype=object)
    for at in np.ndindex(out.shape):
        k, line = int(t[at]), list(logs[at])
        if k == ignore_index:
            out[at] = mp.mpf(0)
            continue
        counted = counted + factors[k]
        spread = scalars.add_up([f * v for f, v in zip(factors, line, strict=True)])
        out[at] = -(1 - share) * factors[k] * line[k] - share / len(line) * spread
    if reduction != "mean":
        return losses.reduced_reference(out, reduction)
    return np.asarray(scalars.quotient(scalars.add_up(list(out.flat)), counted), dtype=object)


def margins(x: Objects, t: Objects, weight: Objects | None, *, p: int, margin: float, reduction: str) -> Objects:
    """max(0, margin - the target's score + each other score)**p, over the number of classes."""
    factors = _factors(x, weight)
    out = np.empty(x.shape[:-1], dtype=object)
    for at in np.ndindex(out.shape):
        k, line = int(t[at]), list(x[at])
        missing = [max(mp.mpf(margin) - line[k] + v, mp.mpf(0)) for i, v in enumerate(line) if i != k]
        out[at] = factors[k] * scalars.add_up([v**p for v in missing]) / len(line)
    return losses.reduced_reference(out, reduction)


def cosine(a: Objects, b: Objects, t: Objects, *, margin: float, reduction: str) -> Objects:
    """1 - c where the target is 1, what c is above the margin where it is -1."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b, target = np.broadcast_to(a, shape), np.broadcast_to(b, shape), np.broadcast_to(t, shape[:-1])
    out = np.empty(shape[:-1], dtype=object)
    for at in np.ndindex(out.shape):
        c = losses.cosine(list(a[at]), list(b[at]))
        above = max(c - mp.mpf(margin), mp.mpf(0)) if target[at] == -1 else mp.mpf(0)
        out[at] = 1 - c if target[at] == 1 else above
    return losses.reduced_reference(out, reduction)
