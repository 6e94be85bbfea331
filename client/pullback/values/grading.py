"""What is graded, and what a grade says, as frozen values that print themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from numpy.typing import NDArray

from ..errors import InternalError, PullbackError
from ..reasons import Reason
from .reply import array_text, number_text
from .request import DEFAULT_TIMEOUT

#: The states of a grade's parts that need no word.
_NOTHING_MISSING = frozenset(("DONE", "NOT_REQUESTED", "UNSPECIFIED"))


class GradeOutcome(Enum):
    """What a grade says of an answer; the names are the contract's."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    #: The grader could not tell, which never means that the answer is wrong.
    UNDECIDED = "undecided"
    #: It cannot be read, is over a limit, leaves a derivative to be taken, or names what the problem lacks.
    NOT_AN_ANSWER = "not an answer"
    #: The service did not say, or said what this client is too old to know.
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, eq=False)
class Variable:
    """An input of a problem: its shape and where its entries lie, or the numbers that it is fixed to.

    A dimension may have a name in place of its size for `check_backward`, which then tries several sizes.
    `domain` is a pair of numbers, either of which may be infinite; `structure` one of "real", "positive",
    "nonnegative", "nonzero", "symmetric", "positive definite", "well-conditioned", "orthogonal", "diagonal" and
    "probability"; `value` anything array-like, whose shape then counts.

    >>> Variable((3, 3), structure="symmetric").shape
    (3, 3)
    """

    shape: Sequence[int | str] = ()
    domain: Sequence[float] | None = None
    structure: str = ""
    value: object = None


@dataclass(frozen=True)
class Policy:
    """How strictly answers are graded, and what grades reveal.

    `layout` is "numerator", "denominator" or "either" for Jacobians; `symmetry` "independent" or "structured" for
    derivatives with respect to symmetric matrices. `tolerance` is how far an answer may be off relative to the
    derivative's size, 0 for what rounding alone explains. `points` are drawn from `seed`, the same for everybody.
    `work` is how much the outcome, the findings and the right answer may each compute, counted in units of about a
    microsecond, so that a grade is the same on every machine; `budget` is in seconds, and only guards against hangs.
    None leaves these to the service. `partial_credit` maps codes of findings to scores from 0 to 1. `notations` are the
    syntaxes in which the right answer is given, none where `reveal` is false. Where `accept_smaller_domain` is false,
    an answer that is undefined on part of the domain is incorrect.
    """

    layout: str = "numerator"
    symmetry: str = "independent"
    tolerance: float = 0.0
    points: int | None = None
    seed: int = 0
    budget: float | None = None
    partial_credit: Mapping[str, float] = field(default_factory=dict)
    accept_smaller_domain: bool = True
    reveal: bool = True
    notations: Sequence[str] = ("python", "latex")
    work: int | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """A question "differentiate this".

    `inputs` are Variables, mappings of a Variable's fields, or array-like values that fix the input. `wrt` names the
    inputs to differentiate with respect to, and may be left out where there is one input. `kind` is "derivative" (the
    usual one for the shapes), "gradient", "jacobian", "vjp" or "partial"; `order` is 1 to 3, None for 1, or for as many
    as a partial derivative names; `upstream` is the name of the upstream gradient in answers to a vjp.

    >>> Problem("sin(3*x)", {"x": Variable(domain=(-2, 2))}).kind
    'derivative'
    """

    expression: str
    inputs: Mapping[str, object]
    wrt: str | Sequence[str] | None = None
    kind: str = "derivative"
    order: int | None = None
    upstream: str = "v"
    policy: Policy = Policy()

    def __str__(self) -> str:
        wrt = self.wrt if self.wrt is not None else tuple(self.inputs)
        names = wrt if isinstance(wrt, str) else ", ".join(wrt)
        return f"{self.kind} of {self.expression} with respect to {names}"


@dataclass(frozen=True, eq=False)
class Attempt:
    """An answer: a string in one of the syntaxes "math", "latex" and "python", or the derivative's numbers, or both.

    Numbers are compared at the problem's inputs, which must then all have values; with a string, both must be right.
    """

    text: str = ""
    syntax: str = "math"
    tensor: object = None


