"""Text to tokens, for typed mathematics and LaTeX alike: letters by the problem's names, bars and brackets in pairs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from ..problem import Syntax
from . import signs
from .names import Names, Word
from .refusals import differentiates, unreadable

_TOKEN = re.compile(
    r"""(?P<space>[\s~]+)
    |(?P<command>\\(?:[A-Za-z]+\*?|.))
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<superscript>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ]+)
    |(?P<run>[^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ](?:[^\W_⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ])*)
    |(?P<prime>['′’]+)
    |(?P<sign>\*\*|\.\*|\./|\.\^|<=|>=|==|!=|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*(?:\\(?:text|mathrm|rm)\s*)?\{?\s*([\w,]+)\s*\}?\s*\}|([0-9]+|[^\W_]))")
_LONG_SUBSCRIPT = re.compile(r"((?:_\w+)+)")
_WORD = re.compile(r"\s*\{\s*([^{}\\$^_&]*?)\s*\}")
_T = r"(?:\\(?:mathrm|mathsf|text|mathbf|mathit|rm)\s*\{?\s*T\s*\}?|T(?![A-Za-z0-9_])|\\top|\\intercal|⊤)"
_TRANSPOSED = re.compile(rf"\s*(?:\{{\s*{_T}\s*\}}|\(\s*{_T}\s*\)|{_T})")
_PRIMED = re.compile(r"\s*(?:\{\s*(?:\\prime\s*)+\}|(?:\\prime\s*)+)")
_INVERSE_TRANSPOSED = re.compile(rf"\s*\{{\s*(?:-\s*{_T}|-1\s*{_T}|{_T}\s*-\s*1)\s*\}}")
_ENTRYWISE_POWER = re.compile(r"\s*\{\s*\\(?:odot|circ)(?![A-Za-z])\s*")
_DIFFERENTIAL = r"(?:\\(?:mathrm|rm)\s*\{?\s*d\s*\}?|\\partial|∂|d)"
_OVER_DX = re.compile(
    rf"\s*\{{\s*{_DIFFERENTIAL}[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*\}}\s*\{{\s*{_DIFFERENTIAL}\s*[A-Za-z\\]"
)
_PLAIN_OVER_DX = re.compile(r"(?:d|d\^?\d|d[A-Za-z])\s*/\s*d\s*[^\W\d_]")
_DIGITS = re.compile(r"\s*([0-9])(?:\s*([0-9]))?")
_ENVIRONMENT = re.compile(r"\s*\{\s*([A-Za-z]+\*?)\s*\}(?:\s*(?:\[[a-z]\]\s*)?\{[lcr|\s]*\})?")
_ROW_SPACE = re.compile(r"\s*\[-?[0-9.]+\s*[a-z]{2}\]")
_NORM_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*([0-9]+|F|\\infty)\s*\}|([0-9]|F|\\infty))")

_PAIRS = {"(": ")", "[": "]", "{": "}", "（": "）", "⟨": "⟩", "<": ">", "|": "|", "‖": "‖", "[√": "]"}
_ENDS = frozenset(
    ("NUMBER", "NAME", "UNIT", "TRANSPOSE", "INVTRANSPOSE", "_RPAR", "_RBRACE", "_RBAR", "RNORM", "_RANGLE",
     "_ENDMATRIX", "_ENDCASES")
)  # fmt: skip
#: Brackets inside one another.
DEPTH = 60


