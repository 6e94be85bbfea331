"""Reads printed closed forms back: the text alone, evaluated with NumPy and mpmath, and none of the printer's code.

An index is an array of positions, one axis of the grid for each index in force, so that `Sum(body, s)` is the body on a
grid with one more axis, summed over it. The range of an index follows from where it stands: `x[s, 0]` runs over x's
first axis, and `g[i]` over the range of `i` in g's own line under "where"; or it is stated, `Sum(x[2*i + s], s < 3)`.
A line `g = softmax(A @ x)`, of whole tensors, is an expression of the language, and read as such.
An index out of range reads nothing, which shows in the numbers unless a condition or a delta keeps the formula from it;
only entries of integer tensors count from the end where they are negative.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from case_files import value
from formula_functions import ARITHMETIC, CONSTANTS, FUNCTIONS, MATRICES, REDUCTIONS, SEVERAL, Array

Grid = dict[str, npt.NDArray[np.intp]]

#: The letters of indices: of the output's axes, and of the input's.
OUTPUT, INPUT = "ijkl", "pqr"


class Unreadable(Exception):
    """A formula that says something this reader, and so a person, cannot make sense of."""


@dataclass(frozen=True)
class Part:
    """A line under "where": `g[i, j] = body for i < 2`, or a length, `n = x.shape[0]`."""

    axes: tuple[str, ...]
    body: ast.expr
    limits: Mapping[str, ast.expr] = field(default_factory=dict)


def free_letters(alphabet: str, taken: set[str], wanted: int) -> list[str]:
    """The first letters of an alphabet that no tensor is called by, with numbers behind them when they run out."""
    stream = (f"{letter}{number or ''}" for number in count() for letter in alphabet)
    return [letter for letter, _ in zip((c for c in stream if c not in taken), range(wanted), strict=False)]


def read(text: str, tensors: Mapping[str, Array], letters: Mapping[str, int]) -> Array:
    """The formula's values on the grid that the letters span, each over the length given, in their order."""
    formula = _Formula(text, tensors)
    shape = tuple(letters.values())
    with np.errstate(all="ignore"):
        value = np.asarray(formula.value(formula.main, _span(tuple(letters), shape)), dtype=float)
        return np.broadcast_to(value, shape)


