"""From the expressions of Python's syntax tree to nodes: an allow-list. What is not matched here is refused."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection

from ..operators import BY_NAME, BY_SYMBOL, Operator
from ..program import Limits, Literal, Reason, Refusal, Size
from .binding import usage
from .builder import Operand
from .calls import apply_call, read_literal
from .folding import FoldingError, fit_int64, fold, plain_number
from .keys import apply_key
from .lexing import Source
from .names import CONFLICTING_NAMES, CONSTANTS, LIBRARIES, PREFIXES, did_you_mean, excerpt
from .reading import ExpressionReader
from .refusals import JOIN_COMPARISONS, STRINGS, SYMBOL_OF_NODE, unsupported, unsupported_node

#: Long sums and products are flat to the eye, and so they count as one level of depth.
_FLAT: dict[type[ast.AST], str] = {ast.Add: "sum", ast.Sub: "sum", ast.Mult: "product"}
_ROOTS = {prefix.split(".")[0] for prefix in PREFIXES}

#: Operators after which `.values` may stand, where torch returns the indices too or people think that it does.
VALUES_ONLY = ("max", "min", "median", "amax", "amin")


class Reader(ExpressionReader):
    """Reads the expressions of one text, one after the other, into the nodes of its builder."""

    def __init__(self, source: Source, names: Collection[str], limits: Limits) -> None:
        super().__init__(source, limits)
        self.names = names
        self._assigned: dict[str, Operand] = {}

    def assign(self, name: str, value: ast.expr) -> int:
        """Reads an expression and gives it a name; its node's number."""
        self._assigned[name] = self.expression(value)
        return self.builder.number(self._assigned[name])

    def defines(self, name: str) -> bool:
        """Whether a name is an input's or is assigned on a line above."""
        return name in self.names or name in self._assigned

    def _expression(self, node: ast.expr) -> Operand:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.BinOp():
                return self._chain(node)
            case ast.UnaryOp():
                return self._apply_symbol(node, node.op, self.expression(node.operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._apply_symbol(node, op, self.expression(left), self.expression(right))
            case ast.Compare():
                raise unsupported(self.place(node), ("a chained comparison", JOIN_COMPARISONS))
            case ast.Call():
                return self._call(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case _:
                raise unsupported_node(self.place(node), node)

    def _constant(self, node: ast.Constant) -> Literal:
        value, place = node.value, self.place(node)
        match value:
            case bool():
                return Literal(value, place)
            case int():
                try:
                    return Literal(fit_int64(value), place)
                except FoldingError as error:
                    raise self.bad_number(node, error) from None
            case float() if math.isinf(value):
                raise self.refusal(Reason.BAD_NUMBER, node, "too large for a float", "inf", "write inf for infinity")
            case float():
                return Literal(value, place)
            case str():
                raise unsupported(place, ("a string", STRINGS))
            case _:
                raise unsupported(place, ("`...`" if value is ... else f"`{value!r}`", "a tensor or a number"))

    def _name(self, node: ast.Name) -> Operand:
        name, place = node.id, self.place(node)
        if name in self._assigned:
            return self._assigned[name]
        if name in self.names:
            return self.builder.input(name, place)
        if name in CONSTANTS:
            return Literal(CONSTANTS[name], place, name)
        if row := BY_NAME.get(name):
            raise self.refusal(Reason.UNKNOWN_NAME, node, f"`{name}` is an operator, not a tensor", name, usage(row))
        if name in _ROOTS:
            hint = f"{name}.sum(x) and sum(x) mean the same"
            raise self.refusal(Reason.UNKNOWN_NAME, node, f"`{name}` is a prefix, not a tensor", name, hint)
        known = [*self.names, *self._assigned]
        listing = f"the known names are {excerpt(', '.join(known), 200)}" if known else "the request has no inputs"
        hint = did_you_mean(name, [*known, *CONSTANTS]) or listing
        raise self.refusal(Reason.UNKNOWN_NAME, node, f"there is no input or intermediate `{name}`", name, hint)

    def _chain(self, node: ast.BinOp) -> Operand:
        spine, kind = [node], _FLAT.get(type(node.op))
        while kind and isinstance(left := spine[-1].left, ast.BinOp) and _FLAT.get(type(left.op)) == kind:
            spine.append(left)
        operand = self.expression(spine[-1].left)
        for link in reversed(spine):
            operand = self._apply_symbol(link, link.op, operand, self.expression(link.right))
        return operand

    def _apply_symbol(self, node: ast.expr, op: ast.AST, *operands: Operand) -> Operand:
        symbol = SYMBOL_OF_NODE.get(type(op))
        if symbol is None:
            raise unsupported_node(self.place(node), op)
        numbers = [plain_number(operand) for operand in operands]
        if None not in numbers:
            try:
                folded = fold(symbol, *(n for n in numbers if n is not None))
            except FoldingError as error:
                raise self.bad_number(node, error) from None
            if folded is not None:
                return Literal(folded, self.place(node))
        row = BY_SYMBOL.get((symbol, len(operands)))
        if row is None:
            raise self._unknown_operator(node, symbol)
        return self.builder.apply(row.name, [self.builder.number(o) for o in operands], (), self.place(node))

    def _subscript(self, node: ast.Subscript) -> Operand:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return self._size(node, node.value.value, node.slice)
        if isinstance(node.value, ast.Call):
            row, positional = self._callee(node.value)
            if row.parameters.output:
                return apply_call(self, node.value, row, positional, self._output(node, row))
            if row.name in VALUES_ONLY and len(node.value.args) + len(node.value.keywords) > 1:
                hint = f"`.values[...]` to index the values; {row.name}(x, dim) returns the values only"
                raise self.bad_argument(node, f"an index after {row.name} with a dim", "[", hint)
        return apply_key(self, node)

    def expect_outputs(self, node: ast.Call, count: int) -> None:
        """Refuses a call that does not return as many results as names are assigned, `L, V = eigh(A)`."""
        row, _ = self._callee(node)
        if len(row.outputs) != count:
            several = f"{len(row.outputs)} results" if row.outputs else "no fixed number of results"
            results = several if row.parameters.output else "one result"
            message = f"{row.name} returns {results}, but {count} names are assigned"
            hint = "write `name = expression`, or take one result, such as eigh(A)[0]"
            raise self.bad_argument(node, message, f"{count} names", hint)

    def _output(self, node: ast.Subscript, row: Operator) -> int:
        output = read_literal(self, node.slice)
        count = len(row.outputs)
        if type(output) is not int or (count and not -count <= output < count):
            hint = ", ".join(f"{k} is {name}" for k, name in enumerate(row.outputs)) or f"{row.name}(...)[0]"
            number = excerpt(repr(output))
            raise self.bad_argument(node, f"{row.name} has no result {number}", number, hint)
        return output % count if count else output

    def _size(self, node: ast.expr, tensor: ast.expr, axis: ast.expr | None) -> Literal:
        value = read_literal(self, axis) if axis else None
        if type(value) is not int:
            instead = "all dimensions" if axis is None else "an index that is not an integer"
            message = f"{instead} where one dimension is expected"
            raise self.bad_argument(axis or node, message, instead, "one dimension: x.shape[0]")
        return Literal(Size(self.builder.number(self.expression(tensor)), value), self.place(node))

    def _attribute(self, node: ast.Attribute) -> Operand:
        name, place = node.attr, self.place(node)
        if self._prefix(node):
            if name in CONSTANTS:
                return Literal(CONSTANTS[name], place, name)
            row = self._operator(node, name)
            raise self.refusal(Reason.UNKNOWN_NAME, node, f"`{name}` is an operator, not a tensor", name, usage(row))
        if name in ("shape", "size"):
            raise unsupported(place, (f"`.{name}` without an index", "one dimension: x.shape[0]"))
        if isinstance(node.value, ast.Call):
            row, positional = self._callee(node.value)
            if name in row.outputs:
                return apply_call(self, node.value, row, positional, row.outputs.index(name))
            if name == "values" and row.name in VALUES_ONLY:
                return self.expression(node.value)
        row = self._operator(node, name)
        if not row.attribute:
            raise self.bad_argument(node, f"`{name}` is a function, not an attribute", f".{name}", usage(row))
        return self.builder.apply(row.name, [self.builder.number(self.expression(node.value))], (), place)

    def _call(self, node: ast.Call) -> Operand:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "size" and not self._prefix(node.func):
            axes = [*node.args, *(k.value for k in node.keywords if k.arg == "dim")]
            return self._size(node, node.func.value, axes[0] if len(axes) == 1 else None)
        row, positional = self._callee(node)
        return apply_call(self, node, row, positional)

    def _callee(self, node: ast.Call) -> tuple[Operator, list[ast.expr]]:
        """The operator that a call names, and its positional arguments with a method's receiver among them."""
        positional = list(node.args)
        match node.func:
            case ast.Name(id=name) if self.defines(name):
                message = f"`{name}` is a tensor and cannot be called"
                raise self.bad_argument(node, message, f"{name}(", "write * between factors")
            case ast.Name(id=name):
                row = self._operator(node, name)
            case ast.Attribute(attr=name) as function if library := self._prefix(function):
                last = library.rpartition(".")[2]
                qualified = f"{LIBRARIES.get(last, last)}.{name}"
                if hint := CONFLICTING_NAMES.get(qualified):
                    message = f"`{qualified}` means something different here"
                    raise self.refusal(Reason.UNKNOWN_OPERATOR, node, message, qualified, hint)
                row = BY_NAME.get(qualified) or self._operator(node, name)
            case ast.Attribute(value=receiver, attr=name):
                row = self._operator(node, name)
                first = next((k for k, p in enumerate(row.parameters.parameters) if not p.kind), 0)
                positional.insert(first, receiver)
            case _:
                raise unsupported(self.place(node), ("a call of an expression", "write * between factors"))
        if row.attribute:
            raise self.bad_argument(node, f"`{row.name}` is an attribute, not a function", f"{name}(", usage(row))
        if any(parameter.kind == "key" for parameter in row.parameters.parameters):
            message = f"`{row.name}` is written with square brackets, not called"
            raise self.bad_argument(node, message, f"{name}(", "x[0]")
        return row, positional

    def _operator(self, node: ast.expr, name: str) -> Operator:
        row = BY_NAME.get(name)
        if row is None:
            raise self._unknown_operator(node, name)
        return row

    def _prefix(self, node: ast.Attribute) -> str:
        """What stands before an attribute if it is a prefix, such as `torch.nn.functional`, and not a tensor."""
        path: list[str] = []
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            path.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or self.defines(inner.id):
            return ""
        prefix = ".".join((inner.id, *reversed(path)))
        if prefix in PREFIXES:
            return prefix
        if path and inner.id in _ROOTS and path[0] not in BY_NAME and path[0] not in CONSTANTS:
            hint = did_you_mean(prefix, PREFIXES) or "operators need no prefix"
            text = excerpt(prefix)
            raise self.refusal(Reason.UNKNOWN_NAME, node, f"there is no prefix `{text}`", text, hint)
        return ""

    def _unknown_operator(self, node: ast.expr, name: str) -> Refusal:
        hint = did_you_mean(name, BY_NAME) or "`pullback operators` lists them"
        return self.refusal(Reason.UNKNOWN_OPERATOR, node, f"there is no operator `{name}`", name, hint)
