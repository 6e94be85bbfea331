"""Special functions: of the normal distribution, of gamma, of Bessel, and entropies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import sympy as sp
import torch

from ..index_notation import functions as fn
from .elementwise import INSIDE, POSITIVE, REAL, kinks, row
from .kernel_error import KernelError
from .lifting import WithLiterals
from .reference import scalars
from .reference import special as references
from .shape_rules import elementwise as shapes
from .shape_rules.common import to_float
from .workspace import of_result


def normal_density(x: sp.Expr) -> sp.Expr:
    """exp(-x**2/2)/sqrt(2*pi)."""
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


# Each function with its derivative.
erfc = fn.function("erfc", lambda x: (-2 * sp.exp(-(x**2)) / sp.sqrt(sp.pi),))
erfinv: type[fn.ScalarFunction] = fn.function("erfinv", lambda x: (sp.sqrt(sp.pi) * sp.exp(erfinv(x) ** 2) / 2,))
ndtr = fn.function("ndtr", lambda x: (normal_density(x),))
digamma = fn.function("digamma", lambda x: (polygamma(1, x),))
lgamma = fn.function("lgamma", lambda x: (digamma(x),))
polygamma: type[fn.ScalarFunction] = fn.function("polygamma", lambda n, x: (sp.S.Zero, polygamma(n + 1, x)))
i0 = fn.function("i0", lambda x: (i1(x),))
# At 0 the quotients have no value, and their limit is taken.
i1: type[fn.ScalarFunction] = fn.function("i1", lambda x: (fn.where(fn.equal(x, 0), sp.S.Half, i0(x) - i1(x) / x),))
i0e: type[fn.ScalarFunction] = fn.function("i0e", lambda x: (i1e(x) - fn.sign(x) * i0e(x),))
i1e: type[fn.ScalarFunction] = fn.function(
    "i1e", lambda x: (fn.where(fn.equal(x, 0), sp.S.Half, i0e(x) - i1e(x) * (fn.sign(x) + 1 / x)),)
)
entr = fn.function("entr", lambda x: (-sp.log(x) - 1,))


def _derivative_of_digamma(x: torch.Tensor, n: int) -> torch.Tensor:
    """torch.polygamma for n >= 1, which takes time proportional to -x below 0 and has nine digits in float64 for n = 1.

    psi(n, x) is up to a factor the sum of (x + k)**(-n - 1) over k from 0. Below 0 that is the sum over all k, from
    both sides of the nearest integer, without the sum over negative k. The distance to that integer is exact, also
    beside a pole, where all digits of the result depend on it.
    """

    def above(y: torch.Tensor) -> torch.Tensor:
        return torch.special.zeta(2.0, y) if n == 1 and y.dtype == torch.float64 else torch.polygamma(n, y)

    right, sign, offset = x > 0, (-1) ** (n + 1), x - x.round()
    distance = offset.abs()
    near = above(torch.where(right, x, distance))
    over_all = torch.where(offset < 0, sign, 1) * (near + sign * above(torch.where(right, 1, 1 - distance)))
    return torch.where(right, near, over_all - sign * above(torch.where(right, 1, 1 - x)))


class _Digamma(torch.autograd.Function):
    """torch.digamma with a derivative that has all digits of float64."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return torch.digamma(x)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return upstream * _derivative_of_digamma(x, 1)


def _digamma(x: torch.Tensor) -> torch.Tensor:
    return _Digamma.apply(x) if x.dtype == torch.float64 else torch.digamma(x)  # type: ignore[no-untyped-call]


def _polygamma(x: torch.Tensor, *, n: int) -> torch.Tensor:
    return _derivative_of_digamma(x if x.is_floating_point() else x.float(), n) if n else _digamma(x)


