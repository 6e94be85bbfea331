from google.protobuf import duration_pb2 as _duration_pb2
from google.rpc import status_pb2 as _status_pb2
from pullback.v1 import language_pb2 as _language_pb2
from pullback.v1 import tensor_pb2 as _tensor_pb2
from pullback.v1 import verdict_pb2 as _verdict_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Notation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTATION_UNSPECIFIED: _ClassVar[Notation]
    NOTATION_TEXT: _ClassVar[Notation]
    NOTATION_LATEX: _ClassVar[Notation]
    NOTATION_MATRIX: _ClassVar[Notation]
    NOTATION_CODE: _ClassVar[Notation]
    NOTATION_STEPS: _ClassVar[Notation]

class NotationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTATION_STATE_UNSPECIFIED: _ClassVar[NotationState]
    NOTATION_STATE_DONE: _ClassVar[NotationState]
    NOTATION_STATE_NOT_REQUESTED: _ClassVar[NotationState]
    NOTATION_STATE_OVER_BUDGET: _ClassVar[NotationState]
    NOTATION_STATE_NO_FORM: _ClassVar[NotationState]
    NOTATION_STATE_DEADLINE: _ClassVar[NotationState]

class StepKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_KIND_UNSPECIFIED: _ClassVar[StepKind]
    STEP_KIND_FORWARD: _ClassVar[StepKind]
    STEP_KIND_DERIVATIVE: _ClassVar[StepKind]
    STEP_KIND_BACKWARD: _ClassVar[StepKind]
    STEP_KIND_RESULT: _ClassVar[StepKind]

class LegState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEG_STATE_UNSPECIFIED: _ClassVar[LegState]
    LEG_STATE_DONE: _ClassVar[LegState]
    LEG_STATE_NOT_REQUESTED: _ClassVar[LegState]
    LEG_STATE_DEADLINE: _ClassVar[LegState]
    LEG_STATE_NO_CLOSED_FORM: _ClassVar[LegState]
    LEG_STATE_FAILED: _ClassVar[LegState]

class FormOrigin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_ORIGIN_UNSPECIFIED: _ClassVar[FormOrigin]
    FORM_ORIGIN_DERIVED: _ClassVar[FormOrigin]
    FORM_ORIGIN_WORKER: _ClassVar[FormOrigin]
    FORM_ORIGIN_SERVICE: _ClassVar[FormOrigin]
NOTATION_UNSPECIFIED: Notation
NOTATION_TEXT: Notation
NOTATION_LATEX: Notation
NOTATION_MATRIX: Notation
NOTATION_CODE: Notation
NOTATION_STEPS: Notation
NOTATION_STATE_UNSPECIFIED: NotationState
NOTATION_STATE_DONE: NotationState
NOTATION_STATE_NOT_REQUESTED: NotationState
NOTATION_STATE_OVER_BUDGET: NotationState
NOTATION_STATE_NO_FORM: NotationState
NOTATION_STATE_DEADLINE: NotationState
STEP_KIND_UNSPECIFIED: StepKind
STEP_KIND_FORWARD: StepKind
STEP_KIND_DERIVATIVE: StepKind
STEP_KIND_BACKWARD: StepKind
STEP_KIND_RESULT: StepKind
LEG_STATE_UNSPECIFIED: LegState
LEG_STATE_DONE: LegState
LEG_STATE_NOT_REQUESTED: LegState
LEG_STATE_DEADLINE: LegState
LEG_STATE_NO_CLOSED_FORM: LegState
LEG_STATE_FAILED: LegState
FORM_ORIGIN_UNSPECIFIED: FormOrigin
FORM_ORIGIN_DERIVED: FormOrigin
FORM_ORIGIN_WORKER: FormOrigin
FORM_ORIGIN_SERVICE: FormOrigin

class DifferentiateRequest(_message.Message):
    __slots__ = ("id", "expression", "inputs", "upstream", "notations", "check", "closed_form_gradients", "entries")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    NOTATIONS_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_GRADIENTS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    id: str
    expression: str
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    upstream: _tensor_pb2.Tensor
    notations: NotationSelection
    check: bool
    closed_form_gradients: bool
    entries: _containers.RepeatedCompositeFieldContainer[EntryPlace]
    def __init__(self, id: _Optional[str] = ..., expression: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., upstream: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., notations: _Optional[_Union[NotationSelection, _Mapping]] = ..., check: bool = ..., closed_form_gradients: bool = ..., entries: _Optional[_Iterable[_Union[EntryPlace, _Mapping]]] = ...) -> None: ...

