"""LaTeX's commands to tokens: fractions and roots, brackets by name, styled letters, matrices and cases."""

from __future__ import annotations

import re

from lark import Token

from . import symbols
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
    """Reads commands; methods take the text that matched, its start and end, and return the next start."""

    def _command(self, command: str, start: int, end: int) -> int:
        name = command[1:]
        if command in symbols.DIFFERENTIATING:
            raise differentiates(command, start + 1)
        if command in symbols.LEFT or command in symbols.RIGHT:
            return self._delimiter(command in symbols.LEFT, start, end)
        if command in symbols.IGNORED:
            return end
        if command in symbols.COLOURS:
            match = _COLOUR.match(self.text, end)
            return match.end() if match else end
        if command in symbols.STYLES:
            return self._styled(command, end)
        if name in ("begin", "end"):
            return self._environment(name == "begin", start, end)
        if command in symbols.OPENING:
            return self._open_bracket(*symbols.OPENING[command], start, end)
        if command in symbols.CLOSING:
            return self._close_bracket(*symbols.CLOSING[command], start, end)
        if command in symbols.BAR_COMMANDS:
            return self._bar(symbols.BAR_COMMANDS[command], start, end)
        kind = symbols.COMMANDS.get(command)
        if kind is not None:
            return self._command_symbol(kind, command, start, end)
        if name in ("imath", "jmath"):
            return self._name(name[0], start, end)
        if name in symbols.GREEK or self.names.word(name) is not None:
            return self._name(name, start, end)
        if name == "infty":
            self._add("NAME", "inf", start)
            return end
        if name in ("sum", "prod", "lim"):
            raise unreadable(f"`{command}` is not read: write the terms, or a product of matrices", start + 1)
        raise unreadable(f"the command `{command}` is not read", start + 1)

    def _command_symbol(self, kind: str, command: str, start: int, end: int) -> int:
        match kind:
            case "FRAC":
                if "d" not in self.names.types and _OVER_DX.match(self.text, end):
                    raise differentiates(self.text[start : _end_of_groups(self.text, end)], start + 1)
                self._add(kind, command, start)
                return self._digits(2, end)
            case "SQRT":
                self._add(kind, command, start)
                position = end + len(self.text[end:]) - len(self.text[end:].lstrip())
                if self.text[position : position + 1] == "[":
                    return self._open_bracket("[√", "_LROOT", position, position + 1)
                return self._digits(1, end)
            case "_NEWROW":
                self._drop_comma()
                if self._innermost() in ("matrix", "cases"):
                    self._add(kind, command, start)
                match = _ROW_SPACE.match(self.text, end)
                return match.end() if match else end
            case "PRIME":
                return self._prime("'", start, end)
            case "TOP":
                raise unreadable(f"`{command}` belongs in an exponent: A^{command}", start + 1)
        if kind == "CROSS" and not self.names.tensors:
            kind = "TIMES"
        self._add(kind, command, start)
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

    def _delimiter(self, left: bool, start: int, end: int) -> int:
        rest = self.text[end:]
        position = end + len(rest) - len(rest.lstrip())
        if self.text.startswith(".", position):
            return position + 1
        for text, (bracket, kinds) in symbols.DELIMITERS.items():
            if self.text.startswith(text, position):
                add = self._open_bracket if left else self._close_bracket
                return add(bracket, kinds[not left], start, position + len(text))
        return end

    def _styled(self, command: str, end: int) -> int:
        match = _WORD.match(self.text, end)
        if match is None:
            return end
        words = match[1]
        if not words:
            return match.end()
        position = match.start(1)
        if words == "1" and self.names.tensors and command in ("\\mathbf", "\\bm", "\\boldsymbol", "\\mathbb"):
            self._add("NAME", "1", position)
            return match.end()
        if self._at_condition() and all(w in symbols.WORDS_OF_CASES for w in words.rstrip(",.").split()):
            for w in words.rstrip(",.").split():
                self._add(symbols.WORDS_OF_CASES[w], w, position)
            return match.end()
        if words.isidentifier() or words.isalnum():
            if words.isdigit():
                return self._number(words, position, match.end())
            subscript, _ = self._subscript(match.end())
            read = self._name if subscript else self._word
            return read(words, position, match.end())
        return end

    def _word(self, words: str, start: int, end: int) -> int:
        if self.names.word(words) is None and self.text[end : end + 1] in ("'", "′", "’"):
            raise differentiates(words + "'", start + 1)
        self._add_words(self.names.words(words, start + 1), start)
        return end

    def _environment(self, begins: bool, start: int, end: int) -> int:
        match = _ENVIRONMENT.match(self.text, end)
        if match is None:
            raise unreadable("the environment has no name", start + 1)
        name = match[1]
        if name in symbols.MATRICES or name in ("cases", "dcases", "rcases"):
            kind = "matrix" if name in symbols.MATRICES else "cases"
            after = match.end() if begins and name == "array" else self.text.index("}", end) + 1
            if begins:
                self._open_bracket(kind, f"BEGIN{kind.upper()}", start, after)
                self.tokens[-1] = Token(self.tokens[-1].type, name, column=start + 1)
                return after
            if self._innermost() != kind:
                raise unreadable(f"\\end{{{name}}} closes nothing", start + 1)
            self._drop_comma()
            self._open.pop()
            self._add(f"_END{kind.upper()}", name, start)
            return after
        return self.text.index("}", end) + 1

    def _drop_comma(self) -> None:
        """Removes a comma at the end of a row, which has no meaning."""
        if self._innermost() == "cases" and self.tokens and self.tokens[-1].value == ",":
            self.tokens.pop()


def _end_of_groups(text: str, position: int) -> int:
    """Where two braced groups after a position end, for a message that shows them."""
    depth = groups = 0
    for k in range(position, min(len(text), position + 60)):
        depth += {"{": 1, "}": -1}.get(text[k], 0)
        groups += text[k] == "}" and depth == 0
        if groups == 2:
            return k + 1
    return min(len(text), position + 60)
