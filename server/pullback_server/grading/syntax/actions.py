"""The parser's action for each rule of the grammar: the parts become nodes of a program."""

from __future__ import annotations

import math
from typing import Any

from lark import Token, Transformer

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


class Actions(Transformer[Token, Any]):
    """One method for each rule of the grammar; `assembly` is the answer's program so far."""

    assembly: Assembly
    expected: tuple[int, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._at = 1

    # Numbers and names.

    def number(self, parts: list[Token]) -> Value:
        """A number of the text."""
        text, column = str(parts[0]), self._place(parts[0])
        value: int | float = int(text) if text.isdigit() and len(text) < 19 else float(text)
        if math.isinf(value):
            raise NotAnAnswer(NotAnAnswerReason.LIMIT_EXCEEDED, "a number over the largest float", column)
        return self.assembly.literal(value, column)

    def name(self, parts: list[Token]) -> Value:
        """An input, an entry of one, or a constant."""
        token, column = parts[0], self._place(parts[0])
        name = str(token)
        if name in ("I", "1") and not (name == "I" and self.assembly.knows(name)):
            return Value(None, self.assembly.unsized, special=name)
        if not self.assembly.knows(name):
            return self.assembly.literal(CONSTANTS[name], column, name)
        value = self.assembly.input(name, column)
        if token.end_pos == -1:
            return self.assembly.apply("getitem", column, value, key=token.end_column)
        return value

    def unit(self, parts: list[Token]) -> Value:
        """A unit vector i, j or k."""
        column, length = self._place(parts[0]), max(self.expected[0] if self.expected else 3, 2)
        which = "ijk".index(str(parts[0]))
        if which >= length:
            raise unreadable(f"`{parts[0]}` in a question whose vectors have {length} entries", column)
        ones = [self.assembly.literal(int(k == which), column) for k in range(length)]
        return self.assembly.apply("stack", column, *ones)

    # Arithmetic.

    def sum(self, parts: list[Any]) -> Value:
        """`x + y` or `x - y`."""
        symbol = "+" if parts[1].type == "PLUS" else "-"
        return products.add(self.assembly, symbol, parts[0], parts[2], self._place(parts[1]))

    def negate(self, parts: list[Any]) -> Value:
        """`-x`."""
        x, column = parts[1], self._place(parts[0])
        if x.operand is None:
            return products.product(self.assembly, "times", self.assembly.literal(-1, column), x, column)
        return self.assembly.operate("-", column, x, row=x.row)

    def product(self, parts: list[Any]) -> Value:
        """`x * y`, `x \\cdot y`, `x \\times y`, `x \\odot y` or `x @ y`."""
        kind = _PRODUCTS[parts[1].type]
        return products.product(self.assembly, kind, parts[0], parts[2], self._place(parts[1]))

    def kron(self, parts: list[Any]) -> Value:
        """`x \\otimes y`."""
        name = "kron" if parts[0].rank == 2 or parts[2].rank == 2 else "outer"
        return self.assembly.apply(name, self._place(parts[1]), parts[0], parts[2])

    def juxtaposed(self, parts: list[Any]) -> Value:
        """`x y`."""
        return products.product(self.assembly, "juxtaposed", parts[0], parts[1], self._at)

    def number_and_group(self, parts: list[Any]) -> Value:
        """`2(x + 1)` as the argument of a function."""
        return products.product(self.assembly, "juxtaposed", self.number(parts[:1]), parts[1], self._at)

    def divide(self, parts: list[Any]) -> Value:
        """`x / y`."""
        return self._quotient(parts[0], parts[2], self._place(parts[1]))

    def fraction(self, parts: list[Any]) -> Value:
        """`\\frac{x}{y}`."""
        return self._quotient(parts[1], parts[2], self._place(parts[0]))

    def power(self, parts: list[Any]) -> Value:
        """`x^y`."""
        return products.power(self.assembly, parts[0], parts[2], self._place(parts[1]))

    def entrypower(self, parts: list[Any]) -> Value:
        """`x^{\\odot y}`."""
        return products.power(self.assembly, parts[0], parts[2], self._place(parts[1]), entrywise=True)

    def transpose(self, parts: list[Any]) -> Value:
        """`A^T`."""
        return products.transpose(self.assembly, parts[0], self._place(parts[1]))

    def inverse_transpose(self, parts: list[Any]) -> Value:
        """`A^{-T}`."""
        column = self._place(parts[1])
        return products.transpose(self.assembly, self.assembly.apply("inv", column, parts[0]), column)

    def square_root(self, parts: list[Any]) -> Value:
        """`\\sqrt{x}`."""
        return self.assembly.apply("sqrt", self._place(parts[0]), parts[1], row=parts[1].row)

    def nth_root(self, parts: list[Any]) -> Value:
        """`\\sqrt[n]{x}`, which has a value for negative x where n is odd."""
        _, index, x = parts
        column = self._place(parts[0])
        inverse = self._quotient(self.assembly.literal(1, column), index, column)
        number = getattr(index.operand, "value", None)
        if type(number) is int and number % 2 and not x.rank:
            size = self.assembly.operate("**", column, self.assembly.apply("abs", column, x), inverse)
            return self.assembly.operate("*", column, self.assembly.apply("sign", column, x), size)
        return self.assembly.operate("**", column, x, inverse)

    def absolute(self, parts: list[Any]) -> Value:
        """`|x|`."""
        return products.absolute(self.assembly, parts[1], self._place(parts[0]))

    def norm(self, parts: list[Any]) -> Value:
        """`||x||`."""
        return products.norm(self.assembly, parts[1], str(parts[2]), self._place(parts[0]))

    # Functions.

    def arguments(self, parts: list[Any]) -> tuple[Value, ...]:
        """What stands in a function's brackets."""
        return tuple(parts)

    def call(self, parts: list[Any]) -> Value:
        """`f(x, y)` or `f x`."""
        function, arguments = parts
        return self._call(function, arguments if isinstance(arguments, tuple) else (arguments,))

    def call_to_power(self, parts: list[Any]) -> Value:
        """`f^2(x)` or `f^2 x`; `f^{-1}(x)` is the inverse function."""
        function, caret, exponent, arguments = parts
        arguments = arguments if isinstance(arguments, tuple) else (arguments,)
        if getattr(exponent.operand, "value", None) == -1 and str(function) in INVERSES:
            return self._call(Token("FUNC", INVERSES[function], column=function.column), arguments)
        value = self._call(function, arguments)
        return self.assembly.operate("**", self._place(caret), value, exponent, row=value.row)

    def _call(self, function: Token, arguments: tuple[Value, ...]) -> Value:
        name, column = str(function), self._place(function)
        if name.startswith("log ") and len(arguments) == 1:
            base = self._base(name[4:], column)
            return self._quotient(
                self.assembly.apply("log", column, *arguments), self.assembly.apply("log", column, base), column
            )
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
        raise NotAnAnswer(NotAnAnswerReason.UNKNOWN_NAME, f"the question has no `{text}`", column)

    # Vectors, matrices and definitions by cases.

    def vector(self, parts: list[Value]) -> Value:
        """`(x, y)`, `<x, y>` or `[x, y]`: the entries of a vector, or the rows of a matrix."""
        return self._stack(parts, self._at)

    def row(self, parts: list[Value]) -> list[Value]:
        """A row of a matrix."""
        return parts

    def matrix(self, parts: list[Any]) -> Value:
        """A matrix; one of a single row or column is a vector where the answer is one."""
        kind, *rows = parts
        column = self._place(kind)
        if len({len(row) for row in rows}) != 1:
            raise unreadable("the rows of a matrix have different lengths", column)
        if len(rows) == 1 or len(rows[0]) == 1:
            entries = rows[0] if len(rows) == 1 else [row[0] for row in rows]
            value = self._stack(entries, column)
            value = Value(value.operand, value.type, row=len(rows) == 1 and len(rows[0]) > 1)
        else:
            value = self._stack([self._stack(row, column) for row in rows], column)
        function = MATRICES[str(kind)]
        return self.assembly.apply(function, column, value) if function else value

    def cases(self, parts: list[Any]) -> Value:
        """A definition by cases: the first condition that holds decides; without one the last value does."""
        kind, *rows = parts
        column = self._place(kind)
        value: Value = rows[-1][0]
        condition: Value | None = rows[-1][1]
        if condition is not None and len(rows) == 1:
            raise unreadable("a definition by cases with one case only", column)
        # The last condition is taken to be the complement of the others, as people mean it.
        for other, condition in reversed(rows[:-1]):
            if condition is None:
                raise unreadable("a case without a condition before the last", column)
            value = self.assembly.apply("where", column, condition, other, value)
        return value

    def conditional(self, parts: list[Value]) -> Value:
        """An answer with a condition: it has no value elsewhere."""
        nowhere = self.assembly.literal(math.nan, self._at)
        return self.assembly.apply("where", self._at, parts[1], parts[0], nowhere)

    def case(self, parts: list[Any]) -> tuple[Value, Value | None]:
        """A value with its condition."""
        *_, condition = parts
        return parts[0], condition

    def otherwise_case(self, parts: list[Any]) -> tuple[Value, Value | None]:
        """A value without a condition."""
        return parts[0], None

    def otherwise(self, _: list[Any]) -> None:
        """The word `otherwise`."""

    def logical_and(self, parts: list[Any]) -> Value:
        """Two conditions that must hold."""
        return self.assembly.operate("&", self._at, parts[0], parts[1])

    def logical_or(self, parts: list[Any]) -> Value:
        """Two conditions of which one must hold."""
        return self.assembly.operate("|", self._at, parts[0], parts[1])

    def relation(self, parts: list[Any]) -> Value:
        """`x < y`."""
        left, symbol, right = parts
        return self.assembly.operate(RELATIONS[str(symbol)], self._place(symbol), left, right)

    def chain(self, parts: list[Any]) -> Value:
        """`x < y < z`."""
        return self.logical_and([self.relation(parts[:3]), self.relation(parts[2:])])

    def _stack(self, entries: list[Value], column: int) -> Value:
        return self.assembly.apply("stack", column, *(self._definite(entry, column) for entry in entries))

    def _quotient(self, x: Value, y: Value, column: int) -> Value:
        if y.rank == 2 and x.rank == 0 and not y.special:
            raise Misshapen("a number over a matrix: write the inverse of the matrix", Place(1, column))
        return self.assembly.operate("/", column, self._definite(x, column), self._definite(y, column), row=x.row)

    def _definite(self, value: Value, column: int) -> Value:
        if value.operand is None:
            raise unreadable("the identity's size is not known here", column)
        return value

    def _place(self, token: Token) -> int:
        self._at = token.column or self._at
        return self._at
