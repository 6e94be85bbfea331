"""Backward functions that people wrote by hand, run in their own process and checked against the service."""

from .check import check_backward
from .report import BackwardOutcome, BackwardReport, InputReport, WrongEntry

__all__ = ["BackwardOutcome", "BackwardReport", "InputReport", "WrongEntry", "check_backward"]
