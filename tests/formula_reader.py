"""Reads printed closed forms back: the text alone, evaluated with NumPy and mpmath, with nothing of what printed it.

An index is an array of positions, one axis of the grid for each index in force, so that `Sum(body, s)` is the body on a
grid with one more axis, summed over it. How far an index runs is told by where it stands: `x[s, 0]` runs over x's first
axis, and `g[i]` over what `i` runs over in g's own line under "where".
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Grid = dict[str, npt.NDArray[np.intp]]

#: The letters of indices: of the output's axes, and of the input's.
OUTPUT, INPUT = "ijkl", "pqr"

REDUCTIONS: dict[str, Callable[..., Any]] = {"Sum": np.sum, "Product": np.prod, "Max": np.max, "Min": np.min}


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _clamp(x: Array, low: Array | float = -math.inf, high: Array | float = math.inf, **bounds: Array) -> Array:
    return np.minimum(np.maximum(x, bounds.get("min", low)), bounds.get("max", high))


#: What is read past the end of a tensor, where only a condition or a delta of 0 keeps a formula from: it would show.
PAST = 0.37


def _read(tensor: Array, at: tuple[npt.NDArray[np.intp], ...]) -> Array:
    """The entries at these indices."""
    if not at:
        return tensor
    shape = np.broadcast_shapes(*(i.shape for i in at))
    if not tensor.size:
        return np.full(shape, PAST)
    past = np.zeros(shape, dtype=bool)
    for i, n in zip(at, tensor.shape, strict=True):
        past = past | (i >= n)
    inside = tuple(np.minimum(i, n - 1) for i, n in zip(at, tensor.shape, strict=True))
    return np.asarray(np.where(past, PAST, tensor[inside]), dtype=float)


def _where(condition: Array, a: Array, b: Array) -> Array:
    return np.where(condition != 0, a, b)


def _delta(a: Array, b: Array) -> Array:
    return np.asarray(a == b, dtype=float)


def _leaky(x: Array, slope: Array) -> Array:
    return np.where(x > 0, x, slope * x)


def _elu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(x))


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def _beyond(x: Array, width: Array) -> Array:
    return np.where(np.abs(x) > width, x, 0)


def _round(x: Array, decimals: Array | float = 0) -> Array:
    return np.round(x * 10.0**decimals) / 10.0**decimals


def _logit(x: Array, eps: Array | float = 0) -> Array:
    x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def _normal(x: Array) -> Array:
    return np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2


def _by_mpmath(function: Callable[..., Any]) -> Callable[..., Array]:
    """A function of mpmath's at every entry."""
    return np.vectorize(lambda *x: float(function(*map(float, x))), otypes=[float])


