from pullback.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_AGREE: _ClassVar[Outcome]
    OUTCOME_UNDECIDED: _ClassVar[Outcome]
    OUTCOME_PRECISION_LIMITED: _ClassVar[Outcome]
    OUTCOME_NOT_DIFFERENTIABLE: _ClassVar[Outcome]
    OUTCOME_SYMPY_DEVIATES: _ClassVar[Outcome]
    OUTCOME_TORCH_DEVIATES: _ClassVar[Outcome]
    OUTCOME_BOTH_DEVIATE: _ClassVar[Outcome]
    OUTCOME_UNDEFINED: _ClassVar[Outcome]

class SlopeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLOPE_KIND_UNSPECIFIED: _ClassVar[SlopeKind]
    SLOPE_KIND_FINITE: _ClassVar[SlopeKind]
    SLOPE_KIND_INFINITE: _ClassVar[SlopeKind]
    SLOPE_KIND_UNDEFINED: _ClassVar[SlopeKind]
    SLOPE_KIND_UNKNOWN: _ClassVar[SlopeKind]

class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAUSE_UNSPECIFIED: _ClassVar[Cause]
    CAUSE_DEAD_BRANCH: _ClassVar[Cause]
    CAUSE_ZERO_TIMES_INFINITY: _ClassVar[Cause]
    CAUSE_OVERFLOW: _ClassVar[Cause]
    CAUSE_CANCELLATION: _ClassVar[Cause]
    CAUSE_SINGULAR_MATRIX: _ClassVar[Cause]
    CAUSE_TIE: _ClassVar[Cause]
    CAUSE_JUMP: _ClassVar[Cause]
    CAUSE_POINT_PATCH: _ClassVar[Cause]
    CAUSE_DOMAIN_EDGE: _ClassVar[Cause]
    CAUSE_OUT_OF_DOMAIN: _ClassVar[Cause]
    CAUSE_ROUNDING: _ClassVar[Cause]
    CAUSE_UNEXPLAINED: _ClassVar[Cause]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_AGREE: Outcome
OUTCOME_UNDECIDED: Outcome
OUTCOME_PRECISION_LIMITED: Outcome
OUTCOME_NOT_DIFFERENTIABLE: Outcome
OUTCOME_SYMPY_DEVIATES: Outcome
OUTCOME_TORCH_DEVIATES: Outcome
OUTCOME_BOTH_DEVIATE: Outcome
OUTCOME_UNDEFINED: Outcome
SLOPE_KIND_UNSPECIFIED: SlopeKind
SLOPE_KIND_FINITE: SlopeKind
SLOPE_KIND_INFINITE: SlopeKind
SLOPE_KIND_UNDEFINED: SlopeKind
SLOPE_KIND_UNKNOWN: SlopeKind
CAUSE_UNSPECIFIED: Cause
CAUSE_DEAD_BRANCH: Cause
CAUSE_ZERO_TIMES_INFINITY: Cause
CAUSE_OVERFLOW: Cause
CAUSE_CANCELLATION: Cause
CAUSE_SINGULAR_MATRIX: Cause
CAUSE_TIE: Cause
CAUSE_JUMP: Cause
CAUSE_POINT_PATCH: Cause
CAUSE_DOMAIN_EDGE: Cause
CAUSE_OUT_OF_DOMAIN: Cause
CAUSE_ROUNDING: Cause
CAUSE_UNEXPLAINED: Cause

class Verdict(_message.Message):
    __slots__ = ("outcome", "reason", "message", "compared", "differing", "worst", "tolerance", "suspects", "examined", "findings", "derivative", "derivative_source")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    WORST_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    SUSPECTS_FIELD_NUMBER: _ClassVar[int]
    EXAMINED_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVE_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    reason: str
    message: str
    compared: int
    differing: int
    worst: WorstEntry
    tolerance: Tolerance
    suspects: int
    examined: int
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    derivative: _tensor_pb2.Tensor
    derivative_source: str
    def __init__(self, outcome: _Optional[_Union[Outcome, str]] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., compared: _Optional[int] = ..., differing: _Optional[int] = ..., worst: _Optional[_Union[WorstEntry, _Mapping]] = ..., tolerance: _Optional[_Union[Tolerance, _Mapping]] = ..., suspects: _Optional[int] = ..., examined: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., derivative: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., derivative_source: _Optional[str] = ...) -> None: ...

class WorstEntry(_message.Message):
    __slots__ = ("index", "autograd", "closed_form", "absolute_error", "relative_error")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    AUTOGRAD_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_FIELD_NUMBER: _ClassVar[int]
    ABSOLUTE_ERROR_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_ERROR_FIELD_NUMBER: _ClassVar[int]
    index: _containers.RepeatedScalarFieldContainer[int]
    autograd: float
    closed_form: float
    absolute_error: float
    relative_error: float
    def __init__(self, index: _Optional[_Iterable[int]] = ..., autograd: _Optional[float] = ..., closed_form: _Optional[float] = ..., absolute_error: _Optional[float] = ..., relative_error: _Optional[float] = ...) -> None: ...

class Tolerance(_message.Message):
    __slots__ = ("absolute", "relative", "source")
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    absolute: float
    relative: float
    source: str
    def __init__(self, absolute: _Optional[float] = ..., relative: _Optional[float] = ..., source: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("outcome", "count", "examined", "diagnosis")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EXAMINED_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    count: int
    examined: _containers.RepeatedCompositeFieldContainer[ExaminedEntry]
    diagnosis: Diagnosis
    def __init__(self, outcome: _Optional[_Union[Outcome, str]] = ..., count: _Optional[int] = ..., examined: _Optional[_Iterable[_Union[ExaminedEntry, _Mapping]]] = ..., diagnosis: _Optional[_Union[Diagnosis, _Mapping]] = ...) -> None: ...

class ExaminedEntry(_message.Message):
    __slots__ = ("index", "outcome", "autograd", "closed_form", "closed_form_exact", "derivative", "error", "left", "right")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    AUTOGRAD_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_EXACT_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    index: _containers.RepeatedScalarFieldContainer[int]
    outcome: Outcome
    autograd: float
    closed_form: float
    closed_form_exact: float
    derivative: float
    error: float
    left: Slope
    right: Slope
    def __init__(self, index: _Optional[_Iterable[int]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., autograd: _Optional[float] = ..., closed_form: _Optional[float] = ..., closed_form_exact: _Optional[float] = ..., derivative: _Optional[float] = ..., error: _Optional[float] = ..., left: _Optional[_Union[Slope, _Mapping]] = ..., right: _Optional[_Union[Slope, _Mapping]] = ...) -> None: ...

class Slope(_message.Message):
    __slots__ = ("kind", "value", "error")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    kind: SlopeKind
    value: float
    error: float
    def __init__(self, kind: _Optional[_Union[SlopeKind, str]] = ..., value: _Optional[float] = ..., error: _Optional[float] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ("cause", "message", "line", "column", "expression", "remedy")
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    cause: Cause
    message: str
    line: int
    column: int
    expression: str
    remedy: str
    def __init__(self, cause: _Optional[_Union[Cause, str]] = ..., message: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., expression: _Optional[str] = ..., remedy: _Optional[str] = ...) -> None: ...
