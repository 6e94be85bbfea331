"""Real functions of mpmath numbers at the precision in force, total: nan where undefined, never an exception.

They share nothing with torch or sympy. Magnitudes are bounded where mpmath would need memory in proportion to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import mpmath as mp

Real = Any

#: Beyond this, exp is 0 or infinite; float64 ends at 709.
LARGEST_EXPONENT = 10**12
#: Beyond this power of two an angle has no meaning; float64 ends at 1024.
LARGEST_ANGLE = 4096
#: Integer powers are multiplied out to this exponent.
LARGEST_POWER = 1024


def total(function: Callable[..., Any]) -> Callable[..., Real]:
    """The function made real and total: nan where it has no value or a complex one."""

    @wraps(function)
    def real(*values: Any, **arguments: Any) -> Real:
        try:
            result = function(*values, **arguments)
        except (ZeroDivisionError, ValueError, OverflowError):
            return mp.nan
        return mp.nan if isinstance(result, mp.mpc) else result

    return real


def _periodic(function: Callable[[Real], Real]) -> Callable[..., Real]:
    return total(lambda x: mp.nan if mp.isfinite(x) and x and mp.mag(x) > LARGEST_ANGLE else function(x))


def exp(x: Real) -> Real:
    """e**x."""
    if abs(x) > LARGEST_EXPONENT:
        return mp.inf if x > 0 else mp.mpf(0)
    return mp.exp(x)


log, asin, acos, acosh, atanh = map(total, (mp.log, mp.asin, mp.acos, mp.acosh, mp.atanh))
sqrt = total(mp.sqrt)
sin, cos, tan = map(_periodic, (mp.sin, mp.cos, mp.tan))
atan, atan2, asinh, erf = mp.atan, mp.atan2, mp.asinh, mp.erf
log2, log10 = total(lambda x: mp.log(x) / mp.log(2)), total(mp.log10)
floor, ceil, degrees, radians = mp.floor, mp.ceil, mp.degrees, mp.radians
isnan, isinf, isfinite = mp.isnan, mp.isinf, mp.isfinite


def isposinf(x: Real) -> bool:
    """Whether x is inf."""
    return bool(x == mp.inf)


def isneginf(x: Real) -> bool:
    """Whether x is -inf."""
    return bool(x == -mp.inf)


def square(x: Real) -> Real:
    """x*x."""
    return x * x


def inverse(x: Real) -> Real:
    """1/x."""
    return quotient(1, x)


def exp2(x: Real) -> Real:
    """2**x."""
    return power(mp.mpf(2), x)


def expm1(x: Real) -> Real:
    """e**x - 1, without the cancellation."""
    return mp.expm1(x) if abs(x) <= LARGEST_EXPONENT else exp(x) - 1


def log1p(x: Real) -> Real:
    """log(1 + x), without the rounding of the sum."""
    return mp.log1p(x) if x > -1 else log(1 + x)


def sinh(x: Real) -> Real:
    """The hyperbolic sine."""
    return mp.sinh(x) if abs(x) <= LARGEST_EXPONENT else mp.sign(x) * mp.inf


def cosh(x: Real) -> Real:
    """The hyperbolic cosine."""
    return mp.cosh(x) if abs(x) <= LARGEST_EXPONENT else mp.inf


def tanh(x: Real) -> Real:
    """The hyperbolic tangent."""
    return mp.tanh(x) if abs(x) <= LARGEST_EXPONENT else mp.sign(x)


def sigmoid(x: Real) -> Real:
    """1/(1 + exp(-x))."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def softplus(x: Real, *, beta: float = 1, threshold: float = 20) -> Real:
    """log(1 + exp(beta*x))/beta at every x: torch's threshold is an approximation."""
    del threshold
    t = mp.mpf(beta) * x
    return ((t if t > 0 else mp.mpf(0)) + mp.log1p(exp(-abs(t)))) / mp.mpf(beta)


def relu(x: Real) -> Real:
    """x where it is positive, else 0."""
    return x if not x < 0 else mp.mpf(0)


def sign(x: Real) -> Real:
    """-1, 0 or 1."""
    return mp.sign(x)


def rsqrt(x: Real) -> Real:
    """1/sqrt(x)."""
    return quotient(1, sqrt(x))


@total
def sinc(x: Real) -> Real:
    """sin(pi*x)/(pi*x), 1 at 0."""
    return mp.sincpi(x)


def logit(x: Real, *, eps: float | None = None) -> Real:
    """log(x/(1 - x)), of x clamped between eps and 1 - eps where there is an eps; infinite at 0 and 1."""
    if eps is not None:
        x = clamp(x, mp.mpf(eps), 1 - mp.mpf(eps))
    return log(x) - log1p(-x)


def quotient(a: Real, b: Real) -> Real:
    """a/b; over 0 infinite, or nan where a is 0 too."""
    if b == 0:
        return mp.sign(a) * mp.inf
    return a / b