class EntryPlace(_message.Message):
    __slots__ = ("input", "index")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    input: str
    index: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, input: _Optional[str] = ..., index: _Optional[_Iterable[int]] = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("name", "tensor", "requires_grad")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_GRAD_FIELD_NUMBER: _ClassVar[int]
    name: str
    tensor: _tensor_pb2.Tensor
    requires_grad: bool
    def __init__(self, name: _Optional[str] = ..., tensor: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., requires_grad: bool = ...) -> None: ...

class NotationSelection(_message.Message):
    __slots__ = ("notations",)
    NOTATIONS_FIELD_NUMBER: _ClassVar[int]
    notations: _containers.RepeatedScalarFieldContainer[Notation]
    def __init__(self, notations: _Optional[_Iterable[_Union[Notation, str]]] = ...) -> None: ...

class DifferentiateResponse(_message.Message):
    __slots__ = ("id", "value", "derivatives", "intermediates", "device", "versions", "timings", "form_origin", "code", "steps", "code_state", "steps_state")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVES_FIELD_NUMBER: _ClassVar[int]
    INTERMEDIATES_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    FORM_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CODE_STATE_FIELD_NUMBER: _ClassVar[int]
    STEPS_STATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    value: _tensor_pb2.Tensor
    derivatives: _containers.RepeatedCompositeFieldContainer[Derivative]
    intermediates: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedTensor]
    device: str
    versions: _containers.ScalarMap[str, str]
    timings: Timings
    form_origin: FormOrigin
    code: Code
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    code_state: NotationState
    steps_state: NotationState
    def __init__(self, id: _Optional[str] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., derivatives: _Optional[_Iterable[_Union[Derivative, _Mapping]]] = ..., intermediates: _Optional[_Iterable[_Union[_tensor_pb2.NamedTensor, _Mapping]]] = ..., device: _Optional[str] = ..., versions: _Optional[_Mapping[str, str]] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., form_origin: _Optional[_Union[FormOrigin, str]] = ..., code: _Optional[_Union[Code, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., code_state: _Optional[_Union[NotationState, str]] = ..., steps_state: _Optional[_Union[NotationState, str]] = ...) -> None: ...

class Derivative(_message.Message):
    __slots__ = ("name", "gradient", "jacobian", "vjp", "numeric", "symbolic", "verdict", "closed_form_gradient")
    NAME_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_FIELD_NUMBER: _ClassVar[int]
    JACOBIAN_FIELD_NUMBER: _ClassVar[int]
    VJP_FIELD_NUMBER: _ClassVar[int]
    NUMERIC_FIELD_NUMBER: _ClassVar[int]
    SYMBOLIC_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FORM_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    gradient: _tensor_pb2.Tensor
    jacobian: ClosedForm
    vjp: ClosedForm
    numeric: Leg
    symbolic: Leg
    verdict: _verdict_pb2.Verdict
    closed_form_gradient: _tensor_pb2.Tensor
    def __init__(self, name: _Optional[str] = ..., gradient: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., jacobian: _Optional[_Union[ClosedForm, _Mapping]] = ..., vjp: _Optional[_Union[ClosedForm, _Mapping]] = ..., numeric: _Optional[_Union[Leg, _Mapping]] = ..., symbolic: _Optional[_Union[Leg, _Mapping]] = ..., verdict: _Optional[_Union[_verdict_pb2.Verdict, _Mapping]] = ..., closed_form_gradient: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class ClosedForm(_message.Message):
    __slots__ = ("text", "latex", "entries", "matrix", "matrix_latex", "states", "named_entries")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LATEX_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MATRIX_FIELD_NUMBER: _ClassVar[int]
    MATRIX_LATEX_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    NAMED_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    text: str
    latex: str
    entries: _containers.RepeatedScalarFieldContainer[str]
    matrix: str
    matrix_latex: str
    states: NotationStates
    named_entries: _containers.RepeatedCompositeFieldContainer[NamedEntry]
    def __init__(self, text: _Optional[str] = ..., latex: _Optional[str] = ..., entries: _Optional[_Iterable[str]] = ..., matrix: _Optional[str] = ..., matrix_latex: _Optional[str] = ..., states: _Optional[_Union[NotationStates, _Mapping]] = ..., named_entries: _Optional[_Iterable[_Union[NamedEntry, _Mapping]]] = ...) -> None: ...

class NotationStates(_message.Message):
    __slots__ = ("text", "latex", "entries", "matrix", "matrix_latex")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LATEX_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MATRIX_FIELD_NUMBER: _ClassVar[int]
    MATRIX_LATEX_FIELD_NUMBER: _ClassVar[int]
    text: NotationState
    latex: NotationState
    entries: NotationState
    matrix: NotationState
    matrix_latex: NotationState
    def __init__(self, text: _Optional[_Union[NotationState, str]] = ..., latex: _Optional[_Union[NotationState, str]] = ..., entries: _Optional[_Union[NotationState, str]] = ..., matrix: _Optional[_Union[NotationState, str]] = ..., matrix_latex: _Optional[_Union[NotationState, str]] = ...) -> None: ...

class NamedEntry(_message.Message):
    __slots__ = ("index", "text", "state")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    index: _containers.RepeatedScalarFieldContainer[int]
    text: str
    state: NotationState
    def __init__(self, index: _Optional[_Iterable[int]] = ..., text: _Optional[str] = ..., state: _Optional[_Union[NotationState, str]] = ...) -> None: ...

class Code(_message.Message):
    __slots__ = ("torch", "numpy")
    TORCH_FIELD_NUMBER: _ClassVar[int]
    NUMPY_FIELD_NUMBER: _ClassVar[int]
    torch: str
    numpy: str
    def __init__(self, torch: _Optional[str] = ..., numpy: _Optional[str] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("kind", "input", "rule", "text", "latex")
    KIND_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LATEX_FIELD_NUMBER: _ClassVar[int]
    kind: StepKind
    input: str
    rule: str
    text: str
    latex: str
    def __init__(self, kind: _Optional[_Union[StepKind, str]] = ..., input: _Optional[str] = ..., rule: _Optional[str] = ..., text: _Optional[str] = ..., latex: _Optional[str] = ...) -> None: ...

class Leg(_message.Message):
    __slots__ = ("state", "message")
    STATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    state: LegState
    message: str
    def __init__(self, state: _Optional[_Union[LegState, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("queue", "parse", "numeric", "derive", "check", "total", "write")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    PARSE_FIELD_NUMBER: _ClassVar[int]
    NUMERIC_FIELD_NUMBER: _ClassVar[int]
    DERIVE_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    WRITE_FIELD_NUMBER: _ClassVar[int]
    queue: float
    parse: float
    numeric: float
    derive: float
    check: float
    total: float
    write: float
    def __init__(self, queue: _Optional[float] = ..., parse: _Optional[float] = ..., numeric: _Optional[float] = ..., derive: _Optional[float] = ..., check: _Optional[float] = ..., total: _Optional[float] = ..., write: _Optional[float] = ...) -> None: ...

class DifferentiateManyRequest(_message.Message):
    __slots__ = ("request", "budget")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    request: DifferentiateRequest
    budget: _duration_pb2.Duration
    def __init__(self, request: _Optional[_Union[DifferentiateRequest, _Mapping]] = ..., budget: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DifferentiateManyResponse(_message.Message):
    __slots__ = ("id", "response", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    response: DifferentiateResponse
    status: _status_pb2.Status
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[DifferentiateResponse, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class DescribeLanguageRequest(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: str
    def __init__(self, operator: _Optional[str] = ...) -> None: ...

class DescribeLanguageResponse(_message.Message):
    __slots__ = ("operators", "constants", "prefixes", "limits", "device", "versions", "workers")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    operators: _containers.RepeatedCompositeFieldContainer[_language_pb2.Operator]
    constants: _containers.RepeatedScalarFieldContainer[str]
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    limits: _containers.RepeatedCompositeFieldContainer[_language_pb2.Limit]
    device: str
    versions: _containers.ScalarMap[str, str]
    workers: Workers
    def __init__(self, operators: _Optional[_Iterable[_Union[_language_pb2.Operator, _Mapping]]] = ..., constants: _Optional[_Iterable[str]] = ..., prefixes: _Optional[_Iterable[str]] = ..., limits: _Optional[_Iterable[_Union[_language_pb2.Limit, _Mapping]]] = ..., device: _Optional[str] = ..., versions: _Optional[_Mapping[str, str]] = ..., workers: _Optional[_Union[Workers, _Mapping]] = ...) -> None: ...

class Workers(_message.Message):
    __slots__ = ("ready", "wanted", "replaced", "waiting")
    READY_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    ready: int
    wanted: int
    replaced: int
    waiting: int
    def __init__(self, ready: _Optional[int] = ..., wanted: _Optional[int] = ..., replaced: _Optional[int] = ..., waiting: _Optional[int] = ...) -> None: ...
