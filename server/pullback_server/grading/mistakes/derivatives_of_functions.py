"""Derivatives that people mistake for those of a function, as expressions of the language in its operand x."""

from __future__ import annotations

from functools import cache

import torch

from ...language import check, parse
from ...numeric import Forward, compile_program
from ...program import DType, Limits, TensorType

# fmt: off
#: What each function's derivative is mistaken for, besides the function itself and the negative of its derivative.
MISTAKEN: dict[str, tuple[str, ...]] = {
    "sin":     ("sin(x)", "-sin(x)"),
    "cos":     ("sin(x)", "cos(x)", "-cos(x)"),
    "tan":     ("1/cos(x)", "tan(x)/cos(x)", "cos(x)/sin(x)", "1 - tan(x)**2", "1/sin(x)**2", "-1/sin(x)**2",
                "1/cos(x)**2*tan(x)"),
    "asin":    ("1/(1 - x**2)", "1/sqrt(1 + x**2)", "sqrt(1 - x**2)", "acos(x)", "cos(x)", "-cos(x)/sin(x)**2",
                "1/sqrt(x**2 - 1)", "1/(1 + x**2)"),
    "acos":    ("-1/(1 - x**2)", "-sqrt(1 - x**2)", "asin(x)", "-1/(1 + x**2)", "sin(x)/cos(x)**2"),
    "atan":    ("1/(1 - x**2)", "1/sqrt(1 + x**2)", "1/sqrt(1 - x**2)", "1/(1 + x)", "1/x**2", "1/cos(x)**2",
                "1 + x**2"),
    "sinh":    ("-cosh(x)", "sinh(x)", "-sinh(x)"),
    "cosh":    ("-sinh(x)", "cosh(x)", "-cosh(x)"),
    "tanh":    ("1/cosh(x)", "1 + tanh(x)**2", "tanh(x)**2 - 1", "1 - tanh(x)", "1/sinh(x)**2", "1/cos(x)**2",
                "1/(1 + x**2)", "tanh(x)*(1 - tanh(x))"),
    "asinh":   ("1/sqrt(1 - x**2)", "1/(1 + x**2)", "1/sqrt(x**2 - 1)"),
    "acosh":   ("1/sqrt(1 - x**2)", "1/sqrt(1 + x**2)", "-1/sqrt(x**2 - 1)"),
    "atanh":   ("1/(1 + x**2)", "1/sqrt(1 - x**2)"),
    "exp":     ("x*exp(x - 1)", "1/x", "x*exp(x)", "log(x)"),
    "exp2":    ("exp2(x)", "x*exp2(x - 1)", "exp2(x)/log(2)"),
    "log":     ("log(x)", "x", "1/x**2", "1/log(x)", "exp(x)", "-1/x"),
    "log2":    ("1/x", "log(2)/x", "1/(x*log(10))"),
    "log10":   ("1/x", "log(10)/x", "1/(x*log(2))"),
    "log1p":   ("1/x", "log1p(x)"),
    "sqrt":    ("1/sqrt(x)", "sqrt(x)/2", "2*sqrt(x)", "1/(2*x)", "-1/(2*sqrt(x))", "2/sqrt(x)", "1/2*x"),
    "abs":     ("1", "abs(x)", "x", "-x/abs(x)", "abs(1)"),
    "sigmoid": ("sigmoid(x)", "sigmoid(x)*(1 + sigmoid(x))", "1 - sigmoid(x)**2", "1 - sigmoid(x)", "sigmoid(x)**2",
                "exp(-x)/(1 + exp(-x))", "-exp(-x)/(1 + exp(-x))**2"),
    "relu":    ("relu(x)", "sign(x)", "1", "x"),
    "softplus": ("1 - sigmoid(x)", "softplus(x)", "1/(1 + exp(x))", "tanh(x)"),
    "gelu":    ("gelu(x)", "1/2*(1 + erf(x/sqrt(2)))"),
    "silu":    ("sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))"),
    "erf":     ("exp(-x**2)", "1/sqrt(pi)*exp(-x**2)", "2*exp(-x**2)", "erf(x)"),
    "square":  ("x", "x**2", "2", "2*x**2"),
    "reciprocal": ("1/x**2", "log(x)", "-1/x", "1/x"),
    "rsqrt":   ("-1/2*rsqrt(x)", "1/2*x**(-3/2)", "-1/2/sqrt(x)"),
    "sign":    ("1", "sign(x)"),
}
# fmt: on


@cache
def mistaken_derivatives(name: str) -> tuple[tuple[str, Forward], ...]:
    """The wrong derivatives of a function with their texts, each compiled."""
    number = TensorType(DType.FLOAT64, ())
    texts = MISTAKEN.get(name, ())
    return tuple((t, compile_program(check(parse(t, ["x"], Limits()), {"x": number}, Limits()))) for t in texts)


def evaluate(forward: Forward, x: torch.Tensor) -> torch.Tensor:
    """A wrong derivative at the operand's values."""
    return forward.tensor(forward({"x": x}), forward.output, torch.device("cpu")).to(torch.float64)
