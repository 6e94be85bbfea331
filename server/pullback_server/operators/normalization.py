"""Normalization: entries minus a mean, over a deviation, times a weight and plus a bias."""

from __future__ import annotations

from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation.arithmetic import quotient
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .operator import Operator
from .rearranging import reshape
from .reductions import mean_form
from .reference import normalization as references
from .shape_rules import normalization as shapes

Dims = tuple[int, ...]
Tensor = torch.Tensor
#: Statistics, a weight or a bias, which may be left out.
TorchVector = Tensor | None
Vector = IndexTensor | None


# The torch column. torch never gets running statistics that it would overwrite.


def _group(x: Tensor, weight: TorchVector, bias: TorchVector, *, num_groups: int, eps: float) -> Tensor:
    if weight is None and bias is not None:
        # torch's backward pass fails on a bias alone.
        weight = torch.ones_like(bias)
    return F.group_norm(x, num_groups, weight, bias, eps)


def _batch(x: Tensor, *vectors: TorchVector, training: bool, eps: float, **_: Any) -> Tensor:
    mean, variance, weight, bias = vectors
    if training or mean is None or variance is None:
        return F.batch_norm(x, None, None, weight, bias, True, 0.0, eps)
    if not (mean.requires_grad or variance.requires_grad):
        return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)
    # torch has no derivatives with respect to these.
    wide = (-1, *(1,) * (x.dim() - 2))
    result = (x - mean.reshape(wide)) / (variance.reshape(wide) + eps).sqrt()
    result = result if weight is None else result * weight.reshape(wide)
    return result if bias is None else result + bias.reshape(wide)


def _instance(x: Tensor, *vectors: TorchVector, use_input_stats: bool, eps: float, **_: Any) -> Tensor:
    if use_input_stats:
        return F.instance_norm(x, None, None, vectors[2], vectors[3], True, 0.0, eps)
    return _batch(x, *vectors, training=False, eps=eps)


# The sympy column.


def _statistics(program: IndexProgram, x: IndexTensor, dims: Dims, eps: float) -> tuple[IndexTensor, IndexTensor]:
    """The mean over some axes, and one over the root of the mean squared deviation plus eps, with these axes kept."""
    mean = program.materialize(mean_form(program, x, dim=dims, keepdim=True))
    if all(x.axes[k] is None for k in dims):
        return mean, program.elementwise(lambda _: 1 / exact.sqrt(exact.fraction(eps)), mean)
    count = sp.Mul(*(program.size(x.axes[k]) for k in dims))
    squares = program.squared_deviations(mean, x, dims, keepdim=True)
    return mean, program.materialize(program.elementwise(lambda e: _inverse_root(e / count, eps), squares))


def _inverse_root(e: sp.Expr, eps: float) -> sp.Expr:
    return exact.reciprocal(exact.sqrt(exact.plus(e, exact.fraction(eps))))


def _affine(
    program: IndexProgram, x: IndexTensor, mean: IndexTensor, scale: IndexTensor, *vectors: Vector
) -> IndexTensor:
    """(x - mean)*scale*weight + bias, where weight and bias may be left out."""
    result = program.elementwise(lambda e, m, s: (e - m) * s, x, mean, scale)
    for vector, join in zip(vectors, (exact.times, exact.plus), strict=True):
        if vector is not None:
            result = program.elementwise(join, result, vector)
    return result


def _along_channels(x: IndexTensor, vector: IndexTensor) -> IndexTensor:
    """A vector with an entry for each channel; channels are the second axis of x."""
    return IndexTensor((*vector.axes, *(None,) * (len(x.axes) - 2)), vector.entry)


def _affine_by_channel(
    program: IndexProgram, x: IndexTensor, mean: IndexTensor, scale: IndexTensor, *vectors: Vector
) -> IndexTensor:
    """As _affine, with a weight and a bias that have an entry for each channel."""
    return _affine(program, x, mean, scale, *(vector and _along_channels(x, vector) for vector in vectors))


def _layer_form(
    program: IndexProgram, x: IndexTensor, weight: Vector, bias: Vector, *, normalized_shape: Dims, eps: float
) -> IndexTensor:
    x = program.materialize_if_large(x, shared=True)
    dims = tuple(range(len(x.axes) - len(normalized_shape), len(x.axes)))
    return _affine(program, x, *_statistics(program, x, dims, eps), weight, bias)


