"""Convolution, pooling and padding of arrays of mpmath numbers, by their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np

from ..shape_rules.padding import widths
from ..shape_rules.windows import Window, Windows, convolution_windows, pooling_windows
from . import scalars
from .columns import Objects

#: A place inside a window and the position that it reads there.
_Read = tuple[tuple[int, ...], tuple[int, ...]]


def _reads(windows: Windows, lengths: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], list[_Read]]]:
    """Each window's number along the dimensions, and what it reads of them, padding left out."""
    for number in product(*(range(w.count(n)) for w, n in zip(windows, lengths, strict=True))):
        along = [_read_along(w, t, n) for w, t, n in zip(windows, number, lengths, strict=True)]
        yield number, [(tuple(k for k, _ in each), tuple(p for _, p in each)) for each in product(*along)]


def _read_along(window: Window, number: int, length: int) -> list[tuple[int, int]]:
    start = number * window.stride - window.before
    first = max(0, -(start // window.dilation))
    return [(k, start + k * window.dilation) for k in range(first, window.size) if start + k * window.dilation < length]


def convolution(count: int) -> Callable[..., Objects]:
    """The reference column of a convolution along so many dimensions."""

    def reference(x: Objects, weight: Objects, bias: Objects | None, **arguments: Any) -> Objects:
        windows = convolution_windows(weight.shape[2:], arguments)
        batched = x if x.ndim == count + 2 else x[np.newaxis]
        lengths, per_group = batched.shape[2:], weight.shape[0] // arguments["groups"]
        shape = (len(batched), len(weight), *(w.count(n) for w, n in zip(windows, lengths, strict=True)))
        out = np.empty(shape, dtype=object)
        for number, read in _reads(windows, lengths):
            for n, o in np.ndindex(shape[:2]):
                total = mp.mpf(0) if bias is None else bias[o]
                for c in range(weight.shape[1]):
                    channel = o // per_group * weight.shape[1] + c
                    for inside, at in read:
                        total = total + weight[(o, c, *inside)] * batched[(n, channel, *at)]
                out[(n, o, *number)] = total
        return out if x.ndim == count + 2 else out[0]

    return reference


def mean_pooling(count: int) -> Callable[..., Objects]:
    """The reference column of the mean of each window."""

    def reference(x: Objects, **arguments: Any) -> Objects:
        windows, shape = pooling_windows(count, arguments), x.shape[-count:]

        def mean(number: tuple[int, ...], entries: list[Any]) -> Any:
            covered = [w.covered(t, n) for w, t, n in zip(windows, number, shape, strict=True)]
            if not arguments["count_include_pad"]:
                covered = [range(max(c.start, 0), min(c.stop, n)) for c, n in zip(covered, shape, strict=True)]
            divisor = arguments.get("divisor_override") or math.prod(map(len, covered))
            return scalars.quotient(scalars.add_up(entries), mp.mpf(divisor))

        return _pool(x, windows, mean)

    return reference


def max_pooling(count: int) -> Callable[..., Objects]:
    """The reference column of the largest entry of each window."""

    def reference(x: Objects, **arguments: Any) -> Objects:
        return _pool(x, pooling_windows(count, arguments), lambda _, entries: scalars.largest(entries))

    return reference


def _pool(x: Objects, windows: Windows, reduce: Callable[[tuple[int, ...], list[Any]], Any]) -> Objects:
    front, lengths = x.shape[: x.ndim - len(windows)], x.shape[x.ndim - len(windows) :]
    out = np.empty(front + tuple(w.count(n) for w, n in zip(windows, lengths, strict=True)), dtype=object)
    for number, read in _reads(windows, lengths):
        for before in np.ndindex(front):
            out[before + number] = reduce(number, [x[before + at] for _, at in read])
    return out


def pad(x: Objects, *, pad: Any, mode: str, value: float | None) -> Objects:
    """Entries before and after those of the last dimensions."""
    pairs = [(0, 0)] * (x.ndim - len(widths(pad))) + widths(pad)
    out = np.empty([n + b + a for n, (b, a) in zip(x.shape, pairs, strict=True)], dtype=object)
    for to in np.ndindex(out.shape):
        at = [p - b for p, (b, _) in zip(to, pairs, strict=True)]
        if mode == "constant":
            inside = all(0 <= p < n for p, n in zip(at, x.shape, strict=True))
            out[to] = x[tuple(at)] if inside else mp.mpf(value or 0)
        else:
            out[to] = x[tuple(_source(mode, p, n) for p, n in zip(at, x.shape, strict=True))]
    return out


def _source(mode: str, position: int, length: int) -> int:
    """The position of the entry that stands at a position before, in or after a dimension."""
    match mode:
        case "circular":
            return position % length
        case "replicate":
            return min(max(position, 0), length - 1)
    position = abs(position)
    return 2 * (length - 1) - position if position >= length else position
