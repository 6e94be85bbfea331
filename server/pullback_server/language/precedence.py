"""How tightly operators bind in Python: the one table for all that is printed as Python."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Precedence(IntEnum):
    """How tightly an expression binds, from the loosest; ANY is that of an expression that nothing is known of."""

    ANY = 0
    COMPARISON = 1
    OR = 2
    AND = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    POWER = 7
    ATOM = 8


class Binding(NamedTuple):
    """The precedence of an operator's result, and those that its operands need to stand without parentheses."""

    result: Precedence
    left: Precedence
    right: Precedence


_COMPARISON = Binding(Precedence.COMPARISON, Precedence.OR, Precedence.OR)
_SUM = Binding(Precedence.SUM, Precedence.SUM, Precedence.PRODUCT)
_PRODUCT = Binding(Precedence.PRODUCT, Precedence.PRODUCT, Precedence.UNARY)

#: The operators with two operands, by their symbol.
INFIX: dict[str, Binding] = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARISON),
    "|": Binding(Precedence.OR, Precedence.OR, Precedence.AND),
    "&": Binding(Precedence.AND, Precedence.AND, Precedence.SUM),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/%@", _PRODUCT),
    "**": Binding(Precedence.POWER, Precedence.ATOM, Precedence.UNARY),
}


def parenthesize(text: str, precedence: Precedence, least: Precedence) -> str:
    """A text of this precedence where something stands that binds at least so tightly.

    >>> parenthesize("x + 1", Precedence.SUM, Precedence.PRODUCT)
    '(x + 1)'
    """
    return text if precedence >= least else f"({text})"
