"""Who is right about a derivative: verdicts as frozen values that print themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from numpy.typing import NDArray


class Outcome(Enum):
    """The outcome of comparing both legs, and of the third opinion where it was asked; the names are the contract's."""

    #: Both legs give the derivative.
    AGREE = "agree"
    #: Both are right as far as rounding lets them be, and rounding leaves little.
    PRECISION_LIMITED = "precision limited"
    #: It could not be decided; the reason says why.
    UNDECIDED = "undecided"
    #: There is no derivative: a kink, a jump or an infinite slope.
    NOT_DIFFERENTIABLE = "not differentiable"
    #: The closed form is not the derivative; autograd's number is.
    SYMPY_DEVIATES = "sympy deviates"
    #: Autograd's number is not the derivative; the closed form is.
    TORCH_DEVIATES = "torch deviates"
    #: Neither is the derivative.
    BOTH_DEVIATE = "both deviate"
    #: The expression has no value there.
    UNDEFINED = "undefined"
    #: The service did not say, or said what this client is too old to know.
    UNSPECIFIED = "unspecified"


class Cause(Enum):
    """Why an entry is not plainly right; the names are the contract's."""

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
    #: The service did not say, or said what this client is too old to know.
    UNSPECIFIED = "unspecified"


class SlopeKind(Enum):
    """What a one-sided slope is; the names are the contract's."""

    FINITE = "finite"
    INFINITE = "infinite"
    #: The expression has no value on this side.
    UNDEFINED = "undefined"
    UNKNOWN = "unknown"
    #: The service said what this client is too old to know.
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True)
class Slope:
    """A one-sided slope with the estimate of its error; the value is NaN where there is none.

    >>> print(Slope(SlopeKind.INFINITE, math.inf))
    inf
    """

    kind: SlopeKind
    value: float
    error: float = 0.0

    def __str__(self) -> str:
        return f"{self.value:.6g}" if self.kind in (SlopeKind.FINITE, SlopeKind.INFINITE) else self.kind.value


@dataclass(frozen=True)
class ExaminedEntry:
    """One entry of a gradient that was examined in many digits.

    Slopes and derivative are those of the sum of the upstream gradient times the value; `derivative` is NaN where there
    is none, `closed_form_exact` the closed form in many digits, and `error` the estimate of how far off rounding can
    have carried autograd.
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

    @property
    def subgradient(self) -> tuple[float, float] | None:
        """The least and the largest subgradient, where both slopes are numbers and differ.

        >>> left, right = Slope(SlopeKind.FINITE, -1.0), Slope(SlopeKind.FINITE, 1.0)
        >>> ExaminedEntry((0,), Outcome.NOT_DIFFERENTIABLE, 0, 0, 0, math.nan, 0, left, right).subgradient
        (-1.0, 1.0)
        """
        if self.outcome is not Outcome.NOT_DIFFERENTIABLE or {self.left.kind, self.right.kind} != {SlopeKind.FINITE}:
            return None
        return min(self.left.value, self.right.value), max(self.left.value, self.right.value)

    def __str__(self) -> str:
        legs = f"{list(self.index)}: " if self.index else ""
        legs += f"autograd {self.autograd:.8g}, closed form {self.closed_form:.8g}"
        if not math.isnan(self.derivative):
            return f"{legs}, derivative {self.derivative:.8g}"
        return f"{legs}, slopes {self.left} and {self.right}"


@dataclass(frozen=True)
class Diagnosis:
    """Why entries are not plainly right: the cause, a sentence, the node that causes it, and what to write instead.

    `line` and `column` count from 1 and are 0 where no one node is the cause; `expression` is that node. `remedy` is
    the whole expression rewritten, so that its gradient is right at these inputs; empty where none is known.
    """

    cause: Cause
    message: str
    line: int = 0
    column: int = 0
    expression: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Finding:
    """Entries with one outcome and one cause: how many, and those that were examined, at most 64."""

    outcome: Outcome
    count: int
    examined: tuple[ExaminedEntry, ...] = ()
    diagnosis: Diagnosis | None = None

    def lines(self) -> Iterator[str]:
        """The finding in lines for a person to read."""
        diagnosis = self.diagnosis
        why = f": {diagnosis.message}" if diagnosis else ""
        yield f"{self.outcome.name} at {self.count} {'entry' if self.count == 1 else 'entries'}{why}"
        for entry in self.examined[:3]:
            yield f"  {entry}"
        if diagnosis and diagnosis.remedy:
            yield f"  write instead  {diagnosis.remedy}"


@dataclass(frozen=True)
class WorstEntry:
    """The entry where the legs are furthest apart in units of the tolerance; `index` is that of the input."""

    index: tuple[int, ...]
    autograd: float
    closed_form: float
    absolute_error: float
    relative_error: float


@dataclass(frozen=True)
class Tolerance:
    """Two numbers agree if they are no further apart than absolute + relative * |closed form|."""

    absolute: float
    relative: float
    source: str


@dataclass(frozen=True, eq=False)
class Verdict:
    """Who is right about one input, and where.

    `compared` counts the entries that were compared and `differing` those further apart than the tolerance; `worst`
    and `tolerance` are None when nothing was compared; `reason` is the stable code of why it is undecided. `suspects`
    counts the entries that agreement alone does not settle, `examined` those of them that were examined in many digits;
    `findings` are the entries that are not plainly right, worst first. `derivative` is the right gradient where
    autograd's is not, in float64 and the input's shape (NaN where there is none), and `derivative_source` how it was
    found.
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
    derivative: NDArray[Any] | None = None
    derivative_source: str = ""

    def __str__(self) -> str:
        why = next((f.diagnosis.message for f in self.findings if f.diagnosis), "")
        return ": ".join(filter(None, (self.outcome.name, " ".join(filter(None, (self.message, why))))))
