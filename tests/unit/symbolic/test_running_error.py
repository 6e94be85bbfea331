"""The running error bound covers what rounding does: in the plan itself, and in autograd's order of the same work."""

import pytest
import torch
from both_legs import disagreements, final, form_of, request_for, tensors
from pullback_server.symbolic import RunningErrors, evaluator
from pullback_server.verdict.compare import SLACK

#: Expressions, shapes and the interval of the inputs: easy ones, long sums, and all kinds of cancellation.
CASES = (
    ("3*a**3 - b**2", {"a": (300,), "b": (300,)}, (-2, 2)),
    ("(1 - cos(x))/x**2", {"x": (1000,)}, (1e-4, 1)),
    ("exp(x) - exp(y)", {"x": (50,), "y": (50,)}, (0.5, 0.5001)),
    ("x**20 - x**19", {"x": (100,)}, (0.9, 1.1)),
    ("tanh(x)*(1 - tanh(x))", {"x": (100,)}, (3, 9)),
    ("sin(1000*x)", {"x": (100,)}, (-5, 5)),
    ("acos(x)", {"x": (100,)}, (0.99, 0.99999)),
    ("atanh(x)", {"x": (100,)}, (0.999, 0.9999999)),
    ("1/(x - 0.5)", {"x": (100,)}, (0.5001, 0.5002)),
    ("where(x > 0, sqrt(abs(x)), x)", {"x": (100,)}, (-1e-3, 1e-3)),
    ("log(1 + exp(x)) - softplus(x)", {"x": (50,)}, (-5, 5)),
    ("softmax(x)", {"x": (200,)}, (-5, 5)),
    ("log_softmax(x)", {"x": (200,)}, (-5, 5)),
    ("softmax(softmax(x)*50)", {"x": (60,)}, (-2, 2)),
    ("logsumexp(x)", {"x": (1000,)}, (-5, 5)),
    ("sum(exp(x))*x", {"x": (10_000,)}, (-3, 3)),
    ("sum(x*sin(x))/mean(x)", {"x": (100_000,)}, (-1, 1)),
    ("sum(x*y)", {"x": (100_000,), "y": (100_000,)}, (-1, 1)),
    ("sum(sum(x*x, 1)**3)", {"x": (30, 300)}, (-1, 1)),
    ("A @ B @ x", {"A": (50, 50), "B": (50, 50), "x": (50,)}, (-5, 5)),
    ("softmax(A @ x)", {"A": (50, 50), "x": (50,)}, (-5, 5)),
    ("sum((X - U @ V.T)**2)", {"X": (30, 40), "U": (30, 5), "V": (40, 5)}, (-2, 2)),
    ("prod(x)", {"x": (30,)}, (0.5, 1.5)),
    ("norm(x - mean(x))", {"x": (300,)}, (1000, 1001)),
    ("(x - mean(x))/sqrt(mean((x - mean(x))**2) + 1e-5)", {"x": (300,)}, (100, 101)),
)
SINGLE = torch.finfo(torch.float32)


def in_single(expression, shapes, interval, seed):
    """The question on float32 inputs, its plan, and the plan's inputs in float32."""
    inputs = {n: t.float() for n, t in tensors(low=interval[0], high=interval[1], **shapes).items()}
    asked = request_for(expression, inputs, seed)
    return asked, form_of(asked).plan, inputs | {"^": asked.upstream}


