"""Requests, responses and verdicts, as frozen values that know nothing of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import torch

from ..symbolic import Code, DerivativeKind, Formula, Notation, NotationState, Step
from .exact import SlopeKind
from .reasons import UndecidedReason

#: The notations that cost nothing beyond the closed form itself.
DEFAULT_NOTATIONS = frozenset(Notation) - {Notation.CODE, Notation.STEPS}

#: The notations that are those of all inputs together, and those that are of one derivative each.
OF_ALL_INPUTS = (Notation.CODE, Notation.STEPS)
OF_ONE_DERIVATIVE = tuple(n for n in Notation if n not in OF_ALL_INPUTS)

#: A derivative in every notation, each with its state.
WrittenFormula = Mapping[Notation, Formula]


class LegState(Enum):
    """How far a leg came."""

    DONE = "done"
    NOT_REQUESTED = "not requested"
    DEADLINE = "deadline"
    NO_CLOSED_FORM = "no closed form"
    FAILED = "failed"


class Outcome(Enum):
    """What the legs and the third opinion show, from the best to the worst."""

    AGREE = "agree"
    PRECISION_LIMITED = "precision limited"
    UNDECIDED = "undecided"
    NOT_DIFFERENTIABLE = "not differentiable"
    SYMPY_DEVIATES = "sympy deviates"
    TORCH_DEVIATES = "torch deviates"
    BOTH_DEVIATE = "both deviate"
    UNDEFINED = "undefined"

    @property
    def severity(self) -> int:
        """Larger is worse."""
        return list(Outcome).index(self)


class Cause(Enum):
    """Why an entry is not simply right."""

    DEAD_BRANCH = "a branch that is not taken"
    ZERO_TIMES_INFINITY = "zero times infinity"
    OVERFLOW = "overflow"
    CANCELLATION = "cancellation"
    SINGULAR_MATRIX = "a singular matrix"
    TIE = "a tie"
    JUMP = "a jump"
    POINT_PATCH = "a value at a single point"
    DOMAIN_EDGE = "the edge of a domain"
    OUT_OF_DOMAIN = "outside the domain"
    ROUNDING = "rounding"
    UNEXPLAINED = "unexplained"


class FormOrigin(Enum):
    """Where a closed form came from."""

    DERIVED = "derived"
    WORKER = "worker"
    SERVICE = "service"


@dataclass(frozen=True)
class Operand:
    """One named input tensor; `requires_grad` None means: if it is floating."""

    name: str
    tensor: torch.Tensor
    requires_grad: bool | None = None


@dataclass(frozen=True)
class EntryPlace:
    """An entry of the derivative with respect to an input: the input's axes alone for the vector-Jacobian product.

    For the Jacobian the output's axes stand before them.
    """

    input: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """An expression, its inputs, an upstream gradient, and what to compute of its derivatives.

    With `closed_form_gradients` the response has the closed form's gradients too; `entries` are wanted whatever the
    notations are. The upstream gradient may be missing where the output has one element, and is 1 then.
    """

    expression: str
    inputs: tuple[Operand, ...]
    upstream: torch.Tensor | None = None
    notations: frozenset[Notation] = DEFAULT_NOTATIONS
    check: bool = True
    closed_form_gradients: bool = False
    entries: tuple[EntryPlace, ...] = ()


@dataclass(frozen=True)
class Leg:
    """The state of a leg; the message is empty when it is done."""

    state: LegState
    message: str = ""


DONE = Leg(LegState.DONE)


@dataclass(frozen=True)
class WorstEntry:
    """The entry where the legs are furthest apart."""

    index: tuple[int, ...]
    autograd: float
    closed_form: float
    absolute_error: float
    relative_error: float


@dataclass(frozen=True)
class Tolerance:
    """Numbers agree where they differ by no more than absolute + relative * |closed form|; `source` explains both."""

    absolute: float
    relative: float
    source: str


@dataclass(frozen=True)
class Slope:
    """A one-sided slope of `sum(upstream*value)` and how far off it may be; nan where there is none."""

    kind: SlopeKind
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Diagnosis:
    """Why an entry is not simply right: the code, a sentence, the node that causes it, and what to write instead.

    `node` is its number in the program, None where no single node is the cause; `line` and `column` count from 1, and
    are 0 without a node. `remedy` is the rewritten expression, whose gradient was checked at these inputs, or empty.
    """

    cause: Cause
    message: str
    node: int | None = None
    line: int = 0
    column: int = 0
    expression: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class ExaminedEntry:
    """One entry that the third opinion examined.

    `closed_form` is the closed form's value in float64, `closed_form_exact` its value in many digits; `derivative` is
    nan where there is none. Where the slopes differ, the subgradients are the numbers between them.
    """

    index: tuple[int, ...]
    outcome: Outcome
    autograd: float
    closed_form: float
    closed_form_exact: float
    derivative: float
    error: float
    left: Slope
    right: Slope


@dataclass(frozen=True)
class Finding:
    """Entries with the same outcome and cause: how many there are, which were examined, and why."""

    outcome: Outcome
    count: int
    examined: tuple[ExaminedEntry, ...]
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class Verdict:
    """Which leg is right about the derivative with respect to one input, and where.

    `reason` is set where the outcome is UNDECIDED. `suspects` counts the entries that agreement alone does not decide,
    `examined` those that the third opinion examined. `derivative` is the right gradient, in float64 and the input's
    shape, where autograd's is wrong (nan where there is none), and `derivative_source` says how it was computed.
    """

    outcome: Outcome
    reason: UndecidedReason | None = None
    message: str = ""
    compared: int = 0
    differing: int = 0
    worst: WorstEntry | None = None
    tolerance: Tolerance | None = None
    suspects: int = 0
    examined: int = 0
    findings: tuple[Finding, ...] = ()
    derivative: torch.Tensor | None = None
    derivative_source: str = ""

    @classmethod
    def undecided(cls, reason: UndecidedReason, message: str = "") -> Verdict:
        """The verdict without a comparison; the message is the reason's sentence where there is no other."""
        return cls(Outcome.UNDECIDED, reason, message or f"{reason.sentence.capitalize()}.")


