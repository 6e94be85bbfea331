"""Names: which ones an input or an intermediate may have, what means something already, and the nearest of several."""

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

#: What may stand before the name of an operator or of a constant, with a dot; it is dropped, never looked up.
PREFIXES: frozenset[str] = frozenset(
    {
        "F",
        "functional",
        "jax.nn",
        "jax.numpy",
        "jnp",
        "jnp.linalg",
        "linalg",
        "math",
        "nn.functional",
        "np",
        "np.linalg",
        "numpy",
        "numpy.linalg",
        "special",
        "torch",
        "torch.linalg",
        "torch.nn.functional",
        "torch.special",
    }
)

#: Libraries by the last word of a prefix; a row may have a name of its own there, such as `linalg.norm`.
LIBRARIES: dict[str, str] = {"numpy": "np", "jnp": "np", "F": "functional", "nn": "functional"}

#: What a library means by a name that torch means something else by, and what to write instead.
ELSEWHERE: dict[str, str] = {
    "np.median": "torch's median is the lower of two middle entries: write median(x)",
    "np.split": "chunk(x, n)[k] cuts into n parts, split(x, size)[k] into parts of a size",
    "np.array_split": "tensor_split is not there: chunk(x, n)[k] cuts into n parts",
    "np.repeat": "repeat_interleave(x, n) repeats entries, tile(x, n) the whole",
    "np.dot": "write x @ y",
    "np.pad": "F.pad(x, (before, after)) pads the last dimension, further pairs those before it",
    "torch.svd": "torch.svd gives V: write linalg.svd(A, full_matrices=False), which gives Vh, its transpose",
    "np.gradient": "send the function, its derivative comes",
}

#: Names that no input and no intermediate may have: those of operators that are called. `T` is free, `x.T` is not it.
RESERVED: frozenset[str] = frozenset(name for name, row in BY_NAME.items() if not row.attribute and "." not in name)

#: Names that people bring from elsewhere, and what they write here instead.
_FOREIGN = {
    **dict.fromkeys(("diff", "grad", "gradient", "derivative", "jacobian"), "send the function, its derivative comes"),
    **dict.fromkeys(("π", "Pi"), "write pi"),
    "len": "write x.shape[0]",
    "numel": "write the product of x.shape[0], x.shape[1], ...",
    "float": "numbers and tensors keep their type",
    "nan": "the constants are pi, e and inf",
}


def check_names(names: Iterable[str], limits: Limits) -> None:
    """Refuses input names that cannot be used: too many, BAD_NAME or DUPLICATE_INPUT, with the input's field.

    >>> check_names(["x", "W1", "E", "beta"], Limits())
    """
    given = list(names)
    if len(given) > limits.inputs:
        raise Refusal(
            Reason.LIMIT_EXCEEDED,
            f"{len(given)} inputs, over the limit `inputs` of {limits.inputs}",
            field="inputs",
            found=str(len(given)),
            hint=f"at most {limits.inputs} inputs",
        )
    seen: dict[str, int] = {}
    for number, name in enumerate(given):
        field = f"inputs[{number}].name"
        if problem := name_problem(name, limits):
            raise Refusal(Reason.BAD_NAME, problem, field=field, found=shown(name), hint=acceptable_name(limits))
        if name in seen:
            raise Refusal(
                Reason.DUPLICATE_INPUT,
                f"inputs[{seen[name]}] has the same name",
                field=field,
                found=name,
                hint="each input needs a name of its own",
            )
        seen[name] = number


def name_problem(name: str, limits: Limits) -> str | None:
    """Why an input or an intermediate cannot have this name, as a clause; None if it can.

    >>> name_problem("sin", Limits())
    '`sin` is the name of an operator'
    """
    if not name:
        return "the name is empty"
    if len(name) > limits.name_characters:
        return f"a name of {len(name)} characters"
    if not name.isidentifier():
        return "the name is not an identifier"
    if unicodedata.normalize("NFKC", name) != name:
        return "Python would read the name as another one (NFKC)"
    if keyword.iskeyword(name):
        return f"`{name}` is a keyword of Python"
    if name.startswith("__"):
        return "the name starts with two underscores"
    if name in RESERVED:
        return f"`{name}` is the name of an operator"
    return None


def acceptable_name(limits: Limits) -> str:
    """What a name may be, for the hint of a refusal."""
    return f"letters, digits and _, at most {limits.name_characters}, such as x or W1, and not an operator's name"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The hint for an unknown name: the nearest known ones, or a word on a name from elsewhere; empty if none is near.

    >>> did_you_mean("sofmax", ["softmax", "sum", "log_softmax"])
    'did you mean softmax or log_softmax?'
    """
    if foreign := _FOREIGN.get(name):
        return foreign
    if len(name) > 64:
        return ""
    spelt: dict[str, str] = {}
    for other in known:
        spelt.setdefault(other.casefold(), other)
    near = [spelt[folded] for folded in difflib.get_close_matches(name.casefold(), spelt, n=3, cutoff=0.7)]
    return f"did you mean {' or '.join(', '.join(near).rsplit(', ', 1))}?" if near else ""


def shown(text: str, characters: int = 40) -> str:
    """A piece of the request for a message: short, and with everything unprintable escaped.

    >>> shown("x\\ny")
    'x\\\\ny'
    """
    piece = text[:characters]
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in piece)
    return printable + ("..." if len(text) > characters else "")
