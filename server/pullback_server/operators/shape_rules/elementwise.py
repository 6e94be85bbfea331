"""Shape rules of functions that are applied entry by entry, as in torch."""

from __future__ import annotations

from ...program import DType, TensorType
from ..operator import OperandError
from .common import (
    AS_NUMBER,
    DEFAULT_FLOAT,
    broadcast,
    broadcast_shapes,
    float_numbers,
    floats,
    numbers,
    numeric,
    promote,
    to_float,
)

#: A derivative of digamma of a higher order overflows float64 almost everywhere.
HIGHEST_ORDER = 100
#: 10 to this power is a float64.
MOST_DECIMALS = 300


def square(x: TensorType) -> TensorType:
    """As x**2: bools become integers."""
    return broadcast(x, TensorType(DType.INT64, (), weak=True))


def logit(x: TensorType, *, eps: float | None) -> TensorType:
    """eps is at most 1 - eps."""
    if eps is not None and not 0 <= eps <= 0.5:
        raise OperandError(f"logit with eps={eps}", "an eps from 0 to 0.5")
    return to_float(x)


def softplus(x: TensorType, *, beta: float, threshold: float) -> TensorType:
    """beta is a divisor, so it is not 0."""
    if not 0 < abs(beta) < float("inf") or threshold != threshold:
        raise OperandError(f"softplus with beta={beta} and threshold={threshold}", "a finite beta that is not 0")
    return floats(x)


def celu(x: TensorType, *, alpha: float) -> TensorType:
    """alpha is a divisor, so it is not 0."""
    if not 0 < abs(alpha) < float("inf"):
        raise OperandError(f"celu with alpha={alpha}", "a finite alpha that is not 0")
    return floats(x)


def hardtanh(x: TensorType, *, min_val: float, max_val: float) -> TensorType:
    """min_val is at most max_val."""
    if min_val > max_val:
        raise OperandError(f"hardtanh with min_val={min_val} above max_val={max_val}", "min_val at most max_val")
    return floats(x)


def softshrink(x: TensorType, *, lambd: float) -> TensorType:
    """lambd is not negative."""
    if lambd < 0:
        raise OperandError(f"lambd={lambd}", "a lambd of 0 or more")
    return floats(x)


def gelu(x: TensorType, *, approximate: str) -> TensorType:
    """torch has one approximation."""
    if approximate not in ("none", "tanh"):
        raise OperandError(f"gelu with approximate='{approximate}'", "'none' or 'tanh'")
    return floats(x)


def float64(*types: TensorType) -> TensorType:
    """float64, whatever comes in."""
    result = broadcast(*types)
    return TensorType(DType.FLOAT64, result.shape, result.weak)


def one_dtype(*types: TensorType) -> TensorType:
    """torch mixes no dtypes here; numbers of the text take that of the tensors."""
    dtypes = {t.dtype for t in types if not t.weak}
    if len(dtypes) > 1:
        labels = " and ".join(sorted(d.label for d in dtypes))
        raise OperandError(f"operands of {labels}, which this operator does not mix", "operands of one dtype")
    return float_numbers(*types)


def round_(x: TensorType, *, decimals: int) -> TensorType:
    """Integers have no decimals; a floating number has no more than MOST_DECIMALS."""
    if abs(decimals) > MOST_DECIMALS:
        raise OperandError(f"round to {decimals} decimals", f"from {-MOST_DECIMALS} to {MOST_DECIMALS}")
    return floats(x) if decimals else numbers(x)


def polygamma(x: TensorType, *, n: int) -> TensorType:
    """The order counts from 0."""
    if not 0 <= n <= HIGHEST_ORDER:
        raise OperandError(f"polygamma of order {n}", f"an order from 0 to {HIGHEST_ORDER}")
    return to_float(x)


def where(condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
    """The type of either branch; the condition is bool and only broadcasts."""
    if condition.dtype is not DType.BOOL:
        raise OperandError(f"a condition of dtype {condition.dtype.label}", "a comparison or a bool tensor")
    dtype, weak = promote(x, y), x.weak and y.weak
    shape = broadcast_shapes(condition.shape, x.shape, y.shape)
    if weak and not condition.weak:
        return TensorType(DEFAULT_FLOAT if dtype.floating else dtype, shape)
    return TensorType(dtype, shape, weak)


def clamp(x: TensorType, low: TensorType | None, high: TensorType | None) -> TensorType:
    """The common type of x and its bounds."""
    if low is None and high is None:
        raise OperandError("clamp without a bound", "min, max or both")
    return numeric(broadcast, AS_NUMBER)(x, low, high)
