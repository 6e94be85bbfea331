"""Why a request is refused: one exception for everything that will never succeed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Reason(Enum):
    """Every reason for which a request is refused: its code is the name, its sentence stands in the reference."""

    # fmt: off
    EMPTY_EXPRESSION         = "there is no expression"
    SYNTAX                   = "the text cannot be read as Python"
    FORBIDDEN_CHARACTER      = "a character that no expression holds"
    UNSUPPORTED_SYNTAX       = "Python that is not part of the language"
    UNKNOWN_NAME             = "a name that is neither an input nor a line before, nor a constant"
    UNKNOWN_OPERATOR         = "a call of something that is no operator"
    BAD_ARGUMENT             = "an argument that the operator does not take"
    BAD_NUMBER               = "a number that is too large, or that no dtype holds"
    BAD_NAME                 = "a name that an input or a line cannot have"
    DUPLICATE_NAME           = "a line's name that is taken"
    DUPLICATE_INPUT          = "two inputs of one name"
    SHAPE_MISMATCH           = "shapes or dtypes that do not fit the operator"
    LIMIT_EXCEEDED           = "more than one of the limits allows"
    NOT_DIFFERENTIABLE       = "the value, or an input to be differentiated, is not floating"
    NOTHING_TO_DIFFERENTIATE = "no input is differentiated"
    UPSTREAM_REQUIRED        = "an output of several elements needs an upstream gradient"
    UPSTREAM_SHAPE           = "the upstream gradient has another shape than the output"
    UPSTREAM_DTYPE           = "the upstream gradient has another dtype than the output"
    BAD_VALUE                = "values that the operator cannot take, found when they were computed"
    UNKNOWN_NOTATION         = "a notation that there is not"
    UNKNOWN_DTYPE            = "a tensor of a dtype that there is not"
    BAD_SHAPE                = "a shape with a negative length"
    BAD_BOOL                 = "a byte of a bool tensor that is neither 0 nor 1"
    DATA_LENGTH              = "more or fewer bytes than the shape and dtype need"
    BAD_PROBLEM              = "a problem that cannot be graded"
    MALFORMED_MESSAGE        = "bytes that are not the message of the contract"
    # fmt: on


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is refused, with where, what was found and what would be accepted.

    `field` is the path of the request's field (`expression`, `inputs[1].name`,
    `upstream`); `line` (from 1) and `column` (from 1) are set where the field is a text; `output_shape` where the
    upstream gradient does not fit.

    >>> print(Refusal(Reason.UNKNOWN_OPERATOR, "there is no operator `sine`", hint="did you mean sin or sinh?"))
    expression: there is no operator `sine` (did you mean sin or sinh?)
    """

    reason: Reason
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
