from google.protobuf import duration_pb2 as _duration_pb2
from google.rpc import status_pb2 as _status_pb2
from pullback.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProblemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBLEM_KIND_UNSPECIFIED: _ClassVar[ProblemKind]
    PROBLEM_KIND_DERIVATIVE: _ClassVar[ProblemKind]
    PROBLEM_KIND_GRADIENT: _ClassVar[ProblemKind]
    PROBLEM_KIND_JACOBIAN: _ClassVar[ProblemKind]
    PROBLEM_KIND_VJP: _ClassVar[ProblemKind]
    PROBLEM_KIND_PARTIAL: _ClassVar[ProblemKind]

class Structure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRUCTURE_UNSPECIFIED: _ClassVar[Structure]
    STRUCTURE_REAL: _ClassVar[Structure]
    STRUCTURE_POSITIVE: _ClassVar[Structure]
    STRUCTURE_NONNEGATIVE: _ClassVar[Structure]
    STRUCTURE_NONZERO: _ClassVar[Structure]
    STRUCTURE_SYMMETRIC: _ClassVar[Structure]
    STRUCTURE_POSITIVE_DEFINITE: _ClassVar[Structure]
    STRUCTURE_WELL_CONDITIONED: _ClassVar[Structure]
    STRUCTURE_ORTHOGONAL: _ClassVar[Structure]
    STRUCTURE_DIAGONAL: _ClassVar[Structure]
    STRUCTURE_PROBABILITY: _ClassVar[Structure]