def _at_least_single(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """torch lacks the derivatives of these in 16 bits, where they are computed in 32."""

    def column(x: torch.Tensor) -> torch.Tensor:
        return function(x.float()).to(x.dtype) if x.is_floating_point() and x.element_size() == 2 else function(x)

    return column


POLYGAMMA = WithLiterals(polygamma, before=True)
ORDERS = ("polygamma(1, x)", "polygamma(0, s)", "polygamma(2, C)", "polygamma(3, z)", "polygamma(n=5, x=c*r)")
WRONG_ORDERS = ("polygamma(x)", "polygamma(-1, x)", "polygamma(0.5, x)", "polygamma(x, y)", "polygamma(1, x, y)")
GAMMA_DOMAIN: dict[str, Any] = {"domain": "(x > 0) | (x % 1 != 0)"}

special = partial(row, family="special functions", workspace=of_result(1))

# fmt: off
OPERATORS = (
    #       name         torch                                sympy      reference             shape             range
    special("erf",       torch.erf,                           sp.erf,    scalars.erf,          to_float,         REAL,
            "The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.", source="NIST DLMF 7.2.1",
            code_numpy="special.erf"),
    special("erfc",      torch.erfc,                          erfc,      references.erfc,      to_float,         REAL,
            "1 - erf(x), precise where x is large.", source="NIST DLMF 7.2.2", code_numpy="special.erfc",
            kernel_error=KernelError(1.5)),
    special("erfinv",    torch.erfinv,                        erfinv,    references.erfinv,    to_float,         INSIDE,
            "The number whose erf is x.", source="NIST DLMF 7.17", domain="abs(x) <= 1",
            **kinks(("abs(x) == 1", "inf")), code_numpy="special.erfinv"),
    special("ndtr",      torch.special.ndtr,                  ndtr,      references.ndtr,      to_float,         REAL,
            "The standard normal distribution function, erfc(-x/sqrt(2))/2.", source="NIST DLMF 7.18",
            code_torch="torch.special.ndtr", code_numpy="special.ndtr", kernel_error=KernelError(1, one=1)),
    special("lgamma",    torch.lgamma,                        lgamma,    references.lgamma,    to_float,
            POSITIVE,
            "The logarithm of the magnitude of the gamma function.", aliases=("gammaln",), source="NIST DLMF 5.2",
            **GAMMA_DOMAIN, code_numpy="special.gammaln", kernel_error=KernelError(4, one=4)),
    special("digamma",   _digamma,                            digamma,   references.digamma,   to_float,
            POSITIVE, "The derivative of lgamma.", aliases=("psi",), source="NIST DLMF 5.2.2", **GAMMA_DOMAIN,
            code_numpy="special.digamma", kernel_error=KernelError(2, operand=6)),
    special("polygamma", _polygamma,                          POLYGAMMA, references.polygamma, shapes.polygamma,
            POSITIVE, "The n-th derivative of digamma.", signature="n: integer, x", source="NIST DLMF 5.15",
            samples=ORDERS, error_inputs=WRONG_ORDERS, **GAMMA_DOMAIN,
            code_torch="torch.polygamma({n0}, {1})", code_numpy="special.polygamma({0}, {1})",
            kernel_error=KernelError(5, operand=5), workspace=of_result(2)),
    special("i0",        torch.i0,                            i0,        references.i0,        to_float,         REAL,
            "The modified Bessel function of the first kind and order 0.", source="NIST DLMF 10.25",
            code_torch="torch.special.i0", code_numpy="special.i0", kernel_error=KernelError(6)),
    special("i0e",       torch.special.i0e,                   i0e,       references.i0e,       to_float,         REAL,
            "exp(-abs(x))*i0(x).", source="NIST DLMF 10.25", **kinks(("x == 0", "0")),
            code_torch="torch.special.i0e", code_numpy="special.i0e", kernel_error=KernelError(6)),
    special("i1",        _at_least_single(torch.special.i1),  i1,        references.i1,        to_float,         REAL,
            "The modified Bessel function of the first kind and order 1.", source="NIST DLMF 10.25",
            code_torch="torch.special.i1", code_numpy="special.i1", kernel_error=KernelError(20)),
    special("i1e",       _at_least_single(torch.special.i1e), i1e,       references.i1e,       to_float,         REAL,
            "exp(-abs(x))*i1(x).", source="NIST DLMF 10.25", code_torch="torch.special.i1e", code_numpy="special.i1e",
            kernel_error=KernelError(20)),
    special("entr",      torch.special.entr,                  entr,      references.entr,      to_float,
            POSITIVE,
            "-x*log(x), and 0 at 0.", source="torch.special.entr", domain="x >= 0", **kinks(("x == 0", "inf")),
            code_torch="torch.special.entr", code_numpy="special.entr", kernel_error=KernelError(1.5)),
)
# fmt: on
