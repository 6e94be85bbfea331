"""Layers of neural networks that are one formula: linear maps, embeddings, gates, attention."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..program import DType, TensorType
from . import exact
from . import functions as fn
from . import neural_references as references
from .index import IndexTensor, Pieces
from .index_arithmetic import fresh, modulo, quotient
from .linear import matmul_form
from .matrix_shapes import matmul, one_floating_dtype
from .operator import Kink, Misfit, Operator
from .reductions import softmax_form
from .selecting import checked
from .shapes import axis_of, broadcast_shapes, only_floating
from .windows import place

# Shape rules.


def _linear_shape(x: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    dtype = one_floating_dtype("linear", *(t for t in (x, weight, bias) if t is not None))
    if weight.rank not in (1, 2):
        raise Misfit(f"a weight of rank {weight.rank}", "a matrix (out, in), or a vector")
    result = matmul(x, TensorType(weight.dtype, weight.shape[::-1], weight.weak))
    if bias is not None and weight.rank == 1 and (x.rank, bias.rank) != (1, 0):
        raise Misfit("a bias beside a vector", "a weight of shape (1, in)")
    if bias is not None and bias.shape not in ((), (1,), weight.shape[:1]):
        raise Misfit(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
    return TensorType(dtype, result.shape)


def _bilinear_shape(x: TensorType, y: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    given = [t for t in (x, y, weight, bias) if t is not None]
    dtype = one_floating_dtype("bilinear", *given)
    if weight.rank != 3 or not x.rank or not y.rank or weight.shape[1:] != (x.shape[-1], y.shape[-1]):
        raise Misfit(
            f"shapes {list(x.shape)} and {list(y.shape)} with a weight of shape {list(weight.shape)}",
            "a weight of shape (out, in1, in2), where in1 and in2 are the last dimensions",
        )
    if x.shape[:-1] != y.shape[:-1]:
        raise Misfit(f"shapes {list(x.shape)} and {list(y.shape)}", "equal dimensions before the last")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise Misfit(f"a bias of shape {list(bias.shape)}", f"shape {list(weight.shape[:1])}")
    return TensorType(dtype, (*x.shape[:-1], weight.shape[0]))


def _embedding_shape(indices: TensorType, weight: TensorType, *, padding_idx: int | None) -> TensorType:
    if indices.dtype not in (DType.INT32, DType.INT64):
        raise Misfit(f"indices of dtype {indices.dtype.label}", "int64 or int32")
    if weight.rank != 2:
        raise Misfit(f"a weight of rank {weight.rank}", "a matrix, one row for each index")
    if padding_idx is not None and not -weight.shape[0] <= padding_idx < weight.shape[0]:
        raise Misfit(f"padding_idx={padding_idx} of {weight.shape[0]} rows", "the number of a row")
    return TensorType(weight.dtype, (*indices.shape, weight.shape[1]))


def _glu_shape(x: TensorType, *, dim: int) -> TensorType:
    axis = axis_of(dim, x.rank)
    if not x.rank or x.shape[axis] % 2:
        raise Misfit(f"glu of shape {list(x.shape)} along dim={dim}", "a dimension of even length")
    halves = tuple(n // 2 if k == axis else n for k, n in enumerate(x.shape))
    return only_floating(lambda t: TensorType(t.dtype, halves, t.weak))(x)


def _prelu_shape(x: TensorType, weight: TensorType) -> TensorType:
    dtype = one_floating_dtype("prelu", x, weight)
    channels = x.shape[1] if x.rank > 1 else 1
    if weight.shape not in ((), (1,), (channels,)):
        raise Misfit(f"a weight of shape {list(weight.shape)}", f"one number, or one a channel: shape [{channels}]")
    return TensorType(dtype, x.shape, x.weak and weight.weak)


def _shuffle_shape(x: TensorType, *, upscale_factor: int) -> TensorType:
    r = upscale_factor
    if x.rank < 3 or r < 1 or x.shape[-3] % r**2:
        raise Misfit(f"shape {list(x.shape)} with upscale_factor={r}", "shape (..., C*r*r, H, W)")
    c, h, w = x.shape[-3:]
    return TensorType(x.dtype, (*x.shape[:-3], c // r**2, h * r, w * r), x.weak)


def _attention_shape(
    query: TensorType, key: TensorType, value: TensorType, mask: TensorType | None = None, **given: Any
) -> TensorType:
    dtype = one_floating_dtype("attention", query, key, value)
    if (
        min(query.rank, key.rank, value.rank) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise Misfit(
            f"a query of shape {list(query.shape)}, a key of {list(key.shape)} and a value of {list(value.shape)}",
            "query (..., L, E), key (..., S, E), value (..., S, V)",
        )
    batch = broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    scores = (*batch, query.shape[-2], key.shape[-2])
    if mask is not None:
        if given["is_causal"]:
            raise Misfit("both attn_mask and is_causal", "one of them")
        if mask.dtype is not DType.BOOL and mask.dtype is not dtype:
            raise Misfit(f"a mask of dtype {mask.dtype.label}", f"bool, or {dtype.label} to be added")
        if mask.rank > len(scores) or broadcast_shapes(mask.shape, scores) != scores:
            raise Misfit(f"a mask of shape {list(mask.shape)}", f"a shape that broadcasts to {list(scores)}")
    if given["dropout_p"]:
        raise Misfit(f"dropout_p={given['dropout_p']}, which has no one value", "dropout_p=0.0")
    return TensorType(dtype, (*scores[:-1], value.shape[-1]))


def _attention_told(*types: TensorType | None, **_: Any) -> dict[str, Any]:
    """Whether a mask chooses scores or is added to them."""
    return {"choosing": types[3] is not None and types[3].dtype is DType.BOOL}


def _attention_work(result: TensorType, query: TensorType, key: TensorType, *_: TensorType | None) -> int:
    rows = result.elements // max(result.shape[-1], 1)
    return 2 * rows * key.shape[-2] * (query.shape[-1] + result.shape[-1] + 2)


def _linear_work(result: TensorType, x: TensorType, *_: TensorType | None) -> int:
    return 2 * result.elements * x.shape[-1]


def _bilinear_work(result: TensorType, x: TensorType, y: TensorType, *_: TensorType | None) -> int:
    return 3 * result.elements * x.shape[-1] * y.shape[-1]


# The torch column.


def _embedding(indices: torch.Tensor, weight: torch.Tensor, *, padding_idx: int | None) -> torch.Tensor:
    return F.embedding(checked(indices, weight.shape[0], negative=False), weight, padding_idx)


def _shuffle(x: torch.Tensor, *, upscale_factor: int) -> torch.Tensor:
    """torch.pixel_shuffle, whose backward pass fails where the batch is empty."""
    r, (*front, channels, height, width) = upscale_factor, x.shape
    split = x.reshape(*front, channels // r**2, r, r, height, width).movedim((-4, -3), (-3, -1))
    return split.reshape(*front, channels // r**2, height * r, width * r)


def _attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None, **given: Any
) -> torch.Tensor:
    options = {name: option for name, option in given.items() if name != "choosing"}
    return F.scaled_dot_product_attention(query, key, value, mask, **options)


# The sympy column.


def _linear_form(pieces: Pieces, x: IndexTensor, weight: IndexTensor, bias: IndexTensor | None) -> IndexTensor:
    result = matmul_form(pieces, x, IndexTensor(weight.axes[::-1], weight.entry))
    return result if bias is None else pieces.elementwise(exact.plus, result, bias)


def _bilinear_form(
    pieces: Pieces, x: IndexTensor, y: IndexTensor, weight: IndexTensor, bias: IndexTensor | None
) -> IndexTensor:
    x, y, weight = map(pieces.named, (x, y, weight))
    row, i, j = fresh(pieces, weight.axes)
    for one, other in zip((*x.axes, *y.axes[:-1], y.axes[-1]), (*x.axes[:-1], i, *x.axes[:-1], j), strict=True):
        if one is not None and other is not None:
            pieces.same(one, other)
    summand = weight.at((row, i, j)) * x.at((*x.axes[:-1], i)) * y.at((*x.axes[:-1], j))
    result = pieces.total(summand, tuple(k for k in (i, j) if k is not None), (*x.axes[:-1], row))
    return result if bias is None else pieces.elementwise(exact.plus, result, bias)


def _embedding_form(
    pieces: Pieces, indices: IndexTensor, weight: IndexTensor, *, padding_idx: int | None
) -> IndexTensor:
    """The rows as they are: that torch takes one for a constant is no part of the function's value."""
    own, columns = fresh(pieces, indices.axes), fresh(pieces, weight.axes[1:])
    return IndexTensor((*own, *columns), weight.at((indices.at(own), *columns)))


