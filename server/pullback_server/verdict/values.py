"""What is asked and what is answered, as frozen values that know nothing of how they travel."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import torch

from ..symbolic import Code, Step
from .exact import Side


class Notation(Enum):
    """A way to write a closed form."""

    TEXT = "text"
    LATEX = "latex"
    MATRIX = "matrix"
    CODE = "code"
    STEPS = "steps"


#: The notations that cost nothing beside the closed form itself.
READY = frozenset({Notation.TEXT, Notation.LATEX, Notation.MATRIX})


class LegState(Enum):
    """What became of a leg."""

    DONE = "done"
    NOT_REQUESTED = "not requested"
    DEADLINE = "deadline"
    NO_CLOSED_FORM = "no closed form"
    FAILED = "failed"


class Outcome(Enum):
    """What the legs and the third opinion came to, from the best to the worst."""

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
    """Why an entry is not plainly right; the value is a sentence's beginning."""

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
class Question:
    """One request: an expression, its inputs, an upstream gradient, and what is wanted.

    With `closed_form_gradients` the numbers that the closed form comes to are part of the answer.
    """

    expression: str
    inputs: tuple[Operand, ...]
    upstream: torch.Tensor | None = None
    notations: frozenset[Notation] = READY
    check: bool = True
    closed_form_gradients: bool = False


@dataclass(frozen=True)
class Leg:
    """How a leg fared; the message is empty when it is done."""

    state: LegState
    message: str = ""


@dataclass(frozen=True)
class ClosedForm:
    """A formula in the notations asked for; what was not asked for is empty."""

    text: str = ""
    latex: str = ""
    entries: tuple[str, ...] = ()
    matrix: str = ""
    matrix_latex: str = ""


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
    """Numbers agree that are no further apart than absolute + relative * |closed form|."""

    absolute: float
    relative: float
    source: str


@dataclass(frozen=True)
class Slope:
    """A one-sided slope of `sum(upstream*value)` and how far off it may be; nan where there is none."""

    kind: Side
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Diagnosis:
    """Why an entry is not plainly right: the code, a sentence, the node that causes it, and what to write instead.

    `node` is its number in the program, None where no one node is the cause; `line` and `column` count from 1 and are 0
    then. `remedy` is the whole expression rewritten, whose gradient was checked at these inputs, or empty.
    """

    cause: Cause
    message: str
    node: int | None = None
    line: int = 0
    column: int = 0
    expression: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Examined:
    """One entry that the third opinion was asked about.

    `closed_form` is its number in float64, `closed_form_exact` the same formula's in many digits; `derivative` is nan
    where there is none. Where the slopes differ, the subgradients are the numbers between them.
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
    """Entries with one outcome and one cause: how many there are, which were examined, and why."""

    outcome: Outcome
    count: int
    examined: tuple[Examined, ...]
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class Verdict:
    """Who is right about one input, and where.

    `reason` says why it is undecided. `suspects` counts the entries that agreement alone does not settle, `examined`
    those of them that the third opinion was asked about. `derivative` is the right gradient, in float64 and the input's
    shape, where autograd's is not (nan where there is none), and `derivative_source` how it was found.
    """

    outcome: Outcome
    reason: str = ""
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


@dataclass(frozen=True)
class Derivative:
    """The derivative with respect to one input; the gradient has the input's shape and dtype, on the CPU.

    `closed_form_gradient` is what the closed form comes to, in float64, where that was asked for.
    """

    name: str
    gradient: torch.Tensor
    jacobian: ClosedForm
    vjp: ClosedForm
    numeric: Leg
    symbolic: Leg
    verdict: Verdict
    closed_form_gradient: torch.Tensor | None = None


@dataclass(frozen=True)
class Timings:
    """Seconds spent in each stage."""

    parse: float = 0.0
    numeric: float = 0.0
    derive: float = 0.0
    check: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What both legs found; tensors are on the CPU."""

    value: torch.Tensor
    derivatives: tuple[Derivative, ...]
    intermediates: tuple[tuple[str, torch.Tensor], ...]
    device: str
    form_origin: FormOrigin | None = None
    timings: Timings = Timings()
    code: Code = field(default_factory=Code)
    steps: tuple[Step, ...] = ()
