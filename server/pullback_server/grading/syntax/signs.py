"""The signs, commands and words of answers, as tables: what token each of them is."""

from __future__ import annotations

# fmt: off
#: Signs that both syntaxes share.
SIGNS: dict[str, str] = {
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

#: Which relation of ours a sign is.
RELATIONS: dict[str, str] = {
    "<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">=", "⩽": "<=", "⩾": ">=", "≠": "!=", "!=": "!=",
    "==": "==", "=": "==", "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=", "\\ge": ">=", "\\geq": ">=",
    "\\geqslant": ">=", "\\lt": "<", "\\gt": ">", "\\ne": "!=", "\\neq": "!=",
}

#: Signs and commands that differentiate or integrate.
DIFFERENTIATING: frozenset[str] = frozenset(
    ("∂", "∇", "∫", "∬", "\\partial", "\\nabla", "\\int", "\\iint", "\\oint", "\\Delta", "\\dv", "\\pdv", "\\grad",
     "\\diff", "\\odv")
)

#: Fractions of one sign.
PARTS: dict[str, tuple[str, str]] = {
    "¼": ("1", "4"), "½": ("1", "2"), "¾": ("3", "4"), "⅓": ("1", "3"), "⅔": ("2", "3"), "⅛": ("1", "8"),
}
SUPERSCRIPTS: dict[str, str] = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ", "0123456789-+nx", strict=True))

#: LaTeX's commands that are signs.
COMMANDS: dict[str, str] = {
    "\\cdot": "DOT", "\\times": "CROSS", "\\ast": "TIMES", "\\star": "TIMES",
    "\\odot": "ENTRYWISE", "\\circ": "ENTRYWISE", "\\otimes": "KRON", "\\div": "OVER",
    **dict.fromkeys(("\\frac", "\\dfrac", "\\tfrac", "\\cfrac"), "FRAC"), "\\sqrt": "SQRT", "\\over": "OVERALL",
    "\\lbrace": "_LPAR", "\\rbrace": "_RPAR", "\\{": "_LPAR", "\\}": "_RPAR",
    "\\lbrack": "_LPAR", "\\rbrack": "_RPAR", "\\lparen": "_LPAR", "\\rparen": "_RPAR",
    **dict.fromkeys(("\\langle",), "_LANGLE"), "\\rangle": "_RANGLE",
    "\\lvert": "LBAR", "\\rvert": "_RBAR", "\\vert": "BAR", "\\mid": "BAR",
    "\\|": "NORM", "\\Vert": "NORM", "\\lVert": "LNORM", "\\rVert": "RNORM",
    "\\\\": "_NEWROW", "\\cr": "_NEWROW",
    **{command: "RELATION" for command in RELATIONS if command.startswith("\\")},
    "\\land": "_AND", "\\wedge": "_AND", "\\lor": "_OR", "\\vee": "_OR",
    "\\top": "TOP", "\\intercal": "TOP", "\\prime": "PRIME",
}

#: LaTeX's commands that say nothing of what is meant.
SILENT: frozenset[str] = frozenset(
    ("\\left", "\\right", "\\,", "\\;", "\\:", "\\!", "\\ ", "\\>", "\\quad", "\\qquad", "\\displaystyle",
     "\\textstyle", "\\limits", "\\nolimits", "\\big", "\\Big", "\\bigg", "\\Bigg",
     "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl",
     "\\biggr", "\\Biggl", "\\Biggr", "\\middle", "\\hfill", "\\thinspace", "\\enspace", "\\allowbreak", "\\rm", "\\bf",
     "\\mathstrut", "\\small", "\\large", "\\notag", "\\nonumber", "\\/")
)

#: LaTeX's commands that dress what is in the braces after them, which is read as if they were not there.
DRESSING: frozenset[str] = frozenset(
    ("\\mathbf", "\\boldsymbol", "\\bm", "\\mathrm", "\\mathit", "\\mathsf", "\\mathtt", "\\vec", "\\hat", "\\overline",
     "\\bar", "\\tilde", "\\widehat", "\\overrightarrow", "\\operatorname", "\\operatorname*", "\\text", "\\textbf",
     "\\textrm", "\\mathop", "\\mathnormal", "\\mathcal", "\\boxed", "\\fbox", "\\textit", "\\underline", "\\mathbb",
     "\\pmb", "\\ensuremath", "\\mbox", "\\textnormal")
)

#: LaTeX's commands that take the name of a colour, which says nothing.
COLOURING: frozenset[str] = frozenset(("\\color", "\\textcolor", "\\colorbox"))

#: Matrices, and what stands around them: entries, or what a function of the matrix takes away from it.
MATRICES: dict[str, str] = {
    **dict.fromkeys(("matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"), ""),
    "vmatrix": "det", "Vmatrix": "norm",
}

#: Words of LaTeX's \text and of typed answers inside a definition by cases.
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

#: Greek letters, by the sign, to their names.
LETTERS: dict[str, str] = {sign: name for name, sign in reversed(GREEK.items())} | {"ϕ": "phi", "ϵ": "epsilon"}
