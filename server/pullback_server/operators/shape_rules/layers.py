"""Shape rules of the layers of neural networks, as in torch, and the work they are."""

from __future__ import annotations

import math
from typing import Any

from ...program import DType, TensorType
from ..operator import OperandError
from .common import axis_of, broadcast_shapes, only_floating
from .matrices import matmul, one_floating_dtype


def linear(x: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    """A matrix or a vector as weight, and a bias for each entry of the result."""
    dtype = one_floating_dtype("linear", *(t for t in (x, weight, bias) if t is not None))
    if weight.rank not in (1, 2):
        raise OperandError(f"a weight of rank {weight.rank}", "a matrix (out, in), or a vector")
    result = matmul(x, TensorType(weight.dtype, weight.shape[::-1], weight.weak))
    if bias is not None and weight.rank == 1 and (x.rank, bias.rank) != (1, 0):
        raise OperandError("a bias with a vector as weight", "a weight of shape (1, in)")
    if bias is not None and bias.shape not in ((), (1,), weight.shape[:1]):
        raise OperandError(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
    return TensorType(dtype, result.shape, result.weak and (bias is None or bias.weak))


def bilinear(x: TensorType, y: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    """A matrix for each entry of the result, between two vectors."""
    operands = [t for t in (x, y, weight, bias) if t is not None]
    dtype = one_floating_dtype("bilinear", *operands)
    if weight.rank != 3 or not x.rank or not y.rank or weight.shape[1:] != (x.shape[-1], y.shape[-1]):
        raise OperandError(
            f"shapes {list(x.shape)} and {list(y.shape)} with a weight of shape {list(weight.shape)}",
            "a weight of shape (out, in1, in2), where in1 and in2 are the last dimensions",
        )
    if x.shape[:-1] != y.shape[:-1]:
        raise OperandError(f"shapes {list(x.shape)} and {list(y.shape)}", "equal dimensions before the last")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise OperandError(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
    return TensorType(dtype, (*x.shape[:-1], weight.shape[0]), all(t.weak for t in operands))


def embedding(indices: TensorType, weight: TensorType, *, padding_idx: int | None) -> TensorType:
    """A row of the weight for each index."""
    if indices.dtype not in (DType.INT32, DType.INT64):
        raise OperandError(f"indices of dtype {indices.dtype.label}", "int64 or int32")
    if weight.rank != 2:
        raise OperandError(f"a weight of rank {weight.rank}", "a matrix, one row for each index")
    if padding_idx is not None and not -weight.shape[0] <= padding_idx < weight.shape[0]:
        raise OperandError(f"padding_idx={padding_idx} of {weight.shape[0]} rows", "the index of a row")
    return TensorType(weight.dtype, (*indices.shape, weight.shape[1]), indices.weak and weight.weak)


def glu(x: TensorType, *, dim: int) -> TensorType:
    """Half of a dimension."""
    axis = axis_of(dim, x.rank)
    if not x.rank or x.shape[axis] % 2:
        raise OperandError(f"glu of shape {list(x.shape)} along dim={dim}", "a dimension of even length")
    halves = tuple(n // 2 if k == axis else n for k, n in enumerate(x.shape))
    return only_floating(lambda t: TensorType(t.dtype, halves, t.weak))(x)


def prelu(x: TensorType, weight: TensorType) -> TensorType:
    """One slope, or one for each channel."""
    dtype = one_floating_dtype("prelu", x, weight)
    channels = x.shape[1] if x.rank > 1 else 1
    if weight.shape not in ((), (1,), (channels,)):
        raise OperandError(
            f"a weight of shape {list(weight.shape)}", f"one number, or one for each channel: shape [{channels}]"
        )
    return TensorType(dtype, x.shape, x.weak and weight.weak)


def pixel_shuffle(x: TensorType, *, upscale_factor: int) -> TensorType:
    """A square number of channels becomes one, with longer rows and columns."""
    r = upscale_factor
    if x.rank < 3 or r < 1 or x.shape[-3] % r**2:
        raise OperandError(f"shape {list(x.shape)} with upscale_factor={r}", "shape (..., C*r*r, H, W)")
    c, h, w = x.shape[-3:]
    return TensorType(x.dtype, (*x.shape[:-3], c // r**2, h * r, w * r), x.weak)


def attention(
    query: TensorType, key: TensorType, value: TensorType, mask: TensorType | None = None, **arguments: Any
) -> TensorType:
    """A query for each row of the result, a key for each value."""
    dtype = one_floating_dtype("attention", query, key, value)
    if (
        min(query.rank, key.rank, value.rank) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise OperandError(
            f"a query of shape {list(query.shape)}, a key of {list(key.shape)} and a value of {list(value.shape)}",
            "query (..., L, E), key (..., S, E), value (..., S, V)",
        )
    batch = broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    scores = (*batch, query.shape[-2], key.shape[-2])
    if mask is not None:
        if arguments["is_causal"]:
            raise OperandError("both attn_mask and is_causal", "one of them")
        if mask.dtype is not DType.BOOL and mask.dtype is not dtype:
            raise OperandError(f"a mask of dtype {mask.dtype.label}", f"bool, or {dtype.label} to be added")
        if mask.rank > len(scores) or broadcast_shapes(mask.shape, scores) != scores:
            raise OperandError(f"a mask of shape {list(mask.shape)}", f"a shape that broadcasts to {list(scores)}")
    if arguments["dropout_p"]:
        raise OperandError(f"dropout_p={arguments['dropout_p']}, whose result is random", "dropout_p=0.0")
    weak = all(t.weak for t in (query, key, value, mask) if t is not None)
    return TensorType(dtype, (*scores[:-1], value.shape[-1]), weak)


def attention_dtype_arguments(*types: TensorType | None, **_: Any) -> dict[str, Any]:
    """Whether a mask chooses scores or is added to them."""
    return {"choosing": types[3] is not None and types[3].dtype is DType.BOOL}


def attention_work(result: TensorType, query: TensorType, key: TensorType, *_: TensorType | None, **__: Any) -> int:
    """Two matrix products and a softmax."""
    return 2 * _scores(result, key) * (query.shape[-1] + result.shape[-1] + 2)


def attention_workspace(result: TensorType, _: TensorType, key: TensorType, *__: TensorType | None, **___: Any) -> int:
    """The scores before and after the softmax."""
    return 2 * _scores(result, key)


def _scores(result: TensorType, key: TensorType) -> int:
    return math.prod(result.shape[:-1]) * key.shape[-2]


def bilinear_work(result: TensorType, x: TensorType, y: TensorType, *_: TensorType | None, **__: Any) -> int:
    """A term for every pair of entries."""
    return 3 * result.elements * x.shape[-1] * y.shape[-1]


def bilinear_workspace(_: TensorType, x: TensorType, y: TensorType, *__: TensorType | None, **___: Any) -> int:
    """Every pair of entries of two vectors."""
    return x.elements * y.shape[-1]
