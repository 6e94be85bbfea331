"""Answers in the language itself, with functions such as sec and sech that problems do not have."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ...language import parse
from ...language.builder import Operand
from ...language.reader import Reader
from ...operators import BY_NAME
from ...program import Limits, Program
from .functions import MEANINGS, WORDS


class AnswerReader(Reader):
    """Reads calls of functions that the language lacks as the expressions that they stand for."""

    def _call(self, node: ast.Call) -> Operand:
        match node:
            case ast.Call(func=ast.Name(id=word), args=[operand], keywords=[]) if not self.defines(word):
                name = WORDS.get(word, word)
                if word not in BY_NAME and name in MEANINGS:
                    return self.expression(_meaning(name, node, operand))
                if word not in BY_NAME and name in BY_NAME:
                    call = ast.Call(ast.copy_location(ast.Name(name), node.func), [operand], [])
                    return super()._call(ast.copy_location(call, node))
        return super()._call(node)


def read_python(text: str, names: Collection[str], limits: Limits) -> Program:
    """The program of an answer in the language; raises Refusal.

    >>> len(read_python("sec(x)", ["x"], Limits()).nodes)
    4
    """
    return parse(text, names, limits, AnswerReader)


def _meaning(name: str, call: ast.Call, operand: ast.expr) -> ast.expr:
    """What a call stands for, with the call's place everywhere but in its operand."""

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return operand if node.id == "x" else node

    expression = ast.parse(MEANINGS[name], mode="eval").body
    for node in ast.walk(expression):
        ast.copy_location(node, call)
    replaced = Replace().visit(expression)
    assert isinstance(replaced, ast.expr)
    return replaced
