"""Functions by the names that answers use: those of the table, and those that stand for an expression."""

from __future__ import annotations

from functools import cache

from ...language import parse
from ...operators import BY_NAME
from ...program import Limits, Program

# fmt: off
#: Functions that answers use and the language lacks, each as an expression of the language in x.
MEANINGS: dict[str, str] = {
    "sec":    "1/cos(x)",
    "csc":    "1/sin(x)",
    "cot":    "cos(x)/sin(x)",
    "sech":   "1/cosh(x)",
    "csch":   "1/sinh(x)",
    "coth":   "1/tanh(x)",
    "asec":   "acos(1/x)",
    "acsc":   "asin(1/x)",
    "acot":   "pi/2 - atan(x)",
    "asech":  "acosh(1/x)",
    "acsch":  "asinh(1/x)",
    "acoth":  "atanh(1/x)",
    "cbrt":   "sign(x)*abs(x)**(1/3)",
    "tr":     "trace(x)",
    "vec":    "x.T.flatten()",
    "diagonal": "diag(x)",
}

#: Other words for a function.
WORDS: dict[str, str] = {
    "ln": "log", "lg": "log10", "ld": "log2", "lb": "log2",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "arcsec": "asec", "arccsc": "acsc",
    "arctg": "atan", "arcctg": "acot", "tg": "tan", "ctg": "cot", "cotan": "cot", "cosec": "csc",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "arcoth": "acoth", "arsech": "asech", "arcsch": "acsch",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arccoth": "acoth", "arcsech": "asech",
    "arccsch": "acsch",
    "sh": "sinh", "ch": "cosh", "th": "tanh",
    "sgn": "sign", "signum": "sign", "Tr": "tr", "Diag": "diag", "inverse": "inv",
    "sigm": "sigmoid", "sigma": "sigmoid", "σ": "sigmoid", "logistic": "sigmoid",
    "ReLU": "relu", "Relu": "relu", "GELU": "gelu",
    "Log": "log", "Ln": "log", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Exp": "exp", "Sqrt": "sqrt",
    "Det": "det", "Trace": "tr",
}
# fmt: on

#: What `f^{-1}` means for a function that has an inverse with a name.
INVERSES = {name + h: f"a{name}{h}" for name in ("sin", "cos", "tan", "cot", "sec", "csc") for h in ("", "h")}

#: Words that ask for a derivative or an integral.
DIFFERENTIATING = frozenset(
    ("D", "Derivative", "Integral", "curl", "ddx", "deriv", "derivative", "diff", "differentiate", "div", "grad",
     "gradient", "hessian", "int", "integral", "integrate", "jacobian", "nabla", "partial")
)  # fmt: skip


@cache
def function_words() -> frozenset[str]:
    """Every word that is a function where it is not a name of the problem."""
    called = {name for name, row in BY_NAME.items() if not row.attribute and name.isidentifier()}
    return frozenset((called | set(MEANINGS) | set(WORDS)) - {"div"})


@cache
def meaning(name: str) -> Program | None:
    """The expression in x that a function stands for; None for functions of the table.

    >>> meaning("sech").output, meaning("sin")
    (3, None)
    """
    return parse(MEANINGS[name], ["x"], Limits()) if name in MEANINGS else None
