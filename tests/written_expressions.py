"""Expressions whose closed forms are printed and read back, each with the shapes of its inputs."""

from __future__ import annotations

Shapes = dict[str, tuple[int, ...]]

#: Everyday ones.
ORDINARY: tuple[tuple[str, Shapes], ...] = (
    ("3*a**3 - b**2", {"a": (2,), "b": (2,)}),
    ("A @ x", {"A": (2, 3), "x": (3,)}),
    ("x.T @ A @ x", {"A": (3, 3), "x": (3,)}),
    ("softmax(x)", {"x": (4,)}),
    ("softmax(Q @ K.T / sqrt(8), dim=-1) @ V", {"Q": (3, 2), "K": (4, 2), "V": (4, 2)}),
    ("tanh(W3 @ tanh(W2 @ tanh(W1 @ x)))", {"W1": (3, 2), "W2": (2, 3), "W3": (2, 2), "x": (2,)}),
    ("sum((X - U @ V.T)**2)", {"X": (3, 4), "U": (3, 2), "V": (4, 2)}),
    ("mean(softplus(-y*(X @ w)))", {"y": (3,), "X": (3, 2), "w": (2,)}),
    ("(x - mean(x))/sqrt(mean((x - mean(x))**2) + 1e-5)*g + b", {"x": (4,), "g": (4,), "b": (4,)}),
    ("(x - mean(x, 1, True))/norm(x, 2, 1, True)", {"x": (3, 2)}),
    ("logsumexp(x)*log_softmax(x)", {"x": (3,)}),
    ("softmax(softmax(x))", {"x": (3,)}),
    ("softmax(x, 0)*softmax(x, 1)", {"x": (3, 2)}),
    ("trace(A @ A.T @ A)", {"A": (3, 3)}),
    ("A @ B @ C", {"A": (2, 3), "B": (3, 2), "C": (2, 4)}),
    ("C @ D", {"C": (2, 3, 2), "D": (2, 2, 3)}),
    ("transpose(C, 0, 2)*C", {"C": (2, 3, 2)}),
    ("x**y", {"x": (3,), "y": (3,)}),
    ("sum(x**2)**0.5/x.shape[0]**2", {"x": (3,)}),
)

#: Sums in sums, and sums beside sums, whose letters must not clash or run out.
SUMS: tuple[tuple[str, Shapes], ...] = (
    ("sum(x)*sum(x**2) + sum(x)", {"x": (3,)}),
    ("sum(sum(x, 1)*sum(x, 1))*x", {"x": (3, 2)}),
    ("sum(sum(x*x, 1)*sum(y, 1)*sum(x*y))*sum(x)", {"x": (3, 2), "y": (3, 2)}),
    ("sum(outer(x, x)*A)*x", {"A": (3, 3), "x": (3,)}),
    ("A*A.T + A", {"A": (3, 3)}),
    ("diag(x) @ A @ diag(x)", {"A": (3, 3), "x": (3,)}),
    ("diag(A)*diag(A @ A)", {"A": (3, 3)}),
    ("A @ A @ A @ A", {"A": (2, 2)}),
    ("prod(x, 0)*sum(x)", {"x": (3, 2)}),
    ("prod(sum(x)*x)", {"x": (3,)}),
    ("prod(A @ x)*prod(A @ x, 0)*x", {"A": (3, 3), "x": (3,)}),
    ("amax(x*y, 1)*amin(x)", {"x": (3, 2), "y": (2,)}),
    ("norm(x - y, 3)", {"x": (3, 2), "y": (2,)}),
    ("x.shape[0]*x + mean(x)*x.shape[1]", {"x": (2, 3)}),
)

#: Inputs with the names of indices, sums, constants, functions or the upstream gradient.
NAMES: tuple[tuple[str, Shapes], ...] = (
    ("s*t*p*i*v*n*g", {"s": (), "t": (2,), "p": (2,), "i": (2,), "v": (2,), "n": (2,), "g": (2,)}),
    ("sum(s*t)*mean(n)*g + v @ i", {"s": (2,), "t": (2,), "n": (3,), "g": (2,), "v": (4,), "i": (4,)}),
    ("softmax(s)*g*v + mean(n)", {"s": (3,), "g": (3,), "v": (3,), "n": (3,)}),
    ("softmax(p @ q) @ r", {"p": (3, 2), "q": (2, 3), "r": (3,)}),
    ("logsumexp(s @ t, 1)*u", {"s": (3, 2), "t": (2, 4), "u": (3,)}),
    ("outer(i, j) @ k", {"i": (2,), "j": (3,), "k": (3,)}),
    ("v*v_*x", {"v": (2,), "v_": (2,), "x": (2,)}),
    ("E*I*S*N*beta*e", {"E": (2,), "I": (2,), "S": (2,), "N": (2,), "beta": (2,), "e": (2,)}),
    ("e*E + E**2", {"E": ()}),
    ("exp(1)*e + e**2", {"e": ()}),
    ("erf(pi)*pi", {"pi": ()}),
    ("erf(pi)", {"pi": (3,)}),
    ("erf(x)*pi", {"x": (3,)}),
    ("oo*zoo*nan", {"oo": (2,), "zoo": (2,), "nan": (2,)}),
    ("clamp(x, min=0.3)*oo*inf", {"x": (2,), "oo": (), "inf": ()}),
    ("delta*Sum*Product*where_", {"delta": (2,), "Sum": (2,), "Product": (2,), "where_": (2,)}),
    ("Max*amax(x)*whole", {"Max": (2,), "x": (2,), "whole": (2,)}),
    ("x_1*alpha_x + W_12", {"x_1": (2,), "alpha_x": (2,), "W_12": (2,)}),
    ("_*__a + _9", {"_": (2,), "__a": (2,), "_9": (2,)}),
    ("λ*x + Ω", {"λ": (2,), "x": (2,), "Ω": (2,)}),
)

