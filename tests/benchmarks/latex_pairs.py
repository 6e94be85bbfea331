"""Questions of school and of lectures with the key that a scorer needs, and answers in LaTeX, right and wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A function of x on an interval, its derivative in LaTeX as a key, an answer, and whether that is right."""

    expression: str
    interval: tuple[float, float]
    key: str
    answer: str
    right: bool


_REAL, _POSITIVE, _STEEP, _INSIDE = (-2.0, 2.0), (0.5, 3.0), (-1.0, 1.0), (-1.9, 1.9)

# fmt: off
#: f, its interval, the key, right answers, wrong answers.
_QUESTIONS: tuple[tuple[str, tuple[float, float], str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("x**3", _REAL, r"3x^2", (r"3x^{2}", r"3 \cdot x^2", r"\frac{6x^2}{2}"), (r"x^2", r"-3x^2", r"\frac{x^4}{4}")),
    ("sin(3*x)", _REAL, r"3\cos(3x)", (r"3\cos 3x", r"\cos(3x)\cdot 3"), (r"\cos(3x)", r"3\cos x", r"-3\cos(3x)")),
    ("x**2*sin(x)", _REAL, r"2x\sin x + x^2\cos x",
     (r"x(2\sin x + x\cos x)", r"x^2\cos(x)+2x\sin(x)"), (r"2x\cos x", r"2x\sin x", r"2x\sin x - x^2\cos x")),
    ("sin(x)/x", _POSITIVE, r"\frac{x\cos x-\sin x}{x^2}",
     (r"\frac{\cos x}{x} - \frac{\sin x}{x^2}",), (r"\cos x", r"\frac{x\cos x+\sin x}{x^2}")),
    ("tanh(x)", _REAL, r"1-\tanh^2 x",
     (r"\operatorname{sech}^2 x", r"\frac{1}{\cosh^2 x}", r"\frac{4}{(e^x+e^{-x})^2}"), (r"1+\tanh^2 x",)),
    ("x**x", _POSITIVE, r"x^x(1+\ln x)", (r"e^{x\ln x}(\ln x+1)", r"x^x + x^x\ln x"), (r"x\cdot x^{x-1}", r"x^x\ln x")),
    ("exp(x**2)", _REAL, r"2xe^{x^2}", (r"2x\exp(x^2)", r"e^{x^2}\cdot 2x"), (r"e^{x^2}", r"2xe^x")),
    ("log(x**2 + 1)", _REAL, r"\frac{2x}{x^2+1}", (r"\frac{2x}{1+x^2}",), (r"\frac{1}{x^2+1}", r"\frac{x}{x^2+1}")),
    ("sqrt(x)", _POSITIVE, r"\frac{1}{2\sqrt{x}}", 
     (r"\frac12 x^{-1/2}", r"\frac{\sqrt{x}}{2x}"), (r"\frac{1}{\sqrt{x}}",)),
    ("tan(x)", _STEEP, r"\sec^2 x", (r"1+\tan^2 x", r"\frac{1}{\cos^2 x}"), (r"\sec x", r"\sec x\tan x")),
    ("asin(x/2)", _INSIDE, r"\frac{1}{\sqrt{4-x^2}}",
     (r"\frac{1}{2\sqrt{1-\frac{x^2}{4}}}",), (r"\frac{1}{\sqrt{1-x^2/4}}", r"\frac{1}{4-x^2}")),
    ("2**x", _REAL, r"2^x\ln 2", (r"e^{x\ln 2}\ln 2",), (r"x2^{x-1}", r"2^x")),
    ("sin(x)**2", _REAL, r"2\sin x\cos x", (r"\sin 2x",), (r"2\sin x", r"\cos^2 x")),
    ("(x**2 + 1)**5", _REAL, r"10x(x^2+1)^4", (r"5(x^2+1)^4\cdot 2x",), (r"5(x^2+1)^4", r"10x(x^2+1)^5")),
    ("exp(3*x)*sin(x)", _REAL, r"e^{3x}(3\sin x+\cos x)", (r"3e^{3x}\sin x + e^{3x}\cos x",), (r"3e^{3x}\cos x",)),
    ("log(cos(x))", _STEEP, r"-\tan x", (r"-\frac{\sin x}{\cos x}",), (r"\tan x", r"\frac{1}{\cos x}")),
    ("1/(1 + exp(-x))", _REAL, r"\frac{e^{-x}}{(1+e^{-x})^2}",
     (r"\frac{e^x}{(1+e^x)^2}", r"\frac{1}{1+e^{-x}}\left(1-\frac{1}{1+e^{-x}}\right)"),
     (r"\frac{-e^{-x}}{(1+e^{-x})^2}",)),
    ("x*atan(x)", _REAL, r"\arctan x+\frac{x}{1+x^2}", (r"\frac{x}{x^2+1}+\arctan(x)",), (r"\frac{1}{1+x^2}",)),
    ("cos(sqrt(x))", _POSITIVE, r"-\frac{\sin\sqrt{x}}{2\sqrt{x}}",
     (r"\frac{-\sin(\sqrt{x})}{2\sqrt{x}}",), (r"-\sin\sqrt{x}", r"\frac{\sin\sqrt{x}}{2\sqrt{x}}")),
    ("x**3*log(x)", _POSITIVE, r"3x^2\ln x + x^2",
     (r"x^2(3\ln x+1)", r"x^2\left(1+\ln x^3\right)"), (r"3x^2\ln x", r"3x",)),
)
# fmt: on

PAIRS: tuple[Pair, ...] = tuple(
    Pair(f, interval, key, answer, right)
    for f, interval, key, *given in _QUESTIONS
    for right, answers in zip((True, False), given, strict=True)
    for answer in answers
)
