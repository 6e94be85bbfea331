"""The symbols, commands and words of answers, as tables: which token each of them is."""

from __future__ import annotations

# fmt: off
#: Symbols that both syntaxes share.
SYMBOLS: dict[str, str] = {
    "+": "PLUS", "＋": "PLUS",
    **dict.fromkeys("-−–—‐‑‒﹣－", "MINUS"),
    **dict.fromkeys(("*", "×", "∗", "＊"), "TIMES"),
    **dict.fromkeys(("·", "•", "∙", "⋅"), "DOT"),
    **dict.fromkeys((".*", "⊙", "∘"), "ENTRYWISE"),
    "@": "MATMUL", "⊗": "KRON",
    **dict.fromkeys(("/", "÷", "∕", "⁄", "./"), "OVER"),
    "^": "CARET", "**": "CARET", ".^": "ENTRYCARET",
    **dict.fromkeys("(（", "_LPAR"), **dict.fromkeys(")）", "_RPAR"),
    "[": "_LPAR", "]": "_RPAR",
    "{": "_LBRACE", "}": "_RBRACE",
    "⟨": "_LANGLE", "⟩": "_RANGLE",
    ",": "_COMMA", "，": "_COMMA",
    **dict.fromkeys(("<", ">", "<=", ">=", "==", "≤", "≥", "≠", "!=", "⩽", "⩾"), "RELATION"),
    "ᵀ": "TRANSPOSE", "⊤": "TRANSPOSE", "√": "SQRT",
}

#: The relation of the language that a symbol stands for.
RELATIONS: dict[str, str] = {
    "<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≠": "!=", "!=": "!=",
    "==": "==", "=": "==", "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=", "\\ge": ">=", "\\geq": ">=",
    "\\geqslant": ">=", "\\lt": "<", "\\gt": ">", "\\ne": "!=", "\\neq": "!=",
}

#: Symbols and commands that differentiate or integrate.
DIFFERENTIATING: frozenset[str] = frozenset(
    ("∂", "∇", "∫", "∬", "\\partial", "\\nabla", "\\int", "\\iint", "\\oint", "\\Delta", "\\dv", "\\pdv", "\\grad",
     "\\diff", "\\odv")
)

#: Fractions that are one character.
FRACTIONS: dict[str, str] = {"¼": "(1/4)", "½": "(1/2)", "¾": "(3/4)", "⅓": "(1/3)", "⅔": "(2/3)", "⅛": "(1/8)"}
SUPERSCRIPTS: dict[str, str] = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ", "0123456789-+nx", strict=True))

#: Brackets that are LaTeX's commands: the bracket that is opened or closed, and the token.
OPENING: dict[str, tuple[str, str]] = {
    "\\{": ("{", "_LPAR"), "\\lbrace": ("{", "_LPAR"), "\\lbrack": ("{", "_LPAR"), "\\lparen": ("(", "_LPAR"),
    "\\langle": ("⟨", "_LANGLE"), "\\lvert": ("|", "LBAR"), "\\lVert": ("‖", "LNORM"),
}
CLOSING: dict[str, tuple[str, str]] = {
    "\\}": ("}", "_RPAR"), "\\rbrace": ("}", "_RPAR"), "\\rbrack": ("}", "_RPAR"), "\\rparen": (")", "_RPAR"),
    "\\rangle": ("⟩", "_RANGLE"), "\\rvert": ("|", "_RBAR"), "\\rVert": ("‖", "RNORM"),
}
#: Bars that open or close, and their tokens on the left and on the right.
BARS: dict[str, tuple[str, str]] = {"|": ("LBAR", "_RBAR"), "‖": ("LNORM", "RNORM")}
BAR_COMMANDS: dict[str, str] = {"\\vert": "|", "\\mid": "|", "\\|": "‖", "\\Vert": "‖"}
#: LaTeX's commands before a delimiter that opens or closes, and the delimiters there that are not brackets anyway.
LEFT: frozenset[str] = frozenset(("\\left", "\\bigl", "\\Bigl", "\\biggl"))
RIGHT: frozenset[str] = frozenset(("\\right", "\\bigr", "\\Bigr", "\\biggr", "\\middle"))
DELIMITERS: dict[str, tuple[str, tuple[str, str]]] = {
    **{text: (bar, BARS[bar]) for text, bar in (("\\|", "‖"), ("|", "|"), ("\\vert", "|"), ("\\Vert", "‖"))},
    "<": ("⟨", ("_LANGLE", "_RANGLE")), ">": ("⟩", ("_LANGLE", "_RANGLE")),
}