class Layout(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LAYOUT_UNSPECIFIED: _ClassVar[Layout]
    LAYOUT_NUMERATOR: _ClassVar[Layout]
    LAYOUT_DENOMINATOR: _ClassVar[Layout]
    LAYOUT_EITHER: _ClassVar[Layout]

class Symmetry(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SYMMETRY_UNSPECIFIED: _ClassVar[Symmetry]
    SYMMETRY_INDEPENDENT: _ClassVar[Symmetry]
    SYMMETRY_STRUCTURED: _ClassVar[Symmetry]

class Syntax(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SYNTAX_UNSPECIFIED: _ClassVar[Syntax]
    SYNTAX_PYTHON: _ClassVar[Syntax]
    SYNTAX_MATH: _ClassVar[Syntax]
    SYNTAX_LATEX: _ClassVar[Syntax]

class GradePartState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRADE_PART_STATE_UNSPECIFIED: _ClassVar[GradePartState]
    GRADE_PART_STATE_DONE: _ClassVar[GradePartState]
    GRADE_PART_STATE_NOT_REQUESTED: _ClassVar[GradePartState]
    GRADE_PART_STATE_OVER_BUDGET: _ClassVar[GradePartState]
    GRADE_PART_STATE_NO_FORM: _ClassVar[GradePartState]
    GRADE_PART_STATE_FAILED: _ClassVar[GradePartState]
    GRADE_PART_STATE_DEADLINE: _ClassVar[GradePartState]

class GradeOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRADE_OUTCOME_UNSPECIFIED: _ClassVar[GradeOutcome]
    GRADE_OUTCOME_CORRECT: _ClassVar[GradeOutcome]
    GRADE_OUTCOME_INCORRECT: _ClassVar[GradeOutcome]
    GRADE_OUTCOME_UNDECIDED: _ClassVar[GradeOutcome]
    GRADE_OUTCOME_NOT_AN_ANSWER: _ClassVar[GradeOutcome]

class FindingCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINDING_CODE_UNSPECIFIED: _ClassVar[FindingCode]
    FINDING_CODE_DOMAIN_DIFFERS: _ClassVar[FindingCode]
    FINDING_CODE_SHAPE: _ClassVar[FindingCode]
    FINDING_CODE_TRANSPOSED: _ClassVar[FindingCode]
    FINDING_CODE_NOT_DIFFERENTIATED: _ClassVar[FindingCode]
    FINDING_CODE_WRONG_ORDER: _ClassVar[FindingCode]
    FINDING_CODE_UPSTREAM_IGNORED: _ClassVar[FindingCode]
    FINDING_CODE_JACOBIAN_FOR_VJP: _ClassVar[FindingCode]
    FINDING_CODE_SUMMED: _ClassVar[FindingCode]
    FINDING_CODE_SYMMETRIC_CONVENTION: _ClassVar[FindingCode]
    FINDING_CODE_SIGN: _ClassVar[FindingCode]
    FINDING_CODE_POWER_RULE: _ClassVar[FindingCode]
    FINDING_CODE_QUOTIENT_RULE: _ClassVar[FindingCode]
    FINDING_CODE_PRODUCT_RULE: _ClassVar[FindingCode]
    FINDING_CODE_INNER_NOT_KEPT: _ClassVar[FindingCode]
    FINDING_CODE_MISSING_INNER_DERIVATIVE: _ClassVar[FindingCode]
    FINDING_CODE_FUNCTION_DERIVATIVE: _ClassVar[FindingCode]
    FINDING_CODE_FACTORS_SWAPPED: _ClassVar[FindingCode]
    FINDING_CODE_ELEMENTWISE_PRODUCT: _ClassVar[FindingCode]
    FINDING_CODE_MISSING_TERM: _ClassVar[FindingCode]
    FINDING_CODE_WRONG_VARIABLE: _ClassVar[FindingCode]
    FINDING_CODE_INTEGRATED: _ClassVar[FindingCode]
    FINDING_CODE_CONSTANT_FACTOR: _ClassVar[FindingCode]
    FINDING_CODE_SYNTAX: _ClassVar[FindingCode]
    FINDING_CODE_LIMIT_EXCEEDED: _ClassVar[FindingCode]
    FINDING_CODE_UNKNOWN_NAME: _ClassVar[FindingCode]
    FINDING_CODE_DERIVATIVE_OPERATOR: _ClassVar[FindingCode]
    FINDING_CODE_BAD_PROBLEM: _ClassVar[FindingCode]

class Confirmation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIRMATION_UNSPECIFIED: _ClassVar[Confirmation]
    CONFIRMATION_IDENTICAL: _ClassVar[Confirmation]
    CONFIRMATION_SYMBOLIC: _ClassVar[Confirmation]
    CONFIRMATION_POINTS: _ClassVar[Confirmation]
    CONFIRMATION_EXACT: _ClassVar[Confirmation]
PROBLEM_KIND_UNSPECIFIED: ProblemKind
PROBLEM_KIND_DERIVATIVE: ProblemKind
PROBLEM_KIND_GRADIENT: ProblemKind
PROBLEM_KIND_JACOBIAN: ProblemKind
PROBLEM_KIND_VJP: ProblemKind
PROBLEM_KIND_PARTIAL: ProblemKind
STRUCTURE_UNSPECIFIED: Structure
STRUCTURE_REAL: Structure
STRUCTURE_POSITIVE: Structure
STRUCTURE_NONNEGATIVE: Structure
STRUCTURE_NONZERO: Structure
STRUCTURE_SYMMETRIC: Structure
STRUCTURE_POSITIVE_DEFINITE: Structure
STRUCTURE_WELL_CONDITIONED: Structure
STRUCTURE_ORTHOGONAL: Structure
STRUCTURE_DIAGONAL: Structure
STRUCTURE_PROBABILITY: Structure
LAYOUT_UNSPECIFIED: Layout
LAYOUT_NUMERATOR: Layout
LAYOUT_DENOMINATOR: Layout
LAYOUT_EITHER: Layout
SYMMETRY_UNSPECIFIED: Symmetry
SYMMETRY_INDEPENDENT: Symmetry
SYMMETRY_STRUCTURED: Symmetry
SYNTAX_UNSPECIFIED: Syntax
SYNTAX_PYTHON: Syntax
SYNTAX_MATH: Syntax
SYNTAX_LATEX: Syntax
GRADE_PART_STATE_UNSPECIFIED: GradePartState
GRADE_PART_STATE_DONE: GradePartState
GRADE_PART_STATE_NOT_REQUESTED: GradePartState
GRADE_PART_STATE_OVER_BUDGET: GradePartState
GRADE_PART_STATE_NO_FORM: GradePartState
GRADE_PART_STATE_FAILED: GradePartState
GRADE_PART_STATE_DEADLINE: GradePartState
GRADE_OUTCOME_UNSPECIFIED: GradeOutcome
GRADE_OUTCOME_CORRECT: GradeOutcome
GRADE_OUTCOME_INCORRECT: GradeOutcome
GRADE_OUTCOME_UNDECIDED: GradeOutcome
GRADE_OUTCOME_NOT_AN_ANSWER: GradeOutcome
FINDING_CODE_UNSPECIFIED: FindingCode
FINDING_CODE_DOMAIN_DIFFERS: FindingCode
FINDING_CODE_SHAPE: FindingCode
FINDING_CODE_TRANSPOSED: FindingCode
FINDING_CODE_NOT_DIFFERENTIATED: FindingCode
FINDING_CODE_WRONG_ORDER: FindingCode
FINDING_CODE_UPSTREAM_IGNORED: FindingCode
FINDING_CODE_JACOBIAN_FOR_VJP: FindingCode
FINDING_CODE_SUMMED: FindingCode
FINDING_CODE_SYMMETRIC_CONVENTION: FindingCode
FINDING_CODE_SIGN: FindingCode
FINDING_CODE_POWER_RULE: FindingCode
FINDING_CODE_QUOTIENT_RULE: FindingCode
FINDING_CODE_PRODUCT_RULE: FindingCode
FINDING_CODE_INNER_NOT_KEPT: FindingCode
FINDING_CODE_MISSING_INNER_DERIVATIVE: FindingCode
FINDING_CODE_FUNCTION_DERIVATIVE: FindingCode
FINDING_CODE_FACTORS_SWAPPED: FindingCode
FINDING_CODE_ELEMENTWISE_PRODUCT: FindingCode
FINDING_CODE_MISSING_TERM: FindingCode
FINDING_CODE_WRONG_VARIABLE: FindingCode
FINDING_CODE_INTEGRATED: FindingCode
FINDING_CODE_CONSTANT_FACTOR: FindingCode
FINDING_CODE_SYNTAX: FindingCode
FINDING_CODE_LIMIT_EXCEEDED: FindingCode
FINDING_CODE_UNKNOWN_NAME: FindingCode
FINDING_CODE_DERIVATIVE_OPERATOR: FindingCode
FINDING_CODE_BAD_PROBLEM: FindingCode
CONFIRMATION_UNSPECIFIED: Confirmation
CONFIRMATION_IDENTICAL: Confirmation
CONFIRMATION_SYMBOLIC: Confirmation
CONFIRMATION_POINTS: Confirmation
CONFIRMATION_EXACT: Confirmation

class GradeRequest(_message.Message):
    __slots__ = ("id", "problem", "answer")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    id: str
    problem: Problem
    answer: Answer
    def __init__(self, id: _Optional[str] = ..., problem: _Optional[_Union[Problem, _Mapping]] = ..., answer: _Optional[_Union[Answer, _Mapping]] = ...) -> None: ...

class GradeResponse(_message.Message):
    __slots__ = ("id", "grade", "versions", "total")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    grade: Grade
    versions: _containers.ScalarMap[str, str]
    total: float
    def __init__(self, id: _Optional[str] = ..., grade: _Optional[_Union[Grade, _Mapping]] = ..., versions: _Optional[_Mapping[str, str]] = ..., total: _Optional[float] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("expression", "inputs", "wrt", "kind", "order", "upstream", "policy")
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    WRT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    expression: str
    inputs: _containers.RepeatedCompositeFieldContainer[Variable]
    wrt: _containers.RepeatedScalarFieldContainer[str]
    kind: ProblemKind
    order: int
    upstream: str
    policy: Policy
    def __init__(self, expression: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., wrt: _Optional[_Iterable[str]] = ..., kind: _Optional[_Union[ProblemKind, str]] = ..., order: _Optional[int] = ..., upstream: _Optional[str] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ...) -> None: ...

class Variable(_message.Message):
    __slots__ = ("name", "shape", "domain", "structure", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    STRUCTURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    domain: Interval
    structure: Structure
    value: _tensor_pb2.Tensor
    def __init__(self, name: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., domain: _Optional[_Union[Interval, _Mapping]] = ..., structure: _Optional[_Union[Structure, str]] = ..., value: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("low", "high")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class Policy(_message.Message):
    __slots__ = ("layout", "symmetry", "tolerance", "points", "seed", "budget", "partial_credit", "accept_smaller_domain", "reveal", "notations", "work")
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    SYMMETRY_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_CREDIT_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_SMALLER_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    REVEAL_FIELD_NUMBER: _ClassVar[int]
    NOTATIONS_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    layout: Layout
    symmetry: Symmetry
    tolerance: float
    points: int
    seed: int
    budget: _duration_pb2.Duration
    partial_credit: _containers.RepeatedCompositeFieldContainer[PartialCredit]
    accept_smaller_domain: bool
    reveal: bool
    notations: _containers.RepeatedScalarFieldContainer[Syntax]
    work: int
    def __init__(self, layout: _Optional[_Union[Layout, str]] = ..., symmetry: _Optional[_Union[Symmetry, str]] = ..., tolerance: _Optional[float] = ..., points: _Optional[int] = ..., seed: _Optional[int] = ..., budget: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., partial_credit: _Optional[_Iterable[_Union[PartialCredit, _Mapping]]] = ..., accept_smaller_domain: bool = ..., reveal: bool = ..., notations: _Optional[_Iterable[_Union[Syntax, str]]] = ..., work: _Optional[int] = ...) -> None: ...

class PartialCredit(_message.Message):
    __slots__ = ("code", "score")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    code: FindingCode
    score: float
    def __init__(self, code: _Optional[_Union[FindingCode, str]] = ..., score: _Optional[float] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("text", "syntax", "tensor")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SYNTAX_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    text: str
    syntax: Syntax
    tensor: _tensor_pb2.Tensor
    def __init__(self, text: _Optional[str] = ..., syntax: _Optional[_Union[Syntax, str]] = ..., tensor: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Grade(_message.Message):
    __slots__ = ("outcome", "score", "findings", "evidence", "reason", "right", "replay", "findings_state", "right_state")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_STATE_FIELD_NUMBER: _ClassVar[int]
    RIGHT_STATE_FIELD_NUMBER: _ClassVar[int]
    outcome: GradeOutcome
    score: float
    findings: _containers.RepeatedCompositeFieldContainer[GradeFinding]
    evidence: Evidence
    reason: str
    right: _containers.RepeatedCompositeFieldContainer[Formulation]
    replay: str
    findings_state: GradePartState
    right_state: GradePartState
    def __init__(self, outcome: _Optional[_Union[GradeOutcome, str]] = ..., score: _Optional[float] = ..., findings: _Optional[_Iterable[_Union[GradeFinding, _Mapping]]] = ..., evidence: _Optional[_Union[Evidence, _Mapping]] = ..., reason: _Optional[str] = ..., right: _Optional[_Iterable[_Union[Formulation, _Mapping]]] = ..., replay: _Optional[str] = ..., findings_state: _Optional[_Union[GradePartState, str]] = ..., right_state: _Optional[_Union[GradePartState, str]] = ...) -> None: ...

class GradeFinding(_message.Message):
    __slots__ = ("code", "message", "place")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    code: FindingCode
    message: str
    place: TextPlace
    def __init__(self, code: _Optional[_Union[FindingCode, str]] = ..., message: _Optional[str] = ..., place: _Optional[_Union[TextPlace, _Mapping]] = ...) -> None: ...

class TextPlace(_message.Message):
    __slots__ = ("line", "column")
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    line: int
    column: int
    def __init__(self, line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("confirmation", "counterexample", "points", "error", "precision")
    CONFIRMATION_FIELD_NUMBER: _ClassVar[int]
    COUNTEREXAMPLE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    confirmation: Confirmation
    counterexample: Counterexample
    points: int
    error: float
    precision: int
    def __init__(self, confirmation: _Optional[_Union[Confirmation, str]] = ..., counterexample: _Optional[_Union[Counterexample, _Mapping]] = ..., points: _Optional[int] = ..., error: _Optional[float] = ..., precision: _Optional[int] = ...) -> None: ...

class Counterexample(_message.Message):
    __slots__ = ("inputs", "index", "answer", "derivative", "error")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    DERIVATIVE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[_tensor_pb2.NamedTensor]
    index: _containers.RepeatedScalarFieldContainer[int]
    answer: float
    derivative: float
    error: float
    def __init__(self, inputs: _Optional[_Iterable[_Union[_tensor_pb2.NamedTensor, _Mapping]]] = ..., index: _Optional[_Iterable[int]] = ..., answer: _Optional[float] = ..., derivative: _Optional[float] = ..., error: _Optional[float] = ...) -> None: ...

class Formulation(_message.Message):
    __slots__ = ("syntax", "text")
    SYNTAX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    syntax: Syntax
    text: str
    def __init__(self, syntax: _Optional[_Union[Syntax, str]] = ..., text: _Optional[str] = ...) -> None: ...

class GradeManyRequest(_message.Message):
    __slots__ = ("request", "budget")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    request: GradeRequest
    budget: _duration_pb2.Duration
    def __init__(self, request: _Optional[_Union[GradeRequest, _Mapping]] = ..., budget: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GradeManyResponse(_message.Message):
    __slots__ = ("id", "response", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    response: GradeResponse
    status: _status_pb2.Status
    def __init__(self, id: _Optional[str] = ..., response: _Optional[_Union[GradeResponse, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class ReplayRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class ReplayResponse(_message.Message):
    __slots__ = ("grade", "versions")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    GRADE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    grade: Grade
    versions: _containers.ScalarMap[str, str]
    def __init__(self, grade: _Optional[_Union[Grade, _Mapping]] = ..., versions: _Optional[_Mapping[str, str]] = ...) -> None: ...
