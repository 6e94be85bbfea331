"""Expressions that make symbolic algebra explode: each ends soon, and none costs the number."""

import pytest
import torch
from both_legs import ENTRIES, JACOBIAN, TEXT, ask, derivation_of, disagreements, final, request_for, tensors


def chain(first, line, length):
    """`a0 = first`, then lines in which `{}` stands for the line before, and the last one's name."""
    lines = [f"a0 = {first}", *(f"a{k} = {line.replace('{}', f'a{k - 1}')}" for k in range(1, length))]
    return "\n".join([*lines, f"a{length - 1}"])


def fibonacci(line, length):
    lines = ["a0 = x", "a1 = sin(x)"]
    lines += [f"a{k} = {line.format(f'a{k - 1}', f'a{k - 2}')}" for k in range(2, length)]
    return "\n".join([*lines, f"a{length - 1}"])


#: What has a derivative, for all that it looks like.
SOUND = {
    "a tower of constants": "exp(exp(exp(100)))*x",
    "a taller one": "x*exp(exp(exp(exp(9))))",
    "a tower that x is not in": "sin(7**exp(exp(exp(10*exp(1))))+1) + 0*x",
    "a high power": "(1+x)**1000",
    "a high power of a polynomial": "(1+x+x**2)**500",
    "powers of powers": "exp(x)**exp(x)**exp(x)",
    "60 nested functions": "sin(" * 60 + "x" + ")" * 60,
    "300 terms": "+".join(f"sin({k}*x)" for k in range(300)),
    "60 factors": "*".join(f"(x+{k})" for k in range(1, 60)),
    "60 powers": "+".join(f"{k}*x**{k}" for k in range(1, 60)),
    "20 maxima": "*".join(f"maximum(x,{k})" for k in range(20)),
    "a shared square, 50 times": chain("x*0.1", "{} - {}*{}", 50),
    "a shared sine, 50 times": chain("x*0.5", "sin({}) + {}*0.5", 50),
    "doubled 50 times": chain("x*0.5", "{} + {}", 50),
    "two lines back, 50 times": fibonacci("{}*sin({}) + 0.5", 50),
    "a softmax of a softmax, 20 times": chain("x", "softmax({} + {})", 20),
    "a product with itself, 12 times": chain("x", "A @ {}*{}", 12),
    "a logsumexp of itself, 12 times": chain("x", "logsumexp(A*{} + {}, 1)", 12),
    "lengths to high powers": "2**x.shape[0]**3*x*x.shape[0]**50",
}  # fmt: skip
#: What has no value, or no closed form.
UNSOUND = {
    "a power of zero": "0**x",
    "an undefined tower": "sin(7**exp(exp(exp(10*exp(1))))+1)*x",
    "a root of a negative number": "(-8)**(1/3)*x",
    "a logarithm of a negative number": "log(-2)*x",
    "a quotient by zero": "1/0*x",
    "infinity less infinity": "inf - inf + x",
    "logarithms of logarithms": "log(log(log(log(log(x)))))",
}


def asked(expression):
    inputs = tensors(x=(3,), **({"A": (3, 3)} if "A" in expression else {}))
    return request_for(expression, inputs)


#: What is larger than numbers of many digits go, so that nobody can say.
TOWERS = {"a tower of constants", "a taller one", "a tower that x is not in"}


#: Those of them that take seconds.
LONGEST = {
    "60 powers", "300 terms", "a shared square, 50 times", "a product with itself, 12 times",
    "a logsumexp of itself, 12 times",
}  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONGEST)) for n in SOUND])
def test_what_would_explode_agrees_unless_it_is_larger_than_many_digits_go(name):
    answer = final(asked(SOUND[name]))
    if name in TOWERS:
        assert {d.verdict.reason for d in answer.derivatives} <= {None, "NO_LIMIT"}
    else:
        assert not disagreements(answer)
    for derivative in answer.derivatives:
        # A formula that nobody would read may be withheld, but not be endless.
        assert len(derivative.formula(JACOBIAN, TEXT)) < 20_000
        assert sum(map(len, derivative.formula(JACOBIAN, ENTRIES))) < 200_000


@pytest.mark.parametrize("expression", UNSOUND.values(), ids=UNSOUND)
def test_what_has_no_value_is_undefined_or_undecided_and_says_why(expression):
    answer = final(asked(expression))
    for derivative in answer.derivatives:
        assert derivative.verdict.outcome.name in ("UNDECIDED", "UNDEFINED")
        assert derivative.verdict.reason in (None, "NO_CLOSED_FORM", "NO_LIMIT")
        assert derivative.verdict.message
        assert "sympy failed" not in derivative.symbolic.message


@pytest.mark.parametrize("name", ["a shared sine, 50 times", "two lines back, 50 times"])
def test_a_form_that_shares_parts_is_kept_in_steps_that_grow_with_its_lines(name):
    """Written out, the form would have two to the fiftieth parts."""
    form = derivation_of(asked(SOUND[name])).closed_form()
    assert not form.reason
    assert len(form.plan.steps) < 1500


@pytest.mark.slow
def test_a_program_as_long_as_the_limits_allow_has_a_closed_form():
    """Deep chains of lines must not nest calls as deeply."""
    expression = chain("x*0.5", "sin({})*0.9 + 0.01", 340)
    answer = ask(expression, tensors(x=(3,)))
    assert not disagreements(answer)
    assert torch.isfinite(answer.derivatives[0].gradient).all()
