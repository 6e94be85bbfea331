"""The parts of Python's syntax that are refused, as tables: what was found, and what would be accepted instead."""

from __future__ import annotations

import ast
import unicodedata

from ..program import Place, Reason, Refusal

EXPRESSION = "an expression such as 3*a**3 - b**2"
ASSIGNMENT = "lines `name = expression` and a last line that is an expression"
JOIN_COMPARISONS = "join comparisons with &, each in parentheses: (a < b) & (b < c)"
AS_A_FLOAT = "write it as a float, such as 1e30"
STRINGS = "strings are only allowed as arguments, such as norm(x, p='fro')"
_ALLOWED_CHARACTERS = "letters, digits, spaces and the symbols + - * / % @ & | ~ < > = ( ) [ ] , . are allowed"
_WHERE = "where(condition, a, b)"
_STATEMENT = f"only {ASSIGNMENT}"
_NO_LOOPS = "operators work on whole tensors: sum(x**2) needs no loop"
_ASSIGN_ONCE = "give each intermediate its own name, `z = x + 1`"

#: Keywords of Python: what they begin, and what would be accepted.
KEYWORDS: dict[str, tuple[str, str]] = {
    "and": ("`and`", JOIN_COMPARISONS),
    "or": ("`or`", "join comparisons with |, each in parentheses: (a < b) | (b < c)"),
    "not": ("`not`", "negate a comparison with ~, in parentheses: ~(a < b)"),
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
    "import": ("an import", "operators need no import; a prefix such as torch. is ignored"),
    "from": ("an import", "operators need no import; a prefix such as torch. is ignored"),
    "def": ("a definition", _STATEMENT),
    "return": ("a return", "end with the expression itself"),
}
ANY_KEYWORD = ("a Python keyword", _STATEMENT)

#: Operator symbols and other punctuation that mean nothing here.
SYMBOLS: dict[str, tuple[str, str]] = {
    "//": ("`//`", "write floor(a / b)"),
    "^": ("`^`", "write ** for a power"),
    "<<": ("`<<`", "write x * 2**n"),
    ">>": ("`>>`", "write floor(x / 2**n)"),
    ":=": ("`:=`", "write a line `name = expression` of its own"),
    "->": ("`->`", EXPRESSION),
    "<>": ("`<>`", "write !="),
    ";": ("`;`", "write each `name = expression` on a line of its own"),
    "{": ("`{` (a dict or set)", "use parentheses ( )"),
    "}": ("`}` (a dict or set)", "use parentheses ( )"),
    "\\": ("a backslash", "an expression may span several lines inside parentheses; LaTeX is not read"),
    "!": ("`!`", "write ~ to negate a condition, != for unequal"),
    "&&": ("`&&`", "write &"),
    "||": ("`||`", "write |"),
    "$": ("`$`", EXPRESSION),
    "?": ("`?`", _WHERE),
    "`": ("a backquote", EXPRESSION),
    **{f"{op}=": (f"`{op}=`", _ASSIGN_ONCE) for op in ("+", "-", "*", "/", "**", "%", "@", "&", "|", "//", "^")},
}

#: Characters that look like operator symbols: what to write instead.
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

#: Nodes of Python's syntax tree that are not expressions here; refused keywords and symbols never come so far.
NODES: dict[type[ast.AST], tuple[str, str]] = {
    ast.Tuple: ("a tuple", "tuples are only allowed as arguments, such as sum(x, dim=(0, 1))"),
    ast.List: ("a list", "lists are only allowed as arguments, such as sum(x, dim=[0, 1]); send a tensor as an input"),
    ast.Starred: ("a starred expression", "write arguments one by one, such as sum(x, dim=0)"),
    ast.Slice: ("a slice", "a slice goes in square brackets after a tensor: x[1:3]"),
    ast.AnnAssign: ("an annotation", "write `name = expression`"),
}

#: The operator symbols of the language, by the node that Python's parser makes of each.
SYMBOL_OF_NODE: dict[type[ast.AST], str] = {
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


def unsupported(place: Place, row: tuple[str, str]) -> Refusal:
    """The refusal of a part of Python's syntax: a row of one of the tables."""
    syntax, hint = row
    return refuse(Reason.UNSUPPORTED_SYNTAX, place, f"{syntax} is not part of the language", syntax, hint)


def unsupported_node(place: Place, node: ast.AST) -> Refusal:
    """The refusal of a node of Python's syntax tree that means nothing here."""
    return unsupported(place, NODES.get(type(node), (f"Python's `{type(node).__name__}`", EXPRESSION)))


def unsupported_character(place: Place, character: str) -> Refusal:
    """The refusal of a character that is not allowed in an expression."""
    name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
    hint = LOOKALIKES.get(character, _ALLOWED_CHARACTERS)
    return refuse(Reason.FORBIDDEN_CHARACTER, place, f"the character {name} is not allowed", name, hint)


def over_limit(place: Place, name: str, amount: str, limit: int, hint: str) -> Refusal:
    """The refusal of an expression that is over one of the limits."""
    return refuse(Reason.LIMIT_EXCEEDED, place, f"{amount}, over the limit `{name}` of {limit}", amount, hint)


def too_deep(place: Place, nested: str, limit: int) -> Refusal:
    """The refusal of an expression that is nested too deeply."""
    return over_limit(place, "depth", nested, limit, "name a part of it on a line of its own, `z = ...`")
