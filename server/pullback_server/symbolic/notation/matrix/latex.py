r"""Matrix expressions in LaTeX: `A^{\top} \left(v \odot u\right)`, `u v^{\top}`, `X^{-1}`, `I_{n}`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction

from ....operators import BY_NAME
from ...primitives import COMPARISONS, REDUCTIONS
from ..latex_names import escape, float_latex, letter, with_lines
from ..words import LENGTHS, iter_names
from . import tree as trees
from .building import negative, number, product
from .lines import Lines
from .text import TreeWriter, decimal, in_ratio, prefix
from .tree import Call, Tree

LOOSE, COMPARED, ADDED, MULTIPLIED, RAISED, ATOM = range(6)

_CONSTANTS = {"pi": r"\pi", "e": r"\mathrm{e}", "inf": r"\infty"}
_SYMBOLS = {row.symbol: row.latex for row in COMPARISONS.values()} | {"%": r"\bmod"}
#: Functions with a command or a letter of their own.
_FUNCTIONS = {
    **{n: rf"\{n}" for n in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "det")},
    **{f"a{n}": rf"\arc{n}" for n in ("sin", "cos", "tan")},
    **{row.operator: row.latex for row in (REDUCTIONS["max"], REDUCTIONS["min"])},
    "trace": r"\operatorname{tr}", "sigmoid": r"\sigma", "logdet": r"\log\det",
    "maximum": r"\max", "minimum": r"\min",
}  # fmt: skip
#: Brackets around an operand.
_AROUND = {
    "abs": (r"\left|", r"\right|"),
    "sqrt": (r"\sqrt{", "}"),
    "floor": (r"\left\lfloor ", r" \right\rfloor"),
    "ceil": (r"\left\lceil ", r" \right\rceil"),
}
#: Superscripts.
_AFTER = {"inv": "-1", "pinv": "+", "T": r"\top", "mT": r"\top"}


def latex(tree: Tree) -> str:
    r"""The expression in LaTeX, without dollar signs.

    >>> latex(trees.MatMul((trees.Transpose(trees.Name("A", 2)), trees.Name("x", 1))))
    'A^{\\top} x'
    """
    return _latex(tree)[0]


def formula(lines: Lines, taken: Collection[str]) -> str:
    """An expression with its lines under "where", as one formula; lengths have letters that are not `taken`."""
    used = {*taken, *(name for name, _ in lines.definitions)}
    lengths: dict[Tree, trees.Name] = {}
    letters = (c for c in iter_names(LENGTHS) if c not in used)

    def name_lengths(tree: Tree) -> Tree:
        if isinstance(tree, trees.Length):
            if tree not in lengths:
                lengths[tree] = trees.Name(next(letters), 0)
            return lengths[tree]
        return trees.map_children(tree, name_lengths)

    result = latex(name_lengths(lines.result))
    where = [f"{letter(name)} = {latex(name_lengths(d))}" for name, d in lines.definitions]
    where += [f"{letter(name.name)} = {latex(length)}" for length, name in lengths.items()]
    return with_lines(result, where)


def _parenthesize(inside: str) -> str:
    return rf"\left({inside}\right)"


def _at(tree: Tree, level: int) -> str:
    formula, tightness = _latex(tree)
    return formula if tightness >= level else _parenthesize(formula)


def _latex(tree: Tree) -> tuple[str, int]:
    match tree:
        case trees.Name(name):
            return letter(name), ATOM
        case trees.Constant(name):
            return _CONSTANTS.get(name, rf"\mathrm{{{name}}}"), ATOM
        case trees.Number(value):
            return _number(value)
        case trees.Length(of, axis):
            return rf"\dim_{{{axis}}} {_at(of, ATOM)}", MULTIPLIED
        case trees.Transpose(Call("inv", (of,))) if of is not None:
            return rf"{_at(of, ATOM)}^{{-\top}}", RAISED
        case trees.Transpose(of):
            return rf"{_at(of, ATOM)}^{{\top}}", RAISED
        case trees.Subscript(of, (":", None)):
            return rf"{_at(of, MULTIPLIED)} \mathbf{{1}}^{{\top}}", MULTIPLIED
        case trees.Subscript(of):
            # Axes of length 1 are not written.
            return _latex(of)
        case trees.Power(base, exponent):
            circle = r"\odot " if base.rank == 2 else ""
            return f"{_at(base, ATOM)}^{{{circle}{latex(exponent)}}}", RAISED
        case trees.Infix(symbol, left, right):
            joins = symbol in ("&", "|")
            a, b = (_at(t, ADDED) if not joins else _parenthesize(_condition(t)) for t in (left, right))
            inside = f"{a} {_SYMBOLS[symbol]} {b}"
            # Iverson's bracket: 1 where it holds, else 0.
            return (rf"\left[{inside}\right]", ATOM) if symbol != "%" else (inside, ADDED)
        case trees.MatMul(factors):
            return _chain(factors), MULTIPLIED
        case trees.Product():
            return _product(tree)
        case trees.Sum(terms):
            return _sum(terms, tree.rank), ADDED
        case Call():
            return _call(tree)
    raise TypeError(type(tree).__name__)


def _number(value: Fraction) -> tuple[str, int]:
    tight = ATOM if value >= 0 else ADDED
    p, q = abs(value).as_integer_ratio()
    if q == 1 and not decimal(value):
        return str(value), tight
    if q == 1 or in_ratio(abs(value))[1] == "":
        digits = float_latex(float(value))
        return digits, tight if "10^" not in digits else MULTIPLIED if value > 0 else ADDED
    return rf"{'-' if value < 0 else ''}\frac{{{p}}}{{{q}}}", tight


def _chain(factors: tuple[Tree, ...]) -> str:
    """Factors side by side; a vector that stands first is a row."""
    row = factors[0].rank == 1 and len(factors) > 1
    first = rf"{_at(factors[0], ATOM)}^{{\top}}" if row else _at(factors[0], RAISED)
    return " ".join([first, *(_at(t, RAISED) for t in factors[1:])])


def _sum(terms: Iterable[Tree], rank: int) -> str:
    total = ""
    for t in terms:
        minus = negative(t)
        size = product(number(-1), t) if minus else t
        # A vector is added to each row of a matrix.
        rows = rf"\mathbf{{1}} {_at(size, ATOM)}^{{\top}}" if rank == 2 and t.rank == 1 else _at(size, MULTIPLIED)
        total += (" - " if minus else " + ") + rows
    return "-" + total[3:] if total.startswith(" - ") else total[3:]


def _product(p: trees.Product) -> tuple[str, int]:
    top, bottom = in_ratio(abs(p.number))
    scalars = [top] if top else []
    # A dot product stands in brackets, for side by side it would be part of a chain.
    bare = not top and len(p.scalars) == 1 and not p.factors
    scalars += [_at(t, MULTIPLIED if bare else RAISED) for t in p.scalars]
    under = ([bottom] if bottom else []) + [_at(t, RAISED) for t in p.under]
    single = len(p.factors) == 1
    alone = single and not scalars and (p.below or (p.under and p.factors[0].rank == 1))
    tensors = [_at(t, LOOSE if alone else MULTIPLIED if single else RAISED) for t in p.factors]
    body = r" \odot ".join(tensors)
    if p.below:
        below = r" \odot ".join(_at(t, LOOSE if len(p.below) == 1 else RAISED) for t in p.below)
        body = rf"\frac{{{body or '1'}}}{{{below}}}"
    if under:
        # A short factor is written above the line, a matrix expression behind it.
        inside = not p.below and single and p.factors[0].rank == 1
        above = " ".join([*scalars, body] if inside else scalars)
        body = rf"\frac{{{above or '1'}}}{{{' '.join(under)}}}" + ("" if inside or not body else f" {body}")
    else:
        body = " ".join([*scalars, body]).strip() or "1"
    sign = "-" if p.number < 0 else ""
    return sign + body, ADDED if sign else MULTIPLIED


def _condition(t: Tree) -> str:
    return latex(t).removeprefix(r"\left[").removesuffix(r"\right]") if isinstance(t, trees.Infix) else latex(t)


def _call(call: Call) -> tuple[str, int]:
    options = dict(call.options)
    operands = [t for t in call.operands if t is not None]
    symbol = prefix(call.function)
    match call.function, operands:
        case _, [t] if symbol:
            return (rf"\neg {_at(t, ATOM)}" if symbol == "~" else f"{symbol}{_at(t, MULTIPLIED)}"), MULTIPLIED
        case name, [t] if name in _AFTER:
            return f"{_at(t, ATOM)}^{{{_AFTER[name]}}}", RAISED
        case name, [t] if name in _AROUND:
            left, right = _AROUND[name]
            return f"{left}{latex(t)}{right}", ATOM
        case "norm", [t]:
            index = ("" if options.get("p", 2) == 2 else _option(options["p"])) + _dims(options)
            return rf"\left\|{latex(t)}\right\|" + (f"_{{{index.removeprefix(',')}}}" if index else ""), ATOM
        case "outer", [u, w]:
            column = _at(u, MULTIPLIED if isinstance(u, trees.MatMul) else RAISED)
            return rf"{column} {_at(w, ATOM)}^{{\top}}", MULTIPLIED
        case "getitem", [t, *indices] if isinstance(key := options["key"], tuple):
            # Between colons LaTeX would put the space of a relation.
            tensors = [latex(i) for i in indices]
            item = r",\,".join(TreeWriter().item(k, tensors).replace(":", "{:}") for k in key)
            base = _at(t, ATOM)
            return f"{_parenthesize(base) if '_' in base else base}_{{{item}}}", RAISED
        case "arange", [] if len(options) == 1:
            return rf"\left(0, \dots, {_option(options['start'])} - 1\right)", ATOM
        case "cross", [a, b]:
            return rf"{_at(a, RAISED)} \times {_at(b, RAISED)}", MULTIPLIED
        case "kron", [a, b]:
            return rf"{_at(a, RAISED)} \otimes {_at(b, RAISED)}", MULTIPLIED
        case "eye", [] if len(options) == 1:
            return rf"I_{{{_option(options['n'])}}}", ATOM
        case ("ones" | "zeros") as name, [] if isinstance(size := options["size"], tuple):
            digit = r"\mathbf{1}" if name == "ones" else "0"
            shape = r" \times ".join(map(_option, size))
            return f"{digit}_{{{shape}}}", ATOM
        case "where", [c, a, b]:
            rows = rf"{latex(a)} & \text{{if }} {_condition(c)} \\ {latex(b)} & \text{{otherwise}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}", ATOM
    row = BY_NAME.get(call.function)
    operator = row.name if row is not None else call.function
    name = _FUNCTIONS.get(operator, rf"\operatorname{{{escape(operator)}}}")
    subscript = "" if not _dims(options) else f"_{{{_dims(options).removeprefix(',')}}}"
    shown = {k: v for k, v in options.items() if k not in ("dim", "keepdim", "output")}
    others = [rf"\text{{{escape(k)}}}={_option(v)}" for k, v in shown.items()]
    applied = f"{name}{subscript}{_parenthesize(', '.join([*map(latex, operands), *others]))}"
    if "output" in options and row is not None and isinstance(k := options["output"], int) and row.outputs:
        return rf"{applied}_{{\text{{{row.outputs[k]}}}}}", ATOM
    return applied, ATOM


def _dims(options: dict[str, trees.Option]) -> str:
    """The dimension that a function runs along, as an index of its name."""
    dim = options.get("dim")
    return "" if dim is None else rf",\dim {_option(dim)}"


def _option(value: trees.Option) -> str:
    match value:
        case trees.Length() | trees.Number() | trees.Name():
            return latex(value)
        case tuple():
            return rf"\left({', '.join(map(_option, value))}\right)"
        case str():
            return rf"\text{{{value}}}"
    return r"\infty" if value == float("inf") else str(value)
