"""Files of answers graded in bulk: lines read, a journal kept, results written in the form that a pipeline reads."""

from .answer_file import Line, Survey, lines, survey
from .formats import FORMATS, format_of, write
from .journal import Journal, JournalError
from .row import Row
from .run import Run, Stopped, grade_file
from .summary import Summary

__all__ = [
    "FORMATS",
    "Journal",
    "JournalError",
    "Line",
    "Row",
    "Run",
    "Stopped",
    "Summary",
    "Survey",
    "format_of",
    "grade_file",
    "lines",
    "survey",
    "write",
]
