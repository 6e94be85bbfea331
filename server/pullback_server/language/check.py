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
    for number, kind in enumerate(types.values()):
        _check_input(f"inputs[{number}]", kind, limits)
    results: list[TensorType] = []
    filled: list[dict[str, Argument]] = []
    memory = work = 0
    for node in program.nodes:
        arguments: dict[str, Argument] = {}
        match node:
            case Input(name=name):
                kind = types[name]
            case Literal(value=value, place=place):
                if isinstance(value, Size):
                    _length(value, results, place)
                kind = TensorType(_LITERALS[type(value)], (), weak=True)
            case Apply():
                row = BY_NAME[node.operator]
                arguments = _arguments(row, node, results)
                operands = [None if k is None else results[k] for k in node.operands]
                kind = _result(row, node, operands, arguments)
                if row.dtype_arguments is not None:
                    arguments |= row.dtype_arguments(*operands, **arguments)
                _check_result(row, node, kind, limits)
                work += _WORK_FACTOR * row.cost(kind, *operands)
        results.append(kind)
        filled.append(arguments)
        memory += _MEMORY_FACTOR * kind.elements * kind.dtype.size
        if memory > limits.memory:
            found = f"an estimate of {memory} bytes up to here"
            raise over_limit(node.place, "memory", found, limits.memory, "smaller inputs or fewer steps")
        if work > limits.work:
            found = f"an estimate of {work} multiplications and additions up to here"
            raise over_limit(node.place, "work", found, limits.work, "smaller inputs or fewer steps")
    return TypedProgram(program, tuple(results), tuple(filled), memory, work)


def _arguments(row: Operator, node: Apply, results: list[TensorType]) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {p.name: p.default for p in row.parameters.literals if not p.required}
    for name, value in node.arguments:
        arguments[name] = _resolved(value, results, node.place)
    return arguments


def _resolved(value: Argument, results: list[TensorType], place: Place) -> Argument:
    match value:
        case Size():
            return _length(value, results, place)
        case tuple():
            return tuple(_resolved(each, results, place) for each in value)
        case _:
            return value


def _length(size: Size, results: list[TensorType], place: Place) -> int:
    shape = results[size.operand].shape
    if not -len(shape) <= size.axis < len(shape):
        message = f"dimension {size.axis} of a tensor of shape {list(shape)}"
        hint = f"a dimension from {-len(shape)} to {len(shape) - 1}" if shape else "a number has no dimensions"
        raise refuse(Reason.SHAPE_MISMATCH, place, message, str(list(shape)), hint)
    return shape[size.axis]


def _result(
    row: Operator, node: Apply, operands: list[TensorType | None], arguments: dict[str, Argument]
) -> TensorType:
    try:
        return row.shape(*operands, **arguments)
    except OperandError as misfit:
        found = ", ".join(map(str, operands))
        name = f"`{row.symbol}`" if row.symbol else row.name
        raise refuse(Reason.SHAPE_MISMATCH, node.place, f"{name}: {misfit.message}", found, misfit.hint) from None


def _check_result(row: Operator, node: Apply, kind: TensorType, limits: Limits) -> None:
    if excess := _excess(kind, limits):
        name, limit, found = excess
        raise over_limit(node.place, name, f"a result of {found} by {row.name}", limit, "smaller operands")


def _check_input(field: str, kind: TensorType, limits: Limits) -> None:
    if any(length < 0 for length in kind.shape):
        found = str(list(kind.shape))
        raise Refusal(
            Reason.BAD_SHAPE, "a dimension is negative", field=f"{field}.tensor.shape", found=found, hint="0 or more"
        )
    if excess := _excess(kind, limits):
        name, limit, found = excess
        raise Refusal(
            Reason.LIMIT_EXCEEDED,
            f"a tensor of {found}, over the limit `{name}` of {limit}",
            field=f"{field}.tensor.shape",
            found=found,
            hint=f"at most {limit}",
        )


def _excess(kind: TensorType, limits: Limits) -> tuple[str, int, str] | None:
    """What of a type is over a limit: the limit's name, its value, and what was found."""
    if kind.rank > limits.rank:
        return "rank", limits.rank, f"{kind.rank} dimensions"
    # A long dimension is refused beside an empty one too: a sum over the empty one would have that length.
    elements = max(kind.elements, *kind.shape, 0)
    if elements > limits.elements:
        return "elements", limits.elements, f"{elements} elements"
    return None
