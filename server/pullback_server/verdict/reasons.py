"""Why a verdict is UNDECIDED: every reason, with its sentence."""

from __future__ import annotations

from enum import StrEnum


class UndecidedReason(StrEnum):
    """Why a verdict is UNDECIDED: a stable code.

    >>> UndecidedReason.NOT_CHECKED, UndecidedReason.NOT_CHECKED.sentence
    (<UndecidedReason.NOT_CHECKED: 'NOT_CHECKED'>, 'the check was not requested')
    """

    NOT_CHECKED = "NOT_CHECKED"
    DEADLINE = "DEADLINE"
    NO_CLOSED_FORM = "NO_CLOSED_FORM"
    MEMORY = "MEMORY"
    EVALUATION_FAILED = "EVALUATION_FAILED"
    OVER_BUDGET = "OVER_BUDGET"
    NO_LIMIT = "NO_LIMIT"

    @property
    def sentence(self) -> str:
        """What it means, for the service's reference and for messages."""
        return _SENTENCES[self]


# fmt: off
_SENTENCES = {
    UndecidedReason.NOT_CHECKED:       "the check was not requested",
    UndecidedReason.DEADLINE:          "the closed form did not come in time; the number did",
    UndecidedReason.NO_CLOSED_FORM:    "the expression has no closed form to compare with",
    UndecidedReason.MEMORY:            "there was not enough memory to evaluate the closed form",
    UndecidedReason.EVALUATION_FAILED: "the closed form could not be evaluated on these tensors",
    UndecidedReason.OVER_BUDGET:       "the third opinion would cost more than a request may",
    UndecidedReason.NO_LIMIT:          "the difference quotients have no limit that could be determined",
}
# fmt: on
