"""What is graded: a problem, its policy and an answer to it, as frozen values that do not depend on the wire."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ..program import Place
from .codes import FindingCode, PartState


class Kind(Enum):
    """What is asked of the expression f; the shape of the right answer follows from it.

    `DERIVATIVE` is the usual one for the shapes: f' where f and x are numbers, else the gradient of a number, else the
    Jacobian. `GRADIENT` has the shape of `wrt`, or is a vector of as many partial derivatives as `wrt` names numbers.
    `JACOBIAN` has the output's shape, then the input's. `VJP` is the upstream gradient v times the Jacobian, in the
    shape of `wrt`. `PARTIAL` differentiates with respect to each name of `wrt` in turn: ("x", "y") is the mixed second
    partial derivative.
    """

    DERIVATIVE = "derivative"
    GRADIENT = "gradient"
    JACOBIAN = "jacobian"
    VJP = "vjp"
    PARTIAL = "partial"


class Syntax(Enum):
    """The notation in which an answer is written."""

    PYTHON = "python"
    MATH = "math"
    LATEX = "latex"


class Structure(Enum):
    """What structure an input's values have; `Policy.symmetry` says whether mirrored entries move together."""

    REAL = ""
    POSITIVE = "positive"
    NONNEGATIVE = "nonnegative"
    NONZERO = "nonzero"
    SYMMETRIC = "symmetric"
    POSITIVE_DEFINITE = "positive definite"
    WELL_CONDITIONED = "well-conditioned"
    ORTHOGONAL = "orthogonal"
    DIAGONAL = "diagonal"
    PROBABILITY = "probability"


class Layout(Enum):
    """How a Jacobian is laid out: the output's dimensions first (torch's way), the input's first, or either."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    EITHER = "either"


class Symmetry(Enum):
    """The derivative with respect to a symmetric matrix: each entry moves alone, or with its mirrored entry."""

    INDEPENDENT = "independent"
    STRUCTURED = "structured"


class GradeOutcome(Enum):
    """What a grade says of an answer."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    UNDECIDED = "undecided"
    NOT_AN_ANSWER = "not an answer"


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`, either of which may be infinite; both ends are included.

    >>> 0.0 in Interval(-1.0, 1.0)
    True
    """

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, x: float) -> bool:
        return self.low <= x <= self.high


@dataclass(frozen=True, slots=True)
class Tensor:
    """Numbers of float64 in row-major order, with their shape; `()` is a number.

    >>> Tensor((2,), (1.0, 2.0)).shape
    (2,)
    """

    shape: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """An input of f: where its entries lie, or which numbers they are.

    Without a `domain` entries are drawn by the structure, and lie anywhere. A `value` fixes the input, which then has
    the value's shape.
    """

    name: str
    shape: tuple[int, ...] = ()
    domain: Interval | None = None
    structure: Structure = Structure.REAL
    value: Tensor | None = None


#: The most points of a policy.
MOST_POINTS = 4096
#: The most work that a policy may give to a stage.
MOST_WORK = 10**12
#: A policy's tolerance is from 0 to below this.
TOLERANCE_END = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How strictly an answer is graded, and what the grade contains.

    `tolerance` is how far an answer may be off, relative to the derivative's size (0: only by what rounding explains).
    `points` are drawn from the domain with `seed`, the same for everybody. `work` is how much each stage may compute,
    the outcome, the findings and the right answer, in the units of `work.Work`: what it cuts off is the same on every
    machine. `budget` is in seconds and guards against hangs: the grader reads no clock, its service ends it then.
    `partial_credit` gives a score in [0, 1] to wrong answers by their first finding's code. Notations are `python`,
    `math`, `latex`; the right answer is withheld where `reveal` is false. With `accept_smaller_domain` false an answer
    that is undefined on part of the domain is INCORRECT.
    """

    layout: Layout = Layout.NUMERATOR
    symmetry: Symmetry = Symmetry.INDEPENDENT
    tolerance: float = 0.0
    points: int = 128
    seed: int = 0
    work: int = 10_000_000
    budget: float = 30.0
    partial_credit: tuple[tuple[FindingCode, float], ...] = ()
    accept_smaller_domain: bool = True
    reveal: bool = True
    notations: tuple[str, ...] = ("python", "latex")


@dataclass(frozen=True, slots=True)
class Problem:
    """A question "differentiate this": f, its inputs, with respect to which of them, and what is wanted.

    `upstream` is the name of v where `kind` is VJP, with `_` after it where f has an input of that name; `order` is 1
    to 3, and for PARTIAL the number of names in `wrt`.

    >>> x = Variable("x", domain=Interval(-2.0, 2.0))
    >>> Problem("sin(3*x)", (x,), ("x",)).kind
    <Kind.DERIVATIVE: 'derivative'>
    """

    expression: str
    inputs: tuple[Variable, ...]
    wrt: tuple[str, ...]
    kind: Kind = Kind.DERIVATIVE
    order: int = 1
    upstream: str = "v"
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class Answer:
    """A string in a syntax, or the derivative's numbers at a problem's fixed inputs, or both, which must then agree."""

    text: str = ""
    syntax: Syntax = Syntax.MATH
    tensor: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What went wrong: a code, a sentence for the student, and where in the answer, if it has a place."""

    code: FindingCode
    message: str
    place: Place | None = None


class Confirmation(Enum):
    """How a right answer was confirmed; of several confirmations it is the strongest.

    `IDENTICAL` and `SYMBOLIC` are proofs: the two have the same normal form, or their difference is 0. `EXACT` is a
    tensor compared with the derivative at the problem's inputs.
    """

    IDENTICAL = "identical"
    SYMBOLIC = "symbolic"
    POINTS = "points"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point where the answer is not the derivative: the inputs, the entry that differs, and both values there.

    `error` bounds how far off the two values may be by rounding; nan stands for a value that is undefined.
    """

    inputs: tuple[tuple[str, Tensor], ...]
    index: tuple[int, ...]
    answer: float
    derivative: float
    error: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the grade is what it is; one of the first two is set where the numbers decide CORRECT or INCORRECT.

    `points` are those at which the two were compared and agreed, `error` the largest bound on their difference there
    relative to the derivative's size, `precision` how many decimal digits were computed with.
    """

    confirmation: Confirmation | None = None
    counterexample: Counterexample | None = None
    points: int = 0
    error: float = 0.0
    precision: int = 15


@dataclass(frozen=True, slots=True)
class Grade:
    """The outcome for an answer, its score, and why.

    `score` is 1 for CORRECT, 0 or the policy's partial credit otherwise. `reason` says in a sentence why an outcome is
    UNDECIDED. `right` is the right answer by notation, empty where the policy withholds it. `findings_state` and
    `right_state` say whether the two are complete. `replay` gives the same grade again, bit for bit, from
    `Grader.grade_again`; a grade that is not final has none.
    """

    outcome: GradeOutcome
    score: float
    findings: tuple[Finding, ...] = ()
    evidence: Evidence = Evidence()
    reason: str = ""
    right: tuple[tuple[str, str], ...] = ()
    replay: str = ""
    findings_state: PartState = PartState.DONE
    right_state: PartState = PartState.NOT_REQUESTED

    @property
    def final(self) -> bool:
        """Whether no part of it is still to come."""
        return PartState.DEADLINE not in (self.findings_state, self.right_state)
