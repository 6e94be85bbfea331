"""What people type and models write has the values of the same expression in the language."""

from __future__ import annotations

import pytest
import torch
from pullback_server.grading import Syntax
from pullback_server.grading.syntax import Misshapen, NotAnAnswer, read
from pullback_server.numeric import compile_program
from pullback_server.program import DType, TensorType

from tests.case_files import value

NUMBER, VECTOR, MATRIX = (TensorType(DType.FLOAT64, shape) for shape in ((), (3,), (3, 3)))
NUMBERS = {"x": NUMBER, "y": NUMBER, "alpha": NUMBER, "x_1": NUMBER}
TENSORS = {"x": VECTOR, "z": VECTOR, "A": MATRIX, "B": MATRIX, "c": NUMBER}

#: As people type it, and the same in the language.
TYPED = (
    ("3x^2", "3*x**2"),
    ("2 sin(3x)", "2*sin(3*x)"),
    ("e^x", "exp(x)"),
    ("|x|", "abs(x)"),
    ("||x|-2|", "abs(abs(x) - 2)"),
    ("|x||y|", "abs(x)*abs(y)"),
    ("2|x|y", "2*abs(x)*y"),
    ("sin^2 x", "sin(x)**2"),
    ("sin^2(x)", "sin(x)**2"),
    ("sin²x", "sin(x)**2"),
    ("sin(x)^2", "sin(x)**2"),
    ("sin 2x cos x", "sin(2*x)*cos(x)"),
    ("sin x y", "sin(x*y)"),
    ("sin x/2", "sin(x)/2"),
    ("sin(2x)(x+1)", "sin(2*x)*(x + 1)"),
    ("sin 2(x+1)", "sin(2*(x + 1))"),
    ("xsiny", "x*sin(y)"),
    ("1/2x", "x/2"),
    ("1/(2x)", "1/(2*x)"),
    ("x/2y", "x/2*y"),
    ("-x^2", "-(x**2)"),
    ("2^-x", "2**(-x)"),
    ("x^-2", "x**-2"),
    ("x^2^y", "x**(2**y)"),
    ("e^-x^2", "exp(-(x**2))"),
    ("x²−1", "x**2 - 1"),
    ("x⋅y·2", "x*y*2"),
    ("2×x", "2*x"),
    ("√x", "sqrt(x)"),
    ("√(2x)", "sqrt(2*x)"),
    ("sin⁻¹(x/9)", "asin(x/9)"),
    ("tan^-1 x", "atan(x)"),
    ("ln x", "log(x)"),
    ("ln|x|/x", "log(abs(x))/x"),
    ("log_2(x)", "log(x)/log(2)"),
    ("log2(x)", "log2(x)"),
    ("log_x(2)", "log(2)/log(x)"),
    ("sec x tan x", "tan(x)/cos(x)"),
    ("csc(x)^2", "1/sin(x)**2"),
    ("sech^2 x", "1/cosh(x)**2"),
    ("arcsin(x/9)", "asin(x/9)"),
    ("pi x", "pi*x"),
    ("2πx", "2*pi*x"),
    ("αx", "alpha*x"),
    ("alpha x", "alpha*x"),
    ("x_1 y", "x_1*y"),
    ("x**2", "x**2"),
    ("[x+1](x-1)", "(x + 1)*(x - 1)"),
    ("{x+1}^2", "(x + 1)**2"),
    ("dy/dx = 2x", "2*x"),
    ("f'(x)=2x", "2*x"),
    ("y' = 2x", "2*x"),
    ("2exp(2x)", "2*exp(2*x)"),
    ("x e^x + e^x", "x*exp(x) + exp(x)"),
    ("cbrt(x)", "x**(1/3)"),
)
#: As models write it, and the same in the language.
LATEX = (
    (r"\frac{x\cos x-\sin x}{x^2}", "(x*cos(x) - sin(x))/x**2"),
    (r"\frac12 x", "x/2"),
    (r"\frac{1}2x", "x/2"),
    (r"\dfrac{1}{2\sqrt{x}}", "1/(2*sqrt(x))"),
    (r"\sqrt[3]{x}", "x**(1/3)"),
    (r"\operatorname{sech}^2 x", "1/cosh(x)**2"),
    (r"\mathrm{e}^{2x}", "exp(2*x)"),
    (r"\boxed{2x}", "2*x"),
    (r"so it is $2x$.", "2*x"),
    (r"\[ 2x \]", "2*x"),
    (r"\left(x+1\right)\left|x\right|", "(x + 1)*abs(x)"),
    (r"\bigl(x+1\bigr)^2", "(x + 1)**2"),
    (r"x\,y", "x*y"),
    (r"\frac{dy}{dx} = 2x", "2*x"),
    (r"\frac{\partial f}{\partial x} = 2x", "2*x"),
    (r"f^{\prime}(x)=2x", "2*x"),
    (r"\begin{cases} 1 & x>0 \\ -1 & x\le 0 \end{cases}", "where(x > 0, 1.0, -1.0)"),
    (r"\begin{cases} x, & \text{if } x > 1 \\ y, & \text{otherwise} \end{cases}", "where(x > 1, x, y)"),
    (r"\sin^{-1}\left(\frac{x}{9}\right)", "asin(x/9)"),
    (r"\log_{10} x", "log10(x)"),
    (r"\ln x^2", "log(x**2)"),
    (r"2\cos 2\pi x", "2*cos(2*pi*x)"),
    (r"\alpha x_1", "alpha*x_1"),
    (r"x_{1}^{2}", "x_1**2"),
    (r"2\cdot 3x", "6*x"),
    (r"\exp\left(-x\right)", "exp(-x)"),
    (r"\sin x^2", "sin(x**2)"),
    (r"\sin\cos x", "sin(cos(x))"),
)
#: Of vectors and matrices.
OF_TENSORS = (
    ("A^T x", "A.T @ x"),
    (r"A^\top x", "A.T @ x"),
    ("A'x", "A.T @ x"),
    (r"A^{-1}x", "inv(A) @ x"),
    (r"A^{-T}", "inv(A).T"),
    (r"x^T A x", "x @ A @ x"),
    (r"x x^T", "outer(x, x)"),
    (r"x^\top z", "x @ z"),
    (r"BA", "B @ A"),
    (r"A\odot B", "A*B"),
    (r"\operatorname{diag}(x)A", "diag(x) @ A"),
    (r"\frac{x}{\|x\|}", "x/norm(x)"),
    (r"|A|", "det(A)"),
    (r"A^2", "A @ A"),
    (r"(A + A^T)x", "(A + A.T) @ x"),
    (r"\operatorname{tr}(A)I", "trace(A)*eye(3)"),
    (r"A + cI", "A + c*eye(3)"),
    (r"\begin{bmatrix} 2x_1 \\ x_2 \\ 0 \end{bmatrix}", "stack([2*x[0], x[1], 0*c])"),
    (r"A_{12}x_3", "A[0, 1]*x[2]"),
    (r"\begin{pmatrix} 1 & x_1 \\ c & 0 \end{pmatrix}", "stack([stack([1 + 0*c, x[0]]), stack([c, 0*c])])"),
    (r"\langle x_1, c, 1\rangle", "stack([x[0], c, 1 + 0*c])"),
    (r"\mathbf{A}\mathbf{x}", "A @ x"),
    (r"2\mathbf{i} + c\mathbf{k}", "stack([2 + 0*c, 0*c, c])"),
    (r"x^{\odot 2}", "x**2"),
    (r"\|A\|_F^2", "norm(A)**2"),
    (r"\|x\|_1", "sum(abs(x))"),
    (r"x \cdot z", "x @ z"),
)
#: Texts that are not answers, with their code and column.
REFUSED = (
    ("3x^", "SYNTAX", 4),
    ("(x", "SYNTAX", 1),
    ("x)", "SYNTAX", 2),
    ("x + )", "SYNTAX", 5),
    ("2 3", "SYNTAX", 3),
    ("", "SYNTAX", 1),
    ("3 z^2", "UNKNOWN_NAME", 3),
    ("foo(x)", "UNKNOWN_NAME", 1),
    ("x + x_7", "UNKNOWN_NAME", 5),
    ("i x", "UNKNOWN_NAME", 1),
    ("diff(x^3, x)", "DERIVATIVE_OPERATOR", 1),
    ("2 + d/dx x", "DERIVATIVE_OPERATOR", 5),
    ("f'(x)", "DERIVATIVE_OPERATOR", 1),
    ("∫ x", "DERIVATIVE_OPERATOR", 1),
    ("∇f", "DERIVATIVE_OPERATOR", 1),
    ("x'", "DERIVATIVE_OPERATOR", 2),
    (r"\frac{d}{dx} x^2", "DERIVATIVE_OPERATOR", 1),
    (r"2\int x", "DERIVATIVE_OPERATOR", 2),
    (r"\partial x", "DERIVATIVE_OPERATOR", 1),
    (r"\frac{dy}{dx}", "DERIVATIVE_OPERATOR", 1),
    ("9^9^9^9", "LIMIT_EXCEEDED", 4),
    ("1e999", "LIMIT_EXCEEDED", 1),
    ("x" + "+x" * 3000, "LIMIT_EXCEEDED", 4001),
    ("(" * 100, "SYNTAX", 61),
    ("x ? y", "SYNTAX", 3),
    (r"\foo x", "SYNTAX", 1),
)