@dataclass(frozen=True)
class GradeFinding:
    """What went wrong: a stable code, a sentence for the person who answered, and where in the answer it is.

    `line` and `column` count from 1, and are 0 where there is no such place.

    >>> print(GradeFinding("SIGN", "the sign of the whole answer is wrong"))
    SIGN: the sign of the whole answer is wrong
    """

    code: str
    message: str
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, reason: Reason, message: str = "") -> GradeFinding:
        """The finding for a reason of this client, with the reason's sentence where there is no other message."""
        return cls(reason.name, message or reason.value)

    def __str__(self) -> str:
        where = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.code}: {self.message}{where}"


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A point where the answer is not the derivative; nan stands for a value that is undefined.

    `error` bounds how far off both values may be by rounding.

    >>> print(Counterexample({"x": 2.0}, (), 4.0, 12.0, 1e-14))
    at x = 2 the answer is 4 and the derivative 12
    """

    inputs: Mapping[str, NDArray[Any] | float]
    index: tuple[int, ...]
    answer: float
    derivative: float
    error: float

    def __str__(self) -> str:
        point = ", ".join(f"{name} = {_value_text(value)}" for name, value in self.inputs.items())
        entry = f" at entry {list(self.index)}" if self.index else ""
        values = f"the answer{entry} is {number_text(self.answer)} and the derivative {number_text(self.derivative)}"
        return f"at {point} {values}" if point else values


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an outcome rests on.

    `confirmation` is "IDENTICAL", "SYMBOLIC", "POINTS" or "EXACT" for a right answer and empty for others; `points` are
    those where answer and derivative agreed, `error` the largest bound on their difference there relative to the
    derivative's size, `precision` the decimal digits that were computed with.
    """

    confirmation: str = ""
    counterexample: Counterexample | None = None
    points: int = 0
    error: float = 0.0
    precision: int = 0

    def __str__(self) -> str:
        if self.counterexample is not None:
            return str(self.counterexample)
        words = {"IDENTICAL": "the same formula", "SYMBOLIC": "equal by algebra", "EXACT": "equal at the given inputs"}
        parts = [words[self.confirmation]] if self.confirmation in words else []
        if self.points:
            parts.append(f"equal at {self.points} points, within {self.error:.1g}")
        return "; ".join(parts)


@dataclass(frozen=True, eq=False)
class Grade:
    """What an answer is worth, and why.

    `score` is 1 for a correct answer, and 0 or the policy's partial credit for others; an undecided one has 0 too, but
    is not wrong: leave it out, or grade it by hand. `reason` says why an outcome is undecided. `right` is the
    right answer by syntax. `replay` gives the same grade again, bit for bit, in the same `versions`.

    `findings_state` and `right_state` say what became of the findings and of the right answer: "DONE", "NOT_REQUESTED"
    (or there are none for this outcome), "OVER_BUDGET" (more work than the policy allows), "NO_FORM" (the derivative
    could not be written), "FAILED", "DEADLINE" (it did not come in time; there is no `replay` then, and where findings
    are missing no partial credit), or "UNSPECIFIED" by an older service.
    """

    outcome: GradeOutcome
    score: float
    findings: tuple[GradeFinding, ...] = ()
    evidence: Evidence = Evidence()
    reason: str = ""
    right: Mapping[str, str] = field(default_factory=dict)
    replay: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    findings_state: str = "DONE"
    right_state: str = "NOT_REQUESTED"

    @property
    def correct(self) -> bool:
        """Whether the outcome is CORRECT."""
        return self.outcome is GradeOutcome.CORRECT

    @property
    def message(self) -> str:
        """One message for the person who answered: the findings' sentences, or what the outcome itself says.

        >>> Grade(GradeOutcome.INCORRECT, 0.0, (GradeFinding("SIGN", "The sign is wrong."),)).message
        'The sign is wrong.'
        """
        if self.findings:
            return " ".join(finding.message for finding in self.findings)
        match self.outcome:
            case GradeOutcome.CORRECT:
                return "Correct."
            case GradeOutcome.INCORRECT:
                evidence = str(self.evidence)
                return f"Not the derivative{f': {evidence}' if evidence else ''}."
            case _:
                return self.reason

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.outcome.name}  score {self.score:g}"
        for line in (*map(str, self.findings), self.reason, str(self.evidence)):
            if line:
                yield f"  {line}"
        for syntax, text in self.right.items():
            yield f"  right, {syntax}: {text}"
        for part, state in (("findings", self.findings_state), ("right answer", self.right_state)):
            if state not in _NOTHING_MISSING:
                yield f"  {part}: {state}"


@dataclass(frozen=True, eq=False)
class Submission:
    """One answer to one problem, for `grade_many`; `answer` is a string, an array-like value, or an Attempt.

    `timeout` is in seconds, None for no limit of the client's own. `id` comes back with the grade; where it is empty
    the submission's position takes its place.
    """

    problem: Problem
    answer: object
    id: str = ""
    timeout: float | None = DEFAULT_TIMEOUT


@dataclass(frozen=True, eq=False)
class Graded:
    """One answer of `grade_many`: the submission's id, and either a grade or an error.

    `position` counts the submissions from 0, in the order in which they were given.
    """

    id: str
    position: int
    grade: Grade | None = None
    error: PullbackError | None = None

    def result(self) -> Grade:
        """The grade; raises the error where there is none."""
        if self.error is not None:
            raise self.error
        if self.grade is None:
            raise InternalError("an answer without a grade and without an error", reason=Reason.BAD_REPLY)
        return self.grade


def _value_text(value: NDArray[Any] | float) -> str:
    return number_text(value) if isinstance(value, float) or not value.ndim else array_text(value)
