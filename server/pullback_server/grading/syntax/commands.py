"""LaTeX's commands to tokens: fractions and roots, brackets by name, dressed letters, matrices and cases."""

from __future__ import annotations

import re

from lark import Token

from . import signs
from .refusals import differentiates, unreadable
from .words import Words

_WORD = re.compile(r"\s*\{\s*([^{}\\$^_&]*?)\s*\}")
_DIFFERENTIAL = r"(?:\\(?:mathrm|rm)\s*\{?\s*d\s*\}?|\\partial|∂|d)"
_OVER_DX = re.compile(
    rf"\s*\{{\s*{_DIFFERENTIAL}[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*\}}\s*\{{\s*{_DIFFERENTIAL}\s*[A-Za-z\\]"
)
_DIGITS = re.compile(r"\s*([0-9])(?:\s*([0-9]))?")
_ENVIRONMENT = re.compile(r"\s*\{\s*([A-Za-z]+\*?)\s*\}(?:\s*(?:\[[a-z]\]\s*)?\{[lcr|\s]*\})?")
_COLOUR = re.compile(r"\s*(?:\[[^\[\]]*\]\s*)?\{[^{}]*\}")
_ROW_SPACE = re.compile(r"\s*\[-?[0-9.]+\s*[a-z]{2}\]")


class Commands(Words):
    """Reads commands; each method takes the text found, its beginning and end, and says where to go on."""

    def _command(self, found: str, start: int, end: int) -> int:
        name = found[1:]
        if found in signs.DIFFERENTIATING:
            raise differentiates(found, start + 1)
        if found in ("\\left", "\\right", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl", "\\biggr", "\\middle"):
            return self._sided((found[-1] != "t" and found[-1] == "l") or found == "\\left", start, end)
        if found in signs.SILENT:
            return end
        if found in signs.COLOURING:
            match = _COLOUR.match(self.text, end)
            return match.end() if match else end
        if found in signs.DRESSING:
            return self._dressed(found, start, end)
        if name in ("begin", "end"):
            return self._environment(name == "begin", start, end)
        kind = signs.COMMANDS.get(found)
        if kind is not None:
            return self._command_sign(kind, found, start, end)
        if name in ("imath", "jmath"):
            return self._named(name[0], start, end)
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
                self._drop_comma()
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
        if self._at_condition() and all(w in signs.WORDS_OF_CASES for w in words.rstrip(",.").split()):
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
            self._drop_comma()
            self._open.pop()
            self._add(f"_END{kind.upper()}", name, start)
            return after
        return self.text.index("}", end) + 1

    def _drop_comma(self) -> None:
        """Takes back a comma at the end of a row, which says nothing."""
        if self._innermost() == "cases" and self.tokens and self.tokens[-1].value == ",":
            self.tokens.pop()

    def _named_last(self, name: str, after: int) -> int:
        last = self.tokens[-1]
        self.tokens[-1] = Token(last.type, name, column=last.column)
        return after


def _balanced(text: str, position: int) -> int:
    """Where two braced groups after a position end, for showing them."""
    depth = groups = 0
    for k in range(position, min(len(text), position + 60)):
        depth += {"{": 1, "}": -1}.get(text[k], 0)
        groups += text[k] == "}" and depth == 0
        if groups == 2:
            return k + 1
    return min(len(text), position + 60)
