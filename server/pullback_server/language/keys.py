"""What stands in square brackets after a tensor: integers, slices, `...`, None, lists and index tensors."""

from __future__ import annotations

import ast

from ..program import Argument, Literal, Size
from .calls import read_literal
from .reading import ExpressionReader

ACCEPTED = "integers, slices, ..., None, lists of integers and integer tensors"


def apply_key(reader: ExpressionReader, node: ast.Subscript) -> int:
    """The number of the node that takes entries of a tensor; raises Refusal.

    Each item of the key is an integer, None, `("...",)`, `("slice", start, stop, step)`, `("list", 0, 2)` or
    `("tensor", k)`, which stands for the k-th of the index tensors.
    """
    x = reader.builder.number(reader.expression(node.value))
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    tensors: list[int | None] = []
    key = tuple(_item(reader, element, tensors) for element in elements)
    return reader.builder.apply("getitem", [x, *tensors], [("key", key)], reader.place(node))


def _item(reader: ExpressionReader, node: ast.expr, tensors: list[int | None]) -> Argument:
    match node:
        case ast.Constant(value=constant) if constant is ...:
            return ("...",)
        case ast.Constant(value=None):
            return None
        case ast.Slice(lower=start, upper=stop, step=step):
            return ("slice", *(None if part is None else _integer(reader, part) for part in (start, stop, step)))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return ("list", *(_integer(reader, element) for element in elements))
        case ast.Constant() | ast.UnaryOp(op=ast.USub()):
            return _integer(reader, node)
    value = reader.expression(node)
    if isinstance(value, Literal):
        return _check_index(reader, node, value.value)
    tensors.append(value)
    return ("tensor", len(tensors) - 1)


def _integer(reader: ExpressionReader, node: ast.expr) -> Argument:
    return _check_index(reader, node, read_literal(reader, node))


def _check_index(reader: ExpressionReader, node: ast.expr, value: Argument) -> Argument:
    if isinstance(value, bool) or not isinstance(value, int | Size):
        raise reader.bad_argument(node, "not a valid index", "something else", ACCEPTED)
    return value
