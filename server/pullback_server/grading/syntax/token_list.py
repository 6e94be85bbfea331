"""The tokens of an answer so far, with the brackets and bars that are open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from ..problem import Syntax
from .names import Names
from .refusals import unreadable
from .symbols import BARS

_NORM_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*([0-9]+|F|\\infty)\s*\}|([0-9]|F|\\infty))")
_CLOSING = {"(": ")", "[": "]", "{": "}", "（": "）", "⟨": "⟩", "<": ">", "|": "|", "‖": "‖", "[√": "]"}
#: The tokens that may end an operand.
_ENDS = frozenset(
    ("NUMBER", "NAME", "UNIT", "TRANSPOSE", "INVTRANSPOSE", "_RPAR", "_RBRACE", "_RBAR", "RNORM", "_RANGLE",
     "_ENDMATRIX", "_ENDCASES")
)  # fmt: skip
#: How many brackets may be nested.
DEPTH = 60


@dataclass
class TokenList:
    """Tokens read from `start` to `end` of an answer; positions count from 0 in the whole answer, columns from 1."""

    text: str
    syntax: Syntax
    names: Names
    start: int = 0
    end: int = -1
    tokens: list[Token] = field(default_factory=list)
    _open: list[tuple[str, int]] = field(default_factory=list)

    def _add(self, kind: str, value: str, position: int) -> Token:
        token = Token(kind, value, column=position + 1)
        self.tokens.append(token)
        return token

    def _open_bracket(self, bracket: str, kind: str, start: int, end: int) -> int:
        if len(self._open) >= DEPTH:
            raise unreadable(f"more than {DEPTH} nested brackets", start + 1)
        self._open.append((bracket, start))
        self._add(kind, bracket, start)
        return end

    def _close_bracket(self, bracket: str, kind: str, start: int, end: int) -> int:
        opening = self._open[-1][0] if self._open else ""
        expected = _CLOSING.get(opening)
        if bracket != expected:
            hint = f"; `{expected}` is expected" if expected else ""
            raise unreadable(f"`{bracket}` closes nothing{hint}", start + 1)
        self._open.pop()
        subscript = ""
        if kind == "RNORM" and (match := _NORM_SUBSCRIPT.match(self.text, end)):
            subscript, end = match[1] or match[2], match.end()
        self._add("_RROOT" if opening == "[√" else kind, subscript or bracket, start)
        return end

    def _bar(self, bar: str, start: int, end: int) -> int:
        if bar == "||" and not self.names.tensors:
            self._bar("|", start, start + 1)
            return self._bar("|", start + 1, end)
        bar = "|" if bar == "|" else "‖"
        left, right = BARS[bar]
        if self._innermost() == bar and self._ends_operand():
            return self._close_bracket(bar, right, start, end)
        return self._open_bracket(bar, left, start, end)

    def _mark_euler(self) -> None:
        """Before a power: e to a power is a function."""
        if self._previous() == "NAME" and self.tokens[-1].value == "e" and "e" not in self.names.types:
            self.tokens[-1].type = "EULER"

    def _previous(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def _ends_operand(self) -> bool:
        return self._previous() in _ENDS

    def _innermost(self) -> str:
        return self._open[-1][0] if self._open else ""

    def _in_cases(self) -> bool:
        return any(bracket == "cases" for bracket, _ in self._open)

    def _at_condition(self) -> bool:
        """Whether words of a condition may stand here: in a definition by cases, or after the answer."""
        return self._in_cases() or (bool(self.tokens) and not self._open)

    def _row_start(self) -> int:
        return max((k for k, t in enumerate(self.tokens) if t.type in ("_NEWROW", "BEGINCASES")), default=0)

    def _transposable(self) -> bool:
        """Whether a prime after the last token means its transpose."""
        if not self.tokens or not self.names.tensors or not self._ends_operand():
            return False
        last = self.tokens[-1]
        if last.type != "NAME":
            return last.type != "NUMBER"
        kind = self.names.types.get(last.value)
        return kind is not None and kind.rank > 0