#: Axes of length 1, which print as 0, and of length 0.
LENGTHS: tuple[tuple[str, Shapes], ...] = (
    ("a*x + b", {"a": (1, 3), "x": (2, 1), "b": (2, 3)}),
    ("x @ y", {"x": (1, 3), "y": (3, 1)}),
    ("x*y + sum(y, 0)", {"x": (2, 1), "y": (1, 3)}),
    ("x*x.T", {"x": (1, 3)}),
    ("x*y", {"x": (1,), "y": (1,)}),
    ("sum(x @ y)*x", {"x": (1, 1), "y": (1, 1)}),
    ("softmax(x, 0)*sum(x*x, 1)", {"x": (1, 3)}),
    ("outer(x, y)*z", {"x": (1,), "y": (3,), "z": ()}),
    ("z*sum(z)", {"z": (0,)}),
    ("mean(z, 1)", {"z": (0, 3)}),
    ("sum(z, 1)*x", {"z": (3, 0), "x": (3,)}),
    ("softmax(z) @ x", {"z": (2, 0), "x": (0,)}),
)

#: Choices, steps and comparisons.
CHOICES: tuple[tuple[str, Shapes], ...] = (
    ("((~(x > 0.5))*x)**2", {"x": (4,)}),
    ("((x > 0.5) & (x < 0.8) | (y > 0.5))*x*y", {"x": (4,), "y": (4,)}),
    ("where((x > 0.5) & ~(y > 0.5), x*y, x/y)", {"x": (4,), "y": (4,)}),
    ("where(x > 0.5, where(y > 0.5, x, y), s)**2", {"x": (4,), "y": (4,), "s": ()}),
    ("((x > 0.5)*2 + (x < 0.7)*1)*x", {"x": (4,)}),
    ("maximum(x, y)*minimum(x, s)", {"x": (3,), "y": (3,), "s": ()}),
    ("clamp(x, y, s)*clamp(x, 0.3, 0.6)*clamp(y, max=0.5)", {"x": (3,), "y": (3,), "s": ()}),
    ("abs(x - y) + sign(x)*relu(x - 0.5)", {"x": (3,), "y": (3,)}),
    ("sqrt(abs(x))*x**0.3", {"x": (3,)}),
    ("x**s % y", {"x": (3,), "y": (3,), "s": ()}),
)

#: Numbers that are neither small nor round.
NUMBERS: tuple[tuple[str, Shapes], ...] = (
    ("x - 1e-30*x + 12345678901234567*x", {"x": (3,)}),
    ("x/3 - 0.1*x", {"x": (3,)}),
    ("(-x)**3 - (-2)*x", {"x": (3,)}),
    ("x*2.5e-7/(1 + x)", {"x": (3,)}),
    ("x**0.1 * x**-2 * 2**x", {"x": (3,)}),
    ("exp(log(2))*x + sin(1)*x**2", {"x": (3,)}),
)

#: Lines with names, which stand in the formula where a part is used again.
LINES: tuple[tuple[str, Shapes], ...] = (
    ("z = x**2 + y\np = z*2 + x\np", {"x": (), "y": ()}),
    ("g = softmax(x)\nh = g @ A\nsum(h*h)", {"x": (3,), "A": (3, 2)}),
    ("i = A @ x\np = exp(i)\np/sum(p)", {"x": (3,), "A": (3, 3)}),
    ("s = exp(x)\nt = s/sum(s)\nt*sum(t*y)", {"x": (3,), "y": (3,)}),
    ("v = exp(tanh(x))*x\nsum(v)*v", {"x": (3,)}),
    ("a = tanh(x)\nb = a*a + a\nc = b*b + b\nc*c + c", {"x": (3,)}),
)

ALL = (*ORDINARY, *SUMS, *NAMES, *LENGTHS, *CHOICES, *NUMBERS, *LINES)
