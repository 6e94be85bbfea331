"""What a program's closed form is: how it is evaluated, how it is written, and how both travel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .lowering import plan as plans
from .lowering.plan import Plan, Source

#: Changes whenever forms of an older release cannot be read.
FORMAT = 6

NOTHING = Plan((), {})


class DerivativeKind(Enum):
    """Which derivative a formula is; the value is the name of its field in replies."""

    JACOBIAN = "jacobian"
    VJP = "vjp"


class Notation(Enum):
    """A way to write derivatives; for a formula the value is the name of its field in replies.

    Entries are written for the lengths of a request; code and steps are those of all inputs together.
    """

    TEXT = "text"
    LATEX = "latex"
    ENTRIES = "entries"
    MATRIX = "matrix"
    MATRIX_LATEX = "matrix_latex"
    CODE = "code"
    STEPS = "steps"


class NotationState(Enum):
    """Whether a derivative is written in a notation, and why not; each notation has a state of its own.

    `OVER_BUDGET` says that it is longer than people read, `NO_FORM` that there is none that comes to the derivative's
    numbers.
    """

    DONE = "done"
    NOT_REQUESTED = "not requested"
    OVER_BUDGET = "over budget"
    NO_FORM = "no form"
    DEADLINE = "deadline"


@dataclass(frozen=True)
class Formula:
    """A derivative in one notation, empty unless its state is DONE; entries are a text each, in row-major order.

    Matrix notation is in our own language.
    """

    written: str | tuple[str, ...] = ""
    state: NotationState = NotationState.DONE


#: The formula that stands where there is none, by the reason.
UNWRITTEN: Mapping[NotationState, Formula] = {
    state: Formula("", state) for state in NotationState if state is not NotationState.DONE
}


@dataclass(frozen=True)
class Formulas:
    """The derivatives with respect to each input in one notation.

    >>> formulas = Formulas({"x": {DerivativeKind.VJP: Formula("2*v")}})
    >>> Formulas.from_bytes(formulas.to_bytes()) == formulas
    True
    """

    inputs: Mapping[str, Mapping[DerivativeKind, Formula]]

    def to_bytes(self) -> bytes:
        """The formulas in a format of our own."""
        inputs = {
            name: {kind.value: [formula.written, formula.state.name] for kind, formula in formulas.items()}
            for name, formulas in self.inputs.items()
        }
        return json.dumps(inputs, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Formulas:
        """The inverse of `to_bytes`."""
        return Formulas(
            {
                name: {
                    DerivativeKind(kind): Formula(written, NotationState[state])
                    for kind, (written, state) in formulas.items()
                }
                for name, formulas in json.loads(data).items()
            }
        )


@dataclass(frozen=True)
class ClosedForm:
    """How the gradients of a program are evaluated, for every size; or the `reason` why there is no closed form."""

    reason: str = ""
    plan: Plan = NOTHING

    def to_bytes(self) -> bytes:
        """The closed form in a format of our own."""
        return json.dumps([FORMAT, self.reason, plans.encode(self.plan)], separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> ClosedForm:
        """The inverse of `to_bytes`; raises ValueError on another format's bytes."""
        version, *parts = json.loads(data)
        if version != FORMAT:
            raise ValueError(f"a closed form in format {version}, expected {FORMAT}")
        reason, plan = parts
        return ClosedForm(reason, plans.decode(plan))


def length_of(source: Source, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """A dimension's length in a request with inputs of these shapes."""
    return source if isinstance(source, int) else shapes[source[0]][source[1]]
