"""Left sides such as `dy/dx`, `f'(x)` and `\\nabla f`, and which derivative each of them names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_WRAPPED = re.compile(r"\\(?:mathrm|mathbf|mathit|text|operatorname|boldsymbol|vec|bm)\s*\{([\w\s]+)\}")
_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|bigl|bigr|big|mathrm|mathbf|vec|bm|therefore|implies|Rightarrow)(?![A-Za-z])"
    r"|\\(?:begin|end)\{[a-z]+\*?\}|\\[,;:!> ]|[~&$\s]+"
)
_D = r"(?:d|∂)"
_NAME = r"[^\W\d_]+(?:_\w+)?"
_FUNCTION = rf"(?:{_NAME})(?:\([^()]*\))?"
_OF = rf" ?(?:\(?{_FUNCTION}\)?)? ?(?:\([^()]*\))? ?\Z"

_DERIVATIVE = re.compile(rf"{_D}(?:\^?(\d))? ?(?:\(?({_FUNCTION})\)?)? ?/ ?((?:\(?{_D}{_NAME}(?:\^?\d)?\)? ?)+)(.*)\Z")
_ONE = re.compile(rf"{_D}({_NAME}?)(?:\^?(\d))?(?={_D}| |\)|\Z)")
_PRIMES = re.compile(rf"({_NAME}) ?('+|\^ ?\((\d)\)) ?(?:\(([^()]*)\))? ?\Z")
_DOTS = re.compile(rf"(d+)ot ?({_NAME}) ?\Z")
_SUBSCRIPTS = re.compile(r"([^\W\d_])_([^\W_]+) ?(?:\([^()]*\))? ?\Z")
_GRADIENT = re.compile(rf"(?:∇|grad|nabla)(\^2)?(?:_({_NAME}))?{_OF}")
_JACOBIAN = re.compile(rf"(?:J|D|H)(?:_({_NAME}))?(?:\^\d)?{_OF}")
_PARTIAL = re.compile(rf"∂_\(?({_NAME})\)?{_OF}")
_LISTED = re.compile(r"\s*(?:\\left\s*\S)?\s*\\begin\{[bp]?matrix\}.*\\partial", re.DOTALL)

_SENTENCE = re.compile(r"\b(?:derivative|gradient|jacobian|hessian|slope|answer|result|solution)\b", re.IGNORECASE)
_OTHER_SENTENCE = re.compile(r"\b(?:not?|anti\w*|integral\w*|primitive)\b|n't\b", re.IGNORECASE)
_ORDERS = {"second": 2, "third": 3}
_WRT = re.compile(r"\b(?:respect to|wrt|(?:derivative|gradient) by)\s+\W{0,2}([^\W\d_]\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class LeftSide:
    """What a left side names: the variables in their order, each as often as f is differentiated with respect to it.

    `wrt` is empty where the left side has the `order` only, as f'' does, and `order` is 0 where it has none either.
    """

    wrt: tuple[str, ...]
    order: int


def left_side(text: str, inputs: Collection[str]) -> LeftSide | None:
    """What a left side names; None where it names no derivative, as `y` or `f(x)`.

    >>> left_side(r"\\frac{d^2 y}{dx^2}", ["x"])
    LeftSide(wrt=('x', 'x'), order=2)
    >>> left_side("the derivative", ["x"])
    LeftSide(wrt=(), order=0)
    >>> left_side("f(x)", ["x"])
    """
    plain = _plain(text)
    if _LISTED.match(text):
        return LeftSide((), 0)
    if match := _DERIVATIVE.match(plain):
        wrt: list[str] = []
        for name, times in _ONE.findall(match[3].replace("(", "").replace(")", "")):
            wrt += [name] * int(times or 1)
        return LeftSide(tuple(wrt), max(int(match[1] or 1), len(wrt)))
    if match := _PARTIAL.match(plain):
        wrt = _split(match[1], inputs)
        return LeftSide(tuple(wrt), len(wrt))
    if match := _DOTS.match(plain):
        return LeftSide((), len(match[1]))
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
        wrt = _split(match[2], inputs)
        return LeftSide(tuple(wrt), len(wrt))
    return _from_sentence(text)


def _from_sentence(text: str) -> LeftSide | None:
    """What a sentence names, such as `the second derivative with respect to x`."""
    if not _SENTENCE.search(text) or _OTHER_SENTENCE.search(text):
        return None
    order = next((n for word, n in _ORDERS.items() if word in text.lower()), 0)
    name = _WRT.search(text)
    return LeftSide((name[1],) * max(order, 1) if name else (), order)


def _split(names: str, inputs: Collection[str]) -> list[str]:
    """The names of a subscript such as `xy`, letter by letter where it is not one name."""
    return [names] if names in inputs or len(names) > 3 else list(names)


def _plain(text: str) -> str:
    """A left side without what LaTeX adds: one space where there was any, fractions with a slash."""
    plain = _DRESS.sub(" ", _WRAPPED.sub(r"\1", text[:200]))
    plain = plain.replace("\\partial", "∂").replace("\\nabla", "∇").replace("\\prime", "'").replace("′", "'")
    plain = plain.replace("’", "'")
    previous = ""
    while previous != plain:
        previous = plain
        plain = re.sub(r"\\[dtc]?frac ?\{([^{}]*)\} ?\{([^{}]*)\}", r" \1/\2 ", plain)
        plain = re.sub(r"\^ ?\{ ?('[' ]*)\}", lambda m: m[1].replace(" ", ""), plain)
        plain = re.sub(r"([\^_]) ?\{([^{}()]*)\}", r"\1\2 ", plain)
        plain = re.sub(r"([\^_]) ?\{(\([^{}()]*\))\}", r"\1\2", plain)
    plain = plain.replace("^'", "'").replace("{", "").replace("}", "").replace("\\", "").replace("·", "")
    plain = re.sub(r"(?:(?<![^\W_])d|∂) (?=[^\W\d_])", lambda m: m[0][0], plain)
    return re.sub(r"(?<=[/^_(]) | (?=[/^_)])|(?<=\d) (?=[^\W\d_]+ ?/)", "", re.sub(r" +", " ", plain)).strip()
