"""Rounding to whole numbers and decimals, and what rounding takes away."""

from __future__ import annotations

from functools import partial

import mpmath as mp
import sympy as sp
import torch

from ..index_notation import functions as fn
from ..program import TensorType
from .elementwise import REAL, kinks, row
from .lifting import WithLiterals
from .operator import OperandError
from .reference import scalars
from .shape_rules.common import broadcast, only_floating, without_bools

_real = without_bools(broadcast, "multiply the bool by 1 to make it a number")
_only = only_floating(broadcast)

#: 10 to this power is a float64.
MOST_DECIMALS = 300

frac = fn.function("frac", lambda x: (sp.S.One,))


def _rounded(x: TensorType, *, decimals: int) -> TensorType:
    """Whole numbers have no decimals; a floating one has no more than so many."""
    if abs(decimals) > MOST_DECIMALS:
        raise OperandError(f"round to {decimals} decimals", f"from {-MOST_DECIMALS} to {MOST_DECIMALS}")
    return _only(x) if decimals else _real(x)


def _round(x: torch.Tensor, *, decimals: int) -> torch.Tensor:
    """torch.round, which takes whole numbers without decimals only."""
    return torch.round(x, decimals=decimals) if decimals else torch.round(x)


ROUND = ("round(x)", "round(s)", "round(C)*C", "round(z)", "round(c*r)", "round(x, 1)*x", "round(C, decimals=-1)")
UNFIT_ROUND = ("round()", "round(x, y)", "round(x, 0.5)", "round(mask)", "round(count, 1)", "round(x, 999)")

rounding = partial(row, family="rounding")

# fmt: off
OPERATORS = (
    #        name     torch        sympy                                  reference        shape     interval doc
    rounding("floor", torch.floor, fn.floor,                              mp.floor,        _real,    REAL,
             "The largest whole number that is at most x.", **kinks(("x % 1 == 0", "0"))),
    rounding("ceil",  torch.ceil,  fn.ceil,                               mp.ceil,         _real,    REAL,
             "The smallest whole number that is at least x.", **kinks(("x % 1 == 0", "0"))),
    rounding("trunc", torch.trunc, fn.trunc,                              scalars.trunc,   _real,    REAL,
             "x without what stands behind the point.", aliases=("fix",), **kinks(("(x % 1 == 0) & (x != 0)", "0"))),
    rounding("round", _round,      WithLiterals(fn.nearest, unwritten=0), scalars.nearest, _rounded, REAL,
             "x to so many decimals, a tie to the even one.", signature="x, decimals: integer = 0",
             aliases=("around",), samples=ROUND, error_inputs=UNFIT_ROUND, source="torch.round",
             **kinks(("x*10**decimals % 1 == 0.5", "0")),
             code_torch="torch.round({0}, decimals={n1})", code_numpy="np.round({0}, {n1})"),
    rounding("frac",  torch.frac,  frac,                                  scalars.frac,    _only,    REAL,
             "x - trunc(x).", **kinks(("(x % 1 == 0) & (x != 0)", "1")), code_numpy="({0} - np.trunc({0}))"),
)
# fmt: on
