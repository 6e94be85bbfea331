"""Python expressions that know how tightly they bind and what they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

from ....language.precedence import INFIX, Precedence, parenthesize
from ... import primitives


class Kind(IntEnum):
    """What an expression stands for: a Python number, a tensor of numbers, or one of bools."""

    NUMBER = 0
    TENSOR = 1
    BOOL = 2


@dataclass(frozen=True)
class Text:
    """An expression.

    `inverse` is set where it is 1 over that, so that multiplying by it can be written as dividing; `column` where it is
    that vector as a column, and `transpose` where the transpose has a text of its own.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    kind: Kind = Kind.TENSOR
    rank: int = 0
    inverse: Text | None = None
    column: Text | None = None
    transpose: Text | None = None

    def at(self, least: Precedence) -> str:
        """The text where something stands that binds at least so tightly."""
        return parenthesize(self.text, self.precedence, least)


@dataclass(frozen=True)
class Infix:
    """An operator between two operands."""

    symbol: str
    kind: Kind = Kind.TENSOR

    def __call__(self, a: Text, b: Text) -> Text:
        """The operator with its operands."""
        result, left, right = INFIX[self.symbol]
        if self.symbol == "+":
            # A sum of sums needs no parentheses.
            right = left
        numbers = a.kind is b.kind is Kind.NUMBER
        kind = Kind.NUMBER if numbers and self.kind is Kind.TENSOR else self.kind
        symbol = self.symbol if self.symbol == "**" else f" {self.symbol} "
        return Text(f"{a.at(left)}{symbol}{b.at(right)}", result, kind, max(a.rank, b.rank))


ADD, SUBTRACT, MULTIPLY, DIVIDE, MATRIX, POWER = map(Infix, ("+", "-", "*", "/", "@", "**"))
#: By the function's name in plans.
COMPARISONS = {
    name: Infix(row.symbol, Kind.BOOL)
    for name, row in primitives.COMPARISONS.items()
    if not name.startswith("logical_")
}
CONNECTIVES = {
    **{name: Infix(primitives.COMPARISONS[name].symbol, Kind.BOOL) for name in ("logical_and", "logical_or")},
    "logical_xor": COMPARISONS["not_equal"],
}


def as_column(x: Text) -> Text:
    """A vector with an axis of length 1 behind its own."""
    return Text(f"{x.at(Precedence.ATOM)}[:, None]", kind=x.kind, rank=2, column=x)


def multiply(a: Text, b: Text) -> Text:
    """The product entry by entry; that of a column and a row has its transpose with it."""
    product = MULTIPLY(a, b)
    if a.column is None or b.rank != 1:
        return product
    return replace(product, transpose=MULTIPLY(as_column(b), a.column))


def negate(x: Text) -> Text:
    """The negative."""
    return Text(f"-{x.at(Precedence.UNARY)}", Precedence.UNARY, x.kind, x.rank)


def number(value: float, library: str) -> Text:
    """A number of a plan; integers are written without a point.

    >>> number(3.0, "np").text, number(-0.5, "np").text, number(math.inf, "np").text
    ('3', '-0.5', 'np.inf')
    """
    if value != value:
        return Text(f"{library}.nan", kind=Kind.NUMBER)
    if value < 0:
        return negate(number(-value, library))
    if math.isinf(value) or value == math.pi:
        return Text(f"{library}.{'pi' if value == math.pi else 'inf'}", kind=Kind.NUMBER)
    return Text(str(int(value)) if value == int(value) and value < 1e15 else repr(value), kind=Kind.NUMBER)


def commas(*parts: str) -> str:
    """A tuple as Python writes it.

    >>> commas("2"), commas("2", "3")
    ('(2,)', '(2, 3)')
    """
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
