r"""LaTeX that compiles: what opens closes, `\left` has its `\right`, and no name means something else."""

import re

import pytest
from both_legs import JACOBIAN, LATEX, TEXT, ask, by_name, final, tensors
from pullback_server.operators import TABLE
from pullback_server.symbolic import DerivativeKind
from pullback_server.symbolic.notation.latex_names import letter
from row_samples import all_slow, mostly_slow, sample_requests
from written_expressions import ALL


def flaws(latex):
    """What would not compile, or would read as something else."""
    problems, depth = [], 0
    for character in re.sub(r"\\[{}]", "", latex):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            problems.append("a brace closes that was not open")
    if depth:
        problems.append("a brace stays open")
    if len(re.findall(r"\\left(?![a-z])", latex)) != len(re.findall(r"\\right(?![a-z])", latex)):
        problems.append(r"\left without \right")
    if latex.count(r"\begin{cases}") != latex.count(r"\end{cases}"):
        problems.append("cases stay open")
    if re.search(r"(?<!\\)_[^{]", latex):
        problems.append("a raw underscore")
    if re.search(r"\}\^\{[^{}]*\}\^|\^\S\^", latex):
        problems.append("a double superscript")
    if re.search(r"_\{[^{}]*\}_", latex):
        problems.append("a double subscript")
    if "%" in latex or "#" in latex or "$" in latex:
        problems.append("a character with a meaning in LaTeX")
    if re.search(r"\b(nan|zoo|oo|None|Entry|Delta|Reduction|Symbol|_?i0\d)\b", re.sub(r"\\mathrm\{[^}]*\}", "", latex)):
        problems.append("an internal name")
    return problems


@pytest.mark.parametrize("case", mostly_slow(ALL, 3), ids=lambda case: case[0])
def test_the_latex_of_an_expression_compiles(case):
    expression, shapes = case
    for derivative in ask(expression, tensors(**shapes)).derivatives:
        for kind in DerivativeKind:
            latex = derivative.formula(kind, LATEX)
            assert latex
            assert not flaws(latex), latex


@pytest.mark.parametrize("row", all_slow(TABLE), ids=lambda row: row.name)
def test_the_latex_of_a_rows_samples_compiles(row):
    for text, request in sample_requests(row):
        for derivative in final(request).derivatives:
            for kind in DerivativeKind:
                latex = derivative.formula(kind, LATEX)
                assert bool(latex) == bool(derivative.formula(kind, TEXT)), text
                assert not flaws(latex), latex


ONE_OR_ZERO = r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"


@pytest.mark.parametrize(
    ("expression", "name", "shapes", "latex"),
    [
        ("3*a**3 - b**2", "a", {"a": (2,), "b": (2,)}, r"9 a_{p}^{2} \delta_{i p}"),
        ("A @ x", "x", {"A": (2, 3), "x": (3,)}, r"A_{i p}"),
        ("weights*x_1", "x_1", {"weights": (2,), "x_1": (2,)}, r"\mathrm{weights}_{p} \delta_{i p}"),
        ("beta*x", "x", {"beta": (2,), "x": (2,)}, r"\beta_{p} \delta_{i p}"),
        ("delta*x", "x", {"delta": (2,), "x": (2,)}, r"\mathrm{delta}_{p} \delta_{i p}"),
        ("W1*x", "x", {"W1": (2,), "x": (2,)}, r"{W_{1}}_{p} \delta_{i p}"),
        ("e**x", "x", {"e": (), "x": ()}, None),
        ("exp(x)", "x", {"x": (2,)}, r"\mathrm{e}^{x_{p}} \delta_{i p}"),
        ("where(x > 0, x, 0)", "x", {"x": ()}, ONE_OR_ZERO),
        ("(x > y)*x", "x", {"x": (), "y": ()}, r"\left[x > y\right]"),
        ("mean(x)", "x", {"x": (3,)}, r"\frac{1}{n} \quad\text{where } n = \dim_{0} x"),
        ("abs(x)*y", "y", {"x": (), "y": ()}, r"\left|x\right|"),
    ],
)
def test_latex_reads_as_one_would_write_it(expression, name, shapes, latex):
    shown = by_name(ask(expression, tensors(**shapes)))[name].formula(JACOBIAN, LATEX)
    assert not flaws(shown)
    if latex is not None:
        assert shown == latex


def test_the_constant_e_does_not_look_like_an_input_of_that_name():
    assert r"\mathrm{e}^{" in by_name(ask("exp(x)*e", tensors(x=(), e=())))["x"].formula(JACOBIAN, LATEX)
    assert letter("e") == "e"


def test_no_two_names_of_one_request_look_alike():
    names = [*"xXeEiλ", "x1", "x_1", "x_", "_x", "xx", "beta", "Beta", "delta", "pi", "weights", "W_12"]
    assert len({letter(name) for name in names}) == len(names)
    for name in names:
        assert not flaws(letter(name) + "_{i}"), name
