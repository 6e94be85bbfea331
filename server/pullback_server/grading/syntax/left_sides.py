"""Left sides: `dy/dx`, `f'(x)`, `\\nabla f` and their kin, and which derivative each of them names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_DRESS = re.compile(
    r"\\(?:left|right|mathrm|mathbf|boldsymbol|bm|text|operatorname|displaystyle|vec|bigl|bigr|big)(?![A-Za-z])"
    r"|\\[,;:!> ]|[~&$]|\s+"
)
_WRAPPED = re.compile(r"\\(?:mathrm|mathbf|mathit|text|operatorname|boldsymbol|vec|bm)\s*\{\s*(\w+)\s*\}")
_D = r"(?:d|∂)"
_NAME = r"[^\W\d_]+(?:_\w+)?"
_FUNCTION = rf"(?:{_NAME})(?:\([^()]*\))?"
_ORDER = r"(?:\^?(\d))?"

# fmt: off
_DERIVATIVE = re.compile(rf"(?:{_D}){_ORDER}(?:\(?({_FUNCTION})\)?)?/((?:\(?{_D}{_NAME}(?:\^?\d)?\)?)+)(.*)\Z")
_ONE = re.compile(rf"{_D}({_NAME}?)(?:\^?(\d))?(?={_D}|\)|\Z)")
_PRIMES = re.compile(rf"({_NAME})('+|\^\((\d)\))(?:\(([^()]*)\))?\Z")
_SUBSCRIPTS = re.compile(r"([^\W\d_])_([^\W_]+)(?:\([^()]*\))?\Z")
_GRADIENT = re.compile(rf"(?:∇|grad|\\nabla)(\^2)?(?:_({_NAME}))?(?:\(?{_FUNCTION}\)?)?(?:\([^()]*\))?\Z")
_JACOBIAN = re.compile(rf"(?:J|D|H)(?:_({_NAME}))?(?:\^\d)?(?:{_FUNCTION})?(?:\([^()]*\))?\Z")
_PARTIAL = re.compile(rf"∂_\(?({_NAME})\)?(?:{_FUNCTION})?\Z")
# fmt: on


@dataclass(frozen=True)
class LeftSide:
    """What a left side names: the variables in their order, each as often as it is differentiated by, where it says.

    `by` is empty where only the `order` is told, as by f''.
    """

    by: tuple[str, ...]
    order: int


def left_side(text: str, inputs: Collection[str]) -> LeftSide | None:
    """What a left side names; None where it is none of a derivative, such as `y` or `f(x)`.

    >>> left_side(r"\\frac{d^2 y}{dx^2}", ["x"])
    LeftSide(by=('x', 'x'), order=2)
    >>> left_side("f(x)", ["x"])
    """
    plain = _plain(text)
    if match := _DERIVATIVE.match(plain):
        total, by = int(match[1] or 1), []
        for name, times in _ONE.findall(match[3].replace("(", "").replace(")", "")):
            by += [name] * int(times or 1)
        return LeftSide(tuple(by), max(total, len(by)))
    if match := _PARTIAL.match(plain):
        return LeftSide((match[1],), 1)
    if match := _PRIMES.match(plain):
        if match[1] in inputs:
            return None
        order = int(match[3]) if match[3] else len(match[2])
        argument = (match[4] or "").split(",")
        return LeftSide((match[4],) * order if len(argument) == 1 and match[4] else (), order)
    if match := _GRADIENT.match(plain):
        return LeftSide((match[2],) if match[2] else (), 2 if match[1] else 1)
    if match := _JACOBIAN.match(plain):
        return LeftSide((match[1],) if match[1] in inputs else (), 0)
    if (match := _SUBSCRIPTS.match(plain)) and plain not in inputs and match[1] not in inputs:
        by = [match[2]] if match[2] in inputs else list(match[2])
        return LeftSide(tuple(by), len(by))
    return None


def _plain(text: str) -> str:
    plain = _WRAPPED.sub(r"\1", text[:200])
    plain = _DRESS.sub("", plain)
    plain = plain.replace("\\partial", "∂").replace("\\nabla", "∇").replace("\\prime", "'").replace("′", "'")
    plain = plain.replace("’", "'").replace("^{''}", "''").replace("^{'}", "'").replace("^'", "'")
    previous = ""
    while previous != plain:
        previous = plain
        plain = re.sub(r"\\[dtc]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", plain)
        plain = re.sub(r"([\^_])\{([^{}()]*)\}", _unbraced, plain)
    return plain.replace("{", "").replace("}", "").replace("\\", "").replace("·", "")


def _unbraced(match: re.Match[str]) -> str:
    sign, inner = match[1], match[2]
    if sign == "^" and inner.strip("'") == "":
        return inner
    return sign + inner
