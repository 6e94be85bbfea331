"""Shape rules of losses of vectors, as in torch. Classes are the second dimension, or the only one."""

from __future__ import annotations

from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import broadcast_shapes
from .losses import floats_of_one_dtype, reduced_type
from .matrices import one_floating_dtype


def class_axis(rank: int) -> int:
    """Which dimension the classes are."""
    return 1 if rank > 1 else 0


def nll_loss(x: TensorType, t: TensorType, weight: TensorType | None = None, **arguments: Any) -> TensorType:
    """The classes of the targets, as numbers."""
    return reduced_type(_of_classes("nll_loss", x, t, weight, DType.INT64, DType.UINT8), arguments["reduction"])


def cross_entropy(x: TensorType, t: TensorType, weight: TensorType | None = None, **arguments: Any) -> TensorType:
    """The classes of the targets, as numbers, or probabilities of all classes."""
    if not 0 <= arguments["label_smoothing"] <= 1:
        raise OperandError(f"label_smoothing={arguments['label_smoothing']}", "a number from 0 to 1")
    if not t.dtype.floating:
        entries = _of_classes("cross_entropy", x, t, weight, DType.INT64, DType.UINT8)
        return reduced_type(entries, arguments["reduction"])
    if arguments["ignore_index"] >= 0:
        raise OperandError("an ignore_index with probabilities", "a target of class numbers")
    batch = tuple(n for k, n in enumerate(x.shape) if k != class_axis(x.rank))
    entries = _of_classes("cross_entropy", x, TensorType(DType.INT64, batch, t.weak), weight, DType.INT64)
    if t.shape != x.shape:
        raise OperandError(
            f"probabilities of shape {list(t.shape)}", f"shape {list(x.shape)}; class numbers are integers"
        )
    one_floating_dtype("cross_entropy", x, t)
    return reduced_type(entries, arguments["reduction"])


def multi_margin_loss(x: TensorType, t: TensorType, weight: TensorType | None = None, **arguments: Any) -> TensorType:
    """The classes of the targets, as numbers, and p of 1 or 2."""
    entries = _of_classes("multi_margin_loss", x, t, weight, DType.INT64)
    if x.rank > 2 or x.dtype.size < 4:
        raise OperandError(f"scores of {x}", "float32 or float64 of shape (N, C) or (C)")
    if arguments["p"] not in (1, 2):
        raise OperandError(f"p={arguments['p']}", "1 or 2")
    return reduced_type(entries, arguments["reduction"])


def cosine_embedding_loss(a: TensorType, b: TensorType, t: TensorType, *, margin: float, reduction: str) -> TensorType:
    """Two vectors and a number, or two matrices and a number for each pair of rows."""
    vectors = floats_of_one_dtype(a, b)
    batch = vectors.shape[:-1]
    if vectors.rank not in (1, 2) or t.rank != len(batch) or broadcast_shapes(t.shape, batch) != batch:
        raise OperandError(
            f"shapes {list(a.shape)} and {list(b.shape)} with a target of shape {list(t.shape)}",
            "matrices (N, D) with a target (N), or vectors with a number",
        )
    return reduced_type(TensorType(vectors.dtype, batch, vectors.weak and t.weak), reduction)


def _of_classes(name: str, x: TensorType, t: TensorType, weight: TensorType | None, *indices: DType) -> TensorType:
    """A loss for each target, which is the number of a class. Raises OperandError."""
    dtype = one_floating_dtype(name, *(o for o in (x, weight) if o is not None))
    axis = class_axis(x.rank)
    if not x.rank or x.shape[axis] == 0:
        raise OperandError(f"scores of shape {list(x.shape)}", "shape (N, C, ...) or (C) with at least one class")
    if weight is not None and weight.shape != (x.shape[axis],):
        raise OperandError(
            f"a weight of shape {list(weight.shape)}", f"shape {[x.shape[axis]]}, one entry for each class"
        )
    batch = x.shape[:axis] + x.shape[axis + 1 :]
    if t.dtype not in indices or t.shape != batch:
        labels = " or ".join(d.label for d in indices)
        raise OperandError(f"a target of {t} for scores of shape {list(x.shape)}", f"{labels} of shape {list(batch)}")
    return TensorType(dtype, batch, x.weak and t.weak and (weight is None or weight.weak))


def work(_: TensorType, x: TensorType, *__: TensorType | None, **___: Any) -> int:
    """A softmax, and what a loss takes."""
    return 6 * x.elements
