"""What the service answers, as frozen values that hold NumPy arrays and print themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError, PullbackError
from ..reasons import Reason
from .deferred import Deferred
from .formulas import ClosedForm, Code, NotationState, Step
from .verdict import Outcome, Verdict


class LegState(Enum):
    """What became of a leg; the names are the contract's."""

    DONE = "done"
    NOT_REQUESTED = "not requested"
    DEADLINE = "deadline"
    NO_CLOSED_FORM = "no closed form"
    FAILED = "failed"
    #: The service did not say, or said what this client is too old to know.
    UNSPECIFIED = "unspecified"


class FormOrigin(Enum):
    """Where the closed forms came from; the names are the contract's."""

    DERIVED = "derived"
    WORKER = "worker"
    SERVICE = "service"
    #: No closed form was sought.
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True)
class Leg:
    """What became of a leg; the message says why it is not done, and is empty when it is."""

    state: LegState
    message: str = ""

    def __str__(self) -> str:
        return self.state.value + (f": {self.message}" if self.message else "")


@dataclass(frozen=True)
class Legs:
    """What became of both legs for one input: autograd's numbers and sympy's closed form."""

    numeric: Leg
    symbolic: Leg


@dataclass(frozen=True)
class Timings:
    """Seconds that each stage took; a stage that was not run took none.

    >>> print(Timings(numeric=0.0012, derive=0.034, total=0.036))
    36 ms (numeric 1.2, derive 34)
    """

    queue: float = 0.0
    parse: float = 0.0
    numeric: float = 0.0
    derive: float = 0.0
    check: float = 0.0
    total: float = 0.0
    write: float = 0.0

    def __str__(self) -> str:
        stages = {stage: 1000 * seconds for stage, seconds in vars(self).items() if seconds and stage != "total"}
        parts = ", ".join(f"{stage} {_brief(milliseconds)}" for stage, milliseconds in stages.items())
        return f"{_brief(1000 * self.total)} ms" + (f" ({parts})" if parts else "")


@dataclass(frozen=True, eq=False)
class Reply(Deferred):
    """What both legs found, by the names of the differentiated inputs, and the verdict on each.

    Arrays are NumPy arrays in the dtype of the service's tensors (bfloat16 through ml_dtypes) and read-only; a gradient
    has its input's shape and dtype. `closed_form_gradients` are the values of the closed forms, in float64; like `code`
    and `steps` they are empty unless they were asked for. What the service sent is decoded when it is first looked at;
    InternalError is raised where it contradicts itself.
    """

    id: str
    value: NDArray[Any]
    gradients: Mapping[str, NDArray[Any]]
    jacobians: Mapping[str, ClosedForm]
    vjps: Mapping[str, ClosedForm]
    verdicts: Mapping[str, Verdict]
    legs: Mapping[str, Legs]
    intermediates: Mapping[str, NDArray[Any]]
    device: str
    form_origin: FormOrigin
    timings: Timings
    versions: Mapping[str, str]
    closed_form_gradients: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    code: Code = field(default_factory=Code)
    steps: tuple[Step, ...] = field(default_factory=tuple)
    code_state: NotationState = field(default_factory=lambda: NotationState.UNSPECIFIED)
    steps_state: NotationState = field(default_factory=lambda: NotationState.UNSPECIFIED)

    @property
    def agree(self) -> bool:
        """Whether every verdict is AGREE."""
        return all(verdict.outcome is Outcome.AGREE for verdict in self.verdicts.values())

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_latex_(self) -> str | None:
        formulas = [
            f"$$\\frac{{\\partial f}}{{\\partial {latex_name(name)}}} = {form.matrix_latex or form.latex}$$"
            for name, form in self.jacobians.items()
            if form.matrix_latex or form.latex
        ]
        return "\n\n".join(formulas) or None

    def _lines(self) -> Iterator[str]:
        yield f"value  {array_text(self.value)}"
        for name, array in self.intermediates.items():
            yield f"{name} = {array_text(array)}"
        for name, verdict in self.verdicts.items():
            yield name
            if name in self.gradients:
                yield f"  gradient  {array_text(self.gradients[name])}"
            for label, forms in (("Jacobian", self.jacobians), ("VJP", self.vjps)):
                for formula in forms[name].lines_or_reason():
                    yield f"  {label:8}  " + formula.replace("\n", "\n" + 12 * " ")
                    label = ""
                for entry in forms[name].named_entries:
                    yield f"  {label:8}  {list(entry.index)}: {entry}"
            yield f"  verdict   {verdict}"


@dataclass(frozen=True, eq=False)
class Answer:
    """One answer of `differentiate_many`: the request's id, and either a reply or an error.

    `position` counts the requests from 0, in the order in which they were given.
    """

    id: str
    position: int
    reply: Reply | None = None
    error: PullbackError | None = None

    def result(self) -> Reply:
        """The reply; raises the error where there is none."""
        if self.error is not None:
            raise self.error
        if self.reply is None:
            raise InternalError("an answer without a reply and without an error", reason=Reason.BAD_REPLY)
        return self.reply


def array_text(array: NDArray[Any]) -> str:
    """An array as a string: all of it when small, its corners when large.

    >>> array_text(np.array([36.0, 81.0]))
    '[36, 81]'
    """
    text = np.array2string(array, separator=", ", threshold=100, formatter={"float_kind": number_text})
    return text if array.size else f"empty, shape {array.shape}"


def number_text(number: object) -> str:
    """A number in at most eight digits.

    >>> number_text(np.float32(0.1)), number_text(36.0)
    ('0.1', '36')
    """
    return f"{float(number):.8g}"  # type: ignore[arg-type]


def _brief(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def latex_name(name: str) -> str:
    r"""A name of the expression in LaTeX: one letter in italics, longer names upright.

    >>> print(latex_name("a"), latex_name("W_1"))
    a \mathrm{W\_1}
    """
    return name if len(name) == 1 else "\\mathrm{" + name.replace("_", "\\_") + "}"
