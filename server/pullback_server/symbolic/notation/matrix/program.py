"""The nodes of a program as matrix expressions, written as in the program."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ....language.precedence import INFIX
from ....operators import BY_NAME
from ....program import Apply, Argument, Input, Literal, Size, TypedProgram
from .building import add, matmul, number, product, transpose
from .tree import Call, Constant, Infix, Length, Name, NoMatrixForm, Number, Option, Power, Tree, check_size

#: Operators that have a form of their own; all others are called by their names.
FORMS: dict[str, Callable[..., Tree]] = {
    "add": add,
    "sub": lambda a, b: add(a, product(number(-1), b)),
    "mul": product,
    "div": lambda a, b: product(a, below=(b,)),
    "pow": Power,
    "neg": lambda a: product(number(-1), a),
    "positive": lambda a: a,
    "matmul": matmul,
    "T": transpose,
}


class ProgramTrees:
    """The nodes of one program as trees, each built once."""

    def __init__(self, typed: TypedProgram) -> None:
        self._typed = typed
        self._known: dict[int, Tree] = {}

    def __getitem__(self, node: int) -> Tree:
        """The tree of one node; nodes before it first, so that long programs do not nest deeply."""
        if node not in self._known:
            for k in sorted(self._typed.program.dependencies(node, self._known)):
                self._known[k] = check_size(self._tree(k))
        return self._known[node]

    def _tree(self, node: int) -> Tree:
        rank = self._typed.types[node].rank
        match self._typed.program.nodes[node]:
            case Input(name):
                return Name(name, rank, self._typed.types[node].dtype.floating)
            case Literal(Size() as size):
                return self._length(size)
            case Literal(value, name=name) if name:
                return Constant(name)
            case Literal(bool() as value):
                return Constant(str(value))
            case Literal(int() | float() as value):
                return Number(Fraction(repr(value)))
            case Apply(operator, operands, arguments):
                trees = [None if k is None else self._known[k] for k in operands]
                row = BY_NAME[operator]
                if operator in FORMS:
                    return FORMS[operator](*trees)
                if row.symbol in INFIX and len(trees) == 2 and trees[0] is not None and trees[1] is not None:
                    return Infix(row.symbol, trees[0], trees[1])
                options = tuple((name, self._option(value)) for name, value in arguments)
                return Call(operator, tuple(trees), rank, options)
        raise NoMatrixForm("a number that has no exact value")

    def _length(self, size: Size) -> Length:
        of = self._known.get(size.operand)
        if of is None:
            of = self[size.operand]
        return Length(of, size.axis % max(self._typed.types[size.operand].rank, 1))

    def _option(self, value: Argument) -> Option:
        match value:
            case Size():
                return self._length(value)
            case tuple():
                return tuple(map(self._option, value))
        return value
