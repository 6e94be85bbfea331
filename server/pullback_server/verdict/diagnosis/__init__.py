"""Why an entry is not simply right, at which node, and what to write instead."""

from .causes import diagnose
from .context import DiagnosisContext, EntryContext
from .remedies import remedy

__all__ = ["DiagnosisContext", "EntryContext", "diagnose", "remedy"]
