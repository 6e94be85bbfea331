"""Matrix expressions as text in our own language, with as few parentheses as it needs."""

from __future__ import annotations

from fractions import Fraction

from ....language.precedence import INFIX, Precedence, parenthesize
from ....language.unparse import ExpressionWriter
from ....operators import BY_NAME
from .building import negative, number, product
from .tree import Call, Constant, Infix, Length, MatMul, Name, Number, Power, Product, Subscript, Sum, Transpose, Tree

#: Fractions of larger numbers are written as floats, as in index notation.
NUMERATOR, DENOMINATOR, WHOLE = 10**6, 10**4, 2**53


def text(tree: Tree) -> str:
    """The expression as one line of text.

    >>> text(Power(Sum((Name("x", 1), Number(Fraction(-1)))), Number(Fraction(1, 2))))
    '(x - 1)**0.5'
    """
    return TreeWriter().part(tree)


class TreeWriter(ExpressionWriter[Tree]):
    """Writes trees as the language writes programs."""

    def part(self, operand: Tree, least: Precedence = Precedence.ANY) -> str:
        """A tree's text."""
        return parenthesize(*self._text(operand), least)

    def literal(self, value: object) -> str:
        """A literal argument's text."""
        return self.part(value) if isinstance(value, Length | Number | Name) else super().literal(value)

    def _text(self, tree: Tree) -> tuple[str, Precedence]:
        match tree:
            case Name(name) | Constant(name):
                return name, Precedence.ATOM
            case Number(value, point):
                return _number(value, point)
            case Length(of, axis):
                return f"{self.part(of, Precedence.ATOM)}.shape[{axis}]", Precedence.ATOM
            case Call(function, operands, _, options):
                return self.application(BY_NAME[function], operands, dict(options))
            case Transpose(of):
                return f"{self.part(of, Precedence.ATOM)}.T", Precedence.ATOM
            case Subscript(of, index):
                return f"{self.part(of, Precedence.ATOM)}[{', '.join(map(str, index))}]", Precedence.ATOM
            case Power(base, exponent):
                # People put a negative exponent in parentheses.
                return f"{self.part(base, Precedence.ATOM)}**{self.part(exponent, Precedence.POWER)}", Precedence.POWER
            case Infix(symbol, left, right):
                binding = INFIX[symbol]
                return f"{self.part(left, binding.left)} {symbol} {self.part(right, binding.right)}", binding.result
            case MatMul(factors):
                return " @ ".join(self.part(t, Precedence.UNARY) for t in factors), Precedence.PRODUCT
            case Product():
                return self._product(tree)
            case Sum((first, *rest)):
                return self.part(first, Precedence.SUM) + "".join(map(self._further_term, rest)), Precedence.SUM
        raise TypeError(type(tree).__name__)

    def _further_term(self, t: Tree) -> str:
        if negative(t):
            return f" - {self.part(product(number(-1), t), Precedence.PRODUCT)}"
        return f" + {self.part(t, Precedence.SUM)}"

    def _product(self, p: Product) -> tuple[str, Precedence]:
        top, bottom = in_ratio(abs(p.number))
        above = [top] if top else []
        tensors = (*p.scalars, *p.factors)
        for position, t in enumerate(tensors):
            # A number in front of a chain does not change what the chain means: 2*A @ x is (2*A) @ x.
            chain = isinstance(t, MatMul) and t.rank and position == len(tensors) - 1 and len(p.factors) == 1
            bare = chain or (len(tensors) == 1 and not above)
            above.append(self.part(t, Precedence.PRODUCT if bare else Precedence.UNARY))
        below = ([bottom] if bottom else []) + [self.part(t, Precedence.UNARY) for t in (*p.under, *p.below)]
        divisor = "/" + (below[0] if len(below) == 1 else f"({'*'.join(below)})") if below else ""
        sign = "-" if p.number < 0 else ""
        return sign + ("*".join(above) or "1") + divisor, Precedence.SUM if sign else Precedence.PRODUCT


def prefix(function: str) -> str:
    """The symbol of an operator with one operand, such as `~`; empty where it is called."""
    row = BY_NAME.get(function)
    return row.symbol if row is not None and len(row.parameters.tensors) == 1 else ""


def decimal(value: Fraction) -> bool:
    """Whether a number is better written as a float: a decimal one, or one of many digits."""
    p, q = value.numerator, value.denominator
    if q == 1:
        return abs(p) > WHOLE
    return abs(p) >= NUMERATOR or q >= DENOMINATOR or 10**8 % q == 0


def _number(value: Fraction, point: bool) -> tuple[str, Precedence]:
    if not point and not decimal(value) and value.denominator != 1:
        return str(value), Precedence.PRODUCT
    digits = repr(float(value)) if point or decimal(value) else str(value)
    return digits, Precedence.ATOM if value >= 0 else Precedence.UNARY


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
