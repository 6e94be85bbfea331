"""Entries of arrays of mpmath numbers, selected and added."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shape_rules.indexing import IndexList, NewAxis, SingleIndex, Slice, resolve
from .columns import Objects


def _numbers(index: Objects) -> Any:
    return np.vectorize(int, otypes=[np.int64])(index) if index.size else np.zeros(index.shape, dtype=np.int64)


def getitem(x: Objects, *indices: Objects, key: tuple[Any, ...]) -> Objects:
    """NumPy's indexing, after single indices are applied, as in torch."""
    x = np.asarray(x, dtype=object)
    resolved = resolve(key, x.shape, tuple(i.shape for i in indices))
    single = {item.axis: item.index for item in resolved.items if isinstance(item, SingleIndex)}
    x = np.asarray(x[tuple(single.get(k, slice(None)) for k in range(x.ndim))], dtype=object)
    python: list[Any] = []
    for item in resolved.items:
        match item:
            case NewAxis():
                python.append(None)
            case IndexList(_, int() as number):
                python.append(_numbers(indices[number]))
            case IndexList(_, listed):
                python.append(np.array(listed, dtype=np.int64))
            case Slice(_, start, step, length):
                positions = range(start, start + step * length, step)
                stop = positions.stop if positions.stop >= 0 else None
                python.append(slice(start, stop, step) if length else slice(0, 0))
    return np.asarray(x[tuple(python)], dtype=object)


def gather(x: Objects, index: Objects, *, dim: int) -> Objects:
    """The entries at index along dim."""
    if not x.ndim:
        return x
    rows = np.ogrid[tuple(slice(n) for n in index.shape)]
    at = [_numbers(index) if k == dim % x.ndim else rows[k] for k in range(x.ndim)]
    return np.asarray(x[tuple(at)], dtype=object)


def index_select(x: Objects, index: Objects, *, dim: int) -> Objects:
    """The slices at index along dim; a number has only itself."""
    return np.take(x, _numbers(index).reshape(-1), axis=dim) if x.ndim else x


def take_along_dim(x: Objects, indices: Objects, *, dim: int | None) -> Objects:
    """As gather, with broadcasting; without dim of all entries in row-major order."""
    if dim is None:
        return np.asarray(x.reshape(-1)[_numbers(indices).reshape(-1)], dtype=object)
    axis = dim % max(x.ndim, 1)
    shape = np.broadcast_shapes(*(tuple(1 if k == axis else n for k, n in enumerate(a.shape)) for a in (x, indices)))
    wide = [
        np.broadcast_to(a, tuple(a.shape[k] if k == axis else n for k, n in enumerate(shape))) for a in (x, indices)
    ]
    return gather(wide[0], wide[1], dim=axis)


def scatter_add(x: Objects, index: Objects, src: Objects, *, dim: int) -> Objects:
    """The entries of src added one by one at index along dim."""
    out = np.array(x, dtype=object)
    at = _numbers(index)
    for place in np.ndindex(index.shape):
        target = tuple(int(at[place]) if k == dim % max(x.ndim, 1) else p for k, p in enumerate(place))
        out[target] = out[target] + src[place]
    return out
