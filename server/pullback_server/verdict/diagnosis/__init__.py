"""Why an entry is not plainly right, at which node, and what to write instead."""

from .causes import diagnose
from .remedies import remedy
from .scene import Scene, Witness

__all__ = ["Scene", "Witness", "diagnose", "remedy"]
