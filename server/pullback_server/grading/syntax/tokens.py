"""Strings to tokens, for typed mathematics and LaTeX: letters by the problem's names, bars and brackets in pairs."""

from __future__ import annotations

import re

from lark import Token

from ..problem import Syntax
from . import symbols
from .commands import Commands
from .refusals import differentiates, unreadable

_TOKEN = re.compile(
    r"""(?P<space>[\s~]+)
    |(?P<command>\\(?:[A-Za-z]+\*?|.))
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<superscript>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ]+)
    |(?P<fraction>[¼½¾⅓⅔⅛])
    |(?P<run>[^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ¼½¾⅓⅔⅛](?:[^\W_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ¼½¾⅓⅔⅛])*)
    |(?P<prime>['′’]+)
    |(?P<symbol>\*\*|\.\*|\./|\.\^|<=|>=|==|!=|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_T = r"(?:\\(?:mathrm|mathsf|text|mathbf|mathit|rm)\s*\{?\s*T\s*\}?|T|\\top|\\intercal|⊤)"
_TRANSPOSED = re.compile(rf"\s*(?:\{{\s*{_T}\s*\}}|\(\s*{_T}\s*\)|{_T})")
_CONTINUES = re.compile(r"[A-Za-z0-9_]")
_PRIMED = re.compile(r"\s*(?:\{\s*(?:\\prime\s*)+\}|(?:\\prime\s*)+)")
_INVERSE_TRANSPOSED = re.compile(rf"\s*\{{\s*(?:-\s*{_T}|-1\s*{_T}|{_T}\s*-\s*1)\s*\}}")
_ENTRYWISE_POWER = re.compile(r"\s*\{\s*\\(?:odot|circ)(?![A-Za-z])\s*")


class Tokeniser(Commands):
    """Reads one string from its beginning to its end; raises NotAnAnswer with the column in the whole answer."""

    def read(self) -> list[Token]:
        """All tokens."""
        position, end = self.start, len(self.text) if self.end < 0 else self.end
        while position < end:
            match = _TOKEN.match(self.text, position, end)
            assert match is not None
            position = getattr(self, f"_{match.lastgroup}")(match.group(), position, match.end())
        if self._open:
            bracket, where = self._open[-1]
            raise unreadable(f"`{bracket.rstrip('√')}` is never closed", where + 1)
        return self.tokens

    # Methods take the text that matched, its start and end, and return the next start.

    def _space(self, _: str, __: int, end: int) -> int:
        return end

    def _fraction(self, character: str, start: int, end: int) -> int:
        kinds = ("_LPAR", "NUMBER", "OVER", "NUMBER", "_RPAR")
        for kind, value in zip(kinds, symbols.FRACTIONS[character], strict=True):
            self._add(kind, value, start)
        return end

    def _superscript(self, characters: str, start: int, end: int) -> int:
        plain = "".join(symbols.SUPERSCRIPTS[c] for c in characters)
        self._mark_euler()
        self._add("CARET", "^", start)
        self._add("_LBRACE", "{", start)
        inner = Tokeniser(plain, self.syntax, self.names).read()
        self.tokens.extend(Token(t.type, t.value, column=start + 1) for t in inner)
        self._add("_RBRACE", "}", start)
        return end

    def _symbol(self, symbol: str, start: int, end: int) -> int:
        if symbol in symbols.DIFFERENTIATING:
            raise differentiates(symbol, start + 1)
        if symbol in ("^", "**"):
            return self._caret(start, end)
        if symbol == "&":
            if self._innermost() in ("matrix", "cases"):
                if self.tokens and self.tokens[-1].value == ",":
                    self.tokens.pop()
                self._add("_AMP", symbol, start)
            return end
        if symbol in ("|", "||", "‖"):
            return self._bar(symbol, start, end)
        if symbol == "<" and not self._ends_operand():
            return self._open_bracket("<", "_LANGLE", start, end)
        if symbol == ">" and self._innermost() == "<":
            return self._close_bracket(">", "_RANGLE", start, end)
        if symbol == "=" and self._in_cases():
            symbol = "=="
        kind = symbols.SYMBOLS.get(symbol)
        if kind is None:
            raise unreadable(f"the character `{symbol}` is not read", start + 1)
        if symbol in "{}" and self.syntax is Syntax.MATH:
            kind = "_LPAR" if symbol == "{" else "_RPAR"
        if kind in ("_LPAR", "_LBRACE", "_LANGLE"):
            return self._open_bracket(symbol, kind, start, end)
        if kind in ("_RPAR", "_RBRACE", "_RANGLE"):
            return self._close_bracket(symbol, kind, start, end)
        if kind == "_COMMA" and self._innermost() == "cases":
            row = [t.type for t in self.tokens[self._row_start() :]]
            kind = "_AND" if "_AMP" in row else "_AMP"
        self._add("_PLUS" if kind == "PLUS" and not self._ends_operand() else kind, symbol, start)
        return end

    def _caret(self, start: int, end: int) -> int:
        if match := _INVERSE_TRANSPOSED.match(self.text, end):
            self._add("INVTRANSPOSE", match.group(), start)
            return match.end()
        # x^Tx is x^T x, where there is something to transpose; among numbers T begins a name.
        match = _TRANSPOSED.match(self.text, end)
        alone = match is not None and "T" not in self.names.types and not _CONTINUES.match(self.text, match.end())
        if match and (self.names.tensors or alone):
            self._add("TRANSPOSE", match.group(), start)
            return match.end()
        if match := _PRIMED.match(self.text, end):
            return self._prime("'" * match.group().count("prime"), start, match.end())
        self._mark_euler()
        if match := _ENTRYWISE_POWER.match(self.text, end):
            self._add("ENTRYCARET", "^", start)
            return self._open_bracket("{", "_LBRACE", start, match.end())
        self._add("CARET", "^", start)
        return end
