"""Programs written back as text of the language, with as few parentheses as it needs."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ..operators import BY_NAME
from ..operators.signature import TENSORS
from ..program import Apply, Argument, Input, Literal, Program, Size

#: How tightly the parts of an expression bind, loosest first; a condition in parentheses is what people write.
_LEVELS = {"|": 2, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "@": 5, "%": 5, "**": 7}
COMPARISON, UNARY, ATOM = 1, 6, 8
#: Longer texts are not written: a program whose parts are shared can be far longer than what it was read from.
LONGEST = 10_000


class TooLongToWrite(Exception):
    """The text would be longer than a request's expression may be."""


def written(program: Program, node: int | None = None, instead: Mapping[int, str] | None = None) -> str:
    """A program's text with its lines, or that of one node alone; `instead` are texts that stand for nodes.

    Raises TooLongToWrite.

    >>> from .parse import parse
    >>> from ..program import Limits
    >>> written(parse("-(x+1)**2 * torch.exp(x)", ["x"], Limits()))
    '-(x + 1)**2*exp(x)'
    """
    writer = _Writer(program, instead or {})
    if node is not None:
        return writer.text(node)
    lines = [f"{name} = {writer.text(bound, own=name)}" for name, bound in program.bindings]
    return "\n".join([*lines, writer.text(program.output)])


class _Writer:
    def __init__(self, program: Program, instead: Mapping[int, str]) -> None:
        self._program, self._instead = program, instead
        self._names = {node: name for name, node in program.bindings if isinstance(program.nodes[node], Apply)}
        self._known: dict[int, tuple[str, int]] = {}

    def text(self, node: int, own: str = "") -> str:
        """A node's text; the line that gives it a name is written out."""
        if self._names.get(node) == own and own:
            return self._of(node)[0]
        return self._part(node, 0)

    def _part(self, node: int, level: int) -> str:
        """A node's text as a part of another's, in parentheses where it binds less tightly than `level`."""
        if node in self._names and node not in self._instead:
            return self._names[node]
        text, own = self._of(node)
        return text if own >= level else f"({text})"

    def _of(self, node: int) -> tuple[str, int]:
        if node not in self._known:
            for number in sorted(self._below(node)):
                self._known[number] = self._made(number)
        return self._known[node]

    def _below(self, node: int) -> set[int]:
        """The node and those that its text is made of, without those that are written already."""
        wanted, found = [node], {node}
        while wanted:
            match self._program.nodes[wanted.pop()]:
                case Apply(operands=operands):
                    new = {k for k in operands if k is not None and k not in self._known} - found
                case Literal(Size(operand)):
                    new = {operand} - found - self._known.keys()
                case _:
                    continue
            found |= new
            wanted += new
        return found

    def _made(self, number: int) -> tuple[str, int]:
        text, level = self._node(number)
        if len(text) > LONGEST:
            raise TooLongToWrite
        return text, level

    def _node(self, number: int) -> tuple[str, int]:
        if number in self._instead:
            text = self._instead[number]
            whole = isinstance(ast.parse(text, mode="eval").body, ast.Call | ast.Name | ast.Subscript | ast.Constant)
            return text, ATOM if whole else 0
        match self._program.nodes[number]:
            case Input(name):
                return name, ATOM
            case Literal(value, name=name):
                text = name or self._literal(value)
                return text, UNARY if text.startswith("-") else ATOM
            case Apply() as apply:
                return self._applied(apply)

    def _applied(self, apply: Apply) -> tuple[str, int]:
        row, operands = BY_NAME[apply.operator], apply.operands
        given = [k for k in operands if k is not None]
        symbol = row.symbol
        if symbol == "[]":
            return f"{self._part(given[0], ATOM)}[{self._key(apply)}]", ATOM
        if row.attribute:
            return f"{self._part(given[0], ATOM)}.{row.name}", ATOM
        if symbol and not apply.arguments and len(given) == 1:
            return f"{symbol}{self._part(given[0], UNARY)}", UNARY
        if symbol and not apply.arguments and len(given) == 2:
            level = _LEVELS.get(symbol, COMPARISON)
            power, comparison = symbol == "**", symbol not in _LEVELS
            left = self._part(given[0], level + (power or comparison))
            right = self._part(given[1], UNARY if power else level + 1)
            return f"{left}{symbol if level in (5, 7) and symbol != '@' else f' {symbol} '}{right}", level
        return self._called(apply), ATOM

    def _called(self, apply: Apply) -> str:
        row, operands = BY_NAME[apply.operator], iter(apply.operands)
        given, parts, named = dict(apply.arguments), [], False
        suffix = ""
        for parameter in row.parameters.parameters:
            if parameter.kind == "output":
                suffix = f"[{self._literal(given[parameter.name])}]" if parameter.name in given else ""
            elif parameter.kind == TENSORS:
                parts.append(f"[{', '.join(self._part(k, 0) for k in operands if k is not None)}]")
            elif parameter.name == row.parameters.variadic:
                more = given.get(parameter.name, ())
                parts += map(self._literal, more if isinstance(more, tuple) else (more,))
                parts += [self._part(k, 0) for k in operands if k is not None]
            elif parameter.kind:
                named = named or not parameter.required
                if parameter.name in given and given[parameter.name] != parameter.default:
                    value = self._literal(given[parameter.name])
                    parts.append(f"{parameter.name}={value}" if named else value)
            else:
                operand = next(operands, None)
                if operand is None:
                    named = True
                else:
                    text = self._part(operand, 0)
                    parts.append(f"{parameter.name}={text}" if named else text)
        return f"{row.name}({', '.join(parts)}){suffix}"

    def _literal(self, value: Argument) -> str:
        match value:
            case Size(operand, axis):
                return f"{self._part(operand, ATOM)}.shape[{axis}]"
            case str():
                return repr(value)
            case tuple():
                return f"({', '.join(map(self._literal, value))}{',' * (len(value) == 1)})"
            case float() if value - value != 0:
                return "-inf" if value < 0 else "inf"
        return repr(value)

    def _key(self, apply: Apply) -> str:
        items = dict(apply.arguments)["key"]
        assert isinstance(items, tuple)
        return ", ".join(self._item(item, apply) for item in items)

    def _item(self, item: Argument, apply: Apply) -> str:
        match item:
            case ("...",):
                return "..."
            case ("slice", start, stop, step):
                ends = ["" if part is None else self._literal(part) for part in (start, stop)]
                return ":".join(ends) + ("" if step is None else f":{self._literal(step)}")
            case ("list", *entries):
                return f"[{', '.join(map(self._literal, entries))}]"
            case ("tensor", int() as number):
                operand = apply.operands[number + 1]
                return "" if operand is None else self._part(operand, 0)
        return self._literal(item)
