"""A derivative in writing, as the service answers it: formulas, entries, code and steps, each with its state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

#: What stands in a formula's place where it would be too long to be read.
TOO_LONG = "too long to be read; ask for the steps, or for entries by name"


class NotationState(Enum):
    """Whether a derivative is written in a notation, and why not; the names are the contract's."""

    DONE = "done"
    NOT_REQUESTED = "not requested"
    #: It would be longer than a limit allows; entries can be asked for by name, and the steps say it in less.
    OVER_BUDGET = "too long"
    #: It has no form in this notation that comes to the derivative's numbers.
    NO_FORM = "no form"
    #: The time was up before it was written.
    DEADLINE = "deadline"
    #: The service did not say, or said what this client is too old to know.
    UNSPECIFIED = "unspecified"


class StepKind(Enum):
    """What a step of a derivation does; the names are the contract's."""

    #: Names a part of the expression, or all of it.
    FORWARD = "forward"
    #: Differentiates one part with respect to one tensor in it.
    DERIVATIVE = "derivative"
    #: Gives the gradient that flows into a part.
    BACKWARD = "backward"
    #: Gives an input's gradient.
    RESULT = "result"
    #: The service said what this client is too old to know.
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True)
class NotationStates:
    """The state of each notation of a formula."""

    text: NotationState = NotationState.UNSPECIFIED
    latex: NotationState = NotationState.UNSPECIFIED
    entries: NotationState = NotationState.UNSPECIFIED
    matrix: NotationState = NotationState.UNSPECIFIED
    matrix_latex: NotationState = NotationState.UNSPECIFIED


@dataclass(frozen=True)
class NamedEntry:
    """An entry that the request named, empty unless its state is DONE.

    >>> print(NamedEntry((0, 0), "18*a[0]", NotationState.DONE))
    18*a[0]
    """

    index: tuple[int, ...]
    text: str
    state: NotationState

    def __str__(self) -> str:
        return self.text or self.state.value


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """A formula in the notations that were asked for; what was not asked for is empty, and `states` say why.

    `entries` holds every entry as a string while there are at most 64 and they are short, else None; its shape is the
    output's followed by the input's for a Jacobian, and the input's for a vector-Jacobian product. `named_entries` are
    those that the request named. `matrix` is in the language of expressions, so that it can be sent back.

    >>> print(ClosedForm(text="9*a[p]**2*delta(i, p)"))
    9*a[p]**2*delta(i, p)
    """

    text: str = ""
    latex: str = ""
    entries: NDArray[np.object_] | None = None
    matrix: str = ""
    matrix_latex: str = ""
    states: NotationStates = NotationStates()
    named_entries: tuple[NamedEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.latex or self.matrix)

    def __str__(self) -> str:
        return self.text or self.matrix or self.latex or "none"

    def lines(self) -> tuple[str, ...]:
        """The formulas for a person to read: matrix notation first, then index notation, or else LaTeX."""
        return tuple(filter(None, (self.matrix, self.text))) or tuple(filter(None, (self.latex,)))

    def lines_or_reason(self) -> tuple[str, ...]:
        """The formulas for a person to read, or that each would be too long for that."""
        asked = {self.states.text, self.states.latex, self.states.matrix, self.states.matrix_latex}
        too_long = not self and NotationState.OVER_BUDGET in asked
        return (TOO_LONG,) if too_long else self.lines()

    def _repr_latex_(self) -> str | None:
        latex = self.matrix_latex or self.latex
        return f"$\\displaystyle {latex}$" if latex else None


@dataclass(frozen=True)
class Code:
    """Python modules with `jacobian(inputs...)` and `vjp(inputs..., v)`, which return dicts by the inputs' names.

    A module that was not asked for, or that cannot be written, is empty; `jacobian` is left out where it is too long.
    Read it before you run it, like any code that comes from elsewhere.
    """

    torch: str = ""
    numpy: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a derivation in index notation, and the rule that it follows.

    A result's `input` is the name of the input whose gradient it gives.

    >>> print(Step(StepKind.DERIVATIVE, "tanh(u) has the derivative 1 - tanh(u)**2", "df[i]/dh[i] = 1 - tanh(h[i])**2"))
    df[i]/dh[i] = 1 - tanh(h[i])**2
    """

    kind: StepKind
    rule: str
    text: str
    latex: str = ""
    input: str = ""

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str | None:
        return f"$\\displaystyle {self.latex}$" if self.latex else None