def _rms_form(
    program: IndexProgram, x: IndexTensor, weight: Vector, *, normalized_shape: Dims, eps: float
) -> IndexTensor:
    x = program.materialize_if_large(x, shared=True)
    dims = tuple(range(len(x.axes) - len(normalized_shape), len(x.axes)))
    squares = mean_form(program, program.elementwise(exact.square, x), dim=dims, keepdim=True)
    scale = program.materialize(program.elementwise(lambda e: _inverse_root(e, eps), squares))
    return _affine(program, x, program.constant(sp.S.Zero), scale, weight, None)


def _batch_form(
    program: IndexProgram, x: IndexTensor, *vectors: Vector, training: bool, eps: float, **_: Any
) -> IndexTensor:
    x = program.materialize_if_large(x, shared=True)
    mean, variance, weight, bias = vectors
    if training:
        dims = (0, *range(2, len(x.axes)))
        return _affine_by_channel(program, x, *_statistics(program, x, dims, eps), weight, bias)
    assert mean is not None
    assert variance is not None
    scale = program.materialize(program.elementwise(lambda e: _inverse_root(e, eps), variance))
    return _affine_by_channel(program, x, _along_channels(x, mean), _along_channels(x, scale), weight, bias)


def _instance_form(
    program: IndexProgram, x: IndexTensor, *vectors: Vector, use_input_stats: bool, eps: float, **_: Any
) -> IndexTensor:
    if not use_input_stats:
        return _batch_form(program, x, *vectors, training=False, eps=eps)
    x = program.materialize_if_large(x, shared=True)
    statistics = _statistics(program, x, tuple(range(2, len(x.axes))), eps)
    return _affine_by_channel(program, x, *statistics, *vectors[2:])


def _group_form(
    program: IndexProgram, x: IndexTensor, weight: Vector, bias: Vector, *, num_groups: int, eps: float
) -> IndexTensor:
    x = program.materialize_if_large(x, shared=True)
    batch, channels, *rest = map(program.length, x.axes)
    size = channels // num_groups
    grouped = reshape(program, x, (batch, num_groups, size, *rest))
    statistics = _statistics(program, grouped, tuple(range(2, len(grouped.axes))), eps)
    group = quotient(index_of(x.axes[1]), size, program)
    wide = (
        IndexTensor((*x.axes[:2], *(None,) * len(rest)), t.at((x.axes[0], group, *(None,) * (len(rest) + 1))))
        for t in statistics
    )
    return _affine_by_channel(program, x, *wide, weight, bias)


STATISTICS = "running_mean=None, running_var=None, weight=None, bias=None"