@dataclass
class Tokeniser:
    """Reads one text from its beginning to its end; raises NotAnAnswer with the column in the whole text.

    Positions count from 0 in the whole text, of which `start` to `end` is read; tokens' columns count from 1.
    """

    text: str
    syntax: Syntax
    names: Names
    start: int = 0
    end: int = -1
    tokens: list[Token] = field(default_factory=list)
    _open: list[tuple[str, int]] = field(default_factory=list)

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

    def _number(self, found: str, start: int, end: int) -> int:
        if self._previous() == "NUMBER":
            raise unreadable("two numbers side by side: write * between them", start + 1)
        self._add("NUMBER", found, start)
        return end

    def _superscript(self, found: str, start: int, end: int) -> int:
        plain = "".join(signs.SUPERSCRIPTS[c] for c in found)
        self._add("CARET", "^", start)
        self._add("_LBRACE", "{", start)
        inner = Tokeniser(plain, self.syntax, self.names).read()
        self.tokens.extend(Token(t.type, t.value, column=start + 1) for t in inner)
        self._add("_RBRACE", "}", start)
        return end

    def _prime(self, found: str, start: int, end: int) -> int:
        if len(found) == 1 and self._transposable():
            self._add("TRANSPOSE", found, start)
            return end
        raise differentiates(found, start + 1)

    def _run(self, found: str, start: int, end: int) -> int:
        after = self.text[end : end + 1]
        if self.names.word(found) is None and (after and after in "'′’"):
            raise differentiates(found + after, start + 1)
        if "d" not in self.names.types and _PLAIN_OVER_DX.match(self.text, start):
            raise differentiates(self.text[start : end + 3].strip(), start + 1)
        if self._in_cases() and found in signs.WORDS_OF_CASES:
            self._add(signs.WORDS_OF_CASES[found], found, start)
            return end
        return self._named(found, start, end)

    def _named(self, found: str, start: int, end: int) -> int:
        subscript, after = self._subscript(end)
        if not subscript:
            self._words(self.names.words(found, start + 1), start)
            return end
        for cut in range(len(found)):
            word = self.names.word(f"{found[cut:]}_{subscript}")
            if word is not None:
                self._words(self.names.words(found[:cut], start + 1) if cut else [], start)
                self._words([word], start + cut)
                return after
        words = self.names.words(found, start + 1)
        if words[-1].kind == "FUNC" and words[-1].name == "log":
            match = re.match(r"_?\{?([0-9]+|[^\W\d_])\}?", self.text[end:].replace(" ", "", 1))
            assert match is not None
            self._words([*words[:-1], Word("FUNC", f"log {match[1]}", words[-1].offset)], start)
            return self.text.index(match[1], end) + len(match[1]) + (self.text[end:after].count("}"))
        raise self.names.unknown(f"{found}_{subscript}", start + 1)

    def _subscript(self, position: int) -> tuple[str, int]:
        if self.syntax is Syntax.MATH and (long := _LONG_SUBSCRIPT.match(self.text, position)):
            return long[1][1:], long.end()
        match = _SUBSCRIPT.match(self.text, position)
        return (match[1] or match[2], match.end()) if match else ("", position)

    def _words(self, words: list[Word], start: int) -> None:
        for word in words:
            token = self._add(word.kind, word.name, start + word.offset)
            if word.entry:
                token.end_pos = -1
                token.end_column = word.entry  # type: ignore[assignment]

    def _sign(self, found: str, start: int, end: int) -> int:
        if found in signs.DIFFERENTIATING:
            raise differentiates(found, start + 1)
        if found == "^":
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
        known = "T" in self.names.types and not self.names.tensors
        if not known and (match := _TRANSPOSED.match(self.text, end)):
            self._add("TRANSPOSE", match.group(), start)
            return match.end()
        if match := _PRIMED.match(self.text, end):
            return self._prime("'" * match.group().count("prime"), start, match.end())
        if match := _ENTRYWISE_POWER.match(self.text, end):
            self._add("ENTRYCARET", "^", start)
            return self._bracket("{", "_LBRACE", start, match.end())
        self._add("CARET", "^", start)
        return end

    def _bar(self, found: str, start: int, end: int) -> int:
        if found == "||" and not self.names.tensors:
            self._bar("|", start, start + 1)
            return self._bar("|", start + 1, end)
        kind, left, right = ("|", "LBAR", "_RBAR") if found == "|" else ("‖", "LNORM", "RNORM")
        if self._innermost() == kind and self._ends():
            return self._closing(kind, right, start, end)
        return self._bracket(kind, left, start, end)

    def _bracket(self, bracket: str, kind: str, start: int, end: int) -> int:
        if len(self._open) >= DEPTH:
            raise unreadable(f"more than {DEPTH} brackets inside one another", start + 1)
        self._open.append((bracket, start))
        self._add(kind, bracket, start)
        return end

    def _closing(self, bracket: str, kind: str, start: int, end: int) -> int:
        opening = self._open[-1][0] if self._open else ""
        if _PAIRS.get(opening) != bracket:
            wanted = _PAIRS.get(opening)
            raise unreadable(f"`{bracket}` closes nothing" + (f"; a `{wanted}` is due" if wanted else ""), start + 1)
        self._open.pop()
        subscript = ""
        if kind == "RNORM" and (match := _NORM_SUBSCRIPT.match(self.text, end)):
            subscript, end = match[1] or match[2], match.end()
        self._add("_RROOT" if opening == "[√" else kind, subscript or bracket, start)
        return end

    def _command(self, found: str, start: int, end: int) -> int:
        name = found[1:]
        if found in signs.DIFFERENTIATING:
            raise differentiates(found, start + 1)
        if found in ("\\left", "\\right", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl", "\\biggr", "\\middle"):
            return self._sided(found[-1] != "t" and found[-1] == "l" or found == "\\left", start, end)
        if found in signs.SILENT:
            return end
        if found in signs.DRESSING:
            return self._dressed(found, start, end)
        if name in ("begin", "end"):
            return self._environment(name == "begin", start, end)
        kind = signs.COMMANDS.get(found)
        if kind is not None:
            return self._command_sign(kind, found, start, end)
        if name in signs.GREEK or self.names.word(name) is not None:
            return self._named(name, start, end)
        if name == "infty":
            self._add("NAME", "inf", start)
            return end
        if name in ("sum", "prod", "lim"):
            raise unreadable(f"`{found}` is not read: write the terms, or a product of matrices", start + 1)
        raise unreadable(f"the command `{found}` is not read", start + 1)

    def _command_sign(self, kind: str, found: str, start: int, end: int) -> int:
        match kind:
            case "FRAC":
                if "d" not in self.names.types and _OVER_DX.match(self.text, end):
                    raise differentiates(self.text[start : _balanced(self.text, end)], start + 1)
                self._add(kind, found, start)
                return self._digits(2, end)
            case "SQRT":
                self._add(kind, found, start)
                position = end + len(self.text[end:]) - len(self.text[end:].lstrip())
                if self.text[position : position + 1] == "[":
                    return self._bracket("[√", "_LROOT", position, position + 1)
                return self._digits(1, end)
            case "_NEWROW":
                if self._innermost() in ("matrix", "cases"):
                    self._add(kind, found, start)
                match = _ROW_SPACE.match(self.text, end)
                return match.end() if match else end
            case "BAR" | "NORM":
                return self._bar("|" if kind == "BAR" else "‖", start, end)
            case "LBAR" | "LNORM":
                return self._bracket("|" if kind == "LBAR" else "‖", kind, start, end)
            case "_RBAR" | "RNORM":
                return self._closing("|" if kind == "_RBAR" else "‖", kind, start, end)
            case "_LPAR":
                return self._bracket("(" if found in ("\\lparen",) else "{", kind, start, end)
            case "_RPAR":
                return self._closing(")" if found in ("\\rparen",) else "}", kind, start, end)
            case "_LANGLE":
                return self._bracket("⟨", kind, start, end)
            case "_RANGLE":
                return self._closing("⟩", kind, start, end)
            case "PRIME":
                return self._prime("'", start, end)
            case "TOP":
                raise unreadable(f"`{found}` stands in an exponent: A^{found}", start + 1)
        if kind == "CROSS" and not self.names.tensors:
            kind = "TIMES"
        self._add(kind, found, start)
        return end

    def _digits(self, count: int, position: int) -> int:
        """The one-digit arguments that LaTeX takes without braces: `\\frac12` is a half."""
        match = _DIGITS.match(self.text, position)
        if match is None:
            return position
        taken = 2 if count == 2 and match[2] else 1
        for number in range(1, taken + 1):
            self._add("NUMBER", match[number], match.start(number))
        return match.end(taken)

    def _sided(self, left: bool, start: int, end: int) -> int:
        rest = self.text[end:]
        position = end + len(rest) - len(rest.lstrip())
        if self.text.startswith(".", position):
            return position + 1
        for bar, kind in (("\\|", "‖"), ("|", "|"), ("\\vert", "|"), ("\\Vert", "‖")):
            if self.text.startswith(bar, position):
                token = {"|": ("LBAR", "_RBAR"), "‖": ("LNORM", "RNORM")}[kind][not left]
                act = self._bracket if left else self._closing
                return act(kind, token, start, position + len(bar))
        for angle, kind in (("<", "⟨"), (">", "⟩")):
            if self.text.startswith(angle, position):
                act = self._bracket if left else self._closing
                return act(kind, "_LANGLE" if left else "_RANGLE", start, position + 1)
        return end

    def _dressed(self, found: str, start: int, end: int) -> int:
        match = _WORD.match(self.text, end)
        if match is None:
            return end
        words = match[1]
        if not words:
            return match.end()
        position = match.start(1)
        if words == "1" and self.names.tensors and found in ("\\mathbf", "\\bm", "\\boldsymbol", "\\mathbb"):
            self._add("NAME", "1", position)
            return match.end()
        if self._in_cases() and all(w in signs.WORDS_OF_CASES for w in words.rstrip(",.").split()):
            for w in words.rstrip(",.").split():
                self._add(signs.WORDS_OF_CASES[w], w, position)
            return match.end()
        if words.isidentifier() or words.isalnum():
            if words.isdigit():
                return self._number(words, position, match.end())
            subscript, _ = self._subscript(match.end())
            return self._named(words, position, match.end()) if subscript else self._word(words, position, match.end())
        return end

    def _word(self, words: str, start: int, end: int) -> int:
        if self.names.word(words) is None and self.text[end : end + 1] in ("'", "′", "’"):
            raise differentiates(words + "'", start + 1)
        self._words(self.names.words(words, start + 1), start)
        return end

    def _environment(self, begins: bool, start: int, end: int) -> int:
        match = _ENVIRONMENT.match(self.text, end)
        if match is None:
            raise unreadable("an environment without a name", start + 1)
        name = match[1]
        if name in signs.MATRICES or name in ("cases", "dcases", "rcases"):
            kind = "matrix" if name in signs.MATRICES else "cases"
            after = match.end() if begins and name == "array" else self.text.index("}", end) + 1
            if begins:
                return self._bracket(kind, f"BEGIN{kind.upper()}", start, after) and self._named_last(name, after)
            if self._innermost() != kind:
                raise unreadable(f"\\end{{{name}}} closes nothing", start + 1)
            self._open.pop()
            self._add(f"_END{kind.upper()}", name, start)
            return after
        return self.text.index("}", end) + 1

    def _named_last(self, name: str, after: int) -> int:
        last = self.tokens[-1]
        self.tokens[-1] = Token(last.type, name, column=last.column)
        return after

    def _add(self, kind: str, value: str, position: int) -> Token:
        token = Token(kind, value, column=position + 1)
        self.tokens.append(token)
        return token

    def _previous(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def _ends(self) -> bool:
        return self._previous() in _ENDS

    def _innermost(self) -> str:
        return self._open[-1][0] if self._open else ""

    def _in_cases(self) -> bool:
        return any(bracket == "cases" for bracket, _ in self._open)

    def _row_start(self) -> int:
        starts = (k for k, t in enumerate(self.tokens) if t.type in ("_NEWROW", "BEGINCASES"))
        return max(starts, default=0)

    def _transposable(self) -> bool:
        """Whether a prime after the last token means its transpose."""
        if not self.tokens or not self.names.tensors or not self._ends():
            return False
        last = self.tokens[-1]
        if last.type != "NAME":
            return last.type != "NUMBER"
        kind = self.names.types.get(last.value)
        return kind is not None and kind.rank > 0


def _balanced(text: str, position: int) -> int:
    """Where two braced groups after a position end, for showing them."""
    depth = groups = 0
    for k in range(position, min(len(text), position + 60)):
        depth += {"{": 1, "}": -1}.get(text[k], 0)
        groups += text[k] == "}" and depth == 0
        if groups == 2:
            return k + 1
    return min(len(text), position + 60)
