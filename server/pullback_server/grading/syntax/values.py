"""The parts of an answer as nodes of a program with their types, and vectors as columns or rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...language.builder import Builder, Operand
from ...language.folding import FoldingError, fold, plain_number
from ...operators import BY_NAME, BY_SYMBOL, OperandError
from ...program import Apply, DType, Input, Limits, Literal, Place, Program, TensorType
from ..codes import NotAnAnswerReason
from .refusals import Misshapen, NotAnAnswer

_LITERALS = {bool: DType.BOOL, int: DType.INT64, float: DType.FLOAT64}


@dataclass(frozen=True, slots=True)
class Value:
    """A part of an answer: its node or number, its type, and whether a vector is a row.

    Without an operand it is a multiple of the identity matrix (`I`) or of the vector of ones (`1`), which take the size
    that fits the other operand.
    """

    operand: Operand | None
    type: TensorType
    row: bool = False
    special: str = ""
    factor: Value | None = None

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return 2 if self.special == "I" else 1 if self.special == "1" else self.type.rank


class Assembly:
    """Builds an answer's program out of the operator table's rows, with every node's type at once."""

    def __init__(self, types: Mapping[str, TensorType], limits: Limits) -> None:
        self.builder = Builder(limits)
        self._inputs = types

    #: The type of an identity until its size is known.
    unsized = TensorType(DType.FLOAT64, ())

    def knows(self, name: str) -> bool:
        """Whether a name is an input's."""
        return name in self._inputs

    def literal(self, value: int | float, column: int, name: str = "") -> Value:
        """A number of the answer, or a constant by its name."""
        kind = TensorType(_LITERALS[type(value)], (), weak=True)
        return Value(Literal(value, Place(1, column), name), kind)

    def input(self, name: str, column: int) -> Value:
        """An input."""
        return Value(self.builder.input(name, Place(1, column)), self._inputs[name])

    def number(self, value: Value) -> int:
        """A value's node; raises Misshapen for an identity of unknown size."""
        if value.operand is None:
            raise Misshapen("the size of the identity or of the vector of ones is not known")
        return self.builder.number(value.operand)

    def apply(self, name: str, column: int, *operands: Value, row: bool = False, **arguments: Any) -> Value:
        """Applies a row of the table; raises Misshapen where it does not take the operands."""
        operator = BY_NAME[name]
        filled = {**operator.parameters.defaults, **arguments}
        try:
            kind = operator.shape(*(o.type for o in operands), **filled)
        except OperandError as error:
            label = f"`{operator.symbol}`" if operator.symbol else operator.name
            hint = f"; {error.hint}" if error.hint else ""
            raise Misshapen(f"{label}: {error.message}{hint}", Place(1, column)) from None
        numbers = [self.number(o) for o in operands]
        node = self.builder.apply(operator.name, numbers, tuple(arguments.items()), Place(1, column))
        return Value(node, kind, row)

    def operate(self, symbol: str, column: int, *operands: Value, row: bool = False) -> Value:
        """Applies the operator of a symbol; integers are computed, except for quotients and negative exponents."""
        numbers = [plain_number(o.operand) for o in operands]
        if None not in numbers and not (symbol == "**" and (numbers[1] or 0) < 0):
            try:
                folded = fold(symbol, *(n for n in numbers if n is not None))
            except FoldingError as error:
                raise NotAnAnswer(NotAnAnswerReason.LIMIT_EXCEEDED, f"{error}", Place(1, column)) from None
            if folded is not None:
                return self.literal(folded, column)
        return self.apply(BY_SYMBOL[symbol, len(operands)].name, column, *operands, row=row)

    def inline(self, program: Program, operand: Value, column: int) -> Value:
        """An expression in one input x, with x replaced by an operand."""
        values: list[Value] = []
        for node in program.nodes:
            match node:
                case Input():
                    values.append(operand)
                case Literal(value, _, name):
                    assert isinstance(value, int | float)
                    values.append(self.literal(value, column, name))
                case Apply(operator, operands, arguments):
                    parts = [values[k] for k in operands if k is not None]
                    filled: dict[str, Any] = dict(arguments)
                    values.append(self.apply(operator, column, *parts, **filled))
        return values[program.output]

    def with_size(self, value: Value, other: TensorType, column: int) -> Value:
        """An identity or a vector of ones, of the size that fits another part; any other value unchanged."""
        if value.operand is not None:
            return value
        if not other.rank:
            raise Misshapen("the identity's size is not known", Place(1, column))
        length = other.shape[-1]
        row = BY_NAME["eye" if value.special == "I" else "ones"]
        name = row.parameters.literals[0].name
        unit = self.apply(row.name, column, row=value.row, **{name: length if value.special == "I" else (length,)})
        return unit if value.factor is None else self.operate("*", column, value.factor, unit, row=value.row)

    def program(self, value: Value) -> Program:
        """The program whose output is a value."""
        output = self.number(value)
        return Program(tuple(self.builder.nodes), (), output)
