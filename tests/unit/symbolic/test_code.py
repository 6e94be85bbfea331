"""The code that is given runs, and comes to torch's own derivatives: with torch, and with NumPy."""

import ast
import builtins
import keyword
import operator
import re

import numpy as np
import pytest
import scipy.special
import torch
from both_legs import code_of, jacobian, prepared, request_for, steps_of, tensors
from pullback_server.operators import TABLE
from pullback_server.symbolic import Code
from pullback_server.symbolic.evaluation.evaluate import functions
from pullback_server.symbolic.notation.code.functions import FUNCTIONS
from pullback_server.symbolic.notation.code.text import COMPARISONS, CONNECTIVES
from pullback_server.symbolic.primitives import AXIS_FUNCTIONS, MATRIX_FUNCTIONS
from row_samples import all_slow, sample_requests
from written_expressions import ALL, LENGTHS, NAMES, ORDINARY

#: The functions that the writer of code knows by itself.
WRITTEN = {
    "add", "sub", "mul", "div", "over_norm", "neg", "pow", "number", "where", "clamp", "logical_not", *COMPARISONS,
    *CONNECTIVES,
}  # fmt: skip


def code(asked) -> Code:
    return code_of(asked)


def run(text):
    """What a generated module defines."""
    scope = {}
    exec(compile(text, "generated", "exec"), scope)
    return scope


def wrong(asked, tolerance=1e-9):
    """Which functions of the generated code do not come to torch's numbers, shapes and dtypes."""
    modules, program = code(asked), prepared(asked)
    inputs = {o.name: o.tensor for o in asked.inputs if o.name in program.typed.program.inputs()}
    differences = []
    for library, text in (("torch", modules.torch), ("numpy", modules.numpy)):
        scope = run(text)
        arguments = {n: t.numpy() if library == "numpy" else t for n, t in inputs.items()}
        upstream = asked.upstream.numpy() if library == "numpy" else asked.upstream
        # The upstream gradient is the last parameter, whatever it is called.
        order = scope["vjp"].__code__.co_varnames[: len(arguments) + 1]
        with np.errstate(all="ignore"):
            pulled = scope["vjp"](*(arguments[n] for n in order[:-1]), upstream)
            jacobians = scope["jacobian"](**arguments)
        assert list(pulled) == list(jacobians) == list(program.used)
        for name in program.used:
            expected = jacobian(asked, name)
            flat = torch.tensordot(asked.upstream, expected, dims=asked.upstream.dim())
            for what, value, right in (("jacobian", jacobians[name], expected), ("vjp", pulled[name], flat)):
                if library == "torch":
                    assert value.dtype == right.dtype
                if np.shape(value) != tuple(right.shape) or not np.allclose(
                    np.asarray(value), right.numpy(), rtol=tolerance, atol=tolerance, equal_nan=True
                ):
                    differences.append(f"{library} {what} by {name}: {text}")
    return differences


@pytest.mark.parametrize(("expression", "shapes"), ALL, ids=[text for text, _ in ALL])
def test_the_code_comes_to_torchs_numbers(expression, shapes):
    assert not wrong(request_for(expression, tensors(**shapes)))


@pytest.mark.parametrize("row", all_slow(TABLE), ids=lambda row: row.name)
def test_the_code_of_a_rows_samples_comes_to_torchs_numbers(row):
    for text, asked in sample_requests(row):
        if prepared(asked).used and steps_of(asked).steps:
            assert not wrong(asked), text


@pytest.mark.parametrize(("expression", "shapes"), ORDINARY, ids=[text for text, _ in ORDINARY])
def test_the_code_of_one_size_serves_another(expression, shapes):
    larger = {name: tuple(n + 2 for n in shape) for name, shape in shapes.items()}
    small, large = request_for(expression, tensors(**shapes)), request_for(expression, tensors(**larger))
    assert code(small) == code(large)
    assert not wrong(large)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_code_keeps_the_dtype(dtype):
    asked = request_for(
        "softmax(A @ x)*relu(x) + mean(x)", {n: t.to(dtype) for n, t in tensors(A=(3, 3), x=(3,)).items()}
    )
    assert not wrong(asked, 1e-5 if dtype is torch.float32 else 1e-9)


def test_every_function_that_a_plan_may_name_can_be_written():
    assert not functions().keys() - FUNCTIONS.keys() - WRITTEN


def test_every_name_in_the_table_of_code_is_one_of_its_library():
    modules = {"torch": torch, "F": torch.nn.functional, "np": np, "special": scipy.special}
    primitives = ((p.code_torch, p.code_numpy) for p in (*AXIS_FUNCTIONS.values(), *MATRIX_FUNCTIONS.values()))
    for columns in (*(FUNCTIONS[name].values() for name in FUNCTIONS.keys() - WRITTEN), *primitives):
        for module, path in re.findall(r"(?<![.\w])(torch|F|np|special)\.([\w.]+)", " ".join(columns)):
            assert callable(operator.attrgetter(path)(modules[module])), columns


@pytest.mark.parametrize(
    "names",
    [("torch", "np"), ("F", "special"), ("float", "dict"), ("product", "others"), ("jacobian", "vjp"), ("t", "f")],
)
def test_an_input_may_have_any_name(names):
    first, second = names
    sums = f"erf({first})*sum({second}) + mean({first})"
    expression = f"prod({first}*softplus({second})) + {sums} + where({second} > 0, {first}, 2)"
    assert not wrong(request_for(expression, tensors(**{first: (3,), second: (3,)})))


@pytest.mark.parametrize(("expression", "shapes"), [*NAMES, *LENGTHS], ids=[text for text, _ in (*NAMES, *LENGTHS)])
def test_no_name_is_bound_twice_for_two_things_and_every_line_is_used(expression, shapes):
    modules = code(request_for(expression, tensors(**shapes)))
    for text in (modules.torch, modules.numpy):
        for function in (n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)):
            loaded = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
            parameters = [a.arg for a in function.args.args]
            stored = [
                t.id
                for n in ast.walk(function)
                if isinstance(n, ast.Assign)
                for t in n.targets
                if isinstance(t, ast.Name)
            ]
            new = [name for name in stored if name not in parameters]
            assert len(new) == len({*new})
            assert {*new} <= loaded
            assert not any(keyword.iskeyword(name) for name in new)
            assert not {*new} & {*dir(builtins)}


def test_code_reads_as_one_would_write_it():
    outer = code(request_for("A @ x", tensors(A=(3, 2), x=(2,)))).torch
    assert 'return {"A": v[:, None] * x, "x": v @ A}' in outer
    torch_code = code(request_for("3*a**3 - b**2", tensors(a=(2,), b=(2,)))).torch
    assert 'return {"a": 9 * a**2 * v, "b": -2 * v * b}' in torch_code
    numpy_code = code(request_for("z = tanh(A @ x)\nz", tensors(A=(3, 2), x=(2,)))).numpy
    assert "import numpy as np" in numpy_code
    assert "scipy" not in numpy_code
    assert "z = np.tanh(" in numpy_code


def test_scipy_is_imported_only_where_numpy_lacks_a_function():
    assert "from scipy import special" in code(request_for("erf(x)*lgamma(x)", tensors(x=(3,)))).numpy
