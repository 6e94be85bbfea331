"""Arrays of mpmath numbers put together and cut into parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shape_rules.joining import chunk_section, section
from .columns import Objects


def cat(*tensors: Objects, dim: int) -> Objects:
    """One after the other along dim."""
    return np.asarray(np.concatenate(tensors, axis=dim), dtype=object)


def stack(*tensors: Objects, dim: int) -> Objects:
    """Along a new dimension."""
    return np.asarray(np.stack(tensors, axis=dim), dtype=object)


def split(x: Objects, *, split_size_or_sections: Any, dim: int, output: int) -> Objects:
    """One part, of the size or sizes in the call."""
    return _section(x, dim, section(x.shape[dim], split_size_or_sections, output))


def chunk(x: Objects, *, chunks: int, dim: int, output: int) -> Objects:
    """One of equal parts."""
    return _section(x, dim, chunk_section(x.shape[dim], chunks, output))


def unbind(x: Objects, *, dim: int, output: int) -> Objects:
    """One slice along dim."""
    return np.asarray(np.take(x, output, axis=dim), dtype=object)


def _section(x: Objects, dim: int, part: tuple[int, int]) -> Objects:
    return np.take(x, range(*part), axis=dim)