def numbers(types: dict[str, TensorType]) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return {n: torch.rand(t.shape, dtype=torch.float64, generator=random) + 1 for n, t in types.items()}


def read_value(text: str, syntax: Syntax, types: dict[str, TensorType]) -> torch.Tensor:
    typed = read(text, syntax, types, (3,) if types is TENSORS else ()).typed
    forward = compile_program(typed)
    return forward.tensor(forward(numbers(types)), forward.output, torch.device("cpu")).to(torch.float64)


def check(text: str, syntax: Syntax, types: dict[str, TensorType], meant: str) -> None:
    right = value(meant, numbers(types)).to(torch.float64)
    torch.testing.assert_close(read_value(text, syntax, types), right, rtol=1e-12, atol=1e-14)


MEANT = [(text, Syntax.MATH, NUMBERS, meant) for text, meant in TYPED]
MEANT += [(text, Syntax.LATEX, NUMBERS, meant) for text, meant in LATEX]
MEANT += [(text, Syntax.LATEX, TENSORS, meant) for text, meant in OF_TENSORS]


@pytest.mark.parametrize(("text", "syntax", "types", "meant"), MEANT, ids=[f"{s.value}: {t}" for t, s, _, _ in MEANT])
def test_what_is_typed_or_written_reads_as_it_is_meant(
    text: str, syntax: Syntax, types: dict[str, TensorType], meant: str
) -> None:
    check(text, syntax, types, meant)


