"""Rounding to integers and decimals, and fractional parts."""

from __future__ import annotations

from functools import partial

import sympy as sp
import torch

from ..index_notation import functions as fn
from .elementwise import REAL, kinks, row
from .kernel_error import EXACT
from .lifting import WithLiterals
from .reference import scalars
from .shape_rules import elementwise as shapes
from .shape_rules.common import floats, numbers

frac = fn.function("frac", lambda x: (sp.S.One,))


def _round(x: torch.Tensor, *, decimals: int) -> torch.Tensor:
    """torch.round, which takes integers without decimals only."""
    return torch.round(x, decimals=decimals) if decimals else torch.round(x)


ROUND = ("round(x)", "round(s)", "round(C)*C", "round(z)", "round(c*r)", "round(x, 1)*x", "round(C, decimals=-1)")
WRONG_ROUND = ("round()", "round(x, y)", "round(x, 0.5)", "round(mask)", "round(count, 1)", "round(x, 999)")

rounding = partial(row, family="rounding")

# fmt: off
OPERATORS = (
    #        name     torch        sympy                                  reference        shape          interval doc
    rounding("floor", torch.floor, fn.floor,                              scalars.floor,   numbers,       REAL,
             "The largest integer that is at most x.", **kinks(("x % 1 == 0", "0")), kernel_error=EXACT),
    rounding("ceil",  torch.ceil,  fn.ceil,                               scalars.ceil,    numbers,       REAL,
             "The smallest integer that is at least x.", **kinks(("x % 1 == 0", "0")), kernel_error=EXACT),
    rounding("trunc", torch.trunc, fn.trunc,                              scalars.trunc,   numbers,       REAL,
             "x without its fractional part.", aliases=("fix",), **kinks(("(x % 1 == 0) & (x != 0)", "0")),
             kernel_error=EXACT),
    rounding("round", _round,      WithLiterals(fn.nearest, omitted=0), scalars.nearest, shapes.round_, REAL,
             "x rounded to this many decimals, ties to even.", signature="x, decimals: integer = 0",
             aliases=("around",), samples=ROUND, error_inputs=WRONG_ROUND, source="torch.round",
             **kinks(("x*10**decimals % 1 == 0.5", "0")),
             code_torch="torch.round({0}, decimals={n1})", code_numpy="np.round({0}, {n1})"),
    rounding("frac",  torch.frac,  frac,                                  scalars.frac,    floats,        REAL,
             "x - trunc(x).", **kinks(("(x % 1 == 0) & (x != 0)", "1")), code_numpy="({0} - np.trunc({0}))",
             kernel_error=EXACT),
)
# fmt: on
