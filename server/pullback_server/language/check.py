"""Types, shapes and costs of a program, in Python integers, before anything is computed or allocated."""

from __future__ import annotations

from collections.abc import Mapping

from ..operators import BY_NAME, OperandError, Operator
from ..program import (
    Apply,
    Argument,
    DType,
    Input,
    Limits,
    Literal,
    Place,
    Program,
    Reason,
    Refusal,
    Size,
    TensorType,
    TypedProgram,
)
from .refusals import over_limit, refuse

#: A value and its gradient.
_MEMORY_FACTOR = 2
#: A forward pass, and a backward pass of twice its work.
_WORK_FACTOR = 3
_LITERALS = {bool: DType.BOOL, int: DType.INT64, Size: DType.INT64, float: DType.FLOAT64}


def check(program: Program, types: Mapping[str, TensorType], limits: Limits) -> TypedProgram:
    """Gives every node its type and its arguments in full; `types` are all inputs', in the order of the request.

    Raises Refusal: SHAPE_MISMATCH with the node's place where an operator does not take its operands, LIMIT_EXCEEDED
    where a tensor or the whole would be too large.

    >>> from . import parse
    >>> vector = TensorType(DType.FLOAT32, (3,))
    >>> str(check(parse("tanh(x)", ["x"], Limits()), {"x": vector}, Limits()).output)
    'float32[3]'
    """
    for number, input_type in enumerate(types.values()):
        _check_input(f"inputs[{number}].tensor.shape", input_type, limits)
    results: list[TensorType] = []
    node_arguments: list[dict[str, Argument]] = []
    memory = work = 0
    for node in program.nodes:
        arguments: dict[str, Argument] = {}
        match node:
            case Input(name=name):
                result = types[name]
            case Literal(value=value, place=place):
                if isinstance(value, Size):
                    _length(value, results, place)
                result = TensorType(_LITERALS[type(value)], (), weak=True)
            case Apply():
                row = BY_NAME[node.operator]
                arguments = _arguments(row, node, results)
                operands = [None if k is None else results[k] for k in node.operands]
                result = _result(row, node, operands, arguments)
                if row.dtype_arguments is not None:
                    arguments |= row.dtype_arguments(*operands, **arguments)
                _check_result(row, node, result, limits)
                work += _WORK_FACTOR * row.cost(result, *operands, **arguments)
                memory += _MEMORY_FACTOR * _workspace(row, operands, result, arguments)
        results.append(result)
        node_arguments.append(arguments)
        memory += _MEMORY_FACTOR * result.elements * result.dtype.size
        if memory > limits.memory:
            amount = f"an estimated {memory} bytes up to here"
            raise over_limit(node.place, "memory", amount, limits.memory, "smaller inputs or fewer steps")
        if work > limits.work:
            amount = f"an estimated {work} multiplications and additions up to here"
            raise over_limit(node.place, "work", amount, limits.work, "smaller inputs or fewer steps")
    return TypedProgram(program, tuple(results), tuple(node_arguments), memory, work)


def _arguments(row: Operator, node: Apply, results: list[TensorType]) -> dict[str, Argument]:
    return {**row.parameters.defaults} | {name: _resolve(value, results, node.place) for name, value in node.arguments}


def _resolve(value: Argument, results: list[TensorType], place: Place) -> Argument:
    match value:
        case Size():
            return _length(value, results, place)
        case tuple():
            return tuple(_resolve(each, results, place) for each in value)
        case _:
            return value


def _length(size: Size, results: list[TensorType], place: Place) -> int:
    shape = results[size.operand].shape
    if not -len(shape) <= size.axis < len(shape):
        message = f"there is no dimension {size.axis} in a tensor of shape {list(shape)}"
        hint = f"a dimension from {-len(shape)} to {len(shape) - 1}" if shape else "a number has no dimensions"
        raise refuse(Reason.SHAPE_MISMATCH, place, message, str(list(shape)), hint)
    return shape[size.axis]


def _result(
    row: Operator, node: Apply, operands: list[TensorType | None], arguments: dict[str, Argument]
) -> TensorType:
    try:
        return row.shape(*operands, **arguments)
    except OperandError as error:
        name, types = f"`{row.symbol}`" if row.symbol else row.name, ", ".join(map(str, operands))
        raise refuse(Reason.SHAPE_MISMATCH, node.place, f"{name}: {error.message}", types, error.hint) from None


def _workspace(
    row: Operator, operands: list[TensorType | None], result: TensorType, arguments: dict[str, Argument]
) -> int:
    """The bytes that a call needs beside its operands and result."""
    size = max(t.dtype.size for t in (result, *operands) if t is not None)
    return size * row.workspace(result, *operands, **arguments)


def _check_result(row: Operator, node: Apply, result: TensorType, limits: Limits) -> None:
    if excess := _excess(result, limits):
        name, limit, amount = excess
        raise over_limit(node.place, name, f"a result of {amount} from {row.name}", limit, "smaller operands")


def _check_input(field: str, type_: TensorType, limits: Limits) -> None:
    if any(length < 0 for length in type_.shape):
        shape = str(list(type_.shape))
        raise Refusal(Reason.BAD_SHAPE, "a dimension is negative", field=field, found=shape, hint="0 or more")
    if excess := _excess(type_, limits):
        name, limit, amount = excess
        message = f"a tensor of {amount}, over the limit `{name}` of {limit}"
        raise Refusal(Reason.LIMIT_EXCEEDED, message, field=field, found=amount, hint=f"at most {limit}")


def _excess(type_: TensorType, limits: Limits) -> tuple[str, int, str] | None:
    """The limit that a type is over, if there is one: the limit's name, its value, and the type's own."""
    if type_.rank > limits.rank:
        return "rank", limits.rank, f"{type_.rank} dimensions"
    # A long dimension is refused beside an empty one too: a sum over the empty one would have that length.
    elements = max(type_.elements, *type_.shape, 0)
    if elements > limits.elements:
        return "elements", limits.elements, f"{elements} elements"
    return None
