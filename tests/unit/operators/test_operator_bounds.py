"""Neither exact arithmetic in sympy nor 50 digits in mpmath can be made to take long or to raise."""

from collections.abc import Callable

import mpmath as mp
import pytest
import sympy as sp
import torch
from pullback_server.index_notation import exact
from pullback_server.index_notation.functions import power_of
from pullback_server.operators import BY_NAME
from pullback_server.operators.elementwise import sinc
from pullback_server.operators.reference import activations, norms, scalars, special
from pullback_server.operators.special import digamma, erfc

#: Each takes a second at most; what could be made to take long takes hours.
pytestmark = pytest.mark.timeout(60)

x = sp.Symbol("x", real=True)
GROWING: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "squares": lambda e: exact.times(e, e),
    "powers": lambda e: exact.power(e, sp.Integer(9)),
    "towers": lambda e: exact.power(sp.Integer(9), e),
    "fractions": lambda e: exact.plus(e, exact.reciprocal(e)),
    "quotients": lambda e: exact.over(e, exact.reciprocal(e)),
    "differences": lambda e: exact.minus(exact.times(e, e), sp.Rational(1, 3)),
}


@pytest.mark.parametrize("start", [sp.Integer(9), sp.Rational(1, 3), 3 * x, x + sp.Rational(22, 7)], ids=str)
@pytest.mark.parametrize("step", GROWING.values(), ids=GROWING)
def test_exact_numbers_stay_small(step: Callable[[sp.Expr], sp.Expr], start: sp.Expr) -> None:
    e = start
    for _ in range(40):
        e = step(e)
        largest = max((r.p.bit_length() + r.q.bit_length() for r in e.atoms(sp.Rational)), default=0)
        assert largest <= 2 * exact.BITS
        if sum(1 for _ in sp.preorder_traversal(e)) > 40:
            e = x  # what the definitions do with an expression that has grown


def test_a_large_or_odd_power_stands_as_written() -> None:
    assert exact.power(x, sp.Integer(exact.EXPONENT)) == x**exact.EXPONENT
    assert exact.power(x, sp.Integer(exact.EXPONENT + 1)) == power_of(x, exact.EXPONENT + 1)
    assert exact.power(sp.Integer(9), sp.Integer(9) ** 9) == power_of(9, 9**9)
    assert exact.power(sp.Integer(2), x) == 2**x
    assert sp.diff(exact.power(x, sp.Integer(5000)), x) == 5000 * power_of(x, 4999)


def test_the_root_of_a_square_is_the_tables_own_absolute_value() -> None:
    assert not exact.sqrt(x**2).has(sp.Abs)


def test_a_function_that_stands_for_itself_has_no_number_of_a_namesake() -> None:
    """mpmath's sinc is another one, its erfc fails on numbers of this size, and its digamma takes long."""
    for constant in (sinc(sp.Integer(9)), erfc(sp.Integer(10) ** 308), digamma(-(sp.Integer(10) ** 100) - sp.S.Half)):
        assert sp.N(constant) == constant
        assert constant.is_positive is None


def test_polygamma_far_below_zero_is_quick_and_right() -> None:
    below = torch.tensor([-(10.0**9) - 0.25, -2.25], dtype=torch.float64)
    for order in (1, 2, 3, 20):
        values = BY_NAME["polygamma"].torch(below, n=order)
        expected = [float(special.polygamma(mp.mpf(x), n=order)) for x in below.tolist()]
        assert values.tolist() == pytest.approx(expected, rel=1e-12)


EXTREME = [mp.mpf(t) for t in ("0", "1", "-1", "0.5", "-2.5", "1e308", "-1e308", "5e-324", "inf", "-inf", "nan")]
EXTREME += [mp.ldexp(1, 10**15), -mp.ldexp(1, 10**15), mp.ldexp(1, -(10**15))]
TWO = ("quotient", "remainder", "power", "maximum", "minimum", "fmod", "hypot", "logaddexp", "logaddexp2", "copysign")
TWO += ("heaviside", "xlogy", "xlog1py")
ONE = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh")
ONE += ("atanh", "erf", "sigmoid", "relu", "sign", "expm1", "log1p", "log2", "log10", "rsqrt", "sinc", "logit", "trunc")
ONE += ("nearest", "frac", "erfc", "erfinv", "ndtr", "lgamma", "digamma", "i0", "i1", "i0e", "i1e", "entr", "softsign")
ONE += ("logsigmoid", "relu6", "selu", "silu", "mish", "hardsigmoid", "hardswish", "tanhshrink")


@pytest.mark.parametrize("name", ONE + TWO)
def test_real_functions_are_total_and_quick(name: str) -> None:
    module = next(m for m in (scalars, special, activations) if hasattr(m, name))
    function = getattr(module, name)
    with mp.workdps(50):
        for a in EXTREME:
            for b in EXTREME if name in TWO else [None]:
                value = function(a) if b is None else function(a, b)
                assert isinstance(value, mp.mpf | type(mp.inf)), f"{name}({a}, {b}) is {value!r}"


@pytest.mark.parametrize("order", [1, 2, 3, 100])
def test_derivatives_of_digamma_are_total_and_quick(order: int) -> None:
    with mp.workdps(50):
        assert all(isinstance(special.polygamma(a, n=order), mp.mpf | type(mp.inf)) for a in EXTREME)
        slope = mp.diff(lambda t: special.polygamma(t, n=order - 1), mp.mpf("-2.3"))
        assert mp.almosteq(special.polygamma(mp.mpf("-2.3"), n=order), slope, 1e-20)


def test_reductions_of_numbers_that_overflow_or_of_nothing() -> None:
    with mp.workdps(50):
        assert scalars.softplus(mp.mpf(1000), beta=2) == 1000
        assert mp.isnan(scalars.mean([]))
        assert scalars.logsumexp([]) == -mp.inf
        assert norms.norm_of([mp.mpf(3), mp.mpf(-4)]) == 5
