"""Calls of operators: each argument is read as its parameter says, a tensor as an expression, the rest as literals."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..operators import Operator
from ..operators.signature import KINDS, TENSORS, Parameter
from ..program import Argument, Literal, Refusal
from .binding import BindingError, BoundArguments, accepts, bind, usage
from .folding import FoldingError, Number, evaluate
from .names import excerpt
from .reading import ExpressionReader
from .refusals import SYMBOL_OF_NODE, unsupported, unsupported_node


def apply_call(
    reader: ExpressionReader, node: ast.Call, row: Operator, positional: Sequence[ast.expr], output: int | None = None
) -> int:
    """The number of the node that a call becomes; `positional` has a method's receiver too. Raises Refusal.

    `output` is the number of the result that is asked for, of an operator that returns several.
    """
    bound = _bind(reader, node, row, positional)
    if row.parameters.output and output is None:
        listed = ", ".join(f"{row.name}(...)[{k}] is {name}" for k, name in enumerate(row.outputs))
        hint = listed or f"one of them, such as {row.name}(...)[0]"
        raise reader.bad_argument(node, f"{row.name} returns several results", row.name, hint)
    operands: list[int | None] = []
    arguments: list[tuple[str, Argument]] = []
    for parameter in row.parameters.parameters:
        argument = bound.arguments.get(parameter.name)
        if parameter.kind == "output":
            assert output is not None
            arguments.append((parameter.name, output))
        elif parameter.kind == TENSORS:
            operands.extend(_tensors(reader, row, parameter, argument))
        elif parameter.name == row.parameters.variadic:
            rest = bound.rest
            if len(rest) == 1 and isinstance(rest[0], ast.Tuple | ast.List):
                rest = tuple(rest[0].elts)
            if parameter.kind:
                arguments.append((parameter.name, _arguments(reader, row, parameter, rest)))
            else:
                operands.extend(_tensor(reader, row, parameter, each) for each in rest)
        elif parameter.kind and argument:
            value = _argument(reader, row, parameter, argument)
            if (type(value), value) != (type(parameter.default), parameter.default):
                arguments.append((parameter.name, value))
        elif not parameter.kind:
            operands.append(_tensor(reader, row, parameter, argument) if argument else None)
    return reader.builder.apply(row.name, operands, arguments, reader.place(node))


def read_literal(reader: ExpressionReader, node: ast.expr) -> Argument:
    """A literal argument: numbers and arithmetic on them, True, False, None, strings, sizes, tuples. Raises Refusal."""
    return reader.descend(node, lambda inner: _literal(reader, inner))


def _bind(
    reader: ExpressionReader, node: ast.Call, row: Operator, positional: Sequence[ast.expr]
) -> BoundArguments[ast.expr]:
    keywords = []
    for keyword in node.keywords:
        if keyword.arg is None:
            raise unsupported(reader.place(keyword.value), ("`**` before an argument", usage(row)))
        keywords.append((keyword.arg, keyword.value))
    try:
        return bind(row, positional, keywords)
    except BindingError as error:
        at = error.argument if isinstance(error.argument, ast.expr) else node
        raise reader.bad_argument(at, error.message, excerpt(error.found), usage(row)) from None


def _tensor(reader: ExpressionReader, row: Operator, parameter: Parameter, node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str)):
        if node.value is None and parameter.default is None:
            return None
        message = f"`{parameter.name}` of {row.name} must be a tensor or a number"
        raise reader.bad_argument(node, message, excerpt(repr(node.value)), usage(row))
    return reader.builder.number(reader.expression(node))


def _tensors(reader: ExpressionReader, row: Operator, parameter: Parameter, node: ast.expr | None) -> list[int | None]:
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) if elements:
            return [_tensor(reader, row, parameter, element) for element in elements]
        case ast.expr():
            message = f"`{parameter.name}` of {row.name} must be a list of tensors"
            raise reader.bad_argument(node, message, "something else", f"{row.name}([x, y])")
    return []


def _argument(reader: ExpressionReader, row: Operator, parameter: Parameter, node: ast.expr) -> Argument:
    value = read_literal(reader, node)
    if not accepts(parameter, value):
        message = f"`{parameter.name}` of {row.name} must be {KINDS[parameter.kind][1]}"
        raise reader.bad_argument(node, message, excerpt(repr(value)), usage(row))
    return value


def _arguments(reader: ExpressionReader, row: Operator, parameter: Parameter, nodes: Sequence[ast.expr]) -> Argument:
    """Literals one by one, none of them a tuple."""
    values = tuple(_argument(reader, row, parameter, node) for node in nodes)
    for node, value in zip(nodes, values, strict=True):
        if isinstance(value, tuple):
            message = f"`{parameter.name}` of {row.name} must be integers one by one, or one tuple of them"
            raise reader.bad_argument(node, message, excerpt(repr(value)), usage(row))
    return values


def _literal(reader: ExpressionReader, node: ast.expr) -> Argument:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(string)):
            return string
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return tuple(read_literal(reader, element) for element in elements)
        case ast.UnaryOp(op=op, operand=operand):
            return _evaluate(reader, node, op, operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _evaluate(reader, node, op, left, right)
    value = reader.expression(node)
    if isinstance(value, Literal):
        return value.value
    raise _not_a_literal(reader, node, "a tensor")


def _evaluate(reader: ExpressionReader, node: ast.expr, op: ast.AST, *parts: ast.expr) -> Number:
    symbol = SYMBOL_OF_NODE.get(type(op))
    if symbol is None:
        raise unsupported_node(reader.place(node), op)
    numbers: list[Number] = []
    for part in parts:
        value = read_literal(reader, part)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _not_a_literal(reader, part, "arithmetic on something other than numbers")
        numbers.append(value)
    try:
        return evaluate(symbol, *numbers)
    except FoldingError as error:
        raise reader.bad_number(node, error) from None


def _not_a_literal(reader: ExpressionReader, node: ast.expr, instead: str) -> Refusal:
    hint = "a number, True, False, None, a string or a tuple of them"
    return reader.bad_argument(node, f"{instead} where a literal is expected", instead, hint)
