"""Matrix expressions as text in our own language, with as few parentheses as it needs."""

from __future__ import annotations

import math
from fractions import Fraction

from ....operators import BY_NAME
from .building import negative, product
from .tree import Call, Constant, Infix, Length, MatMul, Name, Number, Option, Part, Power, Product, Sum, Tree, Turned

#: How tightly a text holds together.
LOOSE, COMPARED, EITHER, BOTH, ADDED, MULTIPLIED, SIGNED, RAISED, ATOM = range(9)
_INFIX = {"|": EITHER, "&": BOTH, "%": MULTIPLIED}
#: Fractions of larger numbers are written as floats, as in index notation.
NUMERATOR, DENOMINATOR, WHOLE = 10**6, 10**4, 2**53


def text(tree: Tree) -> str:
    """The expression as one line of text.

    >>> text(Power(Sum((Name("x", 1), Number(Fraction(-1)))), Number(Fraction(1, 2))))
    '(x - 1)**0.5'
    """
    return _text(tree)[0]


def _at(tree: Tree, level: int) -> str:
    """The text where something binds at that level, in parentheses if it is looser."""
    written, own = _text(tree)
    return written if own >= level else f"({written})"


def _text(tree: Tree) -> tuple[str, int]:
    match tree:
        case Name(name) | Constant(name):
            return name, ATOM
        case Number(value, point):
            return _number(value, point)
        case Length(of, axis):
            return f"{_at(of, ATOM)}.shape[{axis}]", ATOM
        case Call(function, (of,)) if of is not None and (sign := prefix(function)):
            return f"{sign}{_at(of, SIGNED)}", SIGNED
        case Call():
            return _call(tree), ATOM
        case Turned(of):
            return f"{_at(of, ATOM)}.T", ATOM
        case Part(of, index):
            return f"{_at(of, ATOM)}[{', '.join(map(str, index))}]", ATOM
        case Power(base, exponent):
            return f"{_at(base, ATOM)}**{_at(exponent, RAISED)}", RAISED
        case Infix(sign, left, right):
            level = _INFIX.get(sign, COMPARED)
            # In Python & and | bind tighter than comparisons.
            return f"{_at(left, level)} {sign} {_at(right, level + 1)}", level
        case MatMul(factors):
            return " @ ".join(_at(t, SIGNED) for t in factors), MULTIPLIED
        case Product():
            return _product(tree)
        case Sum((first, *rest)):
            signed = (
                f" - {_at(product(_MINUS, t), MULTIPLIED)}" if negative(t) else f" + {_at(t, ADDED)}" for t in rest
            )
            return _at(first, ADDED) + "".join(signed), ADDED
    raise TypeError(type(tree).__name__)


_MINUS = Number(Fraction(-1))


def prefix(function: str) -> str:
    """The sign of an operator with one operand, such as `~`; empty where it is called."""
    row = BY_NAME.get(function)
    return row.symbol if row is not None and len(row.parameters.tensors) == 1 else ""


def decimal(value: Fraction) -> bool:
    """Whether a number is better written as a float: a decimal one, or one of many digits."""
    p, q = value.numerator, value.denominator
    if q == 1:
        return abs(p) > WHOLE
    return abs(p) >= NUMERATOR or q >= DENOMINATOR or 10**8 % q == 0


def _number(value: Fraction, point: bool) -> tuple[str, int]:
    tight = ATOM if value >= 0 else SIGNED
    if point or decimal(value):
        return repr(float(value)), tight
    return (str(value), tight) if value.denominator == 1 else (str(value), MULTIPLIED)


def in_ratio(value: Fraction) -> tuple[str, str]:
    """A positive factor as what stands above and under the line, empty for 1: `3*x/2`, `0.1*x`, `2*x/3`.

    >>> in_ratio(Fraction(3, 2))
    ('3', '2')
    """
    p, q = value.as_integer_ratio()
    halves = q & (q - 1) == 0 and p < NUMERATOR
    if decimal(value) and not halves:
        return repr(float(value)), ""
    return str(p) if p != 1 else "", str(q) if q != 1 else ""


def _product(p: Product) -> tuple[str, int]:
    top, bottom = in_ratio(abs(p.number))
    above = [top] if top else []
    tensors = (*p.scalars, *p.factors)
    for position, t in enumerate(tensors):
        # A number in front of a chain does not change what the chain means: 2*A @ x is (2*A) @ x.
        chain = isinstance(t, MatMul) and t.rank and position == len(tensors) - 1 and len(p.factors) == 1
        above.append(_at(t, MULTIPLIED if chain or (len(tensors) == 1 and not above) else SIGNED))
    below = ([bottom] if bottom else []) + [_at(t, SIGNED) for t in (*p.under, *p.below)]
    divisor = "/" + (below[0] if len(below) == 1 else f"({'*'.join(below)})") if below else ""
    sign = "-" if p.number < 0 else ""
    return sign + ("*".join(above) or "1") + divisor, ADDED if sign else MULTIPLIED


def _call(call: Call) -> str:
    """A call with its arguments in the signature's order; what may be left out is named, and so is all after a gap."""
    row = BY_NAME[call.function]
    if row.attribute and call.operands[0] is not None:
        return f"{_at(call.operands[0], ATOM)}.{call.function}"
    operands, options = list(call.operands), dict(call.options)
    arguments: list[str] = []
    gap, suffix = False, ""
    for p in row.parameters.parameters:
        several = p.name == row.parameters.variadic
        match p.kind:
            case "":
                taken = [operands.pop(0) for _ in range(len(operands) if several else 1) if operands]
                given = [text(t) for t in taken if t is not None]
            case "tensors":
                given = [f"[{', '.join(text(t) for t in operands if t is not None)}]"]
            case "output":
                suffix = f"[{_option(options[p.name])}]"
                continue
            case "key":
                assert call.operands[0] is not None
                key = ", ".join(item_text(k, arguments[1:]) for k in _several(options[p.name]))
                return f"{_at(call.operands[0], ATOM)}[{key}]"
            case _ if p.name not in options:
                given = []
            case _:
                given = [_option(v) for v in _several(options[p.name])] if several else [_option(options[p.name])]
        if given and not several and (gap or not (p.required or not p.kind or p.kind == "tensors")):
            given = [f"{p.name}={given[0]}"]
        gap = gap or not given
        arguments += given
    return f"{call.function}({', '.join(arguments)}){suffix}"


def _several(value: Option) -> tuple[Option, ...]:
    return value if isinstance(value, tuple) else (value,)


def item_text(item: Option, tensors: list[str]) -> str:
    """What stands between the commas of square brackets."""
    match item:
        case ("...",):
            return "..."
        case ("slice", start, stop, step):
            parts = ["" if part is None else _option(part) for part in (start, stop, step)]
            return ":".join(parts if step is not None else parts[:2])
        case ("list", *indices):
            return f"[{', '.join(map(_option, indices))}]"
        case ("tensor", int() as k):
            return tensors[k]
    return _option(item)


def _option(value: Option) -> str:
    match value:
        case Length() | Number() | Name():
            return text(value)
        case tuple():
            return f"({', '.join(map(_option, value))}{',' if len(value) == 1 else ''})"
    return ("-inf" if value < 0 else "inf") if isinstance(value, float) and math.isinf(value) else repr(value)
