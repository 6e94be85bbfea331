"""What stands around an answer: boxes, dollars, sentences, and left sides with their equality signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..problem import Syntax

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_LEADING = r"(?:so|thus|hence|therefore|then|finally|we (?:get|have|find|obtain)|it follows that)"
_ARROW = r"=>|[⇒→∴]|\\(?:implies|Rightarrow|Longrightarrow|therefore|to|rightarrow|longrightarrow)(?![A-Za-z])"
#: What may stand before an answer and has no meaning: words and arrows that lead to it, marks of emphasis.
_BEFORE = re.compile(
    rf"(?:[\s$&`~]|\*\*|{_ARROW}|\\[,;:! ]|{_LEADING}(?:[\s,]+(?=\S))|\\text\s*\{{\s*{_LEADING}[\s,]*\}})*",
    re.IGNORECASE,
)
#: What may stand after an answer and has no meaning: full stops, the end of a proof, that x is any real number.
_IN_REALS = r"\s*(?:∈|\\in(?![A-Za-z]))\s*(?:ℝ|\\R|\\math(?:bb|bf)\s*\{?\s*R\s*\}?)"
_AFTER = re.compile(
    rf"""(?:[\s.,;:$`~]|\*\*|[∎✓✔□■]|\\(?:checkmark|blacksquare|square|Box|qed|quad|qquad)(?![A-Za-z])|\\[,;:! ]
    |\\text\s*\{{[\s.,;]*\}}
    |(?:\\forall|for\s+all|\\text\s*\{{\s*for\s+all(?:\s+real)?\s*\}})\s*(?:real\s+)?[^\W\d_](?:{_IN_REALS})?
    |(?<!\w)[^\W\d_]{_IN_REALS})+\Z""",
    re.VERBOSE,
)
#: How many characters at an answer's end are searched for one of these.
_END = 60
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mbox)\s*\{([^{}]{1,200})\}")
_DELIMITER = re.compile(
    rf"""(?P<arrow>{_ARROW})|\\(?P<cases>begin|end)\{{d?cases\}}|(?P<line>\\\\|\n)|\\.|(?P<open>[(\[{{])|(?P<close>[)\]}}])
    |(?P<equal>:=?|(?<![<>!=])=(?!=)|(?<!\w)(?:is\ equal\ to|is|equals)(?!\w))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Span:
    """A part of the string, from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Outline:
    """The answer proper, and the left sides before it, each without its equality delimiter."""

    answer: Span
    left_sides: tuple[Span, ...]


def outline(text: str, syntax: Syntax) -> Outline:
    """Where the answer stands in a string; of several boxes, formulas or statements the last is meant.

    >>> text = "So f'(x) = 3x^2."
    >>> parts = outline(text, Syntax.MATH)
    >>> [text[s.start : s.end] for s in (*parts.left_sides, parts.answer)]
    ["f'(x)", '3x^2']
    """
    start, end = 0, len(text)
    if syntax is Syntax.LATEX:
        if formulas := list(_MATH.finditer(text)):
            start, end = next(span for k in (1, 2, 3, 4) if (span := formulas[-1].span(k)) != (-1, -1))
        if boxes := list(_BOX.finditer(text, start, end)):
            start, end = boxes[-1].end(), _end_of_group(text, boxes[-1].end(), end)
    start, end = _trim(text, start, end)
    parts: list[Span] = []
    prose = _TEXT.match(text, start, end)
    if prose and (":" in prose[1] or len(prose[1].split()) > 1):
        parts, start = [Span(*prose.span(1))], prose.end()
    return _cut(text, start, end, parts)


def _end_of_group(text: str, start: int, end: int) -> int:
    depth = 1
    for position in range(start, end):
        if text[position] in "{}" and text[position - 1] != "\\":
            depth += 1 if text[position] == "{" else -1
            if not depth:
                return position
    return end


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while match := _AFTER.search(text, max(start, end - _END), end):
        end = match.start()
    before = _BEFORE.match(text, start, end)
    return (before.end() if before else start), end


def _cut(text: str, start: int, end: int, parts: list[Span]) -> Outline:
    """Cuts where an equality sign, or a word for one, stands outside every bracket and every definition by cases.

    An arrow begins another statement, and so does a line, unless an equality sign is the first thing in it.
    """
    depth, line = 0, start
    for delimiter in _DELIMITER.finditer(text, start, end):
        depth += (delimiter["open"] is not None or delimiter["cases"] == "begin") - (
            delimiter["close"] is not None or delimiter["cases"] == "end"
        )
        if depth:
            continue
        if delimiter["arrow"]:
            parts, start, line = [], delimiter.end(), delimiter.end()
        elif delimiter["line"]:
            line = delimiter.end()
        elif delimiter["equal"]:
            left = _trim(text, line, delimiter.start())
            if line > start and left[0] < left[1]:
                parts, start = [], line
            parts.append(Span(*_trim(text, start, delimiter.start())))
            start = line = delimiter.end()
    return Outline(Span(*_trim(text, start, end)), tuple(parts))