#: numpy's functions that go by the same name.
SAME = (
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "sign", "floor", "ceil", "trunc", "expm1",
    "log1p", "log2", "log10", "sinc", "fmod", "hypot", "logaddexp", "logaddexp2", "copysign", "isnan", "isinf",
    "isfinite", "isposinf", "isneginf", "signbit", "logical_xor",
)  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{n: getattr(np, n) for n in SAME},
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "abs": np.abs, "maximum": np.maximum, "minimum": np.minimum, "pow": np.power, "remainder": np.mod,
    "add": np.add, "mul": np.multiply, "erf": np.vectorize(math.erf, otypes=[float]),
    "where": _where, "delta": _delta, "sigmoid": _sigmoid, "clamp": _clamp,
    "softplus": lambda x: np.logaddexp(0, x), "relu": lambda x: np.maximum(x, 0),
    "atan2": np.arctan2, "round": _round, "frac": lambda x: np.fmod(x, 1), "logit": _logit,
    "xlogy": lambda x, y: x * np.log(y), "xlog1py": lambda x, y: x * np.log1p(y), "entr": lambda x: -x * np.log(x),
    "logsigmoid": lambda x: np.log(_sigmoid(x)), "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * _sigmoid(x), "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "gelu": lambda x: x * _normal(x), "ndtr": _normal, "tanhshrink": lambda x: x - np.tanh(x),
    "relu6": _relu6, "hardsigmoid": lambda x: _relu6(x + 3) / 6, "hardswish": lambda x: x * _relu6(x + 3) / 6,
    "leaky_relu": _leaky, "elu": _elu, "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
    "selu": lambda x: 1.0507009873554805 * _elu(x, np.asarray(1.6732632423543772)), "hardtanh": np.clip,
    "softshrink": lambda x, width: np.sign(x) * np.maximum(np.abs(x) - width, 0), "hardshrink": _beyond,
    "threshold": lambda x, bound, value: np.where(x > bound, x, value),
    "erfc": np.vectorize(math.erfc, otypes=[float]), "lgamma": np.vectorize(math.lgamma, otypes=[float]),
    "erfinv": _by_mpmath(mp.erfinv), "digamma": _by_mpmath(mp.digamma),
    "polygamma": _by_mpmath(lambda n, x: mp.psi(int(n), x)),
    "i0": np.i0, "i1": _by_mpmath(lambda x: mp.besseli(1, x)), "i0e": lambda x: np.i0(x) * np.exp(-np.abs(x)),
    "i1e": _by_mpmath(lambda x: mp.besseli(1, x) * mp.exp(-abs(x))),
    "max": lambda *x: np.max(x, axis=0), "min": lambda *x: np.min(x, axis=0),
    "logsumexp": lambda *x: np.log(np.sum(np.exp(x), axis=0)),
}  # fmt: skip
#: Functions of a whole matrix, of which entries are taken, `inv(A)[i, j]`, or of one of several results, `eigh(A)[1]`.
MATRICES: dict[str, Callable[..., Any]] = {
    "inv": np.linalg.inv, "pinv": np.linalg.pinv, "det": np.linalg.det, "eigvalsh": np.linalg.eigvalsh,
    "eigh": np.linalg.eigh, "svd": lambda x: np.linalg.svd(x, full_matrices=False),
    "svdvals": lambda x: np.linalg.svd(x, compute_uv=False),
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
    ast.BitAnd: np.logical_and, ast.BitOr: np.logical_or, ast.UAdd: np.positive, ast.USub: np.negative,
    ast.Invert: np.logical_not, ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip


class Unreadable(Exception):
    """A formula that says something this reader, and so a person, cannot make sense of."""


@dataclass(frozen=True)
class Part:
    """A line under "where": `g[i, j] = body`, or a length, `n = x.shape[0]`."""

    axes: tuple[str, ...]
    body: ast.expr


def free_letters(alphabet: str, taken: set[str], wanted: int) -> list[str]:
    """The first letters of an alphabet that no tensor is called by, with numbers behind them when they run out."""
    stream = (f"{letter}{number or ''}" for number in count() for letter in alphabet)
    return [letter for letter, _ in zip((c for c in stream if c not in taken), range(wanted), strict=False)]


def read(text: str, tensors: Mapping[str, Array], letters: Mapping[str, int]) -> Array:
    """The formula's values on the grid that the letters span, each over the length given, in their order."""
    formula = _Formula(text, tensors)
    shape = tuple(letters.values())
    with np.errstate(all="ignore"):
        value = np.asarray(formula.value(formula.main, _spanned(tuple(letters), shape)), dtype=float)
        return np.broadcast_to(value, shape)


def lines_of(text: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The values of the tensors that a formula defines under "where", by name."""
    with np.errstate(all="ignore"):
        return _Formula(text, tensors).parts()


def _spanned(letters: tuple[str, ...], shape: tuple[int, ...]) -> Grid:
    """One axis of the grid for each letter."""
    grid = np.ogrid[tuple(slice(length) for length in shape)] if shape else ()
    return dict(zip(letters, grid, strict=True))


class _Formula:
    """A formula's lines, and what they come to on a grid."""

    def __init__(self, text: str, tensors: Mapping[str, Array]) -> None:
        first, *lines = text.split("\n")
        self.main = ast.parse(first, mode="eval").body
        self._tensors = tensors
        self._parts: dict[str, Part] = {}
        self._known: dict[str, Array] = {}
        for number, line in enumerate(lines):
            if not line.startswith("  and " if number else "where "):
                raise Unreadable(f"a line that is no definition: {line}")
            (statement,) = ast.parse(line[6:]).body
            match statement:
                case ast.Assign([ast.Name(name)], body):
                    part = Part((), body)
                case ast.Assign([ast.Subscript(ast.Name(name), index)], body):
                    part = Part(tuple(i.id for i in _indices(index) if isinstance(i, ast.Name)), body)
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
            case ast.Subscript(ast.Call() | ast.Subscript() as whole, index):
                return self._whole(whole)[self._at(_indices(index), grid)]
            case ast.Call(ast.Name(function)) if function in MATRICES:
                return self._whole(node)
            case ast.UnaryOp(op, operand):
                return ARITHMETIC[type(op)](self._number(operand, grid)) * 1.0
            case ast.BinOp(left, op, right):
                return ARITHMETIC[type(op)](self._number(left, grid), self._number(right, grid)) * 1.0
            case ast.Compare(left, [op], [right]):
                return ARITHMETIC[type(op)](self._number(left, grid), self._number(right, grid)) * 1.0
            case ast.Call(ast.Name(kind), [body, *bound]) if kind in REDUCTIONS:
                return self._reduction(REDUCTIONS[kind], body, [b.id for b in bound if isinstance(b, ast.Name)], grid)
            case ast.Call(ast.Name(function), arguments, keywords):
                named = {str(k.arg): self._number(k.value, grid) for k in keywords}
                return FUNCTIONS[function](*(self._number(a, grid) for a in arguments), **named)
        raise Unreadable(ast.unparse(node))

    def parts(self) -> dict[str, Array]:
        """What stands under "where"."""
        return {name: np.asarray(self._part(name), dtype=float) for name in self._parts}

    def _number(self, node: ast.expr, grid: Grid) -> Array:
        return np.asarray(self.value(node, grid), dtype=float)

    def _at(self, indices: tuple[ast.expr, ...], grid: Grid) -> tuple[npt.NDArray[np.intp], ...]:
        return tuple(np.asarray(self.value(i, grid), dtype=np.intp) for i in indices)

    def _whole(self, node: ast.expr) -> Any:
        """A tensor, a part, or a function of a matrix, with all its entries."""
        match node:
            case ast.Name(name) if name in self._parts:
                return self._part(name)
            case ast.Name(name) if name in self._tensors:
                return self._tensors[name]
            case ast.Call(ast.Name(function), [matrix]) if function in MATRICES:
                return MATRICES[function](self._whole(matrix))
            case ast.Subscript(ast.Call() as results, ast.Constant(int() as number)):
                return self._whole(results)[number]
        raise Unreadable(ast.unparse(node))

    def _entry(self, name: str, indices: tuple[ast.expr, ...], grid: Grid) -> Any:
        at = self._at(indices, grid)
        if name in self._tensors:
            if len(at) != self._tensors[name].ndim:
                raise Unreadable(f"{name} has {self._tensors[name].ndim} axes, not {len(at)}")
            return _read(self._tensors[name], at)
        if name in self._parts:
            axes, body = self._parts[name].axes, self._parts[name].body
            if any(self._length(letter, body) is None for letter in axes):
                # A part that does not say how far its own indices run is read where it stands.
                return self.value(body, dict(zip(axes, at, strict=True)))
            part = self._part(name)
            varies = (i if length > 1 else 0 * i for i, length in zip(at, part.shape, strict=True))
            return _read(part, tuple(varies))
        return CONSTANTS[name]

    def _part(self, name: str) -> Array:
        """A part's values over its own axes, computed once."""
        if name not in self._known:
            part = self._parts[name]
            # A part that does not vary along one of its axes has no need to know how long it is.
            lengths = [self._length(letter, part.body) for letter in part.axes]
            shape = tuple(1 if length is None else length for length in lengths)
            self._known[name] = np.broadcast_to(self._number(part.body, _spanned(part.axes, shape)), shape)
        return self._known[name]

    def _reduction(self, reduce: Callable[..., Any], body: ast.expr, bound: list[str], grid: Grid) -> Any:
        if set(bound) & set(grid):
            raise Unreadable(f"an index that is in force is bound again: {ast.unparse(body)}")
        inner = {name: index[(..., *[None] * len(bound))] for name, index in grid.items()}
        ranges = [self._compared(letter, body, grid) or self._range(letter, body) for letter in bound]
        inner |= _spanned(tuple(bound), tuple(ranges))
        outer = np.broadcast_shapes(*(index.shape[: index.ndim - len(bound)] for index in inner.values()))
        value = np.broadcast_to(self.value(body, inner), (*outer, *ranges))
        return reduce(value, axis=tuple(range(-len(bound), 0)))

    def _compared(self, letter: str, body: ast.expr, grid: Grid) -> int | None:
        """How far an index runs that is compared with one in force: as far as that one."""
        for node in ast.walk(body):
            match node:
                case ast.Compare(ast.Name(a), [_], [ast.Name(b)]) if letter in (a, b) and (a in grid or b in grid):
                    return int(grid[a if a in grid else b].size)
        return None

    def _range(self, letter: str, body: ast.expr) -> int:
        length = self._length(letter, body)
        if length is None:
            raise Unreadable(f"nothing says how far {letter} runs in {ast.unparse(body)}")
        return length

    def _length(self, letter: str, body: ast.expr) -> int | None:
        for node in ast.walk(body):
            match node:
                case ast.Subscript(of, index):
                    for axis, found in enumerate(_indices(index)):
                        if isinstance(found, ast.Name) and found.id == letter:
                            length = self._along(of, axis)
                            if length is not None:
                                return length
                case ast.Call(ast.Name("delta"), [ast.Name(other), ast.Name(same)]) if same == letter:
                    return self._length(other, body)
        return None

    def _along(self, of: ast.expr, axis: int) -> int | None:
        match of:
            case ast.Name(name) if name in self._parts:
                return self._length(self._parts[name].axes[axis], self._parts[name].body)
        return int(self._whole(of).shape[axis])


def _indices(index: ast.expr) -> tuple[ast.expr, ...]:
    return tuple(index.elts) if isinstance(index, ast.Tuple) else (index,)
