"""Numbers, letters and primes to tokens: what letters are depends on the names of the problem."""

from __future__ import annotations

import re

from ..problem import Syntax
from . import symbols
from .names import Word
from .refusals import differentiates, unreadable
from .token_list import TokenList

_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*(?:\\(?:text|mathrm|rm)\s*)?\{?\s*([\w,]+)\s*\}?\s*\}|([0-9]+|[^\W_]))")
_LONG_SUBSCRIPT = re.compile(r"((?:_\w+)+)")
_PLAIN_OVER_DX = re.compile(r"(?:d|d\^?\d|d[A-Za-z])\s*/\s*d\s*[^\W\d_]")


class Words(TokenList):
    """Reads numbers and names; methods take the text that matched, its start and end, and return the next start."""

    def _number(self, digits: str, start: int, end: int) -> int:
        if self._previous() == "NUMBER":
            raise unreadable("two numbers side by side: write * between them", start + 1)
        self._add("NUMBER", digits, start)
        return end

    def _prime(self, primes: str, start: int, end: int) -> int:
        if len(primes) == 1 and self._transposable():
            self._add("TRANSPOSE", primes, start)
            return end
        raise differentiates(primes, start + 1)

    def _run(self, run: str, start: int, end: int) -> int:
        after = self.text[end : end + 1]
        if self.names.word(run) is None and (after and after in "'′’"):
            raise differentiates(run + after, start + 1)
        if "d" not in self.names.types and _PLAIN_OVER_DX.match(self.text, start):
            raise differentiates(self.text[start : end + 3].strip(), start + 1)
        if self._at_condition() and run in symbols.WORDS_OF_CASES and run not in self.names.types and after != "(":
            self._add(symbols.WORDS_OF_CASES[run], run, start)
            return end
        return self._name(run, start, end)

    def _name(self, run: str, start: int, end: int) -> int:
        subscript, after = self._subscript(end)
        if not subscript:
            self._add_words(self.names.words(run, start + 1), start)
            return end
        for cut in range(len(run)):
            word = self.names.word(f"{run[cut:]}_{subscript}")
            if word is not None:
                self._add_words(self.names.words(run[:cut], start + 1) if cut else [], start)
                self._add_words([word], start + cut)
                return after
        words = self.names.words(run, start + 1)
        if words[-1].kind == "FUNC" and words[-1].name == "log":
            match = re.match(r"_?\{?([0-9]+|[^\W\d_])\}?", self.text[end:].replace(" ", "", 1))
            assert match is not None
            self._add_words([*words[:-1], Word("FUNC", f"log {match[1]}", words[-1].offset)], start)
            return self.text.index(match[1], end) + len(match[1]) + (self.text[end:after].count("}"))
        raise self.names.unknown(f"{run}_{subscript}", start + 1)

    def _subscript(self, position: int) -> tuple[str, int]:
        if self.syntax is Syntax.MATH and (long := _LONG_SUBSCRIPT.match(self.text, position)):
            return long[1][1:], long.end()
        match = _SUBSCRIPT.match(self.text, position)
        return (match[1] or match[2], match.end()) if match else ("", position)

    def _add_words(self, words: list[Word], start: int) -> None:
        for word in words:
            token = self._add(word.kind, word.name, start + word.offset)
            if word.entry:
                token.end_pos = -1
                token.end_column = word.entry  # type: ignore[assignment]
