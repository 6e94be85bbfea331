"""The functions of printed formulas in NumPy and mpmath, by their names in formulas."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

REDUCTIONS: dict[str, Callable[..., Any]] = {"Sum": np.sum, "Product": np.prod, "Max": np.max, "Min": np.min}


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _clamp(x: Array, low: Array | float = -math.inf, high: Array | float = math.inf, **bounds: Array) -> Array:
    return np.minimum(np.maximum(x, bounds.get("min", low)), bounds.get("max", high))


def _elu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(x))


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def _logit(x: Array, eps: Array | float = 0) -> Array:
    x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def _normal(x: Array) -> Array:
    return np.asarray(np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2)


def _by_mpmath(function: Callable[..., Any]) -> Callable[..., Array]:
    """A function of mpmath, entry by entry."""
    return np.vectorize(lambda *x: float(function(*map(float, x))), otypes=[float])


#: NumPy's functions of the same name.
SAME = (
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "sign", "floor", "ceil", "trunc", "expm1",
    "log1p", "log2", "log10", "sinc", "fmod", "hypot", "logaddexp", "logaddexp2", "copysign", "isnan", "isinf",
    "isfinite", "isposinf", "isneginf", "signbit", "logical_xor",
)  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{n: getattr(np, n) for n in SAME},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "abs": np.abs, "maximum": np.maximum, "minimum": np.minimum, "pow": np.power, "remainder": np.mod,
    "add": np.add, "mul": np.multiply, "erf": np.vectorize(math.erf, otypes=[float]),
    "where": lambda condition, a, b: np.where(condition != 0, a, b),
    "sigmoid": _sigmoid, "clamp": _clamp,
    "softplus": lambda x: np.logaddexp(0, x), "relu": lambda x: np.maximum(x, 0),
    "atan2": np.arctan2,
    "round": lambda x, decimals=0: np.asarray(np.round(x * 10.0**decimals) / 10.0**decimals),
    "frac": lambda x: np.fmod(x, 1), "logit": _logit,
    "xlogy": lambda x, y: x * np.log(y), "xlog1py": lambda x, y: x * np.log1p(y), "entr": lambda x: -x * np.log(x),
    "logsigmoid": lambda x: np.log(_sigmoid(x)), "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * _sigmoid(x), "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "gelu": lambda x: x * _normal(x), "ndtr": _normal, "tanhshrink": lambda x: x - np.tanh(x),
    "relu6": _relu6, "hardsigmoid": lambda x: _relu6(x + 3) / 6, "hardswish": lambda x: x * _relu6(x + 3) / 6,
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": _elu, "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
    "selu": lambda x: 1.0507009873554805 * _elu(x, np.asarray(1.6732632423543772)), "hardtanh": np.clip,
    "softshrink": lambda x, width: np.sign(x) * np.maximum(np.abs(x) - width, 0),
    "hardshrink": lambda x, width: np.where(np.abs(x) > width, x, 0),
    "threshold": lambda x, bound, value: np.where(x > bound, x, value),
    "erfc": np.vectorize(math.erfc, otypes=[float]), "lgamma": np.vectorize(math.lgamma, otypes=[float]),
    "erfinv": _by_mpmath(mp.erfinv), "digamma": _by_mpmath(mp.digamma),
    "polygamma": _by_mpmath(lambda n, x: mp.psi(int(n), x)),
    "i0": np.i0, "i1": _by_mpmath(lambda x: mp.besseli(1, x)), "i0e": lambda x: np.i0(x) * np.exp(-np.abs(x)),
    "i1e": _by_mpmath(lambda x: mp.besseli(1, x) * mp.exp(-abs(x))),
    "max": lambda *x: np.max(x, axis=0), "min": lambda *x: np.min(x, axis=0),
    "logsumexp": lambda *x: np.log(np.sum(np.exp(x), axis=0)),
}  # fmt: skip
#: Functions of matrices, of which entries are taken, `inv(A)[i, j]`; with indices before a matrix's own, `inv(C[i])`.
MATRICES: dict[str, Callable[..., Any]] = {
    "inv": np.linalg.inv, "pinv": np.linalg.pinv, "det": np.linalg.det, "logdet": lambda x: np.linalg.slogdet(x)[1],
    "eigvalsh": np.linalg.eigvalsh, "svdvals": lambda x: np.linalg.svd(x, compute_uv=False),
}  # fmt: skip
#: Those with several results, of which one is named first: `eigh(A)[1][i, j]`.
SEVERAL: dict[str, Callable[..., Any]] = {
    "slogdet": np.linalg.slogdet, "eigh": np.linalg.eigh, "svd": lambda x: np.linalg.svd(x, full_matrices=False),
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.mod,
    ast.BitAnd: np.logical_and, ast.BitOr: np.logical_or, ast.UAdd: np.positive, ast.USub: np.negative,
    ast.Invert: np.logical_not, ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
