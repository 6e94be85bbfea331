"""Programs written back as text of the language, with as few parentheses as it needs."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from ..operators import BY_NAME, Operator
from ..operators.signature import REQUIRED, TENSORS
from ..program import Apply, Input, Literal, Program, Size
from .precedence import INFIX, Precedence, parenthesize

#: Longer texts are not written: a program whose parts are shared can be far longer than what it was read from.
LONGEST = 10_000
#: Operator symbols that stand between their operands without spaces.
_CLOSE = ("*", "/", "%", "**")

Operand = TypeVar("Operand")


class TooLongToWrite(Exception):
    """The text would be longer than a request's expression may be."""


def unparse(program: Program, node: int | None = None, instead: Mapping[int, str] | None = None) -> str:
    """A program's text with its lines, or that of one node alone; `instead` are texts that stand for nodes.

    Raises TooLongToWrite.

    >>> from .parse import parse
    >>> from ..program import Limits
    >>> unparse(parse("-(x+1)**2 * torch.exp(x)", ["x"], Limits()))
    '-(x + 1)**2*exp(x)'
    """
    writer = _ProgramWriter(program, instead or {})
    if node is not None:
        return writer.part(node)
    lines = [f"{name} = {writer.definition(name, bound)}" for name, bound in program.bindings]
    return "\n".join([*lines, writer.part(program.output)])


class ExpressionWriter(ABC, Generic[Operand]):
    """Writes applications of operators; a subclass says how operands are written."""

    @abstractmethod
    def part(self, operand: Operand, least: Precedence = Precedence.ANY) -> str:
        """An operand's text, in parentheses where it binds less tightly than `least`."""

    def application(
        self, row: Operator, operands: Sequence[Operand | None], arguments: Mapping[str, object]
    ) -> tuple[str, Precedence]:
        """The text of an operator applied to operands and literal arguments, and how tightly it binds."""
        present, symbol = [x for x in operands if x is not None], row.symbol
        if symbol == "[]":
            tensors = [self.part(x) for x in present[1:]]
            items = ", ".join(self.item(item, tensors) for item in _several(arguments["key"]))
            return f"{self.part(present[0], Precedence.ATOM)}[{items}]", Precedence.ATOM
        if row.attribute:
            return f"{self.part(present[0], Precedence.ATOM)}.{row.name}", Precedence.ATOM
        if symbol and not arguments and len(present) == 1:
            return f"{symbol}{self.part(present[0], Precedence.UNARY)}", Precedence.UNARY
        if symbol and not arguments and len(present) == 2:
            binding = INFIX[symbol]
            left, right = self.part(present[0], binding.left), self.part(present[1], binding.right)
            return f"{left}{symbol if symbol in _CLOSE else f' {symbol} '}{right}", binding.result
        return self._call(row, operands, arguments), Precedence.ATOM

    def _call(self, row: Operator, operands: Sequence[Operand | None], arguments: Mapping[str, object]) -> str:
        """A call with its arguments in the signature's order; optional ones, and all after a gap, by name."""
        remaining = iter(operands)
        parts: list[str] = []
        named, suffix = False, ""

        def add(name: str, text: str) -> None:
            parts.append(f"{name}={text}" if named else text)

        for parameter in row.parameters.parameters:
            name = parameter.name
            if parameter.kind == "output":
                suffix = f"[{self.literal(arguments[name])}]" if name in arguments else ""
            elif parameter.kind == TENSORS:
                parts.append(f"[{', '.join(self.part(x) for x in remaining if x is not None)}]")
            elif name == row.parameters.variadic:
                parts += map(self.literal, _several(arguments.get(name, ())))
                parts += [self.part(x) for x in remaining if x is not None]
            elif parameter.kind:
                named = named or not parameter.required
                if name in arguments:
                    add(name, self.literal(arguments[name]))
            elif (operand := next(remaining, None)) is not None:
                add(name, self.part(operand))
            else:
                named = True
        return f"{row.name}({', '.join(parts)}){suffix}"

    def literal(self, value: object) -> str:
        """A literal argument's text."""
        match value:
            case tuple():
                return f"({', '.join(map(self.literal, value))}{',' * (len(value) == 1)})"
            case float() if value - value != 0:
                return "-inf" if value < 0 else "inf"
        return repr(value)

    def item(self, item: object, tensors: Sequence[str]) -> str:
        """What stands between the commas of square brackets; `tensors` are the texts of the index tensors."""
        match item:
            case ("...",):
                return "..."
            case ("slice", start, stop, step):
                parts = ["" if part is None else self.literal(part) for part in (start, stop, step)]
                return ":".join(parts if step is not None else parts[:2])
            case ("list", *entries):
                return f"[{', '.join(map(self.literal, entries))}]"
            case ("tensor", int() as number):
                return tensors[number]
        return self.literal(item)


class _ProgramWriter(ExpressionWriter[int]):
    """Writes the nodes of one program, each once."""

    def __init__(self, program: Program, instead: Mapping[int, str]) -> None:
        self._program, self._instead = program, instead
        self._names = {node: name for name, node in program.bindings if isinstance(program.nodes[node], Apply)}
        self._texts: dict[int, tuple[str, Precedence]] = {}

    def definition(self, name: str, node: int) -> str:
        """What stands on the line that gives a node its name; the name again where another line does."""
        return self._text(node)[0] if self._names.get(node) == name else self.part(node)

    def part(self, node: int, least: Precedence = Precedence.ANY) -> str:
        """A node's name, or its text."""
        if node in self._names and node not in self._instead:
            return self._names[node]
        return parenthesize(*self._text(node), least)

    def literal(self, value: object) -> str:
        """A literal argument's text."""
        if isinstance(value, Size):
            return f"{self.part(value.operand, Precedence.ATOM)}.shape[{value.axis}]"
        return super().literal(value)

    def _text(self, node: int) -> tuple[str, Precedence]:
        if node not in self._texts:
            # Earlier nodes first, so that long programs do not nest deeply.
            for number in sorted(self._program.dependencies(node, self._texts)):
                self._texts[number] = text, _ = self._node(number)
                if len(text) > LONGEST:
                    raise TooLongToWrite
        return self._texts[node]

    def _node(self, number: int) -> tuple[str, Precedence]:
        if number in self._instead:
            text = self._instead[number]
            atom = isinstance(ast.parse(text, mode="eval").body, ast.Call | ast.Name | ast.Subscript | ast.Constant)
            return text, Precedence.ATOM if atom else Precedence.ANY
        match self._program.nodes[number]:
            case Input(name):
                return name, Precedence.ATOM
            case Literal(value, name=name):
                text = name or self.literal(value)
                return text, Precedence.UNARY if text.startswith("-") else Precedence.ATOM
            case Apply(operator, operands, arguments):
                row = BY_NAME[operator]
                defaults = row.parameters.defaults
                # A 2 where the default is 2.0 is left out too.
                needed = {name: value for name, value in arguments if value != defaults.get(name, REQUIRED)}
                return self.application(row, operands, needed)


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
