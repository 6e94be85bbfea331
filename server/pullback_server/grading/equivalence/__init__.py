"""Answers compared with the derivative: by numbers in float64, and in many digits where those do not decide."""

from .algebra import Proof
from .candidate import Candidate, ProgramCandidate, RearrangedCandidate, TensorCandidate
from .comparing import Comparison, Relation, compare

__all__ = [
    "Candidate",
    "Comparison",
    "ProgramCandidate",
    "Proof",
    "RearrangedCandidate",
    "Relation",
    "TensorCandidate",
    "compare",
]
