"""Odd literals for every literal parameter of every row: refused, or understood and computed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from pullback_server.language import check, parse
from pullback_server.numeric import compile_program
from pullback_server.operators import TABLE, Operator
from pullback_server.operators.signature import Parameter
from pullback_server.program import DType, Limits, Refusal, TensorType, TypedProgram

TENSORS = {
    "x": torch.rand(2, 3, dtype=torch.float64),
    "k": torch.tensor([1, 0]),
    "s": torch.tensor(0.5, dtype=torch.float64),
    "M": torch.eye(3, dtype=torch.float64),
}
TYPES = {n: TensorType(DType.INT64 if n == "k" else DType.FLOAT64, tuple(t.shape)) for n, t in TENSORS.items()}
# fmt: off
ODD = ("(1, (1, 2))", "((1, 2),)", "((0, 1), (0, 1))", "((0, 0), (0, 1))", "-1", "-99", "7", "10**30", "2**63", "True",
       "None", "0.5", "1e400", "'x'", "()", "(0, 0)", "(0, -1)", "(1, 2, 3, 4)", "(None,)", "((),)")
# fmt: on


def literals(row: Operator) -> list[Parameter]:
    return [p for p in row.parameters.parameters if p.kind and p.kind not in ("output", "key", "tensors")]


def calls(row: Operator, odd: Parameter, literal: str, tensor: str) -> Iterator[str]:
    """Calls with one odd literal, and everything else that they need."""
    words = []
    for parameter in row.parameters.parameters:
        if parameter is odd:
            words.append(literal if odd.name == row.parameters.variadic else f"{odd.name}={literal}")
        elif parameter.kind == "tensors":
            words.append(f"[{tensor}, {tensor}]")
        elif not parameter.kind and parameter.required:
            words.append(tensor)
        elif parameter.kind not in ("", "output", "key") and parameter.required:
            words.append(f"{parameter.name}=1")
    yield f"{row.name}({', '.join(words)})"
    if odd.name == row.parameters.variadic:
        yield f"{row.name}({', '.join(words)}, {literal})"


def type_check(text: str) -> TypedProgram | None:
    try:
        return check(parse(text, tuple(TYPES), Limits()), TYPES, Limits())
    except Refusal:
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [row for row in TABLE if literals(row)], ids=lambda row: row.name)
def test_an_odd_literal_is_refused_or_computed(row: Operator) -> None:
    for odd in literals(row):
        for literal in ODD:
            for tensor in TENSORS:
                for text in calls(row, odd, literal, tensor):
                    typed = type_check(text)
                    if typed is not None:
                        value = compile_program(typed)(TENSORS)[typed.program.output]
                        assert tuple(torch.as_tensor(value).shape) == typed.output.shape, text
