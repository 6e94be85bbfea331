"""torch's kernels stay within the errors of a running error bound; `python -m tests.accuracy` measures more of them."""

import pytest
import torch
from pullback_server.symbolic.evaluation.kernel_errors import FUNCTIONS, PRODUCT
from pullback_server.symbolic.evaluation.running_error import step_error
from pullback_server.symbolic.lowering.plan import Call, Product
from pullback_server.symbolic.primitives import AXIS_FUNCTIONS, MATRIX_FUNCTIONS

from tests.accuracy import functions, matrices, sums
from tests.accuracy.share import largest, share_of

EPSILON = torch.finfo(torch.float32).eps


KERNELS = {
    "functions": (functions.shares, 20, set(FUNCTIONS) - set(functions.TRIVIAL)),
    "sums and products": (sums.shares, (1, 2, 3, 10, 100, 1000), {*AXIS_FUNCTIONS, "product", "scatter"}),
    "functions of matrices": (matrices.shares, 3, set(MATRIX_FUNCTIONS)),
}


@pytest.mark.parametrize(("shares", "sizes", "kernels"), KERNELS.values(), ids=KERNELS)
def test_kernels_stay_within_their_errors(shares, sizes, kernels):
    worst = largest(shares(sizes))
    assert not [share for share in worst if share.share > 1]
    assert {share.kernel for share in worst} == kernels


def test_an_error_where_none_is_allowed_is_beyond_everything():
    assert share_of(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0])) == (torch.inf, 1)
    assert share_of(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 4.0])) == (0.25, 1)


def test_the_error_of_a_long_product_grows_with_what_it_adds_up():
    """One float32 sum after another of 100,000 equal products was seen 5,000 roundings off."""

    def roundings(length):
        ones, nothing = [torch.ones(length, dtype=torch.float64)] * 2, [torch.zeros(length)] * 2
        step = Product((0, 1), ((0,), (0,)), ())
        return float(step_error(step, torch.tensor(1.0), ones, nothing, {}, EPSILON)) / (length * EPSILON)

    assert roundings(10) == pytest.approx(PRODUCT.result + 10 * PRODUCT.length)
    assert roundings(100_000) > 5000


@pytest.mark.parametrize(("number", "rounded"), [(0.1, True), (0.5, False), (3.0, False), (1025.0, True)])
def test_a_number_of_the_text_is_as_exact_as_the_shortest_dtype_has_it(number, rounded):
    """0.1 is no float32, so x - 0.1 is off by that much where x is 0.1, and 1025 is no bfloat16."""
    x, step = [torch.tensor(number, dtype=torch.float64)], Call("sub", ((0, None), number))
    error = float(step_error(step, torch.tensor(0.0), x, [torch.zeros(())], {}, EPSILON))
    assert error == (pytest.approx(EPSILON / 2 * number) if rounded else 0)
