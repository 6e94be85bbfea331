"""The base of the reader, for all its parts: the nodes so far, the depth, and where expressions stand in the text."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from ..program import Limits, Place, Reason, Refusal
from .builder import Builder, Operand
from .folding import FoldingError
from .lexing import Source
from .refusals import AS_A_FLOAT, refuse, too_deep

_Result = TypeVar("_Result")


class ExpressionReader(ABC):
    """Reads expressions that are nested no deeper than the limit; their nodes are in `builder`."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.builder = Builder(limits)
        self._source = source
        self._limits = limits
        self._depth = 0

    @abstractmethod
    def _expression(self, node: ast.expr) -> Operand:
        """Reads one expression at the depth that has been reached; raises Refusal."""

    def expression(self, node: ast.expr) -> Operand:
        """Reads one expression; raises Refusal."""
        return self.descend(node, self._expression)

    def descend(self, node: ast.expr, read: Callable[[ast.expr], _Result]) -> _Result:
        """Reads a part of an expression, one level deeper; raises Refusal below the limit."""
        self._depth += 1
        if self._depth > self._limits.depth:
            limit = self._limits.depth
            raise too_deep(self.place(node), f"more than {limit} nested operators", limit)
        result = read(node)
        self._depth -= 1
        return result

    def refusal(self, reason: Reason, node: ast.expr | ast.stmt, message: str, found: str, hint: str) -> Refusal:
        """The refusal of an expression or a line at its place."""
        return refuse(reason, self.place(node), message, found, hint)

    def bad_argument(self, node: ast.expr, message: str, found: str, hint: str) -> Refusal:
        """The refusal of an argument that an operator does not accept."""
        return self.refusal(Reason.BAD_ARGUMENT, node, message, found, hint)

    def bad_number(self, node: ast.expr, error: FoldingError) -> Refusal:
        """The refusal of a number that the language cannot hold."""
        return self.refusal(Reason.BAD_NUMBER, node, str(error), str(error), AS_A_FLOAT)

    def place(self, node: ast.expr | ast.stmt) -> Place:
        """Where an expression or a line begins."""
        return self._source.place_of_bytes(node.lineno, node.col_offset)
