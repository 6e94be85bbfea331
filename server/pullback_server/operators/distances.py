"""Directions and distances: vectors divided by their norms, the angle between two, the distance of two."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp
import torch
from torch.nn import functional as F

from ..index_notation import exact
from ..index_notation import functions as fn
from ..index_notation.index_program import IndexProgram, IndexTensor
from . import norms
from .operator import Kink, NoClosedForm, Operator
from .reference import distances as references
from .shape_rules import distances as shapes
from .shape_rules.common import axes_of
from .workspace import of_common_shape

#: With more differences than this cdist has no closed form, which would hold all of them at once.
MOST_DIFFERENCES = 2**24

# The sympy column. A norm below eps counts as eps, by a condition, so that its derivative is left out there and not
# multiplied by 0: it is infinite at 0.


def _norm_at_least(program: IndexProgram, x: IndexTensor, p: float, axes: tuple[int, ...], eps: float) -> IndexTensor:
    total, exponent = norms.sum_of_powers(program, x, p, axes, keepdim=True)

    def entry(e: sp.Expr) -> sp.Expr:
        norm, least = exact.power(e, exponent), exact.fraction(eps)
        return fn.where(fn.greater_equal(norm, least), norm, least)

    return program.materialize(program.elementwise(entry, total))


def _normalize_form(program: IndexProgram, x: IndexTensor, *, p: float, dim: Any, eps: float) -> IndexTensor:
    return program.elementwise(exact.over, x, _norm_at_least(program, x, p, axes_of(dim, len(x.axes)), eps))


def _cosine_form(program: IndexProgram, x1: IndexTensor, x2: IndexTensor, *, dim: int, eps: float) -> IndexTensor:
    axes, entries = program.align(x1, x2)
    over = axes_of(dim, len(axes)) if axes else ()
    a, b = (IndexTensor(axes, entry) for entry in entries)
    product = program.reduce("sum", program.elementwise(exact.times, a, b), over, keepdim=True)
    lengths = (_norm_at_least(program, x, 2, over, eps) for x in (a, b))
    quotient = program.elementwise(lambda e, m, n: exact.over(e, m * n), product, *lengths)
    return program.reduce("sum", quotient, over)


def _pairwise_form(
    program: IndexProgram, x1: IndexTensor, x2: IndexTensor, *, p: float, eps: float, keepdim: bool
) -> IndexTensor:
    differences = program.elementwise(lambda a, b: exact.plus(a - b, exact.fraction(eps)), x1, x2)
    axes = axes_of(-1, len(differences.axes))
    return norms.norm_over(program, differences, p, axes, keepdim)


def _cdist_form(
    program: IndexProgram, x1: IndexTensor, x2: IndexTensor, *, p: float, compute_mode: str | None
) -> IndexTensor:
    del compute_mode
    rows = IndexTensor((*x1.axes[:-1], None, x1.axes[-1]), x1.entry)
    columns = IndexTensor((*x2.axes[:-2], None, *x2.axes[-2:]), x2.entry)
    differences = program.elementwise(lambda a, b: a - b, rows, columns)
    if math.prod(program.dimensions[a].length for a in differences.free) > MOST_DIFFERENCES:
        raise NoClosedForm(f"the closed form of cdist needs more than {MOST_DIFFERENCES} differences here")
    return norms.norm_over(program, differences, p, (len(differences.axes) - 1,))


def _cdist(x1: torch.Tensor, x2: torch.Tensor, *, p: float, compute_mode: str | None) -> torch.Tensor:
    return torch.cdist(x1, x2, float(p), compute_mode or shapes.MODES[0])


# fmt: off
OPERATORS = (
    Operator(
        name="normalize", family="reductions",
        signature="x, p: number = 2.0, dim: dims = 1, eps: number = 1e-12", shape=shapes.normalize,
        torch=F.normalize, sympy=_normalize_form, reference=references.normalize,
        doc="x over its norm of order p along dim; a norm below eps counts as eps.",
        source="torch.nn.functional.normalize",
        kinks=(Kink("norm(x) == eps", "the slope of the norm"),),
        samples=("normalize(x)", "normalize(x, dim=0)", "normalize(u, dim=0)", "normalize(x, 1)", "normalize(x, p=3)",
                 "normalize(x, inf, 0)", "normalize(C, dim=(0, 2))", "F.normalize(C, 2, -1, 1e-3)", "normalize(z)",
                 "normalize(x, eps=100)", "normalize(c, dim=0)", "normalize(c)", "normalize(x) @ normalize(y).T"),
        error_inputs=("normalize()", "normalize(u)", "normalize(count)", "normalize(x, dim=2)", "normalize(x, p=y)",
                      "normalize(x, 'fro')", "normalize(z, inf, 0)"),
    ),
    Operator(
        name="cosine_similarity", family="reductions",
        signature="x1, x2, dim: dim = 1, eps: number = 1e-8", shape=shapes.cosine_similarity,
        work=shapes.work, workspace=of_common_shape(2),
        torch=F.cosine_similarity, sympy=_cosine_form, reference=references.cosine_similarity,
        doc="The sum of x1*x2 along dim over the product of the norms. A norm below eps counts as eps, which torch "
            "leaves out of the derivative.",
        source="torch.nn.functional.cosine_similarity",
        kinks=(Kink("norm(x1) == 0", "0"), Kink("norm(x2) == 0", "0")),
        samples=("cosine_similarity(x, y)", "cosine_similarity(u, v, 0)", "cosine_similarity(x, y, dim=0)",
                 "cosine_similarity(x, u)", "cosine_similarity(x, c)", "cosine_similarity(C, D.mT, dim=-1)",
                 "cosine_similarity(x, count)", "cosine_similarity(x, x)", "cosine_similarity(c, r, 0)",
                 "cosine_similarity(z, z)", "cosine_similarity(z, z, 0)", "cosine_similarity(o, u, dim=-1)",
                 "F.cosine_similarity(x, y, eps=1e-6)", "cosine_similarity(s, 2*s, 0)"),
        error_inputs=("cosine_similarity(x)", "cosine_similarity(u, v)", "cosine_similarity(x, B)",
                      "cosine_similarity(x, y, 2)", "cosine_similarity(count, count)",
                      "cosine_similarity(x, y, (0, 1))"),
    ),
    Operator(
        name="pairwise_distance", family="reductions",
        signature="x1, x2, p: number = 2.0, eps: number = 1e-6, keepdim: flag = False", shape=shapes.pairwise_distance,
        work=shapes.work, workspace=of_common_shape(2),
        torch=F.pairwise_distance, sympy=_pairwise_form, reference=references.pairwise_distance,
        doc="The norm of order p of x1 - x2 + eps along the last dimension.",
        source="torch.nn.functional.pairwise_distance",
        kinks=(Kink("norm(x1 - x2 + eps) == 0", "0"), Kink("(p <= 1) & (sum(x1 - x2 + eps == 0) > 0)", "0")),
        samples=("pairwise_distance(x, y)", "pairwise_distance(u, v)", "pairwise_distance(x, y, 1)",
                 "pairwise_distance(x, y, p=inf, keepdim=True)", "pairwise_distance(x, u, 3)",
                 "pairwise_distance(C, D.mT, eps=0.5)", "pairwise_distance(c, r)", "pairwise_distance(z, u)",
                 "pairwise_distance(x, count)", "F.pairwise_distance(x, 2*x)", "pairwise_distance(s, o)"),
        error_inputs=("pairwise_distance(x)", "pairwise_distance(x, B)", "pairwise_distance(count, count)",
                      "pairwise_distance(x, y, 'fro')", "pairwise_distance(x, y, dim=0)",
                      "pairwise_distance(z.T, z.T, inf)"),
    ),
    Operator(
        name="cdist", family="reductions", work=shapes.cdist_work, size_dependent=True,
        signature="x1, x2, p: number = 2.0, compute_mode: string = None", shape=shapes.cdist,
        torch=_cdist, sympy=_cdist_form, reference=references.cdist,
        doc="The norm of order p between each row of one matrix and each row of another; further dimensions broadcast.",
        source="torch.cdist",
        kinks=(Kink("amin(cdist(x1, x2)) == 0", "0"),),
        samples=("cdist(x, y)", "cdist(x, A)", "cdist(x, A, 1)", "cdist(x, y, p=inf)", "cdist(x, A, 3)",
                 "cdist(C, D.mT)", "cdist(c, g)", "cdist(r, x)", "cdist(x, z)", "cdist(z, z)",
                 "exp(-cdist(x, y)**2)",
                 "cdist(x, y, 0)*c", "cdist(x, A, 2, 'donot_use_mm_for_euclid_dist')", "cdist(z.T, z.T)*A"),
        error_inputs=("cdist(x)", "cdist(u, v)", "cdist(x, B)", "cdist(x, y, -1)", "cdist(count, count)",
                      "cdist(x, y, 'fro')", "cdist(x, y, compute_mode='fast')"),
    ),
)
# fmt: on
