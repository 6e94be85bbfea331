"""Matrix notation: derivatives of at most two dimensions in our own language, to be sent back, and in LaTeX."""

from .tree import NoMatrixForm
from .writer import Writer

__all__ = ["NoMatrixForm", "Writer"]
