"""Random programs of the table: samples of its rows, with further programs in the places of their inputs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st
from pullback_server.language import check, parse
from pullback_server.operators import TABLE, Operator
from pullback_server.operators.samples import SAMPLE_SHAPES, Sample, draw
from pullback_server.program import Limits, TensorType

#: The most nested operators; each may bring some more, which keep its operands where it is defined.
LEVELS = 3
#: Inputs with entries, by shape.
NAMES: dict[tuple[int, ...], tuple[str, ...]] = {
    shape: tuple(n for n, s in SAMPLE_SHAPES.items() if s == shape)
    for shape in SAMPLE_SHAPES.values()
    if 0 not in shape
}
#: The intervals that differentiated inputs are drawn from, and constants with integers.
DRAWN, INTEGERS = (-1.5, 1.5), (1, 2)

Draw = Callable[[st.SearchStrategy[Any]], Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Template:
    """A sample of a row with the inputs that it names, which programs of their shapes can stand for."""

    row: Operator
    text: str
    shape: Shape
    inputs: tuple[str, ...]


def inputs(seed: int) -> dict[str, Sample]:
    """Values for every input that a program may name; the constants are those of samples, whatever the row."""
    return {n: s for n, s in draw(INTEGERS, seed).items() if n not in SAMPLE_SHAPES} | {
        n: s for n, s in draw(DRAWN, seed).items() if n in SAMPLE_SHAPES
    }


@st.composite
def programs(choose: Draw, row: Operator | None = None) -> str:
    """A program whose outermost operator is the row's, or any row's."""
    return _fill(choose, choose(st.sampled_from(_outermost(row))), LEVELS - 1)


@cache
def usable_rows() -> tuple[Operator, ...]:
    """The rows that programs can be built from: those with a sample that has entries."""
    return tuple(row for row in TABLE if _outermost(row))


@cache
def _outermost(row: Operator | None) -> tuple[Template, ...]:
    return tuple(t for row_ in (TABLE if row is None else (row,)) for t in _templates(row_))


def _templates(row: Operator) -> tuple[Template, ...]:
    """The samples of a row that have a floating value with entries, on inputs inside its interval."""
    templates = []
    types = {name: TensorType(sample.dtype, sample.shape) for name, sample in inputs(0).items()}
    for text in row.samples:
        typed = check(parse(text, list(types), Limits()), types, Limits())
        named = tuple(typed.program.inputs())
        empty = any(0 in types[name].shape for name in named) or not typed.output.elements
        counted = "count" in named and not (row.interval[0] <= INTEGERS[0] and INTEGERS[1] <= row.interval[1])
        if typed.output.dtype.floating and not empty and not counted and "\n" not in text:
            floating = tuple(name for name in named if name in SAMPLE_SHAPES)
            templates.append(Template(row, text, typed.output.shape, floating))
    return tuple(templates)


@cache
def _by_shape(shape: Shape) -> tuple[Template, ...]:
    return tuple(template for template in _outermost(None) if template.shape == shape)


def _fill(choose: Draw, template: Template, levels: int) -> str:
    inner = {name: _operand(choose, SAMPLE_SHAPES[name], levels, template.row.interval) for name in template.inputs}
    return ast.unparse(_Filling(inner).visit(ast.parse(template.text, mode="eval")))


def _operand(choose: Draw, shape: Shape, levels: int, interval: tuple[float, float]) -> ast.expr:
    """A program of a shape with values in an interval: an input or a template, moved there where it has to be."""
    if levels and choose(st.integers(0, 3)):
        text = _fill(choose, choose(st.sampled_from(_by_shape(shape))), levels - 1)
        inside = False
    else:
        text = choose(st.sampled_from(NAMES[shape]))
        inside = interval[0] <= DRAWN[0] and DRAWN[1] <= interval[1]
    if not inside:
        text = f"{interval[0]} + {interval[1] - interval[0]}*sigmoid({text})"
    return ast.parse(text, mode="eval").body


class _Filling(ast.NodeTransformer):
    """Puts expressions in the places of names."""

    def __init__(self, inner: dict[str, ast.expr]) -> None:
        self._inner = inner

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The expression that stands for an input."""
        return self._inner.get(node.id, node)
