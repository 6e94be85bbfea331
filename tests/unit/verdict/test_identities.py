"""Both legs against derivatives that are printed in books: `df` of a case is in our own language, and is computed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pullback_server.program import Refusal
from pullback_server.verdict import Operand, Question
from questions import by_name, disagreements, final, prepared, question, reading

FILE = Path(__file__).parents[2] / "cases" / "identities.jsonl"
CASES = [json.loads(line) for line in FILE.read_text().splitlines()]
#: Operators that the table does not have yet; a case that needs one is refused for that, and for nothing else.
NOT_YET = {"det", "inv", "eigvalsh", "kron", "einsum", "eye", "ones"}


def named(*texts):
    return {name for name in NOT_YET if any(f"{name}(" in text for text in texts)}


KNOWN = [case for case in CASES if not named(case["f"], case["df"])]


def drawn(case):
    random = torch.Generator().manual_seed(0)
    found = {}
    for name, shape in case["shapes"].items():
        x = torch.randn(shape, dtype=torch.float64, generator=random)
        match case["structure"].get(name):
            case "spd":
                x = x @ x.T + torch.eye(shape[0], dtype=torch.float64)
            case "symmetric":
                x = x + x.T
        found[name] = x
    return found


def value(expression, inputs):
    """What an expression of our own language comes to."""
    found = prepared(Question(expression, tuple(Operand(n, t) for n, t in inputs.items())))
    return found.forward.tensor(found.forward(inputs), found.typed.program.output, torch.device("cpu"))


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["eq"])
def test_autograd_and_the_printed_form_are_the_books_derivative(case):
    inputs = drawn(case)
    asked = question(case["f"], inputs, None)
    answer = final(asked)
    assert not disagreements(answer)
    right = value(case["df"], inputs).numpy()
    derivative = by_name(answer)[case["wrt"]]
    np.testing.assert_allclose(derivative.gradient.numpy(), right, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(reading(asked, derivative).vjp, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", [c for c in CASES if named(c["f"])], ids=lambda case: case["eq"])
def test_a_case_that_is_not_known_yet_lacks_an_operator_of_the_list(case):
    with pytest.raises(Refusal) as refused:
        question(case["f"], drawn(case))
    assert refused.value.reason == "UNKNOWN_OPERATOR"


def test_most_cases_are_known():
    assert len(KNOWN) >= 25
