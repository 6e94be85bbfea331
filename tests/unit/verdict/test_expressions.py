"""Expressions that people send to tools for matrix calculus: both legs against differences, and matrix notation."""

import pytest
import torch
from both_legs import JACOBIAN, MATRIX, TEXT, VJP, disagreements, final, prepared, request_for, texts_of
from case_files import draw_inputs, read, value
from exact_differences import slope
from printed_values import printed_vjp
from pullback_server.numeric import differentiate
from row_samples import all_slow, mostly_slow

CASES, MORE = read("expressions"), read("more_expressions")
IDS = {"ids": lambda case: case["name"].replace(" ", "-")}
ALL = (*mostly_slow(CASES, 12), *all_slow(MORE))
#: Inputs without matrix notation yet: the derivative's entries are a tensor of four dimensions, laid out as a matrix.
WITHOUT = {("Kronecker approximation", "C")}
#: Nobody reads a formula of more characters than this.
READABLE = 2000


@pytest.mark.parametrize("case", ALL, **IDS)
def test_both_legs_come_to_the_differences_in_50_digits(case):
    inputs = draw_inputs(case)
    request = request_for(case["f"], inputs)
    response = final(request)
    assert not disagreements(response)
    random = torch.Generator().manual_seed(2)
    for derivative in response.derivatives:
        way = torch.randn(derivative.gradient.shape, dtype=torch.float64, generator=random)
        if case["structure"].get(derivative.name) in ("spd", "symmetric"):
            way = way + way.T
        right = slope(prepared(request).typed, inputs, request.upstream, derivative.name, way)
        printed = torch.tensor(printed_vjp(request, derivative))
        assert float((derivative.gradient * way).sum()) == pytest.approx(right, rel=1e-9, abs=1e-9)
        assert float((printed * way).sum()) == pytest.approx(right, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", ALL, **IDS)
def test_every_gradient_has_matrix_notation_and_it_is_the_gradient(case):
    inputs = draw_inputs(case)
    request = request_for(case["f"], inputs)
    program = prepared(request)
    scalar = not program.typed.output.rank
    forms = texts_of(request, TEXT, MATRIX)
    assert all(0 < len(f[TEXT]) < READABLE for formulas in forms.values() for f in formulas.values())
    matrix = {name: formulas[JACOBIAN if scalar else VJP][MATRIX] for name, formulas in forms.items()}
    seed = torch.ones_like(request.upstream) if scalar else request.upstream
    right = differentiate(program.forward, inputs, program.wrt, seed, torch.device("cpu")).gradients
    assert {(case["name"], name) for name in matrix if not matrix[name]} == {w for w in WITHOUT if w[0] == case["name"]}
    for name, text in matrix.items():
        if not text:
            continue
        gradient = value(text, inputs | {"v": seed})
        assert torch.allclose(gradient, right[name], rtol=1e-9, atol=1e-9), f"{name}: {text}"


def test_there_are_many_cases_and_their_names_are_unique():
    assert len(CASES) + len(MORE) >= 250
    assert len({case["name"] for case in (*CASES, *MORE)}) == len(CASES) + len(MORE)