#: LaTeX's other commands that are symbols.
COMMANDS: dict[str, str] = {
    "\\cdot": "DOT", "\\times": "CROSS", "\\ast": "TIMES", "\\star": "TIMES",
    "\\odot": "ENTRYWISE", "\\circ": "ENTRYWISE", "\\otimes": "KRON", "\\div": "OVER",
    **dict.fromkeys(("\\frac", "\\dfrac", "\\tfrac", "\\cfrac"), "FRAC"), "\\sqrt": "SQRT", "\\over": "OVERALL",
    "\\\\": "_NEWROW", "\\cr": "_NEWROW",
    **{command: "RELATION" for command in RELATIONS if command.startswith("\\")},
    "\\land": "_AND", "\\wedge": "_AND", "\\lor": "_OR", "\\vee": "_OR",
    "\\top": "TOP", "\\intercal": "TOP", "\\prime": "PRIME",
}

#: LaTeX's commands without a meaning for the answer.
IGNORED: frozenset[str] = frozenset(
    ("\\,", "\\;", "\\:", "\\!", "\\ ", "\\>", "\\/", "\\quad", "\\qquad", "\\displaystyle", "\\textstyle", "\\limits",
     "\\nolimits", "\\big", "\\Big", "\\bigg", "\\Bigg", "\\Biggl", "\\Biggr", "\\hfill", "\\thinspace", "\\enspace",
     "\\allowbreak", "\\rm", "\\bf", "\\mathstrut", "\\small", "\\large", "\\notag", "\\nonumber")
)

#: LaTeX's commands for the style of what is in the braces after them, which is read as if they were not there.
STYLES: frozenset[str] = frozenset(
    ("\\mathbf", "\\boldsymbol", "\\bm", "\\mathrm", "\\mathit", "\\mathsf", "\\mathtt", "\\vec", "\\hat", "\\overline",
     "\\bar", "\\tilde", "\\widehat", "\\overrightarrow", "\\operatorname", "\\operatorname*", "\\text", "\\textbf",
     "\\textrm", "\\mathop", "\\mathnormal", "\\mathcal", "\\boxed", "\\fbox", "\\textit", "\\underline", "\\mathbb",
     "\\pmb", "\\ensuremath", "\\mbox", "\\textnormal")
)

#: LaTeX's commands that take the name of a colour, which is ignored.
COLOURS: frozenset[str] = frozenset(("\\color", "\\textcolor", "\\colorbox"))

#: Environments of matrices, and the function of the matrix that their brackets stand for, if any.
MATRICES: dict[str, str] = {
    **dict.fromkeys(("matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"), ""),
    "vmatrix": "det", "Vmatrix": "norm",
}

#: Words of LaTeX's \text and of typed answers in a definition by cases.
WORDS_OF_CASES: dict[str, str] = {
    "if": "_IF", "for": "_IF", "when": "_IF", "where": "_IF", "and": "_AND", "or": "_OR",
    "otherwise": "_OTHERWISE", "else": "_OTHERWISE", "elsewhere": "_OTHERWISE",
}

GREEK: dict[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "varepsilon": "ε", "vartheta": "θ", "varphi": "φ", "varrho": "ρ", "varsigma": "σ", "ell": "ℓ",
}
# fmt: on

#: The names of Greek letters.
LETTERS: dict[str, str] = {letter: name for name, letter in reversed(GREEK.items())} | {"ϕ": "phi", "ϵ": "epsilon"}
