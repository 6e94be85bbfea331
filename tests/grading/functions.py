"""The functions that generated questions use: the table's, with derivatives by sympy and values by mpmath."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath as mp
from pullback_server.operators import BY_NAME
from pullback_server.symbolic import Derivation, DerivativeKind, Notation

from tests.typed_programs import typed_by_shapes

#: The functions of questions, easy ones first; the later ones are chosen less often.
NAMES = (
    "sin", "cos", "exp", "log", "sqrt", "tan", "tanh", "atan", "sinh", "cosh", "abs", "asin", "sigmoid", "square",
    "log1p", "expm1", "asinh", "exp2", "log2", "erf", "softplus", "reciprocal", "acos", "log10", "atanh", "acosh",
)  # fmt: skip

#: Wrong derivatives that people give.
MISTAKEN: dict[str, tuple[str, ...]] = {
    "sin": ("-cos(u)", "sin(u)"),
    "cos": ("sin(u)", "cos(u)"),
    "exp": ("u*exp(u - 1)",),
    "log": ("log(u)", "1/u**2"),
    "tan": ("1/cos(u)", "tan(u)"),
    "sqrt": ("1/sqrt(u)", "sqrt(u)/2"),
    "tanh": ("1 + tanh(u)**2", "tanh(u)"),
    "atan": ("1/(1 - u**2)", "1/sqrt(1 - u**2)"),
    "sinh": ("-cosh(u)",),
    "cosh": ("-sinh(u)",),
    "asin": ("1/(1 - u**2)", "-1/sqrt(1 - u**2)"),
    "sigmoid": ("sigmoid(u)", "sigmoid(u)*(1 + sigmoid(u))"),
}


@cache
def derivative(name: str) -> str:
    """The derivative of name(u) as text in u."""
    derivation = Derivation(typed_by_shapes(f"{name}(u)", u=()), ("u",))
    text = str(derivation.formula("u", DerivativeKind.JACOBIAN, Notation.TEXT).written)
    assert text
    return text


def _reference(name: str) -> Callable[[Any], Any]:
    return lambda u: BY_NAME[name].reference(u)[()]


@cache
def namespace() -> dict[str, Any]:
    """Every function by its name, on mpmath numbers."""
    return {name: _reference(name) for name in (*NAMES, "sign", "rsqrt")} | {"pi": mp.pi, "e": mp.e}
