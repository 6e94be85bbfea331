"""Losses of vectors: scores of classes against the right class, two directions against each other."""

from __future__ import annotations

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor, index_of
from .loss_reductions import reduced_form, reduced_tensor
from .operator import Kink, Operator
from .reductions import log_softmax_form
from .reference import vector_losses as references
from .selecting import valid_indices
from .shape_rules import distances
from .shape_rules import vector_losses as shapes
from .shape_rules.vector_losses import class_axis
from .workspace import of_common_shape

Tensor = torch.Tensor

# The torch column. Classes are checked before they are used: a wrong one makes an accelerator unusable.


def _valid_classes(t: Tensor, x: Tensor, ignore_index: int | None) -> Tensor:
    """The targets as indices, 0 where they are ignored."""
    kept = t if ignore_index is None else torch.where(t == ignore_index, 0, t)
    return valid_indices(kept, x.shape[class_axis(x.dim())], negative=False)


def _likelihood(x: Tensor, t: Tensor, weight: Tensor | None, *, ignore_index: int, reduction: str) -> Tensor:
    at = _valid_classes(t, x, ignore_index)
    if weight is None or not weight.requires_grad:
        return F.nll_loss(x, t, weight, ignore_index=ignore_index, reduction=reduction)
    return _weighted_loss(x, at, t != ignore_index, weight, reduction, 0.0)


