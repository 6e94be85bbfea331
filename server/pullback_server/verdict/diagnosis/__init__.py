"""Why an entry is not plainly right, at which node, and what to write instead."""

from .causes import diagnose
from .context import Scene, Witness
from .remedies import remedy

__all__ = ["Scene", "Witness", "diagnose", "remedy"]
