"""IndexProgram of Python text that know how tightly they bind and what they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum


class Level(IntEnum):
    """How tightly an expression binds, as in Python's grammar."""

    COMPARISON = 0
    OR = 1
    AND = 2
    SUM = 3
    PRODUCT = 4
    SIGN = 5
    POWER = 6
    ATOM = 7


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
    level: Level = Level.ATOM
    kind: Kind = Kind.TENSOR
    rank: int = 0
    inverse: Text | None = None
    column: Text | None = None
    transpose: Text | None = None

    def at(self, level: Level) -> str:
        """The text where something stands that binds at least so tightly."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True)
class Infix:
    """An operator between two operands; `left` and `right` say how tightly these must bind."""

    symbol: str
    level: Level
    left: Level
    right: Level
    kind: Kind = Kind.TENSOR

    def __call__(self, a: Text, b: Text) -> Text:
        """The operator with its operands."""
        both = a.kind is b.kind is Kind.NUMBER
        kind = Kind.NUMBER if both and self.kind is Kind.TENSOR else self.kind
        return Text(f"{a.at(self.left)}{self.symbol}{b.at(self.right)}", self.level, kind, max(a.rank, b.rank))


ADD = Infix(" + ", Level.SUM, Level.SUM, Level.SUM)
SUBTRACT = Infix(" - ", Level.SUM, Level.SUM, Level.PRODUCT)
MULTIPLY = Infix(" * ", Level.PRODUCT, Level.PRODUCT, Level.SIGN)
DIVIDE = Infix(" / ", Level.PRODUCT, Level.PRODUCT, Level.SIGN)
MATRIX = Infix(" @ ", Level.PRODUCT, Level.PRODUCT, Level.SIGN)
POWER = Infix("**", Level.POWER, Level.ATOM, Level.SIGN)
REMAINDER = Infix(" % ", Level.PRODUCT, Level.PRODUCT, Level.SIGN)
#: By the function's name in plans.
COMPARISONS = {
    name: Infix(f" {sign} ", Level.COMPARISON, Level.OR, Level.OR, Kind.BOOL)
    for name, sign in (
        ("less", "<"), ("less_equal", "<="), ("greater", ">"), ("greater_equal", ">="), ("equal", "=="),
        ("not_equal", "!="),
    )
}  # fmt: skip
CONNECTIVES = {
    "logical_and": Infix(" & ", Level.AND, Level.AND, Level.SUM, Kind.BOOL),
    "logical_or": Infix(" | ", Level.OR, Level.OR, Level.AND, Kind.BOOL),
    "logical_xor": Infix(" != ", Level.COMPARISON, Level.OR, Level.OR, Kind.BOOL),
}


def as_column(x: Text) -> Text:
    """A vector with an axis of length 1 behind its own."""
    return Text(f"{x.at(Level.ATOM)}[:, None]", kind=x.kind, rank=2, column=x)


def multiplied(a: Text, b: Text) -> Text:
    """The product entry by entry; that of a column and a row knows its transpose."""
    whole = MULTIPLY(a, b)
    if a.column is None or b.rank != 1:
        return whole
    return replace(whole, transpose=MULTIPLY(as_column(b), a.column))


def negated(x: Text) -> Text:
    """The negative."""
    return Text(f"-{x.at(Level.SIGN)}", Level.SIGN, x.kind, x.rank)


def number(value: float, library: str) -> Text:
    """A number of a plan; whole ones without a point.

    >>> number(3.0, "np").text, number(-0.5, "np").text, number(math.inf, "np").text
    ('3', '-0.5', 'np.inf')
    """
    if value != value:
        return Text(f"{library}.nan", kind=Kind.NUMBER)
    if value < 0:
        return negated(number(-value, library))
    if math.isinf(value) or value == math.pi:
        return Text(f"{library}.{'pi' if value == math.pi else 'inf'}", kind=Kind.NUMBER)
    return Text(str(int(value)) if value == int(value) and value < 1e15 else repr(value), kind=Kind.NUMBER)


def commas(*parts: str) -> str:
    """A tuple as Python writes it.

    >>> commas("2"), commas("2", "3")
    ('(2,)', '(2, 3)')
    """
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