def _cross_entropy(
    x: Tensor, t: Tensor, weight: Tensor | None, *, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    if t.is_floating_point():
        return F.cross_entropy(x, t, weight, reduction=reduction, label_smoothing=label_smoothing)
    at = _valid_classes(t, x, ignore_index)
    if weight is None or not weight.requires_grad:
        return F.cross_entropy(
            x, t, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
        )
    logs = F.log_softmax(x, class_axis(x.dim()))
    return _weighted_loss(logs, at, t != ignore_index, weight, reduction, label_smoothing)


def _weighted_loss(logs: Tensor, at: Tensor, kept: Tensor, weight: Tensor, reduction: str, smoothing: float) -> Tensor:
    """The loss of torch, with derivatives with respect to the weight, which torch lacks."""
    axis = class_axis(logs.dim())
    weights = torch.where(kept, weight[at], 0)
    loss = -weights * logs.gather(axis, at.unsqueeze(axis)).squeeze(axis)
    if smoothing:
        wide = weight.reshape(-1, *(1,) * (logs.dim() - axis - 1))
        spread = torch.where(kept, -(logs * wide).sum(axis), 0)
        loss = (1 - smoothing) * loss + smoothing / len(weight) * spread
    return loss.sum() / weights.sum() if reduction == "mean" else reduced_tensor(loss, reduction)


def _margin(x: Tensor, t: Tensor, weight: Tensor | None, *, p: int, margin: float, reduction: str) -> Tensor:
    """The weight is multiplied here, since torch has no derivative with respect to it."""
    at = _valid_classes(t, x, None)
    loss = F.multi_margin_loss(x, at, p, margin, reduction="none")
    return reduced_tensor(loss if weight is None else loss * weight[at], reduction)


# The sympy column.


def _of_classes(
    program: IndexProgram,
    logs: IndexTensor,
    target: IndexTensor,
    weight: IndexTensor | None,
    ignore_index: int,
    reduction: str,
    share: sp.Expr,
) -> IndexTensor:
    """The negative logarithm at the target's class, times its weight; 0 for targets that are ignored.

    All classes together have a share of the target.
    """
    axis, target = class_axis(len(logs.axes)), program.materialize_if_large(target, shared=True)
    batch, index = _target(program, logs, target)
    weight_entry = sp.S.One if weight is None else weight.at((index,))
    loss = -weight_entry * logs.at((*logs.axes[:axis], index, *logs.axes[axis + 1 :]))
    if share:
        every = logs if weight is None else program.elementwise(exact.times, logs, _along_classes(logs, weight, axis))
        spread = program.reduce("sum", every, (axis,))
        loss = (1 - share) * loss - share / program.size(logs.axes[axis]) * spread.entry
    counts = fn.not_equal(index, ignore_index)
    entries = IndexTensor(batch, counts * loss)
    if reduction != "mean":
        return reduced_form(program, entries, reduction)
    counted = reduced_form(program, IndexTensor(batch, counts * weight_entry), "sum")
    return program.elementwise(exact.over, reduced_form(program, entries, "sum"), counted)


def _target(program: IndexProgram, x: IndexTensor, target: IndexTensor) -> tuple[tuple[sp.Symbol | None, ...], sp.Expr]:
    """The axes of x except the classes, and the target's class at these."""
    axis = class_axis(len(x.axes))
    batch = (*x.axes[:axis], *x.axes[axis + 1 :])
    program.unify(target.axes, batch)
    return batch, target.at(batch)


def _along_classes(x: IndexTensor, weight: IndexTensor, axis: int) -> IndexTensor:
    return IndexTensor((*weight.axes, *(None,) * (len(x.axes) - axis - 1)), weight.entry)


def _cross_form(
    program: IndexProgram,
    x: IndexTensor,
    t: IndexTensor,
    weight: IndexTensor | None,
    *,
    label_smoothing: float,
    reduction: str,
    ignore_index: int,
) -> IndexTensor:
    axis = class_axis(len(x.axes))
    logs, share = log_softmax_form(program, x, dim=axis), exact.fraction(label_smoothing)
    if len(t.axes) < len(x.axes):
        return _of_classes(program, logs, t, weight, ignore_index, reduction, share)
    if share:
        t = program.elementwise(lambda e: (1 - share) * e + share / program.size(x.axes[axis]), t)
    if weight is not None:
        t = program.elementwise(exact.times, t, _along_classes(x, weight, axis))
    entries = program.reduce("sum", program.elementwise(lambda a, b: -a * b, logs, t), (axis,))
    return reduced_form(program, entries, reduction)


def _margin_form(
    program: IndexProgram,
    x: IndexTensor,
    t: IndexTensor,
    weight: IndexTensor | None,
    *,
    p: int,
    margin: float,
    reduction: str,
) -> IndexTensor:
    x, axis = program.materialize(x), class_axis(len(x.axes))
    _, index = _target(program, x, program.materialize_if_large(t, shared=True))
    missing = exact.fraction(margin) - x.at((*x.axes[:axis], index)) + x.entry
    weight_entry = sp.S.One if weight is None else weight.at((index,))
    term = fn.where(fn.greater(missing, 0), weight_entry * missing**p / program.size(x.axes[axis]), 0)
    terms = IndexTensor(x.axes, fn.where(fn.equal(index, index_of(x.axes[axis])), 0, term))
    return reduced_form(program, program.reduce("sum", terms, (axis,)), reduction)


def _cosine_form(
    program: IndexProgram, a: IndexTensor, b: IndexTensor, t: IndexTensor, *, margin: float, reduction: str
) -> IndexTensor:
    axes, (x, y) = program.align(program.materialize(a), program.materialize(b))
    eps, last = sp.Rational(1, 10**12), (len(axes) - 1,)
    sums = (program.reduce("sum", IndexTensor(axes, e), last) for e in (x * y, x**2, y**2))
    quotient = program.elementwise(lambda dot, xx, yy: dot / sp.sqrt((xx + eps) * (yy + eps)), *sums)
    cosine = program.materialize(quotient)

    def entry(c: sp.Expr, target: sp.Expr) -> sp.Expr:
        above = fn.clamp(c - exact.fraction(margin), 0, sp.oo)
        return fn.where(fn.equal(target, 1), 1 - c, 0) + fn.where(fn.equal(target, -1), above, 0)

    return reduced_form(program, program.elementwise(entry, cosine, t), reduction)


CLASSES = "input, target, weight=None, ignore_index: integer = -100, reduction: string = 'mean'"
IGNORED = "targets equal to ignore_index are left out"
MEAN = "The mean is weighted by the weights of the targets' classes"

# fmt: off
OPERATORS = (
    Operator(
        name="cross_entropy", family="neural", signature=f"{CLASSES}, label_smoothing: number = 0.0", work=shapes.work,
        shape=shapes.cross_entropy, torch=_cross_entropy, sympy=_cross_form, reference=references.cross_entropy,
        doc=f"-log_softmax(input) at the class of each target, {IGNORED}; or its product with probabilities. {MEAN}.",
        source="torch.nn.functional.cross_entropy",
        samples=("cross_entropy(x, at)", "cross_entropy(x, at, exp(u))", "cross_entropy(x, at, reduction='sum')",
                 "cross_entropy(x, at, exp(v), reduction='none', label_smoothing=0.2)", "cross_entropy(u, at[0])",
                 "cross_entropy(x, at, None, 1, 'sum')", "cross_entropy(C[:, :, :2], pos, u, 0, 'sum')",
                 "cross_entropy(D, 0*pos[:, [0, 0, 1]])",
                 "cross_entropy(x, at, exp(u), label_smoothing=0.1)", "cross_entropy(x, at, label_smoothing=1)",
                 "cross_entropy(x, softmax(y))", "cross_entropy(x, y, exp(u), label_smoothing=0.3)",
                 "cross_entropy(u, softmax(v), reduction='sum')",
                 "cross_entropy(C, exp(C), reduction='none')", "cross_entropy(z, at[:0], reduction='sum')",
                 "cross_entropy(c*s, 0*at)",
                 "F.cross_entropy(x @ A, target=at, reduction='none') @ c"),
        error_inputs=("cross_entropy(x)", "cross_entropy(x, u)", "cross_entropy(x, pos)", "cross_entropy(x, count)",
                      "cross_entropy(s, at)", "cross_entropy(count, at)", "cross_entropy(x, at, w)",
                      "cross_entropy(x, at, label_smoothing=2)", "cross_entropy(x, y, ignore_index=1)",
                      "cross_entropy(x, at, reduction='all')", "cross_entropy(x, mask)"),
    ),
    Operator(
        name="nll_loss", family="neural", signature=CLASSES, work=shapes.work,
        shape=shapes.nll_loss, torch=_likelihood, reference=references.likelihood,
        sympy=lambda program, x, t, weight, *, ignore_index, reduction: _of_classes(
            program, program.materialize(x), t, weight, ignore_index, reduction, sp.S.Zero),
        doc=f"-input, a logarithm of probabilities, at the class of each target; {IGNORED}. {MEAN}.",
        source="torch.nn.functional.nll_loss",
        samples=("nll_loss(x, at)", "nll_loss(log_softmax(x), at, exp(u))", "nll_loss(x, at, reduction='none')",
                 "nll_loss(u, at[1])",
                 "nll_loss(x, at, exp(v), 0, 'sum')", "nll_loss(C[:, :, :2], pos, ignore_index=1, reduction='sum')",
                 "nll_loss(z, at[:0], reduction='sum')", "nll_loss(x*2, at, ignore_index=1, reduction='sum')"),
        error_inputs=("nll_loss(x)", "nll_loss(x, y)", "nll_loss(x, pos)", "nll_loss(s, at)", "nll_loss(count, at)",
                      "nll_loss(x, at, w)", "nll_loss(x, at, reduction='batchmean')"),
    ),
    Operator(
        name="multi_margin_loss", family="neural", work=shapes.work,
        signature="input, target, p: integer = 1, margin: number = 1.0, weight=None, reduction: string = 'mean'",
        shape=shapes.multi_margin_loss, torch=_margin, sympy=_margin_form, reference=references.margins,
        doc="maximum(0, margin - input[target] + input[i])**p, summed over the classes i except the target's, over the "
            "number of classes.",
        source="torch.nn.functional.multi_margin_loss",
        kinks=(Kink("amax(input) - amin(input) == margin", "0 where a term is 0"),),
        samples=("multi_margin_loss(x, at)", "multi_margin_loss(x, at, 2, 0.5)",
                 "multi_margin_loss(u, at[0], reduction='sum')",
                 "multi_margin_loss(x, at, weight=exp(u), reduction='none')",
                 "multi_margin_loss(z, at[:0], reduction='sum')"),
        error_inputs=("multi_margin_loss(x)", "multi_margin_loss(x, u)", "multi_margin_loss(x, at, 3)",
                      "multi_margin_loss(C, pos)", "multi_margin_loss(x, at, weight=w)"),
    ),
    Operator(
        name="cosine_embedding_loss", family="neural", work=distances.work, workspace=of_common_shape(2),
        signature="input1, input2, target, margin: number = 0.0, reduction: string = 'mean'",
        shape=shapes.cosine_embedding_loss, torch=F.cosine_embedding_loss, sympy=_cosine_form,
        reference=references.cosine,
        doc="1 - c where the target is 1, maximum(0, c - margin) where it is -1; c is the cosine between two vectors.",
        source="torch.nn.functional.cosine_embedding_loss",
        samples=("cosine_embedding_loss(x, y, 2*at - 1)", "cosine_embedding_loss(u, v, 1)",
                 "cosine_embedding_loss(u, v, -1, -0.9)",
                 "cosine_embedding_loss(x, y, sign(y[:, 0]), 0.1, 'none')",
                 "cosine_embedding_loss(x, r, 2*at - 1, reduction='sum')",
                 "cosine_embedding_loss(z, z, 2*at[:0], reduction='sum')"),
        error_inputs=("cosine_embedding_loss(x, y)", "cosine_embedding_loss(x, y, y)",
                      "cosine_embedding_loss(C, C, pos)", "cosine_embedding_loss(u, v, at)",
                      "cosine_embedding_loss(x, B, at)"),
    ),
)
# fmt: on
