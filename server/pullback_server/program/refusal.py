"""Why a request is refused: one exception for everything that will never succeed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Reason(Enum):
    """Every reason for which a request is refused: its code is the name, its sentence stands in the reference."""

    # fmt: off
    EMPTY_EXPRESSION         = "there is no expression"
    SYNTAX                   = "the text is not valid Python"
    FORBIDDEN_CHARACTER      = "a character that is not allowed in an expression"
    UNSUPPORTED_SYNTAX       = "Python that is not part of the language"
    UNKNOWN_NAME             = "a name that is not an input, an earlier line or a constant"
    UNKNOWN_OPERATOR         = "a call of something that is not an operator"
    BAD_ARGUMENT             = "an argument that the operator does not accept"
    BAD_NUMBER               = "a number that is too large, or that no dtype can hold"
    BAD_NAME                 = "a name that an input or a line cannot have"
    DUPLICATE_NAME           = "a line's name that is already taken"
    DUPLICATE_INPUT          = "two inputs with the same name"
    SHAPE_MISMATCH           = "shapes or dtypes that do not fit the operator"
    LIMIT_EXCEEDED           = "an amount over one of the limits"
    NOT_DIFFERENTIABLE       = "the value, or an input to be differentiated, is not floating-point"
    NOTHING_TO_DIFFERENTIATE = "no input is differentiated"
    UPSTREAM_REQUIRED        = "an output of several elements needs an upstream gradient"
    UPSTREAM_SHAPE           = "the upstream gradient does not have the output's shape"
    UPSTREAM_DTYPE           = "the upstream gradient does not have the output's dtype"
    BAD_VALUE                = "values that the operator cannot take, detected while computing"
    UNKNOWN_NOTATION         = "a notation that does not exist"
    UNKNOWN_DTYPE            = "a tensor of a dtype that does not exist"
    BAD_SHAPE                = "a shape with a negative dimension"
    BAD_BOOL                 = "a byte of a bool tensor that is neither 0 nor 1"
    DATA_LENGTH              = "more or fewer bytes than the shape and dtype need"
    BAD_PROBLEM              = "a problem that cannot be graded"
    MALFORMED_MESSAGE        = "bytes that are not a valid message of the contract"
    # fmt: on


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is refused: where, what was found, and what would be accepted.

    `field` is the path of the request's field (`expression`, `inputs[1].name`, `upstream`); `line` and `column`, from
    1, are set where the field is the expression; `output_shape` where the upstream gradient does not fit.

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