@pytest.mark.parametrize("seed", [1, None], ids=["random", "ones"])
@pytest.mark.parametrize(("expression", "shapes", "interval"), CASES, ids=[text for text, *_ in CASES])
def test_the_bound_covers_float32_in_either_order(expression, shapes, interval, seed):
    asked, plan, point = in_single(expression, shapes, interval, seed)
    exact = {name: tensor.double() for name, tensor in point.items()}
    single, double = evaluator(plan)(point), evaluator(plan)(exact)
    answer = final(asked)
    assert not disagreements(answer)
    for derivative in answer.derivatives:
        bound = RunningErrors(plan, exact, SINGLE.eps).of(derivative.name)
        gradient, right = single[derivative.name], double[derivative.name]
        assert gradient.dtype == torch.float32
        if bound is None:
            torch.testing.assert_close(gradient.double(), right, rtol=0, atol=0)
            continue
        assert bound.shape == right.shape
        # Below the smallest normal number float32 has fewer digits, which the comparison allows for too.
        assert ((gradient.double() - right).abs() <= bound + SINGLE.tiny).all()
        assert ((derivative.gradient.double() - right).abs() <= SLACK * bound + SINGLE.tiny).all()


@pytest.mark.parametrize(
    ("expression", "shapes", "interval", "limit"),
    [
        ("3*a**3 - b**2", {"a": (300,), "b": (300,)}, (-2, 2), 10),
        ("sum(x*y)", {"x": (100_000,), "y": (100_000,)}, (-1, 1), 10),
        ("A @ x", {"A": (50, 50), "x": (50,)}, (0, 1), 100),
        ("softmax(x)*x", {"x": (200,)}, (-1, 1), 1000),
        ("(x - mean(x))**2", {"x": (300,)}, (0, 1), 1000),
    ],
)
def test_the_bound_is_not_so_wide_that_it_covers_everything(expression, shapes, interval, limit):
    """In the middle of the entries a gradient that is wrong by a thousandth, or less, would be seen."""
    _, plan, point = in_single(expression, shapes, interval, 1)
    exact = {name: tensor.double() for name, tensor in point.items()}
    for name, right in evaluator(plan)(exact).items():
        bound = RunningErrors(plan, exact, SINGLE.eps).of(name)
        assert float((bound / right.abs()).median()) < limit * SINGLE.eps


@pytest.mark.parametrize(("expression", "shapes", "interval"), CASES, ids=[text for text, *_ in CASES])
def test_the_bound_at_some_entries_is_that_of_all_entries_there(expression, shapes, interval):
    _, plan, point = in_single(expression, shapes, interval, 1)
    exact = {name: tensor.double() for name, tensor in point.items()}
    for name in shapes:
        places = torch.arange(0, exact[name].numel(), 7)
        everywhere = RunningErrors(plan, exact, SINGLE.eps).of(name)
        some = RunningErrors(plan, exact, SINGLE.eps).at(name, places)
        if everywhere is None:
            assert some is None
            continue
        torch.testing.assert_close(some, everywhere.reshape(-1)[places], rtol=1e-12, atol=0)


def test_cancellation_widens_the_bound_where_it_happens():
    """Near 0 the derivative of (1 - cos(x))/x**2 is a difference of numbers ever larger than itself."""
    asked, plan, _ = in_single("(1 - cos(x))/x**2", {"x": (2,)}, (0.1, 1), None)
    point = {"x": torch.tensor([1e-3, 1.0], dtype=torch.float64), "^": asked.upstream.double()}
    near, far = RunningErrors(plan, point, SINGLE.eps).of("x").tolist()
    assert near > 1e4 * far


def test_the_bound_of_a_result_that_is_zero_is_none():
    _, plan, point = in_single("x - x + y", {"x": (3,), "y": (3,)}, (0, 1), None)
    assert RunningErrors(plan, point, SINGLE.eps).of("x") is None


def test_the_bound_is_infinite_where_it_cannot_be_told():
    """Rounding could carry the root's operand below 0."""
    _, plan, _ = in_single("sqrt(sum(x) - sum(y))", {"x": (3,), "y": (3,)}, (0, 1), None)
    same = {"x": torch.full((3,), 0.1, dtype=torch.float64), "y": torch.full((3,), 0.1, dtype=torch.float64)}
    bound = RunningErrors(plan, same | {"^": torch.ones((), dtype=torch.float64)}, SINGLE.eps).of("x")
    assert bound.isinf().all()
