"""The first defence: an expression is read token by token, and what Python's parser should not see is refused here.

What passes is printable, has matching brackets, no keyword, no deep nesting of brackets or unary operators, no long
number and no multi-line string, so that `ast.parse` is quick on it, never warns and cannot be brought down by it.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from ..program import Limits, Place, Reason, Refusal
from . import refusals
from .names import excerpt
from .refusals import refuse, unsupported, unsupported_character

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+)
    |(?P<newline>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)
    |(?P<name>[^\W0-9]\w*)
    |(?P<string>'[^'\n]*'|"[^"\n]*")
    |(?P<opening>[(\[])
    |(?P<closing>[)\]])
    |(?P<refused>//=?|\*\*=|<<|>>|->|<>|:=|&&|\|\||[+\-*/%@&|^]=|!(?!=)|[;{}\\$?`^])
    |(?P<operator>\*\*|[<>=!]=|\.\.\.|[-+*/%@&|~<>=,.:])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_LITERAL_KEYWORDS = {"None", "True", "False"}
_CLOSING = {"(": ")", "[": "]"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Source:
    """A text that `ast.parse` may see: lines without indentation, and how much of it each line lost."""

    text: str
    starts: tuple[int, ...]
    indents: dict[int, int]

    def place(self, line: int, offset: int) -> Place:
        """A place in the original text, from a line (from 1) and an offset in it in characters (from 0)."""
        return Place(line, offset + 1 + self.indents.get(line, 0))

    def place_of_bytes(self, line: int, offset: int) -> Place:
        """A place from an offset in bytes of UTF-8, as Python's syntax tree counts."""
        text = self.line(line)
        return self.place(line, offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore")))

    def token(self, line: int, offset: int) -> str:
        """The token that begins at an offset in characters; empty at the end of a line."""
        match = _TOKEN.match(self.line(line), offset)
        return match.group().strip() if match else ""

    def line(self, number: int) -> str:
        """A line, counted from 1, of the text that Python sees; empty where there is none."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]


def lex(text: str, limits: Limits) -> Source:
    """The text as `ast.parse` may see it; raises Refusal."""
    text = text.replace("\r\n", "\n")
    lexer = _Lexer(text, limits)
    lexer.check()
    lines = [line[lexer.indents.get(number, 0) :] for number, line in enumerate(text.split("\n"), 1)]
    dedented = "\n".join(lines)
    return Source(dedented, _line_starts(dedented), lexer.indents)


class _Lexer:
    """One pass over the tokens of a text."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.starts = _line_starts(text[: limits.characters + 1])
        self.indents: dict[int, int] = {}

    def check(self) -> None:
        """Raises the Refusal of the first thing that does not pass."""
        limit = self.limits.characters
        if len(self.text) > limit:
            length = f"{len(self.text)} characters"
            raise refusals.over_limit(self.place(limit), "characters", length, limit, "a shorter expression")
        self.check_characters()
        open_brackets: list[tuple[str, int]] = []
        unary = 0
        previous, previous_end, empty = "", 0, True
        for match in _TOKEN.finditer(self.text):
            kind, token, start = str(match.lastgroup), match.group(), match.start()
            if kind in ("space", "comment", "newline"):
                if kind == "space" and not open_brackets and self.text[start - 1 : start] in ("", "\n"):
                    self.indents[self.place(start).line] = len(token)
                continue
            empty = False
            adjacent = previous if start == previous_end else ""
            unary = unary + 1 if token in ("-", "+", "~") else 0
            match kind:
                case "opening":
                    open_brackets.append((token, start))
                    self.check_depth(len(open_brackets), start, "brackets")
                case "closing":
                    self.close(open_brackets, token, start)
                case "number":
                    self.check_number(token, start)
                case "name":
                    self.check_name(token, start, adjacent)
                case "string":
                    self.check_string(start, adjacent)
                case "operator":
                    self.check_depth(unary, start, "unary operators")
                case "refused":
                    symbol = token if token in refusals.SYMBOLS else token.rstrip("=")
                    raise unsupported(self.place(start), refusals.SYMBOLS[symbol])
                case _:
                    raise self.stray(token, start)
            previous, previous_end = kind, match.end()
        if open_brackets:
            token, start = open_brackets[-1]
            raise self.syntax(start, f"`{token}` is never closed", token, f"a `{_CLOSING[token]}` after it")
        if empty:
            raise refuse(Reason.EMPTY_EXPRESSION, Place(1, 1), "there is no expression", "nothing", refusals.EXPRESSION)

    def check_characters(self) -> None:
        """Refuses what cannot be seen, in comments and strings too: control and format characters, line separators."""
        if self.text.isascii():
            if stray := _CONTROL.search(self.text):
                raise unsupported_character(self.place(stray.start()), stray.group())
            return
        for offset, c in enumerate(self.text):
            category = unicodedata.category(c)
            if (category[0] == "C" and c not in "\n\t") or category in ("Zl", "Zp"):
                raise unsupported_character(self.place(offset), c)

    def check_depth(self, depth: int, start: int, tokens: str) -> None:
        """Refuses deep nesting before Python's parser meets it."""
        if depth > self.limits.depth:
            raise refusals.too_deep(self.place(start), f"{depth} nested {tokens}", self.limits.depth)

    def close(self, open_brackets: list[tuple[str, int]], token: str, start: int) -> None:
        """Matches a closing bracket with the one that it closes."""
        if not open_brackets:
            raise self.syntax(start, f"unmatched `{token}`", token, "an opening bracket before it")
        opening, _ = open_brackets.pop()
        if _CLOSING[opening] != token:
            raise self.syntax(start, f"`{token}` does not match `{opening}`", token, f"a `{_CLOSING[opening]}`")

    def check_number(self, token: str, start: int) -> None:
        """Refuses numbers that are long before they are large; Python is slow on long ones."""
        if len(token) > self.limits.literal:
            message = f"a number of {len(token)} characters, over the limit `literal` of {self.limits.literal}"
            raise refuse(Reason.BAD_NUMBER, self.place(start), message, excerpt(token), refusals.AS_A_FLOAT)

    def check_name(self, token: str, start: int, adjacent: str) -> None:
        """Refuses keywords, names that Python would read as others, and names that follow a number directly."""
        place = self.place(start)
        if keyword.iskeyword(token) and token not in _LITERAL_KEYWORDS:
            raise unsupported(place, refusals.KEYWORDS.get(token, refusals.ANY_KEYWORD))
        if not token.isidentifier():
            raise unsupported_character(*self.first_stray(token, start))
        if adjacent in ("number", "string"):
            message = f"no operator between a {adjacent} and `{excerpt(token)}`"
            raise self.syntax(start, message, excerpt(token), "write * between factors")
        if len(token) > self.limits.name_characters:
            length = f"a name of {len(token)} characters"
            raise refusals.over_limit(place, "name_characters", length, self.limits.name_characters, "a shorter name")
        if unicodedata.normalize("NFKC", token) != token:
            message = f"Python would read `{excerpt(token)}` as a different name"
            raise refuse(Reason.BAD_NAME, place, message, excerpt(token), "use plain letters")

    def first_stray(self, token: str, start: int) -> tuple[Place, str]:
        """The first character that keeps a token from being an identifier."""
        prefixes = range(1, len(token) + 1)
        last = next(length for length in prefixes if not token[:length].isidentifier()) - 1
        return self.place(start + last), token[last]

    def check_string(self, start: int, adjacent: str) -> None:
        """Refuses strings with a prefix and those that follow another directly."""
        syntax = {"name": "a string with a prefix", "string": "implicit string concatenation"}.get(adjacent)
        if syntax:
            raise unsupported(self.place(start), (syntax, refusals.STRINGS))

    def stray(self, token: str, start: int) -> Refusal:
        """The refusal of a character that begins no token."""
        if token in "'\"":
            return self.syntax(start, "unterminated string literal", token, f"a closing {token} on the same line")
        return unsupported_character(self.place(start), token)

    def syntax(self, start: int, message: str, found: str, hint: str) -> Refusal:
        """The refusal of text that is not a valid expression."""
        return refuse(Reason.SYNTAX, self.place(start), message, found, hint)

    def place(self, offset: int) -> Place:
        """The place of a character."""
        line = bisect_right(self.starts, offset)
        return Place(line, offset - self.starts[line - 1] + 1)


def _line_starts(text: str) -> tuple[int, ...]:
    """The offsets at which lines begin."""
    return (0, *(offset + 1 for offset, c in enumerate(text) if c == "\n"))
