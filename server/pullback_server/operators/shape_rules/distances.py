"""Shape rules of directions and distances, as in torch, and the work they are."""

from __future__ import annotations

from typing import Any

from ...program import TensorType
from ..operator import OperandError
from ..workspace import common_elements
from . import norms
from .common import broadcast_shapes, floats, numbers, only_floating, reduced_shape
from .matrices import one_floating_dtype

#: How torch may compute cdist.
MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def normalize(x: TensorType, *, p: float, dim: Any, eps: float) -> TensorType:
    """The shape stays, where the norm has a value."""
    norms.norm(x, p=p, dim=dim)
    return floats(x)


def cosine_similarity(x1: TensorType, x2: TensorType, *, dim: int, eps: float) -> TensorType:
    """The common shape without dim."""
    if eps < 0:
        raise OperandError(f"eps={eps}", "an eps of 0 or more")
    products = floats(x1, x2)
    return TensorType(products.dtype, reduced_shape(products, dim, False), products.weak)


def pairwise_distance(x1: TensorType, x2: TensorType, *, p: float, eps: float, keepdim: bool) -> TensorType:
    """The common shape without the last dimension."""
    difference = only_floating(numbers)(x1, x2)
    return norms.norm(difference, p=p, dim=-1, keepdim=keepdim)


def cdist(x1: TensorType, x2: TensorType, *, p: float, compute_mode: str | None) -> TensorType:
    """The rows of two matrices of equal width; further dimensions broadcast."""
    dtype = one_floating_dtype("cdist", x1, x2)
    if min(x1.rank, x2.rank) < 2 or x1.shape[-1] != x2.shape[-1]:
        raise OperandError(
            f"cdist of shapes {list(x1.shape)} and {list(x2.shape)}", "matrices with rows of equal length"
        )
    if dtype.size < 4:
        raise OperandError(f"cdist in {dtype.label}", "float32 or float64")
    if p < 0:
        raise OperandError(f"cdist with p={p}", "a p of 0 or more")
    if compute_mode not in (None, *MODES):
        raise OperandError(f"compute_mode='{compute_mode}'", " or ".join(f"'{mode}'" for mode in MODES))
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    return TensorType(dtype, (*batch, x1.shape[-2], x2.shape[-2]), x1.weak and x2.weak)


def cdist_work(result: TensorType, x1: TensorType, *_: TensorType, **__: Any) -> int:
    """A difference, a power and a sum for each pair of entries."""
    return 3 * result.elements * x1.shape[-1]


def work(_: TensorType, *operands: TensorType, **__: Any) -> int:
    """A few passes over the entries of both, which broadcast."""
    return 6 * common_elements(*operands)
