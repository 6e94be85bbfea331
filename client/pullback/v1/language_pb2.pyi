from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Operator(_message.Message):
    __slots__ = ("name", "aliases", "family", "signature", "spellings", "doc", "domain", "kinks", "closed_form", "example", "example_jacobians")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SPELLINGS_FIELD_NUMBER: _ClassVar[int]
    DOC_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    KINKS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_JACOBIANS_FIELD_NUMBER: _ClassVar[int]
    name: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    family: str
    signature: str
    spellings: _containers.RepeatedScalarFieldContainer[str]
    doc: str
    domain: str
    kinks: str
    closed_form: bool
    example: str
    example_jacobians: _containers.RepeatedCompositeFieldContainer[Formula]
    def __init__(self, name: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., family: _Optional[str] = ..., signature: _Optional[str] = ..., spellings: _Optional[_Iterable[str]] = ..., doc: _Optional[str] = ..., domain: _Optional[str] = ..., kinks: _Optional[str] = ..., closed_form: bool = ..., example: _Optional[str] = ..., example_jacobians: _Optional[_Iterable[_Union[Formula, _Mapping]]] = ...) -> None: ...

class Formula(_message.Message):
    __slots__ = ("input", "text", "latex")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LATEX_FIELD_NUMBER: _ClassVar[int]
    input: str
    text: str
    latex: str
    def __init__(self, input: _Optional[str] = ..., text: _Optional[str] = ..., latex: _Optional[str] = ...) -> None: ...

class Limit(_message.Message):
    __slots__ = ("name", "value", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    description: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., description: _Optional[str] = ...) -> None: ...
