"""Contractions as people write them: a matrix product such as `A @ x` where it is one, else an einsum."""

from __future__ import annotations

import string
from dataclasses import replace

from ....language.precedence import Precedence
from .library import Library
from .text import MATRIX, MULTIPLY, Kind, Text

Labels = tuple[int, ...]


def contract(x: list[Text], labels: tuple[Labels, ...], out: Labels, library: Library) -> Text:
    """The sum over every label that `out` lacks of the product of tensors with these labels."""
    product = _contract(x, labels, out, library)
    return replace(product, transpose=_contract(x, labels, out[::-1], library)) if len(out) == 2 else product


def _contract(x: list[Text], labels: tuple[Labels, ...], out: Labels, library: Library) -> Text:
    if len(x) == 2:
        (a, b), (m, n) = x, labels
        product = _matrix_product(a, m, b, n, out) or _matrix_product(b, n, a, m, out)
        if product is not None:
            return product
        if m == n and not out and len({*m}) == len(m):
            return Text(f"{library.main}.sum({MULTIPLY(a, b).text})")
    every = dict.fromkeys(k for term in labels for k in term)
    letters = {k: string.ascii_letters[(number + 8) % 52] for number, k in enumerate(every)}
    terms = ",".join("".join(letters[k] for k in term) for term in labels)
    equation = f'"{terms}->{"".join(letters[k] for k in out)}"'
    best = ", optimize=True" if library.numpy and len(x) > 2 else ""
    return Text(f"{library.main}.einsum({equation}, {', '.join(t.text for t in x)}{best})", rank=len(out))


def _matrix_product(a: Text, m: Labels, b: Text, n: Labels, out: Labels) -> Text | None:
    """The product as `a @ b`, transposed where necessary; None where it is not a matrix product."""
    common = {*m} & {*n}
    if len(common) != 1 or len(m) > 2 or len(n) > 2 or common & {*out} or len({*m}) < len(m) or len({*n}) < len(n):
        return None
    rest = (*(k for k in m if k not in common), *(k for k in n if k not in common))
    if rest != out:
        return None
    (k,) = common
    left = a if m[-1] == k else Text(f"{a.at(Precedence.ATOM)}.T", rank=2)
    right = b if n[0] == k else Text(f"{b.at(Precedence.ATOM)}.T", rank=2)
    if (len(m) == 1 and len(n) == 2 and n[0] != k) or (len(n) == 1 and len(m) == 2 and m[-1] != k):
        # v @ M.T reads better as M @ v.
        left, right = b, a
    product = MATRIX(left, right)
    return Text(product.text, product.precedence, Kind.TENSOR, len(out))
