"""What is asked and what is answered, as frozen values that know nothing of how they travel."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import torch

from ..symbolic import Code, Step


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
    """What the comparison of the two legs came to."""

    AGREE = "agree"
    DIFFER = "differ"
    UNDECIDED = "undecided"


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
class Verdict:
    """Whether the legs agree on one input, and if not, where."""

    outcome: Outcome
    reason: str = ""
    message: str = ""
    compared: int = 0
    differing: int = 0
    worst: WorstEntry | None = None
    tolerance: Tolerance | None = None


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
