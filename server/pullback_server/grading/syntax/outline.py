"""What stands around an answer: boxes, dollars, sentences, and left sides with their equality signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..problem import Syntax

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SPACES = ("\\,", "\\;", "\\:", "\\ ", "\\!")
_TRAILING = " \t\r\n.,;:$"


@dataclass(frozen=True)
class Span:
    """A part of the text, from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Outline:
    """The answer proper, and the left sides before it, each without its equality sign."""

    answer: Span
    left_sides: tuple[Span, ...]


def outline(text: str, syntax: Syntax) -> Outline:
    """Where the answer stands in a text; of several boxes or formulas the last is meant.

    >>> found = outline("f'(x) = 3x^2.", Syntax.MATH)
    >>> "f'(x) = 3x^2."[found.answer.start : found.answer.end]
    '3x^2'
    """
    start, end = 0, len(text)
    if syntax is Syntax.LATEX:
        if formulas := list(_MATH.finditer(text)):
            start, end = next(span for k in (1, 2, 3, 4) if (span := formulas[-1].span(k)) != (-1, -1))
        if boxes := list(_BOX.finditer(text, start, end)):
            start, end = boxes[-1].end(), _closed(text, boxes[-1].end(), end)
    start, end = _trimmed(text, start, end)
    cuts = _equalities(text, start, end)
    parts = []
    for cut in cuts:
        parts.append(Span(*_trimmed(text, start, cut)))
        start = cut + 1
    return Outline(Span(*_trimmed(text, start, end)), tuple(parts))


def _closed(text: str, start: int, end: int) -> int:
    depth = 1
    for position in range(start, end):
        if text[position] in "{}" and text[position - 1] != "\\":
            depth += 1 if text[position] == "{" else -1
            if not depth:
                return position
    return end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start and (text[end - 1] in _TRAILING or text[end - 2 : end] in _SPACES):
        end -= 2 if text[end - 2 : end] in _SPACES else 1
    while start < end and text[start] in " \t\r\n$&":
        start += 1
    return start, end


def _equalities(text: str, start: int, end: int) -> list[int]:
    """Where an equality sign stands outside every bracket and every definition by cases."""
    found, depth, position = [], 0, start
    while position < end:
        c = text[position]
        if text.startswith(("\\begin{cases}", "\\begin{dcases}"), position):
            depth += 1
        elif text.startswith(("\\end{cases}", "\\end{dcases}"), position):
            depth -= 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "=" and depth == 0:
            before, after = text[position - 1 : position] if position else "", text[position + 1 : position + 2]
            if before not in ("<", ">", "!", "=") and after != "=":
                found.append(position)
        position += 1
    return found
