"""Both legs against derivatives that are printed in books: `df` of a case is in the language, and is evaluated."""

import numpy as np
import pytest
import torch
from both_legs import JACOBIAN, MATRIX, MATRIX_LATEX, by_name, disagreements, final, request_for, texts_of
from case_files import draw_inputs, read, value
from printed_values import printed_vjp
from row_samples import mostly_slow

CASES = read("identities")
GRADIENTS = [case for case in CASES if case["kind"] == "gradient"]
IDS = {"ids": lambda case: case["eq"]}


def contracted(case, derivative, upstream):
    """The book's derivative times an upstream gradient: of a scalar that is the gradient itself."""
    rank = upstream.dim() if case["kind"] == "jacobian" else 0
    return torch.tensordot(upstream, derivative, dims=rank) if rank else derivative * upstream


@pytest.mark.parametrize("case", mostly_slow(CASES, 4), **IDS)
def test_autograd_and_the_printed_form_are_the_books_derivative(case):
    inputs = draw_inputs(case)
    request = request_for(case["f"], inputs)
    response = final(request)
    assert not disagreements(response)
    right = contracted(case, value(case["df"], inputs), request.upstream).numpy()
    derivative = by_name(response)[case["wrt"]]
    np.testing.assert_allclose(derivative.gradient.numpy(), right, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(printed_vjp(request, derivative), right, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", GRADIENTS, **IDS)
def test_the_gradient_in_matrix_notation_is_the_books(case):
    inputs = draw_inputs(case)
    form = texts_of(request_for(case["f"], inputs, None), MATRIX, MATRIX_LATEX)[case["wrt"]][JACOBIAN]
    assert form[MATRIX]
    assert form[MATRIX_LATEX]
    torch.testing.assert_close(value(form[MATRIX], inputs), value(case["df"], inputs), rtol=1e-9, atol=1e-9)