def _glu_form(pieces: Pieces, x: IndexTensor, *, dim: int) -> IndexTensor:
    axis = dim % len(x.axes)
    half = pieces.length(x.axes[axis]) // 2
    new = pieces.axis(half)
    axes = tuple(new if k == axis else a for k, a in enumerate(x.axes))
    first, gate = (x.at([place(new) + start if k == axis else a for k, a in enumerate(x.axes)]) for start in (0, half))
    return IndexTensor(axes, first * fn.sigmoid(gate))


def _prelu_form(pieces: Pieces, x: IndexTensor, weight: IndexTensor) -> IndexTensor:
    """A single weight is for all channels, which are the second dimension."""
    own = tuple(a for a in weight.axes if a is not None)
    wide = IndexTensor((*own, *(None,) * (len(x.axes) - 2)) if own else (), weight.entry)
    return pieces.elementwise(lambda e, slope: fn.where(fn.greater(e, 0), e, slope * e), x, wide)


def _attention_form(
    pieces: Pieces,
    query: IndexTensor,
    key: IndexTensor,
    value: IndexTensor,
    mask: IndexTensor | None,
    *,
    is_causal: bool,
    scale: float | None,
    choosing: bool,
    **_: Any,
) -> IndexTensor:
    factor = 1 / sp.sqrt(pieces.size(query.axes[-1])) if scale is None else exact.fraction(scale)
    turned = IndexTensor((*key.axes[:-2], key.axes[-1], key.axes[-2]), key.entry)
    scores = pieces.elementwise(lambda e: exact.times(factor, e), matmul_form(pieces, query, turned))
    if mask is not None and choosing:
        scores = pieces.elementwise(lambda e, m: fn.where(fn.truth(m), e, -sp.oo), scores, mask)
    elif mask is not None:
        scores = pieces.elementwise(exact.plus, scores, mask)
    elif is_causal:
        later = fn.less_equal(place(scores.axes[-1]), place(scores.axes[-2]))
        scores = IndexTensor(scores.axes, fn.where(later, scores.entry, -sp.oo))
    return matmul_form(pieces, softmax_form(pieces, scores), value)


