"""Names of the program, numbers and lines under "where" in LaTeX."""

from __future__ import annotations

from sympy.printing.latex import translate


def escape(name: str) -> str:
    """A name that LaTeX takes as text."""
    return name.replace("_", r"\_")


def letter(name: str) -> str:
    r"""A tensor's name in LaTeX: `x`, `\alpha`, `W_{1}`, `\mathrm{weights}`; never Kronecker's delta or the number pi.

    >>> letter("W1")
    '{W_{1}}'
    """
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    if len(head) == 1 and head.isascii() and head.isalpha():
        return f"{{{head}_{{{tail}}}}}" if tail else head
    base, _, index = name.partition("_")
    if len(base) == 1 and base.isascii() and base.isalpha() and index[:1].isalpha():
        return f"{{{base}_{{{letter(index)}}}}}"
    known = translate(name)
    greek = known.startswith("\\") and name.isalpha() and name not in ("delta", "pi")
    return str(known) if greek else rf"\mathrm{{{escape(name)}}}"


def float_latex(value: float) -> str:
    r"""A number as a decimal, with a power of ten where Python writes one.

    >>> float_latex(2.5e-13), float_latex(1e22)
    ('2.5 \\cdot 10^{-13}', '10^{22}')
    """
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def with_lines(formula: str, lines: list[str]) -> str:
    """A formula with lines under "where", as one formula."""
    return formula + (r" \quad\text{where } " + r",\; ".join(lines) if lines else "")
