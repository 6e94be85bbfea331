"""Confirmation by algebra: an answer and the derivative as quotients of polynomials, within a fixed amount of work."""

from .proving import Proof

__all__ = ["Proof"]