@dataclass(frozen=True)
class NamedEntry:
    """An entry of a derivative that the request named."""

    kind: DerivativeKind
    index: tuple[int, ...]
    formula: Formula


@dataclass(frozen=True, eq=False)
class WrittenDerivative:
    """One input's derivatives in writing; the same object for all responses that have them in the same notations."""

    formulas: Mapping[DerivativeKind, WrittenFormula]


@dataclass(frozen=True)
class Derivative:
    """The derivative with respect to one input; the gradient has the input's shape and dtype, on the CPU.

    `closed_form_gradient` is the closed form evaluated in float64, where that was requested.
    """

    name: str
    gradient: torch.Tensor
    written: WrittenDerivative
    numeric: Leg
    symbolic: Leg
    verdict: Verdict
    closed_form_gradient: torch.Tensor | None = None
    named_entries: tuple[NamedEntry, ...] = ()

    def formula(self, kind: DerivativeKind, notation: Notation) -> str | tuple[str, ...]:
        """The formula in a notation, empty where it was not asked for or cannot be written."""
        return self.written.formulas[kind][notation].written

    def state(self, kind: DerivativeKind, notation: Notation) -> NotationState:
        """Whether there is a formula in a notation, or why there is none."""
        return self.written.formulas[kind][notation].state


@dataclass(frozen=True)
class Timings:
    """Seconds spent in each stage."""

    parse: float = 0.0
    numeric: float = 0.0
    derive: float = 0.0
    check: float = 0.0
    write: float = 0.0


@dataclass(frozen=True)
class Response:
    """The results of both legs; tensors are on the CPU. A `provisional` one is followed by a better one."""

    value: torch.Tensor
    derivatives: tuple[Derivative, ...]
    intermediates: tuple[tuple[str, torch.Tensor], ...]
    device: str
    form_origin: FormOrigin | None = None
    timings: Timings = Timings()
    code: Code = field(default_factory=Code)
    steps: tuple[Step, ...] = ()
    code_state: NotationState = NotationState.NOT_REQUESTED
    steps_state: NotationState = NotationState.NOT_REQUESTED
    provisional: bool = False