def lines_of(text: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The values of the tensors that a formula defines under "where", by name."""
    with np.errstate(all="ignore"):
        return _Formula(text, tensors).parts()


def _span(letters: tuple[str, ...], shape: tuple[int, ...]) -> Grid:
    """One axis of the grid for each letter."""
    grid = np.ogrid[tuple(slice(length) for length in shape)] if shape else ()
    return dict(zip(letters, grid, strict=True))


def _entries(tensor: Array, at: tuple[npt.NDArray[np.intp], ...]) -> Array:
    """The entries at these indices, nan where one is out of range."""
    if not at:
        return tensor
    shape = np.broadcast_shapes(*(i.shape for i in at))
    if 0 in tensor.shape:
        return np.full(shape, np.nan)
    outside = np.zeros(shape, dtype=bool)
    for i, n in zip(at, tensor.shape, strict=True):
        outside = outside | (i < 0) | (i >= n)
    inside = tuple(np.clip(i, 0, n - 1) for i, n in zip(at, tensor.shape, strict=True))
    return np.where(outside, np.nan, tensor[inside])


class _Formula:
    """A formula's lines, and what they come to on a grid."""

    def __init__(self, text: str, tensors: Mapping[str, Array]) -> None:
        first, *lines = text.split("\n")
        self.main = ast.parse(first.partition(" for ")[0], mode="eval").body
        self._tensors = tensors
        self._parts: dict[str, Part] = {}
        self._known: dict[str, Array] = {}
        for number, line in enumerate(lines):
            if not line.startswith("  and " if number else "where "):
                raise Unreadable(f"a line that is not a definition: {line}")
            definition, _, limits = line[6:].partition(" for ")
            ranges = dict(map(_limit, ast.parse(f"[{limits}]", mode="eval").body.elts))  # type: ignore[attr-defined]
            (statement,) = ast.parse(definition).body
            match statement:
                case ast.Assign([ast.Name(name)], body):
                    part = Part((), body)
                    if self._of_tensors(body):
                        # A whole tensor, as the language says it.
                        self._known[name] = self._evaluate(definition.partition(" = ")[2])
                case ast.Assign([ast.Subscript(ast.Name(name), index)], body):
                    part = Part(tuple(i.id for i in _indices(index) if isinstance(i, ast.Name)), body, ranges)
                case _:
                    raise Unreadable(line)
            if name in self._parts or name in tensors:
                raise Unreadable(f"{name} is defined twice")
            self._parts[name] = part

    def value(self, node: ast.expr, grid: Grid) -> Any:
        match node:
            case ast.Constant(int() | float() as number):
                return float(number)
            case ast.Name(name) if name in grid:
                return grid[name]
            case ast.Name(name):
                return self._entry(name, (), grid)
            case ast.Subscript(ast.Attribute(ast.Name(name), "shape"), ast.Constant(int() as axis)):
                return float(self._tensors[name].shape[axis])
            case ast.Subscript(ast.Name(name), index):
                return self._entry(name, _indices(index), grid)
            case ast.Subscript() | ast.Call(ast.Name("det" | "logdet")):
                tensor, indices = _indexed(node)
                values, batch = self._matrix(tensor)
                return _entries(values, self._at((*batch, *indices), values.shape, grid))
            case ast.BinOp(_, ast.Mult() | ast.Div()):
                return self._product(node, grid)
            case ast.UnaryOp(op, operand):
                return ARITHMETIC[type(op)](self._number(operand, grid)) * 1.0
            case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
                return ARITHMETIC[type(op)](self._number(left, grid), self._number(right, grid)) * 1.0
            case ast.Call(ast.Name(kind), [body, *bound]) if kind in REDUCTIONS:
                return self._reduction(REDUCTIONS[kind], body, bound, grid)
            case ast.Call(ast.Name("delta"), [a, b]):
                return self._delta(a, b, grid)
            case ast.Call(ast.Name(function), arguments, keywords):
                named = {str(k.arg): self._number(k.value, grid) for k in keywords}
                return FUNCTIONS[function](*(self._number(a, grid) for a in arguments), **named)
        raise Unreadable(ast.unparse(node))

    def _of_tensors(self, body: ast.expr) -> bool:
        """Whether a definition speaks of whole tensors: one stands in it without indices."""
        others = set[ast.expr]()
        for node in ast.walk(body):
            match node:
                case ast.Subscript(ast.Attribute(of, "shape")) | ast.Subscript(of) | ast.Call(of):
                    others.add(of)
        bare = (n.id for n in ast.walk(body) if isinstance(n, ast.Name) and n not in others)
        return any(name in self._tensors and self._tensors[name].ndim for name in bare)

    def _evaluate(self, expression: str) -> Array:
        named = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
        return value(expression, {n: torch.tensor(t) for n, t in self._tensors.items() if n in named}).numpy()

    def parts(self) -> dict[str, Array]:
        """The parts under "where"."""
        return {name: np.asarray(self._part(name), dtype=float) for name in self._parts}

    def _number(self, node: ast.expr, grid: Grid) -> Array:
        return np.asarray(self.value(node, grid), dtype=float)

    def _at(
        self, indices: tuple[ast.expr, ...], lengths: tuple[int, ...], grid: Grid
    ) -> tuple[npt.NDArray[np.intp], ...]:
        if len(indices) != len(lengths):
            raise Unreadable(f"{len(indices)} indices for {len(lengths)} axes")
        return tuple(self._position(i, n, grid) for i, n in zip(indices, lengths, strict=True))

    def _position(self, index: ast.expr, length: int, grid: Grid) -> npt.NDArray[np.intp]:
        """The values of an index of an axis; a negative entry of a tensor counts from the axis's end."""
        at = np.asarray(np.nan_to_num(self.value(index, grid), nan=length), dtype=np.intp)
        return np.where((at < 0) & self._counts(index, grid), at + length, at)

    def _counts(self, index: ast.expr, grid: Grid) -> bool:
        """Whether an index is an entry of a tensor."""
        return isinstance(index, ast.Subscript) or (isinstance(index, ast.Name) and index.id not in grid)

    def _delta(self, a: ast.expr, b: ast.expr, grid: Grid) -> Array:
        for index, other in ((a, b), (b, a)):
            if self._counts(index, grid) and isinstance(other, ast.Name):
                return np.asarray(self._position(index, grid[other.id].size, grid) == grid[other.id], dtype=float)
        return np.asarray(self._number(a, grid) == self._number(b, grid), dtype=float)

    def _product(self, node: ast.expr, grid: Grid) -> Array:
        """A product; where a delta in it is 0 it is 0, whatever its other factors are there."""
        value, nonzero = np.ones(()), np.ones((), dtype=bool)
        for factor, divides in _factors(node):
            number = self._number(factor, grid)
            value = value / number if divides else value * number
            if isinstance(factor, ast.Call) and isinstance(factor.func, ast.Name) and factor.func.id == "delta":
                nonzero = nonzero & (number != 0)
        return np.where(nonzero, value, 0.0)

    def _matrix(self, node: ast.expr) -> tuple[Any, tuple[ast.expr, ...]]:
        """A matrix or a function of one with all its entries, and the indices before the matrix's own."""
        match node:
            case ast.Name(name):
                return self._values(name), ()
            case ast.Attribute(of, "T"):
                values, batch = self._matrix(of)
                return np.swapaxes(values, -1, -2), batch
            case ast.Call(ast.Name(function), [of]) if function in MATRICES:
                values, batch = self._matrix(of)
                return MATRICES[function](values), batch
            case ast.Subscript(ast.Call(ast.Name(function), [of]), ast.Constant(int() as result)) if (
                function in SEVERAL
            ):
                values, batch = self._matrix(of)
                return SEVERAL[function](values)[result], batch
            case ast.Subscript(ast.Name(name), index):
                return self._values(name), _indices(index)
        raise Unreadable(ast.unparse(node))

    def _values(self, name: str) -> Array:
        return self._part(name) if name in self._parts else self._tensors[name]

    def _entry(self, name: str, indices: tuple[ast.expr, ...], grid: Grid) -> Any:
        if name not in self._parts and name not in self._tensors:
            return CONSTANTS[name]
        values = self._values(name)
        return _entries(values, self._at(indices, values.shape, grid))

    def _part(self, name: str) -> Array:
        """A part's values over its own axes, computed once."""
        if name not in self._known:
            part = self._parts[name]
            shape = self._shape(name)
            self._known[name] = np.broadcast_to(self._number(part.body, _span(part.axes, shape)), shape)
        return self._known[name]

    def _shape(self, name: str) -> tuple[int, ...]:
        """The lengths of a tensor or of a part; the gradient `v_h` is as long as h."""
        if name in self._tensors:
            return tuple(self._tensors[name].shape)
        if name in self._known:
            return self._known[name].shape
        part = self._parts[name]
        for other in (*self._parts, *self._tensors):
            if re.fullmatch(rf"v_+{re.escape(other)}_*", name):
                return tuple(n for n in self._shape(other) if n != 1) if other in self._tensors else self._shape(other)
        return tuple(self._range(letter, part.body, part.limits.get(letter)) for letter in part.axes)

    def _reduction(self, reduce: Callable[..., Any], body: ast.expr, bound: list[ast.expr], grid: Grid) -> Any:
        """The reduction over indices whose range is stated, `s < 3`, or follows from where they stand."""
        limits = dict((b.id, None) if isinstance(b, ast.Name) else _limit(b) for b in bound)
        if set(limits) & set(grid) or len(limits) < len(bound):
            raise Unreadable(f"an index that is in force is bound again: {ast.unparse(body)}")
        inner = {name: index[(..., *[None] * len(bound))] for name, index in grid.items()}
        ranges = tuple(self._range(letter, body, limit) for letter, limit in limits.items())
        inner |= _span(tuple(limits), ranges)
        outer = np.broadcast_shapes(*(index.shape[: index.ndim - len(bound)] for index in inner.values()))
        value = np.broadcast_to(self.value(body, inner), (*outer, *ranges))
        return reduce(value, axis=tuple(range(-len(bound), 0)))

    def _range(self, letter: str, body: ast.expr, limit: ast.expr | None) -> int:
        """The range of an index: the one stated, or the length of every axis in which the index stands alone."""
        if limit is not None:
            return int(self.value(limit, {}))
        lengths = set()
        for node in ast.walk(body):
            match node:
                case ast.Subscript(of, index):
                    places = [axis for axis, i in enumerate(_indices(index)) if _is_name(i, letter)]
                    lengths |= {self._along(of, axis) for axis in places}
        if len(lengths) != 1:
            raise Unreadable(f"how far {letter} runs in {ast.unparse(body)}: {sorted(lengths)}")
        return lengths.pop()

    def _along(self, of: ast.expr, axis: int) -> int:
        if isinstance(of, ast.Name):
            return self._shape(of.id)[axis]
        values, batch = self._matrix(of)
        return int(values.shape[len(batch) + axis])


def _indexed(node: ast.expr) -> tuple[ast.expr, tuple[ast.expr, ...]]:
    """A function of a matrix and the indices of its own that it stands with: `inv(A)[i, j]`, but `slogdet(A)[1]`."""
    match node:
        case ast.Subscript(ast.Call(ast.Name(function)), _) if function in SEVERAL:
            return node, ()
        case ast.Subscript(matrix, index):
            return matrix, _indices(index)
    return node, ()


def _factors(node: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """The factors of a product, each with whether it divides."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            yield from _factors(left)
            yield from _factors(right)
        case ast.BinOp(left, ast.Div(), right):
            yield from _factors(left)
            yield right, True
        case _:
            yield node, False


def _limit(node: ast.expr) -> tuple[str, ast.expr]:
    """An index and the limit of its range, `s < 3`."""
    match node:
        case ast.Compare(ast.Name(letter), [ast.Lt()], [limit]):
            return letter, limit
    raise Unreadable(ast.unparse(node))


def _is_name(node: ast.expr, letter: str) -> bool:
    return isinstance(node, ast.Name) and node.id == letter


def _indices(index: ast.expr) -> tuple[ast.expr, ...]:
    return tuple(index.elts) if isinstance(index, ast.Tuple) else (index,)
