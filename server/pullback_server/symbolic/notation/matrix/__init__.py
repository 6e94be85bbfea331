"""Matrix notation: derivatives of at most two dimensions in our own language, to be sent back, and in LaTeX."""

from .notation import Matrix, MatrixNotation

__all__ = ["Matrix", "MatrixNotation"]