def _shuffle_form(pieces: Pieces, x: IndexTensor, *, upscale_factor: int) -> IndexTensor:
    r, lengths = upscale_factor, tuple(map(pieces.length, x.axes[-3:]))
    channel, row, column = map(pieces.axis, (lengths[0] // r**2, lengths[1] * r, lengths[2] * r))
    inside = place(channel) * r**2 + modulo(place(row), r, pieces) * r + modulo(place(column), r, pieces)
    at = (inside, quotient(place(row), r, pieces), quotient(place(column), r, pieces))
    return IndexTensor((*x.axes[:-3], channel, row, column), x.at((*x.axes[:-3], *at)))


# fmt: off
OPERATORS = (
    Operator(
        name="linear", family="neural", signature="input, weight, bias=None", work=_linear_work,
        shape=_linear_shape, torch=F.linear, sympy=_linear_form, reference=references.linear,
        doc="input @ weight.T + bias.", source="torch.nn.functional.linear",
        samples=("linear(x, A)", "linear(x, A, u)", "linear(u, x)", "linear(C, B[:2])", "linear(x, u)",
                 "linear(x, r, o)",
                 "linear(C, x @ B, s)", "F.linear(z, A, v)", "linear(c, g, o)", "relu(linear(x, A, u)) @ v",
                 "linear(u, v, s)"),
        bad=("linear(x)", "linear(x, B)", "linear(x, A, w)", "linear(x, C)", "linear(s, A)", "linear(count, A)",
             "linear(x, u, o)", "linear(x, A, u[None])"),
    ),
    Operator(
        name="bilinear", family="neural", signature="input1, input2, weight, bias=None", work=_bilinear_work,
        shape=_bilinear_shape, torch=F.bilinear, sympy=_bilinear_form, reference=references.bilinear,
        doc="Sum(input1[i]*weight[k, i, j]*input2[j], i, j) + bias[k].", source="torch.nn.functional.bilinear",
        samples=("bilinear(x, y @ B, C)", "bilinear(u, w, C, at*s)", "bilinear(x, exp(x), A[None])",
                 "bilinear(z, z, A[None])",
                 "bilinear(c, c, g[None], o)", "bilinear(D, D, A[None])"),
        bad=("bilinear(x, y)", "bilinear(x, y, C)", "bilinear(x, u, A[None])", "bilinear(u, w, C, u)",
             "bilinear(s, u, C)",
             "bilinear(u, w, B)"),
    ),
    Operator(
        name="embedding", family="neural", signature="input, weight, padding_idx: integer = None",
        shape=_embedding_shape, torch=_embedding, sympy=_embedding_form, reference=references.embedding,
        doc="The rows of a matrix at these indices; torch takes the row padding_idx for a constant.",
        source="torch.nn.functional.embedding",
        kinks=(Kink("input == padding_idx", "0"),),
        samples=("embedding(at, x)", "embedding(pos, A)", "embedding(at, exp(B), padding_idx=2)", "embedding(at[0], c)",
                 "embedding(at[:0], A)", "F.embedding(pos, A, -1) @ v"),
        bad=("embedding(x, A)", "embedding(at, C)", "embedding(at, x, 2)", "embedding(at, u)", "embedding(mask, A)",
             "embedding(at)"),
    ),
    Operator(
        name="glu", family="neural", signature="input, dim: dim = -1", sized=True,
        shape=_glu_shape, torch=F.glu, sympy=_glu_form, reference=references.glu,
        doc="The first half of a dimension times the sigmoid of the second.",
        source="Dauphin et al. 2016, arXiv:1612.08083",
        samples=("glu(w)", "glu(C)", "glu(x, 0)", "glu(x, dim=-2) * u", "glu(D, 1)", "glu(z, 0)"),
        bad=("glu(x)", "glu(s)", "glu(u)", "glu(w, 1)", "glu(count, 0)", "glu(w, y)"),
    ),
    Operator(
        name="prelu", family="neural", signature="input, weight",
        shape=_prelu_shape, torch=F.prelu, sympy=_prelu_form, reference=references.prelu,
        doc="input, times the weight of its channel where it is negative.", source="He et al. 2015, arXiv:1502.01852",
        kinks=(Kink("input == 0", "the weight"),),
        samples=("prelu(x, u)", "prelu(x, s)", "prelu(u, o)", "prelu(C, v)", "prelu(s, o)", "prelu(z, u)",
                 "prelu(c, o)"),
        bad=("prelu(x, w)", "prelu(u, v)", "prelu(x, y)", "prelu(count, u)", "prelu(x)"),
    ),
    Operator(
        name="pixel_shuffle", family="neural", signature="input, upscale_factor: integer", sized=True,
        shape=_shuffle_shape, torch=_shuffle, sympy=_shuffle_form, reference=references.pixel_shuffle,
        doc="r*r channels as one image r times as high and wide.", source="Shi et al. 2016, arXiv:1609.05158",
        samples=("pixel_shuffle(D.permute(1, 0, 2), 2)", "pixel_shuffle(C, 1)", "pixel_shuffle(w[:, None, None], 2)",
                 "pixel_shuffle(D[:0, :, None, :2], upscale_factor=2)"),
        bad=("pixel_shuffle(D, 2)", "pixel_shuffle(x, 1)", "pixel_shuffle(C, 0)", "pixel_shuffle(C)"),
    ),
    Operator(
        name="scaled_dot_product_attention", family="neural", work=_attention_work, told=_attention_told,
        signature="query, key, value, attn_mask=None, dropout_p: number = 0.0, is_causal: flag = False, "
                  "scale: number = None",
        shape=_attention_shape, torch=_attention, sympy=_attention_form, reference=references.attention,
        doc="softmax(query @ key.mT*scale + attn_mask) @ value, where scale is 1/sqrt(query.shape[-1]) by default; a "
            "bool mask says which scores count, any other is added to them; "
            "is_causal leaves out what comes later.",
        source="Vaswani et al. 2017, arXiv:1706.03762",
        samples=("scaled_dot_product_attention(x, A, B)", "scaled_dot_product_attention(x, y, y, scale=0.5)",
                 "scaled_dot_product_attention(A, A, A, is_causal=True)", "scaled_dot_product_attention(x, A, B, y)",
                 "scaled_dot_product_attention(x, A, B, x > -9)",
                 "scaled_dot_product_attention(D, D, C.mT, None, 0.0, True)",
                 "scaled_dot_product_attention(C.mT, x, y)", "scaled_dot_product_attention(c, o[None], g)",
                 "scaled_dot_product_attention(z, A, B, r)",
                 "scaled_dot_product_attention(x, A, A, mask | (y < 9), scale=1)"),
        bad=("scaled_dot_product_attention(x, A)", "scaled_dot_product_attention(x, B, B)",
             "scaled_dot_product_attention(u, A, A)",
             "scaled_dot_product_attention(x, A, A, count)", "scaled_dot_product_attention(x, A, A, dropout_p=0.5)",
             "scaled_dot_product_attention(x, A, A, y, 0.0, True)", "scaled_dot_product_attention(x, A, A, C)",
             "scaled_dot_product_attention(count, A, A)"),
    ),
)
# fmt: on
