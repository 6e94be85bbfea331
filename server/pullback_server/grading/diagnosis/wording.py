"""Programs written out again, in the language's own syntax, so that a finding can name a part of f."""

from __future__ import annotations

from ...operators import BY_NAME
from ...program import Apply, Input, Literal, Program, Size

#: How tightly a sign binds, as in Python.
_BINDS = {"|": 1, "&": 2, "+": 5, "-": 5, "*": 6, "/": 6, "@": 6, "%": 6, "**": 9}
_COMPARISON, _SIGN, _ATOM = 3, 7, 10
#: What is longer is cut in the middle of a sentence.
LONGEST = 60


def written(program: Program, node: int) -> str:
    """The text of a node; a long one is shortened.

    >>> from ...language import parse
    >>> from ...program import Limits
    >>> program = parse("(x + 1)**2*sin(-x)", ["x"], Limits())
    >>> written(program, program.output)
    '(x + 1)**2*sin(-x)'
    """
    text = whole(program, node)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def whole(program: Program, node: int) -> str:
    """The whole text of a node."""
    texts: dict[int, tuple[str, int]] = {}
    for number in range(node + 1):
        texts[number] = _text(program, number, texts)
    return texts[node][0]


def _text(program: Program, number: int, texts: dict[int, tuple[str, int]]) -> tuple[str, int]:
    match program.nodes[number]:
        case Input(name=name):
            return name, _ATOM
        case Literal(value=Size(operand, axis)):
            return f"{_within(texts[operand], _ATOM)}.shape[{axis}]", _ATOM
        case Literal(value=value, name=name):
            text = name or repr(value)
            return text, _SIGN if text.startswith("-") else _ATOM
        case Apply() as node:
            return _applied(node, [None if k is None else texts[k] for k in node.operands])
    raise ValueError(f"node {number} is none")


def _applied(node: Apply, operands: list[tuple[str, int] | None]) -> tuple[str, int]:
    row = BY_NAME[node.operator]
    given = [o for o in operands if o is not None]
    if row.attribute and given:
        return f"{_within(given[0], _ATOM)}.{row.name}", _ATOM
    if row.symbol and row.symbol != "[]" and len(given) == 1:
        return f"{row.symbol}{_within(given[0], _SIGN + 1)}", _SIGN
    if row.symbol in _BINDS and len(given) == 2:
        level = _BINDS[row.symbol]
        # Powers group to the right, the others to the left.
        left, right = (level + 1, level) if row.symbol == "**" else (level, level + 1)
        space = " " if level <= 5 or row.symbol == "@" else ""
        return f"{_within(given[0], left)}{space}{row.symbol}{space}{_within(given[1], right)}", level
    if row.symbol and row.symbol != "[]" and len(given) == 2:
        return f"{_within(given[0], _COMPARISON + 1)} {row.symbol} {_within(given[1], _COMPARISON + 1)}", _COMPARISON
    if row.name == "getitem":
        return f"{_within(given[0], _ATOM)}[{_key(node)}]", _ATOM
    words = [text for text, _ in given]
    if row.parameters.variadic and not row.parameters.parameters[0].kind and row.name in ("stack", "cat"):
        words = [f"[{', '.join(words)}]"]
    words += [f"{name}={value!r}" for name, value in node.arguments]
    return f"{row.name}({', '.join(words)})", _ATOM


def _key(node: Apply) -> str:
    key = dict(node.arguments).get("key", ())
    assert isinstance(key, tuple)
    return ", ".join(str(k) if isinstance(k, int) else "..." for k in key)


def _within(part: tuple[str, int], level: int) -> str:
    text, own = part
    return text if own >= level else f"({text})"
