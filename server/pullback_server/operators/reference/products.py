"""Products of arrays of mpmath numbers: NumPy multiplies and adds these as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shape_rules.einsum import read_equation
from .columns import Objects


def outer(x: Objects, y: Objects) -> Objects:
    """Every entry of one times every entry of the other."""
    return np.asarray(np.multiply.outer(x, y), dtype=object)


def einsum(*operands: Objects, equation: str) -> Objects:
    """The sum of products that the letters describe."""
    labels, out = read_equation(equation, tuple(x.ndim for x in operands))
    order = [*out, *sorted({label for letters in labels for label in letters} - {*out})]
    product: Any = np.ones((1,) * len(order), dtype=object)
    for letters, x in zip(labels, operands, strict=True):
        for label in dict.fromkeys(letters):
            while letters.count(label) > 1:
                first, second = [k for k, c in enumerate(letters) if c == label][:2]
                x = np.diagonal(x, axis1=first, axis2=second)
                letters = [*letters[:first], *letters[first + 1 : second], *letters[second + 1 :], label]
        x = x.transpose([letters.index(label) for label in order if label in letters])
        lengths = iter(x.shape)
        product = product * x.reshape([next(lengths) if label in letters else 1 for label in order])
    return np.asarray(product.sum(axis=tuple(range(len(out), len(order)))), dtype=object)


def cross(x: Objects, y: Objects, *, dim: int) -> Objects:
    """The vector product along dim."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (np.moveaxis(np.broadcast_to(t, shape), dim, 0) for t in (x, y))
    out = np.stack([x[(k + 1) % 3] * y[(k + 2) % 3] - x[(k + 2) % 3] * y[(k + 1) % 3] for k in range(3)])
    return np.asarray(np.moveaxis(out, 0, dim), dtype=object)


def kron(x: Objects, y: Objects) -> Objects:
    """The Kronecker product."""
    rank = max(x.ndim, y.ndim)
    x, y = (t.reshape((1,) * (rank - t.ndim) + t.shape) for t in (x, y))
    out = outer(x, y).transpose([k for axis in range(rank) for k in (axis, rank + axis)])
    return np.asarray(out.reshape([n * m for n, m in zip(x.shape, y.shape, strict=True)]), dtype=object)