def trunc(x: Real) -> Real:
    """x rounded to an integer towards 0."""
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def nearest(x: Real, *, decimals: int = 0) -> Real:
    """x rounded to this many decimals, ties to even."""
    return mp.nint(x * mp.mpf(10) ** decimals) / mp.mpf(10) ** decimals


def frac(x: Real) -> Real:
    """x - trunc(x)."""
    return x - trunc(x)


def fmod(a: Real, b: Real) -> Real:
    """a - b*trunc(a/b), which has the sign of a."""
    return mp.sign(a) * remainder(abs(a), abs(b))


def remainder(a: Real, b: Real) -> Real:
    """a - b*floor(a/b), which has the sign of b."""
    if b == 0 or not mp.isfinite(a) or mp.isnan(b):
        return mp.nan
    if a == 0 or mp.isinf(b):
        return a if a * b >= 0 else b
    if mp.mag(a) - mp.mag(b) > LARGEST_ANGLE:
        return mp.nan
    with mp.workprec(mp.mp.prec + max(0, mp.mag(a) - mp.mag(b)) + 10):
        rest = a - b * mp.floor(a / b)
    return +rest


def power(a: Real, b: Real) -> Real:
    """a**b; nan where a is negative and b is not an integer."""
    if b == 0:
        return mp.mpf(1)
    if mp.isint(b) and abs(b) <= LARGEST_POWER:
        return a ** int(b) if a or b > 0 else mp.inf
    if a == 0:
        return mp.mpf(0) if b > 0 else mp.inf
    if a < 0 and not mp.isint(b):
        return mp.nan
    with mp.workprec(mp.mp.prec + 64):
        size = exp(b * mp.log(abs(a)))
    return -size if a < 0 and not mp.isint(b / 2) else +size


def hypot(a: Real, b: Real) -> Real:
    """The length of the vector (a, b)."""
    return mp.inf if mp.isinf(a) or mp.isinf(b) else mp.hypot(a, b)


def logaddexp(a: Real, b: Real) -> Real:
    """log(exp(a) + exp(b))."""
    if a == b:
        return a + mp.log(2)
    return maximum(a, b) + mp.log1p(exp(-abs(a - b)))


def logaddexp2(a: Real, b: Real) -> Real:
    """log2(2**a + 2**b)."""
    two = mp.log(2)
    return logaddexp(a * two, b * two) / two


def copysign(a: Real, b: Real) -> Real:
    """The magnitude of a with the sign of b; 0 counts as positive."""
    return -abs(a) if b < 0 else abs(a)


def heaviside(x: Real, values: Real) -> Real:
    """0 below 0, 1 above, and the other operand at 0."""
    return values if x == 0 else x if mp.isnan(x) else mp.mpf(x > 0)


def lerp(start: Real, end: Real, weight: Real) -> Real:
    """start + weight*(end - start)."""
    return start + weight * (end - start)


def maximum(a: Real, b: Real) -> Real:
    """The larger of two; nan where one is nan."""
    return mp.nan if mp.isnan(a) or mp.isnan(b) else max(a, b)


def minimum(a: Real, b: Real) -> Real:
    """The smaller of two; nan where one is nan."""
    return mp.nan if mp.isnan(a) or mp.isnan(b) else min(a, b)


def clamp(x: Real, low: Real | None, high: Real | None) -> Real:
    """x clamped between low and high; high where low is above it."""
    if low is not None:
        x = maximum(x, low)
    return x if high is None else minimum(x, high)


def where(condition: Real, x: Real, y: Real) -> Real:
    """x where the condition is not 0, else y."""
    return x if condition != 0 else y


def indicator(relation: Callable[..., Any]) -> Callable[..., Real]:
    """A relation as a function: 1 where it holds and 0 elsewhere."""
    return lambda *values: mp.mpf(bool(relation(*values)))


def add_up(values: Sequence[Real]) -> Real:
    """The sum; 0 of no numbers."""
    return sum(values, mp.mpf(0))


def product(values: Sequence[Real]) -> Real:
    """The product; 1 of no numbers."""
    result = mp.mpf(1)
    for value in values:
        result = result * value
    return result


def mean(values: Sequence[Real]) -> Real:
    """The mean; nan of no numbers."""
    return quotient(add_up(values), mp.mpf(len(values)))


def largest(values: Sequence[Real]) -> Real:
    """The largest of one or more."""
    return mp.nan if any(map(mp.isnan, values)) else max(values)


def smallest(values: Sequence[Real]) -> Real:
    """The smallest of one or more."""
    return mp.nan if any(map(mp.isnan, values)) else min(values)


def logsumexp(values: Sequence[Real]) -> Real:
    """log of the sum of exp; -inf of no numbers."""
    top = largest(values) if values else -mp.inf
    if not mp.isfinite(top):
        return top
    return top + mp.log(add_up([exp(v - top) for v in values]))
