"""Square brackets, several results, and names that mean something different in a library."""

import pytest
import torch
from pullback_server.language import parse
from pullback_server.numeric.vjp import compile_program
from pullback_server.operators.shape_rules.indexing import resolve
from pullback_server.program import Apply, DType, Limits, Refusal, TensorType
from typed_programs import typed

X = torch.arange(24, dtype=torch.float64).reshape(2, 3, 4)
TYPES = {
    "x": TensorType(DType.FLOAT64, (2, 3, 4)),
    "A": TensorType(DType.FLOAT64, (3, 3)),
    "f": TensorType(DType.FLOAT32, (3,)),
    "k": TensorType(DType.INT64, (2,)),
    "mask": TensorType(DType.BOOL, (2,)),
}


def value(text, **tensors):
    program = typed(text, TYPES)
    return compile_program(program)(tensors)[program.program.output]


def refusal_of(text, **tensors):
    with pytest.raises(Refusal) as caught:
        value(text, **tensors)
    assert caught.value.line == 1
    assert caught.value.hint
    return caught.value


K = torch.tensor([1, -1])
#: A key in our language, and the same in torch's, which has no negative steps.
KEYS = {
    "x[1]": X[1],
    "x[-1, 2]": X[-1, 2],
    "x[:, None, 1:]": X[:, None, 1:],
    "x[..., 0]": X[..., 0],
    "x[:, :, ::-1]": X.flip(2),
    "x[:, 2:0:-1, 3::-2]": X[:, [2, 1]][:, :, [3, 1]],
    "x[:, [0, 2, 2]]": X[:, [0, 2, 2]],
    "x[k]": X[K],
    "x[0, :, k]": X[0, :, K],
    "x[k, :, k]": X[K, :, K],
    "x[:, k, k]": X[:, K, K],
    "x[5:]": X[5:],
    "x[:, 1:x.shape[1]]": X[:, 1:],
}


@pytest.mark.parametrize("text", KEYS)
def test_a_key_means_what_it_means_in_torch(text):
    assert torch.equal(value(text, x=X, k=K), KEYS[text])


@pytest.mark.parametrize(
    "text",
    ["x[2]", "x[0, 0, 0, 0]", "x[::0]", "x[mask]", "x[A]", "x[..., ...]", "x[0.5]", "x[True]", "x['a']", "x[[0, 3]]"],
)
def test_a_key_that_does_not_fit_is_refused(text):
    assert refusal_of(text).reason.name in ("SHAPE_MISMATCH", "BAD_ARGUMENT", "UNSUPPORTED_SYNTAX")


@pytest.mark.parametrize("text", ["x[k]", "index_select(x, 0, k)", "take_along_dim(f, k, 0)"])
def test_an_index_that_only_its_value_shows_out_of_range_is_refused_with_its_place(text):
    refusal = refusal_of(text, x=X, k=torch.tensor([0, 9]), f=torch.ones(3))
    assert refusal.reason.name == "BAD_VALUE"
    assert "9" in refusal.message


def test_the_key_of_an_empty_slice_is_empty():
    assert resolve((("slice", 2, 1, None),), (5,)).shape == (0,)


@pytest.mark.parametrize(
    ("text", "operator", "output"),
    [
        ("eigh(A)[1]", "eigh", 1),
        ("torch.linalg.eigh(A).eigenvalues", "eigh", 0),
        ("svd(A)[-1]", "svd", 2),
        ("slogdet(A).logabsdet", "slogdet", 1),
        ("L, V = eigh(A)\nV", "eigh", 1),
        ("split(x, 2, dim=2)[1]", "split", 1),
    ],
)
def test_one_of_several_results_is_asked_for(text, operator, output):
    program = parse(text, list(TYPES), Limits())
    node = program.nodes[program.output]
    assert isinstance(node, Apply)
    assert (node.operator, dict(node.arguments)["output"]) == (operator, output)


WRONG_PARTS = ["eigh(A)", "eigh(A)[2]", "eigh(A)[0.5]", "eigh(A).values", "sum(eigh(A))"]


@pytest.mark.parametrize("text", [*WRONG_PARTS, "L, V, W = eigh(A)\nL", "a, b = chunk(x, 2)\na"])
def test_results_that_do_not_exist_are_refused(text):
    assert refusal_of(text).reason.name in ("BAD_ARGUMENT", "UNKNOWN_OPERATOR")


@pytest.mark.parametrize(
    ("text", "operator"),
    [("np.linalg.norm(A, 2)", "linalg.norm"), ("norm(A, 2)", "norm"), ("np.var(x)", "np.var"), ("torch.var(x)", "var")],
)
def test_a_prefix_selects_the_operator_of_its_library(text, operator):
    program = parse(text, list(TYPES), Limits())
    assert program.nodes[program.output].operator == operator


@pytest.mark.parametrize("text", ["np.median(x)", "np.repeat(x, 2)", "numpy.split(x, 2)[0]", "jnp.dot(A, A)"])
def test_a_name_that_means_something_different_in_a_library_is_refused(text):
    assert refusal_of(text).reason.name == "UNKNOWN_OPERATOR"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f + ones(3)", "float32[3]"),
        ("A @ eye(3)", "float64[3, 3]"),
        ("f @ ones(3)", "float32[]"),
        ("k * zeros(2)", "float32[2]"),
        ("arange(3)", "int64[3]"),
        ("x + full((4,), 0.5)", "float64[2, 3, 4]"),
        ("zeros_like(f)", "float32[3]"),
    ],
)
def test_a_constant_takes_the_dtype_of_what_it_meets(text, expected):
    program = typed(text, TYPES)
    assert str(program.output) == expected
    tensors = {"f": torch.ones(3), "A": torch.eye(3, dtype=torch.float64), "k": K, "x": X}
    result = compile_program(program)(tensors)[program.program.output]
    assert str(result.dtype).removeprefix("torch.") == program.output.dtype.label


def test_max_returns_the_values_of_the_largest_entries():
    assert torch.equal(value("max(x, 1).values[0]", x=X), X.max(1).values[0])
    assert "values" in refusal_of("max(x, 1)[0]", x=X).hint
