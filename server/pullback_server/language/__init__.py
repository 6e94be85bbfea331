"""The language: from text to a program, then to its types, shapes and costs; everything else is a Refusal."""

from .check import check
from .names import CONSTANTS, PREFIXES, RESERVED, check_names, name_problem
from .parse import parse
from .unparse import TooLongToWrite, unparse

__all__ = [
    "CONSTANTS",
    "PREFIXES",
    "RESERVED",
    "TooLongToWrite",
    "check",
    "check_names",
    "name_problem",
    "parse",
    "unparse",
]
