"""Values as messages: a field is the value's attribute of the same name, and two small tables say where it is not.

Only what goes out is made this way. What comes in is checked by hand, field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import Enum
from functools import cache, lru_cache, partial
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pullback.v1 import grading_pb2, language_pb2, tensor_pb2

from ...grading import Syntax
from ...verdict import DerivativeKind
from .tensors import numbers_to_wire, to_wire, write_tensor

E = TypeVar("E", bound=Enum)

#: Writes the content of an attribute into a field of a message, or a value into a message.
_Writer = Callable[[Any, Any], None]


def fill(message: Message, value: object) -> None:
    """Sets the fields of a message to the attributes of a value.

    A member of an enum becomes the number of its name and a dataclass a message; None leaves the field unset.

    >>> from pullback.v1 import derivative_pb2 as wire
    >>> from ...symbolic import Step, StepKind
    >>> step = wire.Step()
    >>> fill(step, Step(StepKind.RESULT, "rule", "text", "latex", input="x"))
    >>> step.kind, step.input
    (4, 'x')
    """
    _filler(message.DESCRIPTOR)(message, value)


def members(enum: EnumDescriptor, kind: type[E]) -> dict[int, E]:
    """The members of a value's enum by the numbers that the contract gives to their names.

    >>> members(grading_pb2.Syntax.DESCRIPTOR, Syntax)[3]
    <Syntax.LATEX: 'latex'>
    """
    numbers = _numbers(enum)
    return {numbers[member.name]: member for member in kind}


_SYNTAX = {syntax.value: f"SYNTAX_{syntax.name}" for syntax in Syntax}


def _named_tensors(
    encode: Callable[[Any], tensor_pb2.Tensor], tensors: Iterable[tuple[str, Any]] | Mapping[str, Any]
) -> list[tensor_pb2.NamedTensor]:
    pairs = tensors.items() if isinstance(tensors, Mapping) else tensors
    return [tensor_pb2.NamedTensor(name=name, tensor=encode(tensor)) for name, tensor in pairs]


#: How many contents of recurring fields are kept, for each message.
KEPT = 512

# fmt: off
#: The fields that have the same content in one reply after the other: their bytes are made once for each content.
RECURRING: Mapping[str, tuple[str, ...]] = {
    "DifferentiateResponse": ("device", "form_origin", "code", "code_state", "steps_state"),
    "Derivative":            ("name", "numeric", "symbolic"),
    "Verdict":               ("outcome", "reason", "message", "compared", "differing", "tolerance", "suspects",
                              "examined", "derivative_source"),
}

#: The fields that `fill` leaves to its caller, who sets them or joins their bytes; the front sets the workers.
LACKING: Mapping[str, tuple[str, ...]] = {
    "DifferentiateResponse":    ("id", "versions", "derivatives"),
    "Timings":                  ("queue", "total"),
    "DescribeLanguageResponse": ("operators", "versions", "workers"),
    "Operator":                 ("example_jacobians",),
    "Derivative":               tuple(kind.value for kind in DerivativeKind),
}

#: The fields whose content is not the attribute itself, and how it is made from the attribute.
DIFFERENT: Mapping[str, Callable[[Any], Any]] = {
    "DifferentiateResponse.intermediates": partial(_named_tensors, to_wire),
    "DescribeLanguageResponse.limits":     lambda limits: [language_pb2.Limit(name=name, value=value, description=doc)
                                                           for name, value, doc in limits],
    "Operator.kinks":                      lambda kinks: "; ".join(f"{kink.where}: {kink.gives}" for kink in kinks),
    "Grade.right":                         lambda right: [grading_pb2.Formulation(syntax=_SYNTAX[notation], text=text)
                                                          for notation, text in right],
    "Counterexample.inputs":               partial(_named_tensors, numbers_to_wire),
}
# fmt: on


@cache
def _filler(message: Descriptor) -> _Writer:
    """What fills messages of a kind: first the fields that recur, then the others."""
    lacking, recurring = LACKING.get(message.name, ()), RECURRING.get(message.name, ())
    write = _fields(message, [f for f in message.fields if f.name not in {*lacking, *recurring}])
    if not recurring:
        return write
    kind, contents = GetMessageClass(message), attrgetter(*recurring)
    write_recurring = _fields(message, [message.fields_by_name[name] for name in recurring])

    @lru_cache(maxsize=KEPT)
    def encoded(contents: tuple[Hashable, ...]) -> bytes:
        part = kind()
        write_recurring(part, SimpleNamespace(**dict(zip(recurring, contents, strict=True))))
        return bytes(part.SerializeToString())

    def fill_both(message: Message, value: object) -> None:
        message.MergeFromString(encoded(contents(value)))
        write(message, value)

    return fill_both


def _fields(message: Descriptor, fields: Iterable[FieldDescriptor]) -> _Writer:
    """What writes these fields of a message.

    An empty content may be skipped, unless it is a float, whose zero has a sign.
    """
    rows = [(f.name, not f.has_presence and f.cpp_type not in _FLOATS, _writer(message.name, f)) for f in fields]

    def write(message: Message, value: object) -> None:
        for name, may_be_skipped, write_field in rows:
            content = getattr(value, name)
            if content is None or (may_be_skipped and not content):
                continue
            if write_field is None:
                setattr(message, name, content)
            else:
                write_field(message, content)

    return write


_FLOATS = {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}


def _writer(message: str, field: FieldDescriptor) -> _Writer | None:
    """What writes a field; None where the attribute is its content."""
    # protobuf 5 lacks `is_repeated`.
    name, repeated = field.name, field.default_value == []
    different = DIFFERENT.get(f"{message}.{name}")
    if different is not None:
        return _extend(name, different) if repeated else _set(name, different)
    if field.enum_type is not None:
        numbers = _numbers(field.enum_type)
        return _set(name, lambda member: numbers[member.name])
    if field.message_type is None:
        return _extend(name, lambda values: values) if repeated else None
    if field.message_type is tensor_pb2.Tensor.DESCRIPTOR:
        return lambda message, tensor: write_tensor(getattr(message, name), tensor)
    if repeated:
        return _fill_each(name)
    return _fill(name, field.message_type)


def _fill(name: str, kind: Descriptor) -> _Writer:
    fill_part = _filler(kind)

    def write(message: Any, value: object) -> None:
        part = getattr(message, name)
        part.SetInParent()
        fill_part(part, value)

    return write


def _set(name: str, make: Callable[[Any], Any]) -> _Writer:
    return lambda message, content: setattr(message, name, make(content))


def _extend(name: str, make: Callable[[Any], Any]) -> _Writer:
    return lambda message, content: getattr(message, name).extend(make(content))


def _fill_each(name: str) -> _Writer:
    def write(message: Any, values: Iterable[object]) -> None:
        repeated = getattr(message, name)
        for value in values:
            fill(repeated.add(), value)

    return write


def _numbers(enum: EnumDescriptor) -> dict[str, int]:
    """The numbers of a contract's enum by the names that the members of a value's enum have."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix): value.number for value in enum.values}
