"""Text to tokens, for typed mathematics and LaTeX alike: letters by the problem's names, bars and brackets in pairs."""

from __future__ import annotations

import re

from lark import Token

from ..problem import Syntax
from . import signs
from .commands import Commands
from .refusals import differentiates, unreadable

_TOKEN = re.compile(
    r"""(?P<space>[\s~]+)
    |(?P<command>\\(?:[A-Za-z]+\*?|.))
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<superscript>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ]+)
    |(?P<part>[¼½¾⅓⅔⅛])
    |(?P<run>[^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ¼½¾⅓⅔⅛](?:[^\W_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ¼½¾⅓⅔⅛])*)
    |(?P<prime>['′’]+)
    |(?P<sign>\*\*|\.\*|\./|\.\^|<=|>=|==|!=|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_T = r"(?:\\(?:mathrm|mathsf|text|mathbf|mathit|rm)\s*\{?\s*T\s*\}?|T|\\top|\\intercal|⊤)"
_TRANSPOSED = re.compile(rf"\s*(?:\{{\s*{_T}\s*\}}|\(\s*{_T}\s*\)|{_T})")
_GOES_ON = re.compile(r"[A-Za-z0-9_]")
_PRIMED = re.compile(r"\s*(?:\{\s*(?:\\prime\s*)+\}|(?:\\prime\s*)+)")
_INVERSE_TRANSPOSED = re.compile(rf"\s*\{{\s*(?:-\s*{_T}|-1\s*{_T}|{_T}\s*-\s*1)\s*\}}")
_ENTRYWISE_POWER = re.compile(r"\s*\{\s*\\(?:odot|circ)(?![A-Za-z])\s*")


class Tokeniser(Commands):
    """Reads one text from its beginning to its end; raises NotAnAnswer with the column in the whole text."""

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

    # Each of these takes the text that was found, where it begins and ends, and says where to go on.

    def _space(self, _: str, __: int, end: int) -> int:
        return end

    def _part(self, found: str, start: int, end: int) -> int:
        over, under = signs.PARTS[found]
        for kind, value in (("_LPAR", "("), ("NUMBER", over), ("OVER", "/"), ("NUMBER", under), ("_RPAR", ")")):
            self._add(kind, value, start)
        return end

    def _superscript(self, found: str, start: int, end: int) -> int:
        plain = "".join(signs.SUPERSCRIPTS[c] for c in found)
        self._raises()
        self._add("CARET", "^", start)
        self._add("_LBRACE", "{", start)
        inner = Tokeniser(plain, self.syntax, self.names).read()
        self.tokens.extend(Token(t.type, t.value, column=start + 1) for t in inner)
        self._add("_RBRACE", "}", start)
        return end

    def _sign(self, found: str, start: int, end: int) -> int:
        if found in signs.DIFFERENTIATING:
            raise differentiates(found, start + 1)
        if found in ("^", "**"):
            return self._caret(start, end)
        if found == "&":
            if self._innermost() in ("matrix", "cases"):
                if self.tokens and self.tokens[-1].value == ",":
                    self.tokens.pop()
                self._add("_AMP", found, start)
            return end
        if found in ("|", "||", "‖"):
            return self._bar(found, start, end)
        if found == "<" and not self._ends():
            return self._bracket("<", "_LANGLE", start, end)
        if found == ">" and self._innermost() == "<":
            return self._closing(">", "_RANGLE", start, end)
        if found == "=" and self._in_cases():
            found = "=="
        kind = signs.SIGNS.get(found)
        if kind is None:
            raise unreadable(f"the character `{found}` is not read", start + 1)
        if found in "{}" and self.syntax is Syntax.MATH:
            kind = "_LPAR" if found == "{" else "_RPAR"
        if kind in ("_LPAR", "_LBRACE", "_LANGLE"):
            return self._bracket(found, kind, start, end)
        if kind in ("_RPAR", "_RBRACE", "_RANGLE"):
            return self._closing(found, kind, start, end)
        if kind == "_COMMA" and self._innermost() == "cases":
            row = [t.type for t in self.tokens[self._row_start() :]]
            kind = "_AND" if "_AMP" in row else "_AMP"
        self._add("_PLUS" if kind == "PLUS" and not self._ends() else kind, found, start)
        return end

    def _caret(self, start: int, end: int) -> int:
        if match := _INVERSE_TRANSPOSED.match(self.text, end):
            self._add("INVTRANSPOSE", match.group(), start)
            return match.end()
        # x^Tx is x^T x, where there is something to transpose; among numbers T begins a name.
        match = _TRANSPOSED.match(self.text, end)
        alone = match is not None and "T" not in self.names.types and not _GOES_ON.match(self.text, match.end())
        if match and (self.names.tensors or alone):
            self._add("TRANSPOSE", match.group(), start)
            return match.end()
        if match := _PRIMED.match(self.text, end):
            return self._prime("'" * match.group().count("prime"), start, match.end())
        self._raises()
        if match := _ENTRYWISE_POWER.match(self.text, end):
            self._add("ENTRYCARET", "^", start)
            return self._bracket("{", "_LBRACE", start, match.end())
        self._add("CARET", "^", start)
        return end
