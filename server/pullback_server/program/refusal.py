"""Why a request is refused: one exception for everything that will never succeed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is refused, with where, what was found and what would be accepted.

    `reason` is a stable UPPER_SNAKE code; `field` is the path of the request's field (`expression`, `inputs[1].name`,
    `upstream`); `line` (from 1) and `column` (from 1) are set where the field is a text; `output_shape` where the
    upstream gradient does not fit.

    >>> Refusal("UNKNOWN_OPERATOR", "there is no operator `sine`", hint="did you mean sin or sinh?").reason
    'UNKNOWN_OPERATOR'
    """

    reason: str
    message: str
    field: str = "expression"
    line: int = 0
    column: int = 0
    found: str = ""
    hint: str = ""
    output_shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        where = f"{self.field}, line {self.line}, column {self.column}" if self.line else self.field
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")
