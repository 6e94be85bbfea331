"""Both legs against derivatives that are printed in books: `df` of a case is in our own language, and is computed."""

import numpy as np
import pytest
import torch
from case_files import NOT_YET, drawn, missing, read
from pullback_server.program import Refusal
from pullback_server.symbolic import derive
from pullback_server.verdict import Operand, Question
from questions import by_name, disagreements, final, prepared, question, reading

CASES = read("identities")
KNOWN = [case for case in CASES if not missing(case)]
GRADIENTS = [case for case in KNOWN if case["kind"] == "gradient"]
IDS = {"ids": lambda case: case["eq"]}


def value(expression, inputs):
    """What an expression of our own language comes to."""
    found = prepared(Question(expression, tuple(Operand(n, t) for n, t in inputs.items())))
    return found.forward.tensor(found.forward(inputs), found.typed.program.output, torch.device("cpu"))


def contracted(case, derivative, upstream):
    """The book's derivative times an upstream gradient: of a scalar that is the gradient itself."""
    rank = upstream.dim() if case["kind"] == "jacobian" else 0
    return torch.tensordot(upstream, derivative, dims=rank) if rank else derivative * upstream


@pytest.mark.parametrize("case", KNOWN, **IDS)
def test_autograd_and_the_printed_form_are_the_books_derivative(case):
    inputs = drawn(case)
    asked = question(case["f"], inputs)
    answer = final(asked)
    assert not disagreements(answer)
    right = contracted(case, value(case["df"], inputs), asked.upstream).numpy()
    derivative = by_name(answer)[case["wrt"]]
    np.testing.assert_allclose(derivative.gradient.numpy(), right, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(reading(asked, derivative).vjp, right, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", GRADIENTS, **IDS)
def test_the_gradient_in_matrix_notation_is_the_books(case):
    inputs = drawn(case)
    found = prepared(question(case["f"], inputs, None))
    written = dict(derive(found.typed, found.used).inputs)[case["wrt"]].jacobian
    assert written.matrix
    assert written.matrix_latex
    torch.testing.assert_close(value(written.matrix, inputs), value(case["df"], inputs), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", [case for case in CASES if missing(case)], **IDS)
def test_a_case_that_is_not_known_yet_lacks_operators_of_the_list(case):
    assert missing(case) <= NOT_YET
    with pytest.raises(Refusal) as refused:
        value(case["f"] if missing({"f": case["f"]}) else case["df"], drawn(case))
    assert refused.value.reason == "UNKNOWN_OPERATOR"


def test_the_operators_that_cases_wait_for_are_not_there():
    assert not {name for name in NOT_YET if not missing({"f": f"{name}(x)"})}, "strike them from NOT_YET"
    assert {name for case in (*CASES, *read("expressions")) for name in missing(case)} >= NOT_YET


def test_most_cases_are_known():
    assert len(KNOWN) >= 25
