"""The printed expressions of a derivative checked against the numbers of its plan, once, on small random tensors."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import sympy as sp
import torch

from ...index_notation.index_program import Axes, IndexProgram
from ..differentiation.derivatives import UPSTREAM, Differentiated
from ..evaluation.evaluate import evaluator
from ..form import DerivativeKind, NotationState
from ..lowering.lower import Lowering
from ..lowering.plan import Plan
from ..lowering.sizes import memory
from .index_form.combining import Expressions, TensorExpression

log = logging.getLogger(__name__)

#: The lengths that unknown dimensions take begin and end here.
SMALLEST, LONGEST = 2, 5
#: A Jacobian of more entries than this is not computed.
LARGEST = 10**6
#: Expressions whose evaluation takes more bytes than this are not checked, and so not shown.
MEMORY = 2**30
#: Before an input's name, the names of its derivatives while they are evaluated; no input has such names.
JACOBIAN, VJP = "^jacobian ", "^vjp "


class TooLarge(Exception):
    """An expression that would cost too much to check, because lengths are part of it."""


def agreements(
    differentiated: Differentiated, plan: Plan, derivatives: Mapping[str, Expressions]
) -> dict[str, NotationState]:
    """Whether the expressions of each input, as they will be printed, give the gradient that the plan gives.

    The Jacobian is contracted with the upstream gradient here. The state is DONE where they agree, and OVER_BUDGET
    where finding out would cost too much.
    """
    try:
        agreed = _agreeing(differentiated, plan, derivatives)
    except Exception as error:
        if len(derivatives) > 1:
            # One that cannot be evaluated costs the others nothing.
            alone = (agreements(differentiated, plan, {name: e}) for name, e in derivatives.items())
            return {name: state for each in alone for name, state in each.items()}
        if isinstance(error, TooLarge):
            return dict.fromkeys(derivatives, NotationState.OVER_BUDGET)
        log.exception("a closed form in writing could not be evaluated")
        return dict.fromkeys(derivatives, NotationState.NO_FORM)
    if agreed != derivatives.keys():
        log.error("a closed form in writing does not come to the numbers of its plan, so it is withheld")
    return {name: NotationState.DONE if name in agreed else NotationState.NO_FORM for name in derivatives}


def _agreeing(differentiated: Differentiated, plan: Plan, derivatives: Mapping[str, Expressions]) -> set[str]:
    partition, program = differentiated.partition, differentiated.partition.program
    # A square matrix stays square where functions of matrices need its rank.
    sizes = _sizes(program, tied=any(p.result_rank is not None for p in differentiated.forward))
    axes = {name: x.axes for name, x in partition.inputs.items()} | {UPSTREAM: partition.output.axes}
    _require_memory(plan, {name: _lengths(a, program, sizes) for name, a in axes.items()})
    tensors = _tensors(differentiated, sizes)
    gradients = evaluator(plan)(tensors)
    wanted: list[tuple[str, TensorExpression]] = []
    for name, expressions in derivatives.items():
        wanted.append((VJP + name, expressions[DerivativeKind.VJP]))
        full = expressions[DerivativeKind.JACOBIAN]
        # A form that lengths are part of is checked at these; where they make the Jacobian large, by its product only.
        if math.prod(_lengths(full.axes, program, sizes)) <= LARGEST:
            wanted.append((JACOBIAN + name, full))
    lowering = Lowering(program, differentiated.forward, partition.axes(partition.upstream))
    printed = lowering.plan((n, e.expression, tuple(a for a in e.axes if a is not None)) for n, e in wanted)
    targets = {n: torch.empty(_lengths(e.axes, program, sizes), dtype=torch.float64) for n, e in wanted}
    tensors |= {partition.upstream: tensors[UPSTREAM]} | targets
    _require_memory(printed, {name: tuple(x.shape) for name, x in tensors.items()})
    results = evaluator(printed)(tensors)
    agreed = set()
    for name in derivatives:
        expected, jacobian, vjp = gradients[name], results.get(JACOBIAN + name), results[VJP + name]
        if expected is None:
            expected = torch.zeros_like(tensors[name])
        values = [vjp]
        if jacobian is not None:
            values.append(torch.tensordot(tensors[UPSTREAM], jacobian, dims=len(partition.output.axes)))
        if all(v is not None and torch.allclose(v, expected, rtol=1e-9, atol=1e-9, equal_nan=True) for v in values):
            agreed.add(name)
    return agreed


def _tensors(differentiated: Differentiated, sizes: dict[sp.Symbol, int]) -> dict[str, torch.Tensor]:
    """Small random inputs and an upstream gradient."""
    partition, program = differentiated.partition, differentiated.partition.program
    inputs, types = partition.inputs, partition.typed.types
    random = torch.Generator().manual_seed(0)

    def draw(axes: Axes) -> torch.Tensor:
        return torch.rand(_lengths(axes, program, sizes), dtype=torch.float64, generator=random) * 0.6 + 0.2

    floating = {n: types[number].dtype.floating for n, number in partition.typed.program.inputs().items()}
    tensors = {n: draw(x.axes) if floating[n] else draw(x.axes).round() for n, x in inputs.items()}
    return tensors | {UPSTREAM: draw(partition.output.axes)}


def _lengths(axes: Axes, program: IndexProgram, sizes: dict[sp.Symbol, int]) -> tuple[int, ...]:
    return tuple(1 if a is None else sizes[program.dimensions[a].root().symbol] for a in axes)


def _require_memory(plan: Plan, shapes: Mapping[str, tuple[int, ...]]) -> None:
    if memory(plan, shapes) > MEMORY:
        raise TooLarge


def _sizes(program: IndexProgram, tied: bool) -> dict[sp.Symbol, int]:
    """Small lengths in the order of the real ones: a tall matrix stays tall, so that its rank stays full.

    Equal lengths get different ones unless they are `tied`.
    """
    roots = {d.root() for d in program.dimensions.values()}
    free = sorted((r for r in roots if not isinstance(r.source, int)), key=lambda r: (r.length, str(r.symbol)))
    lengths = sorted({r.length for r in free})
    places = (lengths.index(r.length) if tied else number for number, r in enumerate(free))
    small = {r.symbol: min(SMALLEST + place, LONGEST) for r, place in zip(free, places, strict=True)}
    return small | {r.symbol: r.source for r in roots if isinstance(r.source, int)}
