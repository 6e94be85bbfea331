"""torch's operators matched to rows of the table: what is called, how it is written, and a few of torch's samples."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from pullback_server.language import PREFIXES
from pullback_server.language.names import CONFLICTING_NAMES
from pullback_server.operators import BY_NAME, BY_SYMBOL, TABLE, Operator
from torch.utils import _pytree as pytree

#: Samples of one operator and dtype at most, taken evenly from torch's list; of an alias, the first few.
SAMPLES, ALIAS_SAMPLES = 24, 2
#: Elements that the tensors of one sample have together at most: the larger ones only say the same again.
ELEMENTS = 1_000

#: (arguments by position, arguments by keyword as `name=value`) -> the text of a call.
Spelling = Callable[[Sequence[str], Sequence[str]], str]

#: torch's names of operator symbols whose operands are given in reverse order.
_REFLECTED = {"__radd__": "+", "__rsub__": "-", "__rmul__": "*", "__rdiv__": "/", "__rmod__": "%", "__rpow__": "**",
              "__rmatmul__": "@", "__rand__": "&", "__ror__": "|"}  # fmt: skip
#: The places of the arguments in the call, of operators whose samples have them in the order of a method.
_ORDER = {"where": (1, 0, 2), "polygamma": (1, 0), "einsum": (1, 0)}


@dataclass(frozen=True)
class Operation:
    """One of torch's operators under one of its names, with the row that it is matched to."""

    row: Operator
    name: str
    info: Any
    spelling: Spelling
    most: int

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """torch's own result."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.info.op(*arguments, **keywords)

    def samples(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Arguments by position and by keyword; in float64, and in bool where the operator has no derivative."""
        dtypes = [torch.float64, *([] if self.info.supports_autograd else [torch.bool])]
        for dtype in dtypes:
            if dtype in self.info.dtypes:
                fitting = [s for s in _drawn(self.info, dtype) if _elements(s) <= ELEMENTS]
                step = max(1, -(-len(fitting) // SAMPLES))
                yield from fitting[::step][: self.most]


@cache
def operations() -> tuple[Operation, ...]:
    """Every operator of torch's that is matched to a row, once for each name the row knows it by, in table order."""
    order = {row.name: place for place, row in enumerate(TABLE)}
    return tuple(sorted((o for info in _op_db() for o in _matched(info)), key=lambda o: order[o.row.name]))


@cache
def _op_db() -> tuple[Any, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return tuple(op_db)


def _matched(info: Any) -> Iterator[Operation]:
    seen: set[str] = set()
    for name in (info.name, *(alias.name for alias in info.aliases)):
        if (match := _row(name.removeprefix("torch."))) and name not in seen:
            row, spelling = match
            yield Operation(row, name, info, spelling, ALIAS_SAMPLES if seen else SAMPLES)
            seen.add(name)


def _row(name: str) -> tuple[Operator, Spelling] | None:
    """The row that a name of torch's means, and how it is written."""
    if name == "__getitem__":
        return next(((row, _subscripted) for row in TABLE if row.symbol == "[]"), None)
    if symbol := _REFLECTED.get(name):
        return BY_SYMBOL[symbol, 2], lambda operands, _: f"{operands[1]} {symbol} {operands[0]}"
    prefix, _, last = name.rpartition(".")
    prefix = f"torch.{prefix}".rstrip(".")
    # A row may have a name that is only valid after a library's, such as `linalg.norm`.
    qualified = f"{prefix.rpartition('.')[2]}.{last}"
    row = BY_NAME.get(qualified) or BY_NAME.get(last)
    if prefix not in PREFIXES or row is None or qualified in CONFLICTING_NAMES:
        return None
    if row.attribute:
        return row, lambda operands, _: f"{operands[0]}.{last}"
    if prefix == "torch" and not hasattr(torch, last):
        return row, lambda operands, keywords: f"{operands[0]}.{last}({', '.join((*operands[1:], *keywords))})"

    def called(operands: Sequence[str], keywords: Sequence[str]) -> str:
        ordered = [operands[k] for k in _ORDER.get(last, range(len(operands)))]
        return f"{prefix}.{last}({', '.join((*ordered, *keywords))})"

    return row, called


def _subscripted(operands: Sequence[str], _: Sequence[str]) -> str:
    of, index = operands
    return f"{of}[{index[1:-1] if len(index) > 2 and index[0] == '(' else index}]"


def _drawn(info: Any, dtype: torch.dtype) -> tuple[tuple[tuple[Any, ...], dict[str, Any]], ...]:
    """torch's samples, the same at every run."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = info.sample_inputs("cpu", dtype, requires_grad=info.supports_autograd and dtype.is_floating_point)
        return tuple(((sample.input, *sample.args), dict(sample.kwargs)) for sample in drawn)


def _elements(sample: Any) -> int:
    return sum(leaf.numel() for leaf in pytree.tree_leaves(sample) if isinstance(leaf, torch.Tensor))
