"""The parser's action for each rule of the grammar: the parts become nodes of a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lark import Token, Transformer, v_args

from ...language import CONSTANTS
from ...language.binding import usage
from ...operators import BY_NAME
from ...program import Place
from ..codes import NotAnAnswerReason
from . import products
from .functions import INVERSES, meaning
from .refusals import Misshapen, NotAnAnswer, unreadable
from .symbols import MATRICES, RELATIONS
from .values import Assembly, Value

#: Functions that have another name in the table where they are called with two operands.
_OF_TWO = {"max": "maximum", "min": "minimum", "atan": "atan2"}
#: The product that a token between two factors stands for; `\\times` is one of numbers or matrices here.
_PRODUCTS = {"TIMES": "times", "DOT": "dot", "CROSS": "times", "ENTRYWISE": "entrywise", "MATMUL": "matmul"}


#: What follows a function: its brackets, or the one operand that it has without them.
Arguments = tuple[Value, ...] | Value


@v_args(inline=True)
class Actions(Transformer[Token, Any]):
    """One method for each rule of the grammar; `assembly` is the answer's program so far."""

    assembly: Assembly
    expected: tuple[int, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._at = 1

    # Numbers and names.

    def number(self, token: Token) -> Value:
        """A number of the answer."""
        text, column = str(token), self._place(token)
        value: int | float = int(text) if text.isdigit() and len(text) < 19 else float(text)
        if math.isinf(value):
            message = "the number is larger than the largest float"
            raise NotAnAnswer(NotAnAnswerReason.LIMIT_EXCEEDED, message, Place(1, column))
        return self.assembly.literal(value, column)

    def name(self, token: Token) -> Value:
        """An input, an entry of one, or a constant."""
        name, column = str(token), self._place(token)
        if name in ("I", "1") and not (name == "I" and self.assembly.knows(name)):
            return Value(None, self.assembly.unsized, special=name)
        if not self.assembly.knows(name):
            return self.assembly.literal(CONSTANTS[name], column, name)
        value = self.assembly.input(name, column)
        if token.end_pos == -1:
            return self.assembly.apply("getitem", column, value, key=token.end_column)
        return value

    def unit(self, token: Token) -> Value:
        """A unit vector i, j or k."""
        column, length = self._place(token), max(self.expected[0] if self.expected else 3, 2)
        which = "ijk".index(str(token))
        if which >= length:
            raise unreadable(f"`{token}` is not a unit vector of {length} entries", column)
        ones = [self.assembly.literal(int(k == which), column) for k in range(length)]
        return self.assembly.apply("stack", column, *ones)

    # Arithmetic.

    def sum(self, x: Value, symbol: Token, y: Value) -> Value:
        """`x + y` or `x - y`."""
        return products.add(self.assembly, "+" if symbol.type == "PLUS" else "-", x, y, self._place(symbol))

    def negate(self, minus: Token, x: Value) -> Value:
        """`-x`."""
        column = self._place(minus)
        if x.operand is None:
            return products.product(self.assembly, "times", self.assembly.literal(-1, column), x, column)
        return self.assembly.operate("-", column, x, row=x.row)

    def product(self, x: Value, symbol: Token, y: Value) -> Value:
        """`x * y`, `x \\cdot y`, `x \\times y`, `x \\odot y` or `x @ y`."""
        return products.product(self.assembly, _PRODUCTS[symbol.type], x, y, self._place(symbol))

    def kron(self, x: Value, symbol: Token, y: Value) -> Value:
        """`x \\otimes y`."""
        return self.assembly.apply("kron" if 2 in (x.rank, y.rank) else "outer", self._place(symbol), x, y)

    def juxtaposed(self, x: Value, y: Value) -> Value:
        """`x y`."""
        return products.product(self.assembly, "juxtaposed", x, y, self._at)

    def number_and_group(self, number: Token, group: Value) -> Value:
        """`2(x + 1)` as the argument of a function."""
        return self.juxtaposed(self.number(number), group)

    def divide(self, x: Value, symbol: Token, y: Value) -> Value:
        """`x / y`."""
        return self._quotient(x, y, self._place(symbol))

    def fraction(self, command: Token, x: Value, y: Value) -> Value:
        """`\\frac{x}{y}`."""
        return self._quotient(x, y, self._place(command))

    def power(self, x: Value, caret: Token, y: Value) -> Value:
        """`x^y`."""
        return products.power(self.assembly, x, y, self._place(caret))

    def entrypower(self, x: Value, caret: Token, y: Value) -> Value:
        """`x^{\\odot y}`."""
        return products.power(self.assembly, x, y, self._place(caret), entrywise=True)

    def transpose(self, x: Value, symbol: Token) -> Value:
        """`A^T`."""
        return products.transpose(self.assembly, x, self._place(symbol))

    def inverse_transpose(self, x: Value, symbol: Token) -> Value:
        """`A^{-T}`."""
        return self.transpose(self.assembly.apply("inv", self._place(symbol), x), symbol)

    def square_root(self, command: Token, x: Value) -> Value:
        """`\\sqrt{x}`."""
        return self.assembly.apply("sqrt", self._place(command), x, row=x.row)

    def nth_root(self, command: Token, index: Value, x: Value) -> Value:
        """`\\sqrt[n]{x}`, which has a value for negative x where n is odd."""
        column = self._place(command)
        inverse = self._quotient(self.assembly.literal(1, column), index, column)
        number = getattr(index.operand, "value", None)
        if type(number) is int and number % 2 and not x.rank:
            size = self.assembly.operate("**", column, self.assembly.apply("abs", column, x), inverse)
            return self.assembly.operate("*", column, self.assembly.apply("sign", column, x), size)
        return self.assembly.operate("**", column, x, inverse)

    def absolute(self, bar: Token, x: Value) -> Value:
        """`|x|`."""
        return products.absolute(self.assembly, x, self._place(bar))

    def norm(self, bar: Token, x: Value, closing: Token) -> Value:
        """`||x||`."""
        return products.norm(self.assembly, x, str(closing), self._place(bar))

    # Functions.

    def arguments(self, *parts: Value) -> tuple[Value, ...]:
        """What stands in a function's brackets."""
        return parts

    def call_to_power(self, function: Token, caret: Token, exponent: Value, arguments: Arguments) -> Value:
        """`f^2(x)` or `f^2 x`; `f^{-1}(x)` is the inverse function."""
        if getattr(exponent.operand, "value", None) == -1 and str(function) in INVERSES:
            return self.call(Token("FUNC", INVERSES[function], column=function.column), arguments)
        value = self.call(function, arguments)
        return self.assembly.operate("**", self._place(caret), value, exponent, row=value.row)

    def call(self, function: Token, arguments: Arguments) -> Value:
        """`f(x, y)` or `f x`."""
        name, column = str(function), self._place(function)
        arguments = arguments if isinstance(arguments, tuple) else (arguments,)
        if name.startswith("log ") and len(arguments) == 1:
            operands = (*arguments, self._base(name[4:], column))
            logarithm, divisor = (self.assembly.apply("log", column, x) for x in operands)
            return self._quotient(logarithm, divisor, column)
        program = meaning(name)
        if program is not None and len(arguments) == 1:
            return self.assembly.inline(program, self._definite(arguments[0], column), column)
        if len(arguments) == 2:
            name = _OF_TWO.get(name, name)
        row = BY_NAME.get(name)
        if row is None or row.attribute or row.parameters.output:
            raise unreadable(f"`{name}` is not read with {len(arguments)} arguments", column)
        required = [p for p in row.parameters.tensors if p.required]
        if not len(required) <= len(arguments) <= len(row.parameters.tensors):
            raise unreadable(f"`{name}` is called as {usage(row)}", column)
        if any(p.required for p in row.parameters.literals):
            raise unreadable(f"`{name}` needs more than tensors: write the answer in the syntax `python`", column)
        definite = [self._definite(a, column) for a in arguments]
        return self.assembly.apply(row.name, column, *definite, row=len(definite) == 1 and definite[0].row)

    def _base(self, text: str, column: int) -> Value:
        if text.isdigit():
            return self.assembly.literal(int(text), column)
        if self.assembly.knows(text):
            return self.assembly.input(text, column)
        if text in CONSTANTS:
            return self.assembly.literal(CONSTANTS[text], column, text)
        raise NotAnAnswer(NotAnAnswerReason.UNKNOWN_NAME, f"the question has no `{text}`", Place(1, column))

    # Vectors, matrices and definitions by cases.

    def vector(self, *entries: Value) -> Value:
        """`(x, y)`, `<x, y>` or `[x, y]`: the entries of a vector, or the rows of a matrix."""
        return self._stack(entries, self._at)

    def row(self, *entries: Value) -> tuple[Value, ...]:
        """A row of a matrix."""
        return entries

    def matrix(self, kind: Token, *rows: tuple[Value, ...]) -> Value:
        """A matrix; one of a single row or column is a vector where the answer is one."""
        column = self._place(kind)
        if len({len(row) for row in rows}) != 1:
            raise unreadable("the rows of a matrix have different lengths", column)
        if len(rows) == 1 or len(rows[0]) == 1:
            value = self._stack(rows[0] if len(rows) == 1 else tuple(row[0] for row in rows), column)
            value = replace(value, row=len(rows) == 1 and len(rows[0]) > 1)
        else:
            value = self._stack(tuple(self._stack(row, column) for row in rows), column)
        function = MATRICES[str(kind)]
        return self.assembly.apply(function, column, value) if function else value

    def cases(self, kind: Token, *rows: tuple[Value, Value | None]) -> Value:
        """A definition by cases: the first condition that holds decides; without one the last value does."""
        column = self._place(kind)
        value, condition = rows[-1]
        if condition is not None and len(rows) == 1:
            raise unreadable("a definition by cases needs two cases", column)
        # The last condition is taken to be the complement of the others, as people mean it.
        for other, condition in reversed(rows[:-1]):
            if condition is None:
                raise unreadable("only the last case may lack a condition", column)
            value = self.assembly.apply("where", column, condition, other, value)
        return value

    def conditional(self, value: Value, condition: Value) -> Value:
        """An answer with a condition: it has no value elsewhere."""
        nowhere = self.assembly.literal(math.nan, self._at)
        return self.assembly.apply("where", self._at, condition, value, nowhere)

    def case(self, value: Value, condition: Value | None = None) -> tuple[Value, Value | None]:
        """A value with its condition, if it has one."""
        return value, condition

    def otherwise(self) -> None:
        """The word `otherwise`."""

    def logical_and(self, x: Value, y: Value) -> Value:
        """Two conditions that must hold."""
        return self.assembly.operate("&", self._at, x, y)

    def logical_or(self, x: Value, y: Value) -> Value:
        """Two conditions of which one must hold."""
        return self.assembly.operate("|", self._at, x, y)

    def relation(self, x: Value, symbol: Token, y: Value) -> Value:
        """`x < y`."""
        return self.assembly.operate(RELATIONS[str(symbol)], self._place(symbol), x, y)

    def chain(self, x: Value, first: Token, y: Value, second: Token, z: Value) -> Value:
        """`x < y < z`."""
        return self.logical_and(self.relation(x, first, y), self.relation(y, second, z))

    def _stack(self, entries: Sequence[Value], column: int) -> Value:
        return self.assembly.apply("stack", column, *(self._definite(entry, column) for entry in entries))

    def _quotient(self, x: Value, y: Value, column: int) -> Value:
        if y.rank == 2 and x.rank == 0 and not y.special:
            raise Misshapen("a number is divided by a matrix: write the inverse of the matrix", Place(1, column))
        return self.assembly.operate("/", column, self._definite(x, column), self._definite(y, column), row=x.row)

    def _definite(self, value: Value, column: int) -> Value:
        if value.operand is None:
            raise unreadable("the identity's size is not known here", column)
        return value

    def _place(self, token: Token) -> int:
        self._at = token.column or self._at
        return self._at
