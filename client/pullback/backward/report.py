"""The report on a backward function, input by input, as frozen values that print themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..values.grading import GradeFinding
from ..values.reply import number_text


class BackwardOutcome(Enum):
    """What the gradient with respect to one input is found to be."""

    RIGHT = "right"
    WRONG = "wrong"
    #: The service itself is not sure of the derivative at any point that was tried.
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class WrongEntry:
    """The entry that is furthest off in a trial: the input's shape, the index, the number given and the right one."""

    shape: tuple[int, ...]
    index: tuple[int, ...]
    given: float
    right: float

    def __str__(self) -> str:
        entry = f"entry {list(self.index)} of shape {self.shape}" if self.shape else "the number"
        return f"{entry} is {number_text(self.given)}, and {number_text(self.right)} is right"


@dataclass(frozen=True)
class InputReport:
    """The report on the gradient with respect to one input; `findings` stand from the most specific on."""

    name: str
    outcome: BackwardOutcome
    findings: tuple[GradeFinding, ...] = ()
    worst: WrongEntry | None = None

    def __str__(self) -> str:
        parts = (f"{self.name}: {self.outcome.value}", *self.findings, *([self.worst] if self.worst else []))
        return "\n  ".join(map(str, parts))


@dataclass(frozen=True)
class BackwardReport:
    """The report on a backward function: its inputs by name, and in how many trials of which shapes it was run.

    >>> print(BackwardReport("x**2", {"x": InputReport("x", BackwardOutcome.RIGHT)}, 4, ({"x": (3,)}, {"x": (1,)})))
    backward of x**2: right, in 4 trials of 2 shapes
    x: right
    """

    expression: str
    inputs: Mapping[str, InputReport]
    trials: int
    shapes: tuple[Mapping[str, tuple[int, ...]], ...]

    @property
    def passed(self) -> bool:
        """Whether no gradient is wrong, and at least one is right."""
        outcomes = {report.outcome for report in self.inputs.values()}
        return BackwardOutcome.RIGHT in outcomes and BackwardOutcome.WRONG not in outcomes

    @property
    def codes(self) -> Mapping[str, tuple[str, ...]]:
        """The codes of the findings by the inputs' names."""
        return {name: tuple(finding.code for finding in report.findings) for name, report in self.inputs.items()}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        verdict = "right" if self.passed else "wrong"
        if all(report.outcome is BackwardOutcome.UNDECIDED for report in self.inputs.values()):
            verdict = "undecided"
        count = len(self.shapes)
        yield f"backward of {self.expression}: {verdict}, in {self.trials} trials of {count} shape{'s' * (count != 1)}"
        yield from map(str, self.inputs.values())
