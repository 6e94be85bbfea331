"""Layers of neural networks that are one formula: linear maps, embeddings, gates, attention."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.arithmetic import modulo, quotient
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .linear import matmul_form
from .operator import Kink, Operator
from .reductions import softmax_form
from .reference import layers as references
from .selecting import valid_indices
from .selection import on_one_device
from .shape_rules import layers as shapes
from .shape_rules.matrices import matmul_work
from .workspace import nothing

# The torch column.


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    return F.linear(x, weight) if bias is None else F.linear(*on_one_device(x, weight, bias))


def _prelu(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return F.prelu(*on_one_device(x, weight))


def _embedding(indices: torch.Tensor, weight: torch.Tensor, *, padding_idx: int | None) -> torch.Tensor:
    return F.embedding(valid_indices(indices, weight.shape[0], negative=False), weight, padding_idx)


def _shuffle(x: torch.Tensor, *, upscale_factor: int) -> torch.Tensor:
    """torch.pixel_shuffle, whose backward pass fails where the batch is empty."""
    r, (*front, channels, height, width) = upscale_factor, x.shape
    split = x.reshape(*front, channels // r**2, r, r, height, width).movedim((-4, -3), (-3, -1))
    return split.reshape(*front, channels // r**2, height * r, width * r)


def _attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None, **arguments: Any
) -> torch.Tensor:
    options = {name: option for name, option in arguments.items() if name != "choosing"}
    return F.scaled_dot_product_attention(query, key, value, mask, **options)


# The sympy column.


def _linear_form(program: IndexProgram, x: IndexTensor, weight: IndexTensor, bias: IndexTensor | None) -> IndexTensor:
    result = matmul_form(program, x, IndexTensor(weight.axes[::-1], weight.entry))
    return result if bias is None else program.elementwise(exact.plus, result, bias)


def _bilinear_form(
    program: IndexProgram, x: IndexTensor, y: IndexTensor, weight: IndexTensor, bias: IndexTensor | None
) -> IndexTensor:
    x, y, weight = map(program.materialize, (x, y, weight))
    row, i, j = program.fresh(weight.axes)
    program.unify((*x.axes, *y.axes), (*x.axes[:-1], i, *x.axes[:-1], j))
    summand = weight.at((row, i, j)) * x.at((*x.axes[:-1], i)) * y.at((*x.axes[:-1], j))
    result = program.total(summand, tuple(k for k in (i, j) if k is not None), (*x.axes[:-1], row))
    return result if bias is None else program.elementwise(exact.plus, result, bias)


def _embedding_form(
    program: IndexProgram, indices: IndexTensor, weight: IndexTensor, *, padding_idx: int | None
) -> IndexTensor:
    """The rows as they are: that torch treats one as a constant does not change the value."""
    rows, columns = program.fresh(indices.axes), program.fresh(weight.axes[1:])
    return IndexTensor((*rows, *columns), weight.at((indices.at(rows), *columns)))


def _glu_form(program: IndexProgram, x: IndexTensor, *, dim: int) -> IndexTensor:
    axis = dim % len(x.axes)
    half = program.length(x.axes[axis]) // 2
    new = program.axis(half)
    axes = tuple(new if k == axis else a for k, a in enumerate(x.axes))
    first, gate = (
        x.at([index_of(new) + start if k == axis else a for k, a in enumerate(x.axes)]) for start in (0, half)
    )
    return IndexTensor(axes, first * fn.sigmoid(gate))


def _prelu_form(program: IndexProgram, x: IndexTensor, weight: IndexTensor) -> IndexTensor:
    """Channels are the second dimension; a single weight is for all of them."""
    channels = weight.free
    wide = IndexTensor((*channels, *(None,) * (len(x.axes) - 2)) if channels else (), weight.entry)
    return program.elementwise(lambda e, slope: fn.where(fn.greater(e, 0), e, slope * e), x, wide)


def _attention_form(
    program: IndexProgram,
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
    factor = 1 / sp.sqrt(program.size(query.axes[-1])) if scale is None else exact.fraction(scale)
    transposed = IndexTensor((*key.axes[:-2], key.axes[-1], key.axes[-2]), key.entry)
    scores = program.elementwise(lambda e: exact.times(factor, e), matmul_form(program, query, transposed))
    if mask is not None and choosing:
        return matmul_form(program, _masked_softmax(program, scores, mask), value)
    if mask is not None:
        scores = program.elementwise(exact.plus, scores, mask)
    elif is_causal:
        earlier = fn.less_equal(index_of(scores.axes[-1]), index_of(scores.axes[-2]))
        scores = IndexTensor(scores.axes, fn.where(earlier, scores.entry, -sp.oo))
    return matmul_form(program, softmax_form(program, scores), value)


def _masked_softmax(program: IndexProgram, scores: IndexTensor, mask: IndexTensor) -> IndexTensor:
    """The softmax of the scores that a mask chooses; where it chooses none the weights are 0, as in torch."""
    chosen = program.reduce("max", mask, (len(mask.axes) - 1,), keepdim=True) if mask.axes else mask

    def entry(score: sp.Expr, m: sp.Expr, any_: sp.Expr) -> sp.Expr:
        return fn.where(fn.truth(m), score, fn.where(fn.truth(any_), -sp.oo, 0))

    masked = program.elementwise(entry, scores, mask, chosen)
    return program.elementwise(exact.times, softmax_form(program, masked), mask)


def _shuffle_form(program: IndexProgram, x: IndexTensor, *, upscale_factor: int) -> IndexTensor:
    r, lengths = upscale_factor, tuple(map(program.length, x.axes[-3:]))
    channel, row, column = map(program.axis, (lengths[0] // r**2, lengths[1] * r, lengths[2] * r))
    inside = index_of(channel) * r**2 + modulo(index_of(row), r, program) * r + modulo(index_of(column), r, program)
    at = (inside, quotient(index_of(row), r, program), quotient(index_of(column), r, program))
    return IndexTensor((*x.axes[:-3], channel, row, column), x.at((*x.axes[:-3], *at)))


# fmt: off
OPERATORS = (
    Operator(
        name="linear", family="neural", signature="input, weight, bias=None", work=matmul_work,
        workspace=nothing,
        shape=shapes.linear, torch=_linear, sympy=_linear_form, reference=references.linear,
        doc="input @ weight.T + bias.", source="torch.nn.functional.linear",
        samples=("linear(x, A)", "linear(x, A, u)", "linear(u, x)", "linear(C, B[:2])", "linear(x, u)",
                 "linear(x, r, o)",
                 "linear(C, x @ B, s)", "F.linear(z, A, v)", "linear(c, g, o)", "relu(linear(x, A, u)) @ v",
                 "linear(u, v, s)", "linear(x, A, 0.5)"),
        error_inputs=("linear(x)", "linear(x, B)", "linear(x, A, w)", "linear(x, C)", "linear(s, A)",
                      "linear(count, A)", "linear(x, u, o)", "linear(x, A, u[None])"),
    ),
    Operator(
        name="bilinear", family="neural", signature="input1, input2, weight, bias=None", work=shapes.bilinear_work,
        workspace=shapes.bilinear_workspace,
        shape=shapes.bilinear, torch=F.bilinear, sympy=_bilinear_form, reference=references.bilinear,
        doc="Sum(input1[i]*weight[k, i, j]*input2[j], i, j) + bias[k].", source="torch.nn.functional.bilinear",
        samples=("bilinear(x, y @ B, C)", "bilinear(u, w, C, at*s)", "bilinear(x, exp(x), A[None])",
                 "bilinear(z, z, A[None])",
                 "bilinear(c, c, g[None], o)", "bilinear(D, D, A[None])"),
        error_inputs=("bilinear(x, y)", "bilinear(x, y, C)", "bilinear(x, u, A[None])", "bilinear(u, w, C, u)",
                      "bilinear(s, u, C)", "bilinear(u, w, B)"),
    ),
    Operator(
        name="embedding", family="neural", workspace=nothing, signature="input, weight, padding_idx: integer = None",
        shape=shapes.embedding, torch=_embedding, sympy=_embedding_form, reference=references.embedding,
        doc="The rows of a matrix at these indices; torch treats the row padding_idx as a constant.",
        source="torch.nn.functional.embedding",
        kinks=(Kink("input == padding_idx", "0"),),
        samples=("embedding(at, x)", "embedding(pos, A)", "embedding(at, exp(B), padding_idx=2)", "embedding(at[0], c)",
                 "embedding(at[:0], A)", "F.embedding(pos, A, -1) @ v"),
        error_inputs=("embedding(x, A)", "embedding(at, C)", "embedding(at, x, 2)", "embedding(at, u)",
                      "embedding(mask, A)", "embedding(at)"),
    ),
    Operator(
        name="glu", family="neural", signature="input, dim: dim = -1", size_dependent=True,
        shape=shapes.glu, torch=F.glu, sympy=_glu_form, reference=references.glu,
        doc="The first half of a dimension times the sigmoid of the second.",
        source="Dauphin et al. 2016, arXiv:1612.08083",
        samples=("glu(w)", "glu(C)", "glu(x, 0)", "glu(x, dim=-2) * u", "glu(D, 1)", "glu(z, 0)"),
        error_inputs=("glu(x)", "glu(s)", "glu(u)", "glu(w, 1)", "glu(count, 0)", "glu(w, y)"),
    ),
    Operator(
        name="prelu", family="neural", signature="input, weight",
        shape=shapes.prelu, torch=_prelu, sympy=_prelu_form, reference=references.prelu,
        doc="input, times the weight of its channel where it is negative.", source="He et al. 2015, arXiv:1502.01852",
        kinks=(Kink("input == 0", "the weight"),),
        samples=("prelu(x, u)", "prelu(x, s)", "prelu(u, o)", "prelu(C, v)", "prelu(s, o)", "prelu(z, u)",
                 "prelu(c, o)", "prelu(x, 0.25)"),
        error_inputs=("prelu(x, w)", "prelu(u, v)", "prelu(x, y)", "prelu(count, u)", "prelu(x)"),
    ),
    Operator(
        name="pixel_shuffle", family="neural", signature="input, upscale_factor: integer", size_dependent=True,
        shape=shapes.pixel_shuffle, torch=_shuffle, sympy=_shuffle_form, reference=references.pixel_shuffle,
        doc="r*r channels as one image that is r times as high and wide.", source="Shi et al. 2016, arXiv:1609.05158",
        samples=("pixel_shuffle(D.permute(1, 0, 2), 2)", "pixel_shuffle(C, 1)", "pixel_shuffle(w[:, None, None], 2)",
                 "pixel_shuffle(D[:0, :, None, :2], upscale_factor=2)"),
        error_inputs=("pixel_shuffle(D, 2)", "pixel_shuffle(x, 1)", "pixel_shuffle(C, 0)", "pixel_shuffle(C)"),
    ),
    Operator(
        name="scaled_dot_product_attention", family="neural", work=shapes.attention_work,
        workspace=shapes.attention_workspace,
        dtype_arguments=shapes.attention_dtype_arguments,
        signature="query, key, value, attn_mask=None, dropout_p: number = 0.0, is_causal: flag = False, "
                  "scale: number = None",
        shape=shapes.attention, torch=_attention, sympy=_attention_form, reference=references.attention,
        doc="softmax(query @ key.mT*scale + attn_mask) @ value, where scale is 1/sqrt(query.shape[-1]) by default; a "
            "bool mask says which scores count, any other is added to them; "
            "is_causal leaves out later keys.",
        source="Vaswani et al. 2017, arXiv:1706.03762",
        samples=("scaled_dot_product_attention(x, A, B)", "scaled_dot_product_attention(x, y, y, scale=0.5)",
                 "scaled_dot_product_attention(A, A, A, is_causal=True)", "scaled_dot_product_attention(x, A, B, y)",
                 "scaled_dot_product_attention(x, A, B, x > -9)", "scaled_dot_product_attention(x, A, B, x > 9)",
                 "scaled_dot_product_attention(D, D, C.mT, None, 0.0, True)",
                 "scaled_dot_product_attention(C.mT, x, y)", "scaled_dot_product_attention(c, o[None], g)",
                 "scaled_dot_product_attention(z, A, B, r)",
                 "scaled_dot_product_attention(x, A, A, mask | (y < 9), scale=1)"),
        error_inputs=("scaled_dot_product_attention(x, A)", "scaled_dot_product_attention(x, B, B)",
                      "scaled_dot_product_attention(u, A, A)", "scaled_dot_product_attention(x, A, A, count)",
                      "scaled_dot_product_attention(x, A, A, dropout_p=0.5)",
                      "scaled_dot_product_attention(x, A, A, y, 0.0, True)", "scaled_dot_product_attention(x, A, A, C)",
                      "scaled_dot_product_attention(count, A, A)"),
    ),
)
# fmt: on
