"""Converts values to messages and back, field by field: dataclasses and messages give their fields the same names.

Where the two differ, the caller of `encode` hands over the field as the message holds it, and `decoder` is given a
reader of the message for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache, partial
from operator import attrgetter
from types import MappingProxyType, NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ..v1 import tensor_pb2
from .checks import integer_of, number_of, string_of, word_of
from .tensors import array_from, array_of, tensor_of

D = TypeVar("D")
M = TypeVar("M", bound=Message)

#: Gives what the wire can hold for a caller's value, or raises InvalidRequest naming the field.
Check = Callable[[Any, str], object]
#: Gives a field of a dataclass from the whole message.
Reader = Callable[[Any], object]

# fmt: off
#: How a caller's value is checked, by the type that its field has on the wire.
_CHECKS: Mapping[int, Check] = {
    FieldDescriptor.TYPE_BOOL:   lambda value, field: value,
    FieldDescriptor.TYPE_DOUBLE: number_of,
    FieldDescriptor.TYPE_INT32:  partial(integer_of, bits=32),
    FieldDescriptor.TYPE_INT64:  integer_of,
    FieldDescriptor.TYPE_STRING: string_of,
}
# fmt: on
_TENSOR = tensor_pb2.Tensor.DESCRIPTOR
_NO_DIFFERENCES: Mapping[type, Mapping[str, Reader]] = MappingProxyType({})


def encode(value: object, kind: type[M], path: str = "", **differing: object) -> M:
    """The message of that kind for a dataclass, whose fields stand below `path` in the request.

    Each field of the message is the one of the same name, checked by its type on the wire, or else what `differing` has
    for it; None leaves an optional one unset. Raises InvalidRequest for what no service could read.

    >>> from pullback import Attempt
    >>> from pullback.v1 import grading_pb2
    >>> encode(Attempt("2x"), grading_pb2.Answer, "answer").text
    '2x'
    """
    prefix = f"{path}." if path else ""
    for name, check, optional in _checks_of(kind):  # type: ignore[arg-type]  # every class can be hashed
        if name not in differing and not ((entry := getattr(value, name)) is None and optional):
            differing[name] = check(entry, prefix + name)
    return kind(**differing)


def decoder(
    kind: type[D], message: type[Message], differing: Mapping[type, Mapping[str, Reader]] = _NO_DIFFERENCES
) -> Callable[[Any], D]:
    """What makes a frozen dataclass of a message: built once, for its tables cost more than a conversion.

    `differing` has readers for the fields that are not alike, by the dataclass, those inside this one included. An
    enum's number that this client does not know becomes UNSPECIFIED; a field that may be None is None where the message
    does not hold it. The conversion raises InternalError for a tensor that contradicts itself.

    >>> from pullback import Slope
    >>> from pullback.v1 import verdict_pb2
    >>> decoder(Slope, verdict_pb2.Slope)(verdict_pb2.Slope(kind=1, value=0.5))
    Slope(kind=<SlopeKind.FINITE: 'finite'>, value=0.5, error=0.0)
    """
    in_order = list(readers_of(kind, message, differing).values())
    return lambda message: kind(*[read(message) for read in in_order])


def readers_of(
    kind: type[D], message: type[Message], differing: Mapping[type, Mapping[str, Reader]] = _NO_DIFFERENCES
) -> dict[str, Reader]:
    """The readers of a frozen dataclass's fields, in order, as `decoder` has them."""
    hints, readers, alike = get_type_hints(kind), differing.get(kind, {}), _fields_of(message)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    return {n: readers[n] if n in readers else _reader(hints[n], alike[n], differing) for n in names}


def names_of(enum: EnumDescriptor) -> dict[int, str]:
    """The contract's names of an enum's members without their prefix, by number.

    >>> from pullback.v1 import grading_pb2
    >>> names_of(grading_pb2.Layout.DESCRIPTOR)
    {0: 'UNSPECIFIED', 1: 'NUMERATOR', 2: 'DENOMINATOR', 3: 'EITHER'}
    """
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {member.number: member.name.removeprefix(prefix) for member in enum.values}


def words_of(enum: EnumDescriptor) -> dict[str, str]:
    """The contract's full names of an enum's members by the words that callers use, such as "positive definite"."""
    names = names_of(enum)
    return {names[m.number].lower().replace("_", " "): m.name for m in enum.values if m.number}


@cache
def _checks_of(kind: type[Message]) -> list[tuple[str, Check, bool]]:
    return [(name, _check_of(field), field.has_presence) for name, field in _fields_of(kind).items()]


def _fields_of(message: type[Message]) -> dict[str, FieldDescriptor]:
    return {field.name: field for field in message.DESCRIPTOR.fields}  # type: ignore[misc]  # stubs know two kinds


def _check_of(field: FieldDescriptor) -> Check:
    check: Check
    if field.enum_type is not None:
        check = partial(word_of, words_of(field.enum_type))
    elif field.message_type is not None:
        check = _tensor if field.message_type is _TENSOR else _no_check
    else:
        check = _CHECKS[field.type]
    return partial(_each, check) if _is_repeated(field) else check


def _is_repeated(field: FieldDescriptor) -> bool:
    # protobuf 5 says so in `label`, which protobuf 7 lacks, and 7 in `is_repeated`, which 5 lacks.
    return bool(field.default_value == [])


def _tensor(value: object, field: str) -> tensor_pb2.Tensor:
    return tensor_of(array_of(value, field))


def _no_check(value: object, field: str) -> object:
    raise TypeError(f"{field} is a message of its own: encode it beforehand")


def _each(check: Check, values: Any, field: str) -> list[object]:
    return [check(value, field) for value in values]


def _reader(hint: Any, field: FieldDescriptor, differing: Mapping[type, Mapping[str, Reader]]) -> Reader:
    name, inner = field.name, get_args(hint)
    read = attrgetter(name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return lambda message: dict(read(message))
    convert = _conversion(inner[0] if inner else hint, field, differing)
    if _is_repeated(field):
        return lambda message: tuple(map(convert, read(message)))
    if NoneType in inner:
        return lambda message: convert(read(message)) if message.HasField(name) else None
    return read if convert is _as_it_is else lambda message: convert(read(message))


def _conversion(
    kind: Any, field: FieldDescriptor, differing: Mapping[type, Mapping[str, Reader]]
) -> Callable[[Any], object]:
    """How one value of a field is converted."""
    if field.enum_type is not None:
        names = names_of(field.enum_type)
        if issubclass(kind, Enum):
            members = {number: kind[name] for number, name in names.items() if name in kind.__members__}
            return lambda number: members.get(number, kind["UNSPECIFIED"])
        return lambda number: names.get(number, "UNSPECIFIED")
    if field.message_type is _TENSOR:
        return array_from
    if field.message_type is not None:
        return decoder(kind, GetMessageClass(field.message_type), differing)
    return _as_it_is


def _as_it_is(value: object) -> object:
    return value
