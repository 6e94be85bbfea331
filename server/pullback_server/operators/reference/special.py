"""Special functions of mpmath numbers at the precision in force, total: nan where undefined, never an exception."""

from __future__ import annotations

import mpmath as mp

from .scalars import LARGEST_ANGLE, Real, log, log1p, power, quotient, sign, sqrt, total

#: Beyond this, exp(-x**2) is 0 or infinite, as `exp` has it.
LARGEST_ROOT = 10**6


def _immense(x: Real) -> bool:
    """Whether nothing but the leading term of a series for large numbers matters."""
    return bool(mp.isinf(x) or (mp.isfinite(x) and x and mp.mag(x) > LARGEST_ANGLE))


def erfc(x: Real) -> Real:
    """1 - erf(x), without the cancellation."""
    if abs(x) > LARGEST_ROOT:
        return mp.mpf(0 if x > 0 else 2)
    return mp.erfc(x)


@total
def erfinv(x: Real) -> Real:
    """The number whose erf is x; infinite at -1 and 1."""
    return x * mp.inf if abs(x) == 1 else mp.erfinv(x)


def ndtr(x: Real) -> Real:
    """The chance that a standard normal variable is below x."""
    return erfc(-x / sqrt(mp.mpf(2))) / 2


def lgamma(x: Real) -> Real:
    """The logarithm of the magnitude of gamma; infinite at the poles."""
    if mp.isnan(x) or (x < 0 and _immense(x)):
        return mp.nan
    if x == 0:
        return mp.inf
    if x < 0:
        return log(quotient(mp.pi, abs(mp.sinpi(x)))) - lgamma(1 - x)
    return mp.loggamma(x) if not _immense(x) else x * (log(x) - 1)


def digamma(x: Real) -> Real:
    """The derivative of the logarithm of gamma; nan at the poles."""
    return polygamma(x, n=0)


def polygamma(x: Real, *, n: int) -> Real:
    """The n-th derivative of digamma; nan at the poles."""
    if mp.isnan(x) or (x < 0 and _immense(x)) or (x <= 0 and mp.isint(x)):
        return mp.nan
    if x < 0:
        slope = mp.pi ** (n + 1) * _derivative_of_cotangent(n, mp.cospi(x) / mp.sinpi(x))
        return (-1) ** n * polygamma(1 - x, n=n) - slope
    if not _immense(x):
        return mp.psi(n, x)
    return log(x) if n == 0 else (-1) ** (n + 1) * mp.factorial(n - 1) * power(x, mp.mpf(-n))


def _derivative_of_cotangent(n: int, cotangent: Real) -> Real:
    """The n-th derivative of cot where it has that value, as a polynomial: cot' = -(1 + cot**2)."""
    coefficients = [0, 1]
    for _ in range(n):
        slopes = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [-a - b for a, b in zip([*slopes, 0, 0], [0, 0, *slopes], strict=True)]
    return mp.polyval(coefficients[::-1], cotangent)


def i0(x: Real) -> Real:
    """The modified Bessel function of the first kind and order 0."""
    return mp.inf if _immense(x) else mp.besseli(0, x)


def i1(x: Real) -> Real:
    """The modified Bessel function of the first kind and order 1."""
    return sign(x) * mp.inf if _immense(x) else mp.besseli(1, x)


def i0e(x: Real) -> Real:
    """exp(-|x|) times i0(x)."""
    return 1 / sqrt(2 * mp.pi * abs(x)) if _immense(x) else mp.exp(-abs(x)) * mp.besseli(0, x)


def i1e(x: Real) -> Real:
    """exp(-|x|) times i1(x)."""
    return sign(x) / sqrt(2 * mp.pi * abs(x)) if _immense(x) else mp.exp(-abs(x)) * mp.besseli(1, x)


def entr(x: Real) -> Real:
    """-x*log(x), 0 at 0; -inf below."""
    if x == 0:
        return x
    return -x * log(x) if not x < 0 else -mp.inf


def xlogy(x: Real, y: Real) -> Real:
    """x*log(y), 0 where x is."""
    return x if x == 0 and not mp.isnan(y) else x * log(y)


def xlog1py(x: Real, y: Real) -> Real:
    """x*log(1 + y), 0 where x is."""
    return x if x == 0 and not mp.isnan(y) else x * log1p(y)