# fmt: off
OPERATORS = (
    Operator(
        name="layer_norm", family="neural", work=shapes.work,
        signature="input, normalized_shape: integers, weight=None, bias=None, eps: number = 1e-5",
        shape=shapes.layer, sympy=_layer_form, reference=references.layer,
        torch=lambda x, weight, bias, *, normalized_shape, eps: F.layer_norm(x, normalized_shape, weight, bias, eps),
        doc="(x - mean)/sqrt(variance + eps)*weight + bias over the last dimensions, of lengths normalized_shape.",
        source="Ba et al. 2016, arXiv:1607.06450",
        samples=("layer_norm(x, (3,))", "layer_norm(x, (3,), u, v)", "layer_norm(C, (3, 4), B, eps=0.1)",
                 "layer_norm(u, (3,))",
                 "layer_norm(C, [4], bias=w)", "layer_norm(x, (x.shape[1],), exp(u)) @ v", "layer_norm(z, (3,), u)",
                 "layer_norm(c, (1,), o)", "F.layer_norm(x, (2, 3))"),
        error_inputs=("layer_norm(x, 3)", "layer_norm(x, (2,))", "layer_norm(x, ())", "layer_norm(x, (3,), w)",
                      "layer_norm(x)", "layer_norm(count, (3,))", "layer_norm(u, (1, 3))",
                      "layer_norm(x, (3,), eps='a')"),
    ),
    Operator(
        name="rms_norm", family="neural", work=shapes.work, dtype_arguments=shapes.rms_dtype_arguments,
        signature="input, normalized_shape: integers, weight=None, eps: number = None",
        shape=shapes.rms, sympy=_rms_form, reference=references.rms,
        torch=lambda x, weight, *, normalized_shape, eps: F.rms_norm(x, normalized_shape, weight, eps),
        doc="x/sqrt(mean(x**2) + eps)*weight over the last dimensions; eps is by default the dtype's, that of float32 "
            "for narrower ones.",
        source="Zhang and Sennrich 2019, arXiv:1910.07467",
        samples=("rms_norm(x, (3,))", "rms_norm(x, (3,), u, 0.1)", "rms_norm(C, (3, 4), B)",
                 "rms_norm(u, (3,), eps=1e-6)",
                 "rms_norm(C, [4], weight=w)", "rms_norm(z, (3,), u)", "rms_norm(exp(x), (2, 3))"),
        error_inputs=("rms_norm(x, 3)", "rms_norm(x, (2,))", "rms_norm(x, ())", "rms_norm(x, (3,), w)", "rms_norm(x)",
                      "rms_norm(count, (3,))", "rms_norm(x, (3,), u, v)"),
    ),
    Operator(
        name="batch_norm", family="neural", work=shapes.work,
        signature=f"input, {STATISTICS}, training: flag = False, momentum: number = 0.1, eps: number = 1e-5",
        shape=shapes.batch, torch=_batch, sympy=_batch_form, reference=references.batch,
        doc="(x - mean)/sqrt(variance + eps)*weight + bias for each channel, by the running statistics, or with "
            "training=True by those of the batch.",
        source="Ioffe and Szegedy 2015, arXiv:1502.03167",
        samples=("batch_norm(x, None, None, training=True)", "batch_norm(C, u, exp(v), training=True)",
                 "batch_norm(x, u, exp(v))", "batch_norm(C, u, v**2, u, v, False, 0.1, 0.5)",
                 "batch_norm(C, None, None, u, v, True, eps=0.01)", "batch_norm(x*c, None, None, u, training=True)",
                 "batch_norm(z, u, exp(v))", "batch_norm(c, o, exp(o), o, o)", "F.batch_norm(C, u, exp(u), bias=v)",
                 "batch_norm(c, None, None, o, training=True)*x"),
        error_inputs=("batch_norm(x)", "batch_norm(x, u)", "batch_norm(u, u, u)", "batch_norm(x, w, w)",
                      "batch_norm(r, training=True)", "batch_norm(x, u, v, w)", "batch_norm(count, u, u)",
                      "batch_norm(x, u, v, training=1)"),
    ),
    Operator(
        name="instance_norm", family="neural", work=shapes.work,
        signature=f"input, {STATISTICS}, use_input_stats: flag = True, momentum: number = 0.1, eps: number = 1e-5",
        shape=shapes.instance, torch=_instance, sympy=_instance_form, reference=references.instance,
        doc="As batch_norm, by the statistics of each entry of the batch alone unless use_input_stats is False.",
        source="Ulyanov et al. 2016, arXiv:1607.08022",
        samples=("instance_norm(C)", "instance_norm(C, weight=u, bias=v)", "instance_norm(D, eps=0.5)",
                 "instance_norm(C, u, exp(v), use_input_stats=False)", "instance_norm(z[:, None])",
                 "instance_norm(C*s)[0]"),
        error_inputs=("instance_norm(x)", "instance_norm(C, weight=w)", "instance_norm(c[..., None])",
                      "instance_norm(C, None, u, None, None, False)", "instance_norm()"),
    ),
    Operator(
        name="group_norm", family="neural", work=shapes.work, size_dependent=True,
        signature="input, num_groups: integer, weight=None, bias=None, eps: number = 1e-5",
        shape=shapes.group, torch=_group, sympy=_group_form, reference=references.group,
        doc="(x - mean)/sqrt(variance + eps)*weight + bias, by the statistics of groups of channels.",
        source="Wu and He 2018, arXiv:1803.08494",
        samples=("group_norm(D, 2)", "group_norm(D, 2, w, exp(w))", "group_norm(C, 3, u, v, 0.1)",
                 "group_norm(C, 1, bias=u)",
                 "group_norm(x, 1)", "group_norm(w[None]*c, 2, eps=0.5)", "group_norm(z, 1, u)",
                 "group_norm(C[:, :, :1], 3)"),
        error_inputs=("group_norm(D, 3)", "group_norm(D, 0)", "group_norm(u, 1)", "group_norm(D, 2, u)",
                      "group_norm(r, 3)", "group_norm(D)", "group_norm(D, 2.0)"),
    ),
)
# fmt: on
