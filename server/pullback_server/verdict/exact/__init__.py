"""The third opinion: the expression and its closed form in many digits, entry by entry, and one-sided slopes.

It evaluates the table's reference column; of the legs it knows a plan's steps only, as values, not how they are run.
"""

from .dependencies import Mask
from .forms import FormValues
from .slopes import BITS, SlopeKind, Slopes, scale_of, slopes
from .values import Reach, Values

__all__ = [
    "BITS",
    "FormValues",
    "Mask",
    "Reach",
    "SlopeKind",
    "Slopes",
    "Values",
    "scale_of",
    "slopes",
]
