"""What people send to a tool for matrix calculus: both legs against differences in 50 digits, and matrix notation."""

import pytest
import torch
from case_files import draw_inputs, read, value
from exact_differences import slope
from pullback_server.numeric import differentiate
from questions import disagreements, final, forms_of, mostly_slow, prepared, question, reading

CASES, MORE = read("expressions"), read("more_expressions")
IDS = {"ids": lambda case: case["name"].replace(" ", "-")}
ALL = (*mostly_slow(CASES, 12), *(pytest.param(case, marks=pytest.mark.slow) for case in MORE))
#: Inputs by which there is no matrix notation yet: its entries are a tensor of four dimensions, laid out as a matrix.
WITHOUT = {("Kronecker approximation", "C")}
#: A formula of more characters than this is no longer read.
READABLE = 2000


@pytest.mark.parametrize("case", ALL, **IDS)
def test_both_legs_come_to_the_differences_in_50_digits(case):
    inputs = draw_inputs(case)
    asked = question(case["f"], inputs)
    answer = final(asked)
    assert not disagreements(answer)
    random = torch.Generator().manual_seed(2)
    for derivative in answer.derivatives:
        way = torch.randn(derivative.gradient.shape, dtype=torch.float64, generator=random)
        if case["structure"].get(derivative.name) in ("spd", "symmetric"):
            way = way + way.T
        right = slope(prepared(asked).typed, inputs, asked.upstream, derivative.name, way)
        printed = torch.tensor(reading(asked, derivative).vjp)
        assert float((derivative.gradient * way).sum()) == pytest.approx(right, rel=1e-9, abs=1e-9)
        assert float((printed * way).sum()) == pytest.approx(right, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", ALL, **IDS)
def test_every_gradient_has_matrix_notation_and_it_is_the_gradient(case):
    inputs = draw_inputs(case)
    asked = question(case["f"], inputs)
    found = prepared(asked)
    scalar = not found.typed.output.rank
    forms = dict(forms_of(asked).inputs)
    assert all(0 < len(w.text) < READABLE for form in forms.values() for w in (form.jacobian, form.vjp))
    matrix = {name: (form.jacobian if scalar else form.vjp).matrix for name, form in forms.items()}
    seed = torch.ones_like(asked.upstream) if scalar else asked.upstream
    right = differentiate(found.forward, inputs, found.wrt, seed, torch.device("cpu")).gradients
    assert {(case["name"], name) for name in matrix if not matrix[name]} == {w for w in WITHOUT if w[0] == case["name"]}
    for name, text in matrix.items():
        if not text:
            continue
        told = value(text, inputs | {"v": seed})
        assert torch.allclose(told, right[name], rtol=1e-9, atol=1e-9), f"{name}: {text}"


def test_there_are_many_cases_and_their_names_are_unique():
    assert len(CASES) + len(MORE) >= 250
    assert len({case["name"] for case in (*CASES, *MORE)}) == len(CASES) + len(MORE)
