"""The parser that lark makes of the grammar, with tokens made before; its actions run at once, bottom up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lark import Lark, Token, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from .actions import Actions
from .grammar import GRAMMAR
from .refusals import unreadable
from .values import Assembly, Value


class _TokenLexer(Lexer):
    """Passes on tokens that were made before, since how letters split depends on the problem's names."""

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, tokens: Any) -> Iterator[Token]:  # type: ignore[override]
        """The tokens themselves."""
        return iter(tokens)


_ACTIONS = Actions()
#: Made when this is imported, which takes part of a second: a server does so before it starts its workers.
_PARSER = Lark(GRAMMAR, start="answer", parser="lalr", lexer=_TokenLexer, transformer=_ACTIONS)


def parse_tokens(tokens: Iterable[Token], assembly: Assembly, expected: tuple[int, ...], length: int) -> Value:
    """The value of the tokens, built by `assembly`; raises NotAnAnswer with the column of the first that does not fit.

    Nothing here recurses: the parser is a loop over tokens, and values are built as it reduces.
    """
    _ACTIONS.assembly, _ACTIONS.expected = assembly, expected
    try:
        value: Any = _PARSER.parse(tokens)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            raise unreadable("the end of the answer comes too early: something is missing", length + 1) from None
        raise unreadable(f"`{token.value}` is not expected here", token.column or 1) from None
    except UnexpectedInput:
        raise unreadable("this cannot be read", 1) from None
    assert isinstance(value, Value)
    return value
