"""What is refused of Python's syntax, as tables: what was found, and what would be accepted instead."""

from __future__ import annotations

import ast
import unicodedata

from ..program import Place, Reason, Refusal

EXPRESSION = "an expression such as 3*a**3 - b**2"
ASSIGNMENT = "lines `name = expression` and a last line that is an expression"
COMPARED = "join comparisons by &, each in brackets: (a < b) & (b < c)"
_WHERE = "where(condition, a, b)"
_STATEMENT = f"only {ASSIGNMENT}"
_NO_LOOPS = "operators work on whole tensors: sum(x**2) has no loop"
_ASSIGN_ONCE = "give each intermediate a name of its own, `z = x + 1`"

#: Keywords of Python: what they begin, and what would be accepted.
KEYWORDS: dict[str, tuple[str, str]] = {
    "and": ("`and`", COMPARED),
    "or": ("`or`", "join comparisons by |, each in brackets: (a < b) | (b < c)"),
    "not": ("`not`", "negate a comparison by ~, in brackets: ~(a < b)"),
    "if": ("a conditional", _WHERE),
    "else": ("a conditional", _WHERE),
    "elif": ("a conditional", _WHERE),
    "is": ("an identity test", "compare values with =="),
    "in": ("a membership test", "compare values with =="),
    "lambda": ("a lambda", EXPRESSION),
    "for": ("a loop or comprehension", _NO_LOOPS),
    "while": ("a loop", _NO_LOOPS),
    "await": ("an await", EXPRESSION),
    "async": ("an async statement", EXPRESSION),
    "yield": ("a yield", EXPRESSION),
    "import": ("an import", "operators need none; a prefix such as torch. is dropped"),
    "from": ("an import", "operators need none; a prefix such as torch. is dropped"),
    "def": ("a definition", _STATEMENT),
    "return": ("a return", "end with the expression itself"),
}
ANY_KEYWORD = ("a keyword of Python", _STATEMENT)

#: Signs of Python that mean nothing here.
SIGNS: dict[str, tuple[str, str]] = {
    "//": ("`//`", "write floor(a / b)"),
    "^": ("`^`", "write ** for a power"),
    "<<": ("`<<`", "write x * 2**n"),
    ">>": ("`>>`", "write floor(x / 2**n)"),
    ":=": ("`:=`", "write a line `name = expression` of its own"),
    "->": ("`->`", EXPRESSION),
    "<>": ("`<>`", "write !="),
    ";": ("`;`", "write each `name = expression` on a line of its own"),
    "{": ("`{` (a dict or set)", "brackets are ( )"),
    "}": ("`}` (a dict or set)", "brackets are ( )"),
    "\\": ("a backslash", "an expression may run over lines inside brackets; LaTeX is not read"),
    "!": ("`!`", "write ~ for a negated condition, != for unequal"),
    "&&": ("`&&`", "write &"),
    "||": ("`||`", "write |"),
    "$": ("`$`", EXPRESSION),
    "?": ("`?`", _WHERE),
    "`": ("a backquote", EXPRESSION),
    **{f"{sign}=": (f"`{sign}=`", _ASSIGN_ONCE) for sign in ("+", "-", "*", "/", "**", "%", "@", "&", "|", "//", "^")},
}

#: Characters that look like signs: what to write instead.
LOOKALIKES: dict[str, str] = {
    **dict.fromkeys("−–—‐‑‒﹣－", "use -"),
    **dict.fromkeys("×·⋅∗＊", "use *"),
    **dict.fromkeys("÷∕⁄", "use /"),
    **dict.fromkeys("‘’“”′", "use '"),
    **dict.fromkeys("（［", "use ("),
    **dict.fromkeys("）］", "use )"),
    "＋": "use +",
    "，": "use ,",
    "²": "use **2",
    "³": "use **3",
    "√": "use sqrt(x)",
    "∞": "use inf",
    "≤": "use <=",
    "≥": "use >=",
    "≠": "use !=",
    "¬": "use ~",
    "∧": "use &",
    "∨": "use |",
    "⊙": "use *",
    "⊤": "use .T",
    "ᵀ": "use .T",
    "∑": "use sum(x)",
    "\u00a0": "use a plain space",
}

#: Nodes of Python's syntax tree that are no expression here; keywords and refused signs never come so far.
NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.Tuple: ("a tuple", "tuples are arguments only, such as sum(x, dim=(0, 1))"),
    ast.List: ("a list", "lists are arguments only, such as sum(x, dim=[0, 1]); send a tensor as an input"),
    ast.Starred: ("a starred expression", "write arguments one by one, such as sum(x, dim=0)"),
    ast.Slice: ("a slice", "slices stand in square brackets after a tensor: x[1:3]"),
    ast.AnnAssign: ("an annotation", "write `name = expression`"),
}

#: The signs of the language, by the node that Python's parser has for each.
SIGNS_OF_NODES: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Mod: "%",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def refuse(reason: Reason, place: Place, message: str, found: str, hint: str) -> Refusal:
    """A refusal of the expression at a place in it."""
    return Refusal(reason, message, line=place.line, column=place.column, found=found, hint=hint)


def unsupported(place: Place, found_and_hint: tuple[str, str]) -> Refusal:
    """The refusal of a piece of syntax: a row of one of the tables."""
    found, hint = found_and_hint
    return refuse(Reason.UNSUPPORTED_SYNTAX, place, f"{found} is not part of the language", found, hint)


def unsupported_node(place: Place, node: ast.AST) -> Refusal:
    """The refusal of a node of Python's syntax tree that means nothing here."""
    return unsupported(place, NODES.get(type(node), (f"Python's `{type(node).__name__}`", EXPRESSION)))


def unsupported_character(place: Place, character: str) -> Refusal:
    """The refusal of a character that no expression holds."""
    name = unicodedata.name(character, "")
    found = f"U+{ord(character):04X}" + (f" {name}" if name else "")
    hint = LOOKALIKES.get(
        character, "letters, digits, spaces and the signs + - * / % @ & | ~ < > = ( ) [ ] , . are read"
    )
    return refuse(Reason.FORBIDDEN_CHARACTER, place, f"the character {found} is not read", found, hint)


def over_limit(place: Place, name: str, found: int | str, limit: int, hint: str) -> Refusal:
    """The refusal of an expression that is over one of the limits."""
    message = f"{found}, over the limit `{name}` of {limit}"
    return refuse(Reason.LIMIT_EXCEEDED, place, message, str(found), hint)
