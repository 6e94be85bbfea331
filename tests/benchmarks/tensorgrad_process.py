"""Gradients by tensorgrad, in an environment that has it: a question a line on stdin, its answer a line on stdout.

Both are JSON. It is run by its path, and imports nothing of the project. Each expression is built as tensorgrad's
README builds its own, and its gradient is `Derivative(...).full_simplify()`, written by `to_index`.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import process_time
from typing import Any

import torch
from sympy import symbols
from sympy.core.cache import clear_cache

# The tests' runner imports this file for its examples, in an environment without tensorgrad.
try:
    import tensorgrad as tg
    import tensorgrad.functions as F
    from tensorgrad.compiler import compile_to_callable
    from tensorgrad.extras.to_index import to_index
except ImportError:
    pass


def least_squares() -> tuple[Any, Any]:
    n, d = symbols("n d")
    x, w, y = tg.Variable("X", n, d), tg.Variable("w", d), tg.Variable("y", n)
    error = x @ w - y
    return error @ error, w


def cross_entropy() -> tuple[Any, Any]:
    n, c = symbols("n c")
    z, t = tg.Variable("z", n, c), tg.Variable("t", n, c)
    return F.mean(F.cross_entropy(z, t, dim="c"), dim="n"), z


def attention() -> tuple[Any, Any]:
    n, k, d, e = symbols("n k d e")
    query, key = tg.Variable("Q", n, d), tg.Variable("K", k, d)
    error = F.softmax(query @ key / 2, dim="k") @ tg.Variable("V", k, e) - tg.Variable("Y", n, e)
    return error @ error, query


def three_layers() -> tuple[Any, Any]:
    n, a, b, c, m = symbols("n a b c m")
    w1, w2, w3 = tg.Variable("W1", a, b), tg.Variable("W2", b, c), tg.Variable("W3", c, m)
    error = F.tanh(F.tanh(tg.Variable("X", n, a) @ w1) @ w2) @ w3 - tg.Variable("Y", n, m)
    return error @ error, w1


def log_det() -> tuple[Any, Any]:
    i = symbols("i")
    a = tg.Variable("A", i, j=i)
    return F.log(F.det(a)), a


def quadratic_form() -> tuple[Any, Any]:
    i = symbols("i")
    a, x = tg.Variable("A", i, j=i), tg.Variable("x", i)
    return x @ a @ x.rename(i="j"), x


#: An expression as a scalar and the variable that it is differentiated with respect to.
EXPRESSIONS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "least squares": least_squares, "cross-entropy": cross_entropy, "attention": attention,
    "three layers": three_layers, "log det": log_det, "x'Ax": quadratic_form,
}  # fmt: skip


def derive(name: str, simplify: str) -> dict[str, Any]:
    """The gradient's text, and the seconds of the processor until it is there, from the variables on.

    `simplify` is `full_simplify`, or `simplify` for one pass of it.
    """
    clear_cache()
    start = process_time()
    scalar, variable = EXPRESSIONS[name]()
    text = to_index(getattr(tg.Derivative(scalar, variable), simplify)())
    return {"seconds": process_time() - start, "text": text}


def error(name: str, inputs: dict[str, Any], gradient: list[Any]) -> dict[str, float]:
    """How far the simplified gradient is from the right one at these inputs, relative to the largest entry."""
    scalar, variable = EXPRESSIONS[name]()
    program = compile_to_callable(tg.Derivative(scalar, variable).full_simplify())
    tensors = {key: torch.tensor(entries, dtype=torch.float64) for key, entries in inputs.items()}
    sizes = {
        size: length
        for each in program.vars
        for size, length in zip(each.shape.values(), tensors[each.name].shape, strict=True)
    }
    # Calling the program takes named tensors, which the newest torch does not have; its kernel takes plain ones.
    (value,) = program.codegen.specialize(sizes, dtype=torch.float64)(*(tensors[each] for each in program.input_names))
    edges = program.outputs[0][1]
    right = torch.tensor(gradient, dtype=torch.float64)
    difference = value.permute([edges.index(edge) for edge in variable.edges]) - right
    return {"error": float(difference.abs().max() / right.abs().max())}


def main() -> None:
    """Answers until stdin closes; the first line says which tensorgrad it is."""
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    print(json.dumps({"version": version("tensorgrad")}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(error(**question) if "gradient" in question else derive(**question)), flush=True)


if __name__ == "__main__":
    main()
