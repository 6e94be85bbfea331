"""Why a verdict is UNDECIDED: every reason, with its sentence."""

from __future__ import annotations

from enum import StrEnum


class UndecidedReason(StrEnum):
    """Why a verdict is UNDECIDED: a stable code, with its sentence for the service's reference and for messages.

    >>> UndecidedReason.NOT_CHECKED, UndecidedReason.NOT_CHECKED.sentence
    (<UndecidedReason.NOT_CHECKED: 'NOT_CHECKED'>, 'the check was not requested')
    """

    sentence: str

    # fmt: off
    NOT_CHECKED       = "NOT_CHECKED",       "the check was not requested"
    DEADLINE          = "DEADLINE",          "the closed form did not come in time; the number did"
    NO_CLOSED_FORM    = "NO_CLOSED_FORM",    "the expression has no closed form to compare with"
    MEMORY            = "MEMORY",            "there was not enough memory to evaluate the closed form"
    EVALUATION_FAILED = "EVALUATION_FAILED", "the closed form could not be evaluated on these tensors"
    OVER_BUDGET       = "OVER_BUDGET",       "the third opinion would cost more than a request may"
    NO_LIMIT          = "NO_LIMIT",          "the difference quotients have no limit that could be determined"
    # fmt: on

    def __new__(cls, code: str, sentence: str) -> UndecidedReason:
        """The member is its code."""
        member = str.__new__(cls, code)
        member._value_, member.sentence = code, sentence
        return member
