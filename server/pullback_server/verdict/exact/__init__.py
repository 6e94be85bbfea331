"""The third opinion: the expression and its closed form in many digits, entry by entry, and one-sided slopes.

It evaluates the table's reference column and shares no code with the two legs.
"""

from .budget import Budget, OverBudget
from .dependencies import Mask
from .forms import FormValues
from .slopes import BITS, Side, Slopes, scale_of, slopes
from .values import Reach, Values

__all__ = [
    "BITS",
    "Budget",
    "FormValues",
    "Mask",
    "OverBudget",
    "Reach",
    "Side",
    "Slopes",
    "Values",
    "scale_of",
    "slopes",
]
