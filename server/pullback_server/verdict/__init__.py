"""The two legs side by side: a question, its answer, and the verdict on whether they agree."""

from .description import Description, describe, example_jacobians
from .differentiator import Differentiator
from .formbook import FormOverBudget, FormStore
from .question import (
    READY,
    Answer,
    ClosedForm,
    Derivative,
    FormOrigin,
    Leg,
    LegState,
    Notation,
    Operand,
    Outcome,
    Question,
    Timings,
    Tolerance,
    Verdict,
    WorstEntry,
)

__all__ = [
    "READY",
    "Answer",
    "ClosedForm",
    "Derivative",
    "Description",
    "Differentiator",
    "FormOrigin",
    "FormOverBudget",
    "FormStore",
    "Leg",
    "LegState",
    "Notation",
    "Operand",
    "Outcome",
    "Question",
    "Timings",
    "Tolerance",
    "Verdict",
    "WorstEntry",
    "describe",
    "example_jacobians",
]
