"""Names: those that an input or an intermediate may have, those that are taken, and the nearest to a misspelt one."""

from __future__ import annotations

import difflib
import keyword
import math
import unicodedata
from collections.abc import Collection, Iterable

from ..operators import BY_NAME
from ..program import Limits, Reason, Refusal

#: Named numbers; an input or an intermediate of the same name hides them.
CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf}

#: What may stand before the name of an operator or of a constant, with a dot; it is ignored, never looked up.
PREFIXES: frozenset[str] = frozenset((
    "F", "functional", "jax.nn", "jax.numpy", "jnp", "jnp.linalg", "linalg", "math", "nn.functional", "np", "np.linalg",
    "numpy", "numpy.linalg", "special", "torch", "torch.linalg", "torch.nn.functional", "torch.special",
))  # fmt: skip

#: Libraries by the last word of a prefix; a row may have a name of its own there, such as `linalg.norm`.
LIBRARIES: dict[str, str] = {"numpy": "np", "jnp": "np", "F": "functional", "nn": "functional"}

_SEND_THE_FUNCTION = "send the function itself, and its derivative is returned"
#: Names that mean one thing in a library and another here, and what to write instead.
CONFLICTING_NAMES: dict[str, str] = {
    "np.median": "torch's median is the lower of the two middle entries: write median(x)",
    "np.split": "chunk(x, n)[k] splits into n parts, split(x, size)[k] into parts of that size",
    "np.array_split": "there is no tensor_split: chunk(x, n)[k] splits into n parts",
    "np.repeat": "repeat_interleave(x, n) repeats each entry, tile(x, n) the whole tensor",
    "np.dot": "write x @ y",
    "np.pad": "F.pad(x, (before, after)) pads the last dimension, further pairs the dimensions before it",
    "torch.svd": "torch.svd returns V: write linalg.svd(A, full_matrices=False), which returns Vh, its transpose",
    "np.gradient": _SEND_THE_FUNCTION,
}

#: Names that no input and no intermediate may have: those of operators that are called. `T` is free: `x.T` is no call.
RESERVED: frozenset[str] = frozenset(name for name, row in BY_NAME.items() if not row.attribute and "." not in name)

#: Names that people bring from elsewhere, and what they write here instead.
_FOREIGN = {
    **dict.fromkeys(("diff", "grad", "gradient", "derivative", "jacobian"), _SEND_THE_FUNCTION),
    **dict.fromkeys(("π", "Pi"), "write pi"),
    "len": "write x.shape[0]",
    "numel": "write the product of x.shape[0], x.shape[1], ...",
    "float": "numbers and tensors keep their dtype",
    "nan": "the constants are pi, e and inf",
}


def check_names(names: Iterable[str], limits: Limits) -> None:
    """Refuses input names that cannot be used: too many, BAD_NAME or DUPLICATE_INPUT, with the input's field.

    >>> check_names(["x", "W1", "E", "beta"], Limits())
    """
    names = list(names)
    if len(names) > limits.inputs:
        count, hint = str(len(names)), f"at most {limits.inputs} inputs"
        message = f"{count} inputs, over the limit `inputs` of {limits.inputs}"
        raise Refusal(Reason.LIMIT_EXCEEDED, message, field="inputs", found=count, hint=hint)
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        field = f"inputs[{number}].name"
        if problem := name_problem(name, limits):
            raise Refusal(Reason.BAD_NAME, problem, field=field, found=excerpt(name), hint=acceptable_name(limits))
        if name in first:
            message, hint = f"inputs[{first[name]}] has the same name", "give each input its own name"
            raise Refusal(Reason.DUPLICATE_INPUT, message, field=field, found=name, hint=hint)
        first[name] = number


def name_problem(name: str, limits: Limits) -> str | None:
    """Why an input or an intermediate cannot have this name, as a clause; None if it can.

    >>> name_problem("sin", Limits())
    '`sin` is the name of an operator'
    """
    if not name:
        return "the name is empty"
    if len(name) > limits.name_characters:
        return f"the name has {len(name)} characters"
    if not name.isidentifier():
        return "the name is not an identifier"
    if unicodedata.normalize("NFKC", name) != name:
        return "Python would read the name as a different one (NFKC)"
    if keyword.iskeyword(name):
        return f"`{name}` is a Python keyword"
    if name.startswith("__"):
        return "the name starts with two underscores"
    return f"`{name}` is the name of an operator" if name in RESERVED else None


def acceptable_name(limits: Limits) -> str:
    """What a name may be, for the hint of a refusal."""
    return f"at most {limits.name_characters} letters, digits and _, such as x or W1, and not the name of an operator"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The hint for an unknown name: the nearest known ones, or what to write for one from elsewhere; else empty.

    >>> did_you_mean("sofmax", ["softmax", "sum", "log_softmax"])
    'did you mean softmax or log_softmax?'
    """
    if foreign := _FOREIGN.get(name):
        return foreign
    if len(name) > 64:
        return ""
    spellings: dict[str, str] = {}
    for other in known:
        spellings.setdefault(other.casefold(), other)
    near = [spellings[folded] for folded in difflib.get_close_matches(name.casefold(), spellings, n=3, cutoff=0.7)]
    return f"did you mean {' or '.join(', '.join(near).rsplit(', ', 1))}?" if near else ""


def excerpt(text: str, characters: int = 40) -> str:
    """A part of the request for a message: short, and with everything unprintable escaped.

    >>> excerpt("x\\ny")
    'x\\\\ny'
    """
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:characters])
    return printable + ("..." if len(text) > characters else "")
