"""Names: which an input may have, and what constants and the operators' names mean."""

from __future__ import annotations

import math

import pytest
from pullback_server.language import CONSTANTS, check_names, name_problem, parse
from pullback_server.operators import BY_NAME
from pullback_server.program import Apply, Limits, Literal, Place, Refusal


@pytest.mark.parametrize(
    "name", ["", "x.y", "1x", "ｘ", "if", "None", "__class__", "sin", "sum", "n" * 65, "x\ny", "%n"]
)
def test_a_bad_name_is_refused_with_its_field(name: str) -> None:
    assert name_problem(name, Limits())
    with pytest.raises(Refusal) as caught:
        check_names(["x", name], Limits())
    assert (caught.value.reason.name, caught.value.field) == ("BAD_NAME", "inputs[1].name")


def test_a_duplicate_name_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        check_names(["x", "y", "x"], Limits())
    assert (caught.value.reason.name, caught.value.field) == ("DUPLICATE_INPUT", "inputs[2].name")


def test_too_many_inputs_are_refused() -> None:
    with pytest.raises(Refusal, match="inputs"):
        check_names([f"t{k}" for k in range(65)], Limits())


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_constants_have_their_values(name: str) -> None:
    assert parse(name, (), Limits()).nodes[0] == Literal(getattr(math, name), Place(1, 1), name)


#: Arguments by their kind, where it does not accept 0.
ARGUMENTS = {"": "x", "tensors": "[x, x]", "string": "'ij'"}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_name_of_an_operator_means_its_row(name: str) -> None:
    row = BY_NAME[name]
    parameters = [p for p in row.parameters.parameters if p.kind not in ("output", "key")]
    arguments = [(p, ARGUMENTS.get(p.kind, "0")) for p in parameters if p.required or p.kind in ("", "tensors")]
    values = [f"{p.name}={value}" if p.default is None else value for p, value in arguments]
    text = f"x.{name}" if row.attribute else f"{name}({', '.join(values)})"
    if row.symbol == "[]":
        text = "x[0]"
    elif row.parameters.output:
        text += "[0]"
    node = parse(text, ("x",), Limits()).nodes[-1]
    assert isinstance(node, Apply)
    assert node.operator == row.name
