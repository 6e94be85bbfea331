"""The codes of a grade, a table for each: mistakes, reasons for no answer and no decision, and states of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique


class Mistake(Enum):
    """What went wrong in an answer. The most specific mistakes have the smallest priorities, and come first in a grade.

    `DOMAIN_DIFFERS` is the only one that a correct answer may have.
    """

    # fmt: off
    #                          priority, what the answer is, or what is wrong with it
    DOMAIN_DIFFERS           =  1, "equal wherever both are defined, but the answer is undefined on part of the domain"
    TRANSPOSED               =  2, "the transposed Jacobian or gradient"
    NOT_DIFFERENTIATED       =  3, "f itself"
    WRONG_ORDER              =  4, "f'' for f', or f' for f''"
    UPSTREAM_IGNORED         =  5, "the Jacobian summed over the output for v^T J: the upstream gradient is left out"
    JACOBIAN_FOR_VJP         =  6, "the Jacobian for v^T J"
    SUMMED                   =  7, "entries of the derivative summed away"
    SYMMETRIC_CONVENTION     =  8, "2G - diag(G) for G, or back"
    SIGN                     =  9, "-f'"
    POWER_RULE               = 10, "x^n became x^(n-1), n x^n or (n-1) x^(n-1)"
    QUOTIENT_RULE            = 11, "f'/g', or f'g - f g' over g^2 with a wrong sign, order or divisor"
    PRODUCT_RULE             = 12, "f'g' or f f' + g g' for (fg)'"
    INNER_NOT_KEPT           = 13, "the outer derivative taken at x instead of at the inner function"
    MISSING_INNER_DERIVATIVE = 14, "one inner derivative left out"
    FUNCTION_DERIVATIVE      = 15, "one function's derivative wrong"
    FACTORS_SWAPPED          = 16, "BA for AB"
    ELEMENTWISE_PRODUCT      = 17, "`*` where `@` belongs, or the other way round"
    MISSING_TERM             = 18, "one summand left out"
    WRONG_VARIABLE           = 19, "the derivative with respect to another input"
    INTEGRATED               = 20, "an antiderivative of f"
    CONSTANT_FACTOR          = 21, "c f'"
    SHAPE                    = 22, "right numbers, wrong shape"
    # fmt: on

    def __init__(self, priority: int, sentence: str) -> None:
        self.priority, self.sentence = priority, sentence


@unique
class NotAnAnswerReason(Enum):
    """Why a string is not an answer; one whose left side names another derivative has that `Mistake` instead."""

    # fmt: off
    SYNTAX              = "the answer cannot be read"
    LIMIT_EXCEEDED      = "the answer, or what it computes, is over a limit"
    UNKNOWN_NAME        = "a name that the question does not have"
    DERIVATIVE_OPERATOR = "an operator of differentiation or integration: the question, not an answer"
    BAD_PROBLEM         = "the problem cannot be graded: the client's batch says so where the service refuses it"
    # fmt: on


@unique
class UndecidedReason(Enum):
    """Why an answer is undecided; the value is the sentence of the grade, with the problem's `budget` in seconds."""

    # fmt: off
    NO_DERIVATIVE = "f has no derivative at any of the points of its domain"
    OVER_BUDGET   = "comparing the answer with the derivative takes more work than the policy allows"
    GRADER_FAILED = "the grader failed on this answer"
    DEADLINE      = "the deadline, {budget} s or the caller's, came before the outcome, or the grader failed"
    # fmt: on


@unique
class PartState(Enum):
    """What became of the findings, or of the right answer, of a grade; the value is a sentence about it."""

    # fmt: off
    DONE          = "it is complete"
    NOT_REQUESTED = "it was not asked for, or a grade with this outcome has none"
    OVER_BUDGET   = "it takes more work than the policy allows; what is there is right"
    NO_FORM       = "the derivative has no closed form that could be written and checked"
    FAILED        = "the grader failed on it"
    DEADLINE      = "the deadline came before it, or the grader failed"
    # fmt: on


#: The code of a finding, and all codes by their names in the contract.
FindingCode = Mistake | NotAnAnswerReason
FINDING_CODES: Mapping[str, FindingCode] = {**Mistake.__members__, **NotAnAnswerReason.__members__}
