"""Losses: an input against a target, entry by entry, reduced to a mean, a sum, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation.index_program import IndexProgram, IndexTensor
from . import loss_entries as entries
from .elementwise import UNIT
from .loss_reductions import reduced_form, reduced_tensor
from .operator import Kink, OperandError, Operator, ShapeRule
from .reference import losses as references
from .selection import on_one_device
from .shape_rules import losses as shapes
from .shape_rules.common import broadcast_shapes, floats
from .shape_rules.losses import REDUCTIONS
from .workspace import of_common_shape

Tensor = torch.Tensor

# The torch column, where it is not torch's function alone.


def _broadcast(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """torch warns where it broadcasts, so the operands are broadcast before."""

    def column(*operands: Tensor, **arguments: Any) -> Tensor:
        shape = broadcast_shapes(*(t.shape for t in operands))
        return function(*(t.expand(shape) for t in on_one_device(*operands)), **arguments)

    return column


def _require_probabilities(name: str, x: Tensor) -> None:
    """Raises OperandError where an entry is not a probability: such an entry makes an accelerator unusable."""
    if not bool(((x >= 0) & (x <= 1)).all()):
        raise OperandError(
            f"the {name} has entries outside of 0 to 1", "probabilities; binary_cross_entropy_with_logits takes others"
        )


def _cross_entropy(x: Tensor, t: Tensor, weight: Tensor | None, *, reduction: str) -> Tensor:
    """The weight is multiplied here, since torch has no derivative with respect to it."""
    x, t = on_one_device(x, t)
    _require_probabilities("input", x)
    _require_probabilities("target", t)
    loss = F.binary_cross_entropy(x, t, reduction="none")
    return reduced_tensor(loss if weight is None else loss * weight, reduction)


def _with_logits(
    x: Tensor, t: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, *, reduction: str
) -> Tensor:
    """The weights are multiplied here where derivatives with respect to them are asked for, which torch lacks."""
    x, t = on_one_device(x, t)
    if pos_weight is not None and pos_weight.requires_grad:
        loss = (1 - t) * x - (1 + (pos_weight - 1) * t) * F.logsigmoid(x)
    else:
        loss = F.binary_cross_entropy_with_logits(x, t, pos_weight=pos_weight, reduction="none")
    return reduced_tensor(loss if weight is None else loss * weight, reduction)


def _soft_margin(x: Tensor, t: Tensor, *, reduction: str) -> Tensor:
    """torch has no derivative with respect to the target."""
    if not t.requires_grad:
        return F.soft_margin_loss(x, t, reduction=reduction)
    return reduced_tensor(-F.logsigmoid(t * x), reduction)


def _divergence(x: Tensor, t: Tensor, *, reduction: str, log_target: bool) -> Tensor:
    """torch warns of the reduction 'mean'."""
    loss = F.kl_div(x, t, reduction="none", log_target=log_target)
    if reduction == "batchmean":
        return loss.sum() / x.shape[0] if x.dim() else loss.sum()
    return reduced_tensor(loss, reduction)


def _gaussian(x: Tensor, t: Tensor, var: Tensor, *, full: bool, eps: float, reduction: str) -> Tensor:
    if bool((var < 0).any()):
        raise OperandError("the var has negative entries", "variances of 0 or more")
    x, t, var = on_one_device(x, t, var)
    return F.gaussian_nll_loss(x, t, var if var.dim() else var.expand(x.shape), full=full, eps=eps, reduction=reduction)


# Rows.


def _form(entry: Callable[..., sp.Expr]) -> Callable[..., IndexTensor]:
    """The sympy column of a loss, from an entry of it; an operand that is left out reaches the entry as None."""

    def form(program: IndexProgram, *tensors: IndexTensor | None, reduction: str, **arguments: Any) -> IndexTensor:
        def scalar(*values: sp.Expr) -> sp.Expr:
            present = iter(values)
            return entry(*(None if t is None else next(present) for t in tensors), **arguments)

        operands = (program.materialize_if_large(t, shared=True) for t in tensors if t is not None)
        return _reduce(program, program.elementwise(scalar, *operands), tensors[0], reduction)

    return form


def _reduce(program: IndexProgram, losses: IndexTensor, x: IndexTensor | None, reduction: str) -> IndexTensor:
    if reduction != "batchmean":
        return reduced_form(program, losses, reduction)
    assert x is not None
    rows = program.size(x.axes[0]) if x.axes else sp.S.One
    return program.elementwise(lambda e: exact.over(e, rows), reduced_form(program, losses, "sum"))


def _gaussian_form(
    program: IndexProgram, x: IndexTensor, t: IndexTensor, var: IndexTensor, **arguments: Any
) -> IndexTensor:
    if len(var.axes) < len(x.axes) and var.axes != x.axes[:0]:
        var = IndexTensor((*var.axes, None), var.entry)
    return _form(entries.gaussian)(program, x, t, var, **arguments)


def loss(
    name: str,
    operands: str,
    rule: ShapeRule,
    torch_column: Callable[..., Any],
    entry: Callable[..., sp.Expr],
    reference: Callable[..., Any],
    doc: str,
    samples: tuple[str, ...],
    error_inputs: tuple[str, ...] = (),
    **more: Any,
) -> Operator:
    """A loss of these operands; `entry` and `reference` give one entry of it."""
    columns: dict[str, Any] = {
        "shape": shapes.loss(rule),
        "sympy": _form(entry),
        "reference": references.loss(reference),
        "signature": f"{operands}, reduction: string = 'mean'",
    } | more
    return Operator(
        name=name, family="neural", torch=torch_column, doc=doc, source=f"torch.nn.functional.{name}", work=shapes.work,
        workspace=of_common_shape(2),
        samples=tuple(f"{name}({operands})" for operands in samples),
        error_inputs=tuple(f"{name}({operands})" for operands in (*WRONG, *error_inputs)), **columns,
    )  # fmt: skip


#: Operands that every loss of two takes, and those that none of them takes.
TWO = ("x, y", "x, y, reduction='sum'", "C, exp(C), reduction='none'", "s, s*s", "z, z, reduction='sum'", "c, c**2")
BROADCAST = ("x, u", "c, r, reduction='sum'", "x, count", "o, s", "x, 0.5")
WRONG = ("x", "x, B", "x, y, reduction='half'", "x, y, reduction=None", "count, count", "x, y, dim=0", "x, 'a'")
POISSON = "input, target, log_input: flag = True, full: flag = False, eps: number = 1e-8, reduction: string = 'mean'"
SIGNS, FROM_ABOVE = ("2*mask - 1", "sign(y)"), "the slope where it is above 0"

# fmt: off
OPERATORS = (
    #    name              operands         shape                 torch                         sympy
    loss("mse_loss",       "input, target", floats,               _broadcast(F.mse_loss),       entries.squared,
         references.squared, "(input - target)**2.", (*TWO, *BROADCAST)),
    loss("l1_loss",        "input, target", shapes.float_numbers, _broadcast(F.l1_loss),        entries.absolute,
         references.absolute, "abs(input - target).", (*TWO, *BROADCAST), kinks=(Kink("input == target", "0"),)),
    loss("smooth_l1_loss", "input, target", shapes.smooth,        _broadcast(F.smooth_l1_loss), entries.smooth,
         references.smooth, "abs(input - target) - beta/2, but within beta of the target (input - target)**2/(2*beta).",
         (*TWO, *BROADCAST, "x, y, beta=0.5", "x, y, 'sum', 0", "C, D.mT, beta=2"), ("x, y, beta=-1",),
         signature="input, target, reduction: string = 'mean', beta: number = 1.0",
         kinks=(Kink("(beta == 0) & (input == target)", "0"),)),
    loss("huber_loss",     "input, target", shapes.huber,         _broadcast(F.huber_loss),     entries.huber,
         references.huber, "delta*(abs(input - target) - delta/2); within delta of the target (input - target)**2/2.",
         (*TWO, "x, u", "c, r, 'sum'", "x, y, delta=0.5", "x, y, 'none', 2"), ("x, y, delta=0", "x, count"),
         signature="input, target, reduction: string = 'mean', delta: number = 1.0"),
    loss("soft_margin_loss", "input, target", shapes.one_dtype, _broadcast(_soft_margin), entries.soft_margin,
         references.soft_margin, "log(1 + exp(-target*input)).",
         (*TWO, *(f"x, {sign}" for sign in SIGNS), "x, u", "g, 2*mask - 1")),
    loss("hinge_embedding_loss", "input, target", shapes.one_dtype, F.hinge_embedding_loss, entries.hinge_embedding,
         references.hinge_embedding, "input where the target is 1, maximum(0, margin - input) where it is -1.",
         (*TWO[:2], *(f"x, {sign}" for sign in SIGNS), "C, sign(D.mT), 0.5, 'none'", "x, sign(u), margin=-0.5",
          "z, z, reduction='sum'"),
         signature="input, target, margin: number = 1.0, reduction: string = 'mean'",
         kinks=(Kink("input == margin", FROM_ABOVE),)),
    loss("margin_ranking_loss", "input1, input2, target", shapes.ranking, F.margin_ranking_loss, entries.ranking,
         references.ranking, "maximum(0, margin - target*(input1 - input2)).",
         ("x, y, 2*mask - 1", "x, y, sign(x), 0.5", "u, v, v, reduction='sum'", "C, exp(C), C, 1, 'none'", "x, c, r",
          "z, z, z, reduction='sum'"), ("x, y", "x, y, u", "x, u, s"),
         signature="input1, input2, target, margin: number = 0.0, reduction: string = 'mean'",
         kinks=(Kink("margin == target*(input1 - input2)", FROM_ABOVE),)),
    loss("poisson_nll_loss", "input, target", shapes.poisson, F.poisson_nll_loss, entries.poisson, references.poisson,
         "exp(input) - target*input, or input - target*log(input + eps) with log_input=False; full adds Stirling's "
         "terms where the target is above 1.",
         (*TWO, *BROADCAST, "exp(x), y, False", "x, exp(y) + 0.5, full=True", "exp(x), y, log_input=False, eps=0.1",
          "x, 3*exp(y), True, True, reduction='none'"),
         signature=POISSON,
         domain="(log_input > 0) | (input + eps > 0)", kinks=(Kink("target == 1", "the slope below"),)),
    replace(
        loss("gaussian_nll_loss", "input, target, var", shapes.gaussian, _gaussian, entries.gaussian,
             references.gaussian,
             "(log(var) + (input - target)**2/var)/2 with a var of eps at least; full adds log(2*pi)/2.",
             ("x, y, exp(x)", "x, y, exp(c), full=True", "x, y, exp(c[:, 0]), reduction='none'", "C, s, exp(C)",
              "x, u, exp(y), True, 0.01, 'sum'", "x, count, exp(y)", "u, v, exp(s)", "z, z, z, reduction='sum'",
              "x, y, 0.5"),
             ("x, y", "x, y, u", "x, y, count", "count, count, x", "x, B, x"),
             signature="input, target, var, full: flag = False, eps: number = 1e-6, reduction: string = 'mean'",
             domain="var_ >= 0", kinks=(Kink("var_ < eps", "the slopes at eps"),)),
        sympy=_gaussian_form, reference=references.gaussian_nll_loss,
    ),

    # Of probabilities
    loss("binary_cross_entropy", "input, target, weight=None", shapes.same_shape, _cross_entropy, entries.cross_entropy,
         references.weighted(references.cross_entropy),
         "-target*log(input) - (1 - target)*log(1 - input), times the weight; torch clamps the logarithms at -100.",
         (*(operands for operands in TWO if "exp" not in operands), "x, mask*y", "x, y, u", "x, 0.25*y, s, 'sum'",
          "sigmoid(C), C, w, reduction='none'"), ("x, u", "x, mask", "x, count", "x, y, w"),
         aliases=("bce",), interval=UNIT, domain="(input >= 0) & (input <= 1)",
         kinks=(Kink("(input == 0) | (input == 1)", "(input - target)*1e12"),)),
    loss("binary_cross_entropy_with_logits", "input, target", shapes.same_shape, _with_logits, entries.with_logits,
         references.weighted(references.with_logits),
         "binary_cross_entropy of sigmoid(input), which does not overflow; its positive part times pos_weight.",
         (*TWO, "x, mask*(c - y)", "x, y, u", "x, y, pos_weight=exp(u)", "C, C, w, 'none', exp(w)", "4*x, y, s, 'sum'"),
         ("x, u", "x, mask", "x, count", "x, y, w", "x, y, None, 'mean', w"), aliases=("bce_with_logits",),
         signature="input, target, weight=None, reduction: string = 'mean', pos_weight=None"),
    loss("kl_div", "input, target", shapes.floats_of_one_dtype, _divergence, entries.divergence, references.divergence,
         "target*(log(target) - input), where log_target says that the target comes as its logarithm; 'batchmean' is "
         "the sum over the number of rows.",
         (*TWO, "log(x), y, 'batchmean'", "log_softmax(x), softmax(y), reduction='sum'", "x, u, 'batchmean'",
          "x, log(y), log_target=True", "s, s, 'batchmean'"), ("x, at",),
         signature="input, target, reduction: string = 'mean', log_target: flag = False",
         shape=shapes.loss(shapes.floats_of_one_dtype, (*REDUCTIONS, "batchmean")), interval=UNIT,
         domain="(target >= 0) | (log_target > 0)", kinks=(Kink("(target == 0) & (log_target == 0)", "nan"),)),
)
# fmt: on