@pytest.mark.parametrize(("text", "types"), [(r"\cos\theta", NUMBERS), ("v'", TENSORS)], ids=["theta", "v"])
def test_what_has_a_name_that_no_input_has_is_not_an_answer(text: str, types: dict[str, TensorType]) -> None:
    with pytest.raises(NotAnAnswer):
        read_value(text, Syntax.LATEX, types)


@pytest.mark.parametrize(("text", "code", "column"), REFUSED, ids=lambda v: str(v)[:20])
def test_what_is_not_an_answer_is_refused_where_it_stands(text: str, code: str, column: int) -> None:
    syntax = Syntax.LATEX if "\\" in text else Syntax.MATH
    with pytest.raises(NotAnAnswer) as refused:
        read(text, syntax, {"x": NUMBER, "y": NUMBER}, ())
    finding = refused.value.finding
    assert (finding.code.name, finding.place.column if finding.place else None) == (code, column), finding


def test_an_input_hides_what_its_name_means_elsewhere() -> None:
    types = {"e": NUMBER, "i": NUMBER, "sec": NUMBER, "T": NUMBER}
    values = numbers(types)
    right = 2 * values["e"] * values["i"] * values["sec"] ** values["T"]
    torch.testing.assert_close(read_value("2 e i sec^T", Syntax.MATH, types), right)


def test_places_count_lines() -> None:
    with pytest.raises(NotAnAnswer) as refused:
        read("x +\n  z", Syntax.MATH, {"x": NUMBER}, ())
    place = refused.value.finding.place
    assert place is not None
    assert (place.line, place.column) == (2, 3)


def test_parts_that_do_not_fit_have_a_wrong_shape() -> None:
    with pytest.raises(Misshapen):
        read("A + x A", Syntax.LATEX, {"A": TensorType(DType.FLOAT64, (2, 4)), "x": VECTOR}, ())


def test_secants_are_read_in_the_language_too() -> None:
    check("sec(x)*arctan(y)", Syntax.PYTHON, NUMBERS, "atan(y)/cos(x)")
