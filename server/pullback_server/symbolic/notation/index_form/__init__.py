"""Derivatives in index notation, as text and as LaTeX."""
