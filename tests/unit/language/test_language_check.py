"""Types, arguments and costs before anything is computed."""

from __future__ import annotations

import pytest
from pullback_server.program import Apply, DType, Limits, Refusal, TensorType
from typed_programs import typed_by_shapes as typed


def refusal_of(text: str, **shapes: tuple[int, ...]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        typed(text, **shapes)
    return caught.value


def test_the_result_has_torch_shape_and_dtype() -> None:
    assert typed("x + y", x=(2, 1), y=(3,)).output == TensorType(DType.FLOAT64, (2, 3))
    assert typed("sum(x, dim=0)", x=(2, 3)).output.shape == (3,)
    assert typed("x > 0", x=(2,)).output.dtype is DType.BOOL


def test_number_literals_are_weak() -> None:
    assert typed("1").output == TensorType(DType.INT64, (), weak=True)
    assert typed("0.1 + 0.2 - 0.3").output == TensorType(DType.FLOAT64, (), weak=True)


def test_arguments_are_filled_and_sizes_resolved() -> None:
    program = typed("sum(x, dim=y.shape[0]) + x.size(1)", x=(2, 3), y=(1,))
    number = next(k for k, n in enumerate(program.program.nodes) if isinstance(n, Apply) and n.operator == "sum")
    assert program.arguments[number] == {"dim": 1, "keepdim": False}
    assert program.output.shape == (2,)


@pytest.mark.parametrize(
    ("text", "shapes", "column"),
    [
        ("1 + x*y", {"x": (2,), "y": (3,)}, 5),
        ("exp(x) @ y", {"x": (2, 3), "y": (2, 3)}, 1),
        ("x @ y", {"x": (), "y": ()}, 1),
        ("y + sum(x, dim=99)", {"x": (3,), "y": ()}, 5),
        ("x + x.shape[1]", {"x": (3,)}, 5),
        ("sum(x, dim=x.shape[0])", {"x": (3,)}, 1),
    ],
)
def test_operands_that_do_not_fit_are_refused_at_their_place(
    text: str, shapes: dict[str, tuple[int, ...]], column: int
) -> None:
    refusal = refusal_of(text, **shapes)
    assert (refusal.reason.name, refusal.line, refusal.column) == ("SHAPE_MISMATCH", 1, column)
    assert refusal.found
    assert refusal.hint


@pytest.mark.parametrize(
    ("text", "shapes", "limit"),
    [
        ("x + y", {"x": (100_000, 1), "y": (1, 100_000)}, "elements"),
        ("x*y", {"x": (1000, 1, 1), "y": (1, 1000, 1000)}, "elements"),
        ("exp(x) + exp(exp(x))", {"x": (2**27,)}, "memory"),
        ("x @ x", {"x": (9_000, 9_000)}, "work"),
    ],
)
def test_what_costs_too_much_is_refused(text: str, shapes: dict[str, tuple[int, ...]], limit: str) -> None:
    refusal = refusal_of(text, **shapes)
    assert refusal.reason.name == "LIMIT_EXCEEDED"
    assert f"`{limit}`" in refusal.message
    assert str(getattr(Limits(), limit)) in refusal.message


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((-1,), "BAD_SHAPE"),
        ((1,) * 9, "LIMIT_EXCEEDED"),
        ((2**32, 2**32), "LIMIT_EXCEEDED"),
        ((0, 10**12), "LIMIT_EXCEEDED"),
    ],
)
def test_an_input_that_is_too_large_is_refused_by_its_field(shape: tuple[int, ...], reason: str) -> None:
    refusal = refusal_of("x", x=(), y=shape)
    assert (refusal.reason.name, refusal.field) == (reason, "inputs[1].tensor.shape")


def test_costs_grow_with_the_program() -> None:
    small, large = typed("exp(x)", x=(10,)), typed("exp(exp(x))", x=(10,))
    assert large.memory > small.memory > 0
    assert large.work > small.work > 0
