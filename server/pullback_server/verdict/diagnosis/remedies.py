"""What to write instead: the same function in operators whose derivative stays right.

Each rewriting is only a candidate: it is offered if its gradient, at the request's inputs, is the derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...language import TooLongToWrite, parse, unparse
from ...program import Apply, Limits, Literal, Program, Refusal

#: A program and the number of a node -> texts that may replace that node.
Rewriting = Callable[["_Matcher", int], Iterator[str]]
#: What may be passed to a branch where it is not taken.
HARMLESS = ("1", "0", "0.5")


def remedy(program: Program, culprit: int | None, is_right: Callable[[str], bool]) -> str:
    """The program with one node rewritten, or with the culprit's operand made harmless; "" where no candidate is right.

    `is_right(text)` says whether an expression has the right value and gradient at the inputs of the request.
    """
    matcher, tried = _Matcher(program), 0
    for node in (n for n in range(len(program.nodes) - 1, -1, -1) if isinstance(program.nodes[n], Apply)):
        for rewriting in REWRITINGS:
            for text in rewriting(matcher, node):
                candidate = _rewrite(program, node, text)
                tried += 1
                if candidate and is_right(candidate):
                    return candidate
                if tried >= TRIED:
                    return ""
    if culprit is not None:
        for candidate in _double_where(matcher, culprit):
            if is_right(candidate):
                return _tidy(program, candidate)
    return ""


#: Candidates that are tried at most.
TRIED = 24


def _rewrite(program: Program, node: int, text: str) -> str:
    """The program with a text for a node, with no more parentheses than it needs; "" where that is not a program."""
    try:
        return _tidy(program, unparse(program, None, {node: text}))
    except (TooLongToWrite, Refusal):
        return ""


def _tidy(program: Program, text: str) -> str:
    return unparse(parse(text, list(program.inputs()), Limits()))


class _Matcher:
    """Recognizes nodes of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, node: int | None, *names: str) -> Apply | None:
        """The node, if it applies one of these operators."""
        apply = None if node is None else self.program.nodes[node]
        return apply if isinstance(apply, Apply) and apply.operator in names else None

    def number(self, node: int | None) -> float | None:
        """The node's value, if it is a number literal."""
        literal = None if node is None else self.program.nodes[node]
        if isinstance(literal, Literal) and isinstance(literal.value, int | float) and not literal.name:
            return float(literal.value)
        return None

    def text(self, node: int | None) -> str:
        """The node as the language writes it, as an argument of a call."""
        assert node is not None
        return unparse(self.program, node)

    def inside(self, node: int | None, *names: str) -> int | None:
        """The first operand of a node that applies one of these operators."""
        apply = self.of(node, *names)
        return apply.operands[0] if apply else None

    def squared(self, node: int | None) -> int | None:
        """The operand of a square, in any way to write one."""
        if (inner := self.inside(node, "square")) is not None:
            return inner
        power = self.of(node, "pow")
        if power and self.number(power.operands[1]) == 2:
            return power.operands[0]
        product = self.of(node, "mul")
        return product.operands[0] if product and product.operands[0] == product.operands[1] else None


def _keywords(arguments: tuple[tuple[str, object], ...]) -> str:
    return "".join(f", {name}={value!r}" for name, value in arguments)


def _of_logarithms(m: _Matcher, node: int) -> Iterator[str]:
    """log(sum(exp(u))), log(1 + exp(u)), log(1 + u), log(softmax(u)), log(sigmoid(u)), log(det(A))."""
    inner = m.inside(node, "log", "log1p")
    if inner is None:
        return
    if m.of(node, "log1p"):
        if (u := m.inside(inner, "exp")) is not None:
            yield f"softplus({m.text(u)})"
        return
    if (total := m.of(inner, "sum")) and (u := m.inside(total.operands[0], "exp")) is not None:
        yield f"logsumexp({m.text(u)}{_keywords(total.arguments)})"
    if added := m.of(inner, "add"):
        for one, other in (added.operands, added.operands[::-1]):
            if m.number(one) == 1:
                if (u := m.inside(other, "exp")) is not None:
                    yield f"softplus({m.text(u)})"
                yield f"log1p({m.text(other)})"
        a, b = (m.inside(k, "exp") for k in added.operands)
        if a is not None and b is not None:
            yield f"logaddexp({m.text(a)}, {m.text(b)})"
    if soft := m.of(inner, "softmax"):
        yield f"log_softmax({m.text(soft.operands[0])}{_keywords(soft.arguments)})"
    if (indexed := m.inside(inner, "getitem")) is not None and (soft := m.of(indexed, "softmax")):
        logs = f"log_softmax({m.text(soft.operands[0])}{_keywords(soft.arguments)})"
        yield unparse(m.program, inner, {indexed: logs})
    if (u := m.inside(inner, "sigmoid")) is not None:
        yield f"logsigmoid({m.text(u)})"
    if (u := m.inside(inner, "det")) is not None:
        yield f"logdet({m.text(u)})"
    if (u := m.inside(m.inside(inner, "abs"), "det")) is not None:
        yield f"slogdet({m.text(u)})[1]"


def _of_differences(m: _Matcher, node: int) -> Iterator[str]:
    """exp(u) - 1, 1 - cos(u), relu(u) - relu(-u), sqrt(a) - sqrt(b), cosh(u) - sinh(u)."""
    difference = m.of(node, "sub")
    if not difference:
        return
    left, right = difference.operands
    if m.number(right) == 1 and (u := m.inside(left, "exp")) is not None:
        yield f"expm1({m.text(u)})"
    if m.number(left) == 1 and (u := m.inside(right, "cos")) is not None:
        yield f"2*sin(({m.text(u)})/2)**2"
    u, w = m.inside(left, "relu"), m.inside(right, "relu")
    if u is not None and w is not None and m.inside(w, "neg") == u:
        yield m.text(u)
    a, b = m.inside(left, "sqrt"), m.inside(right, "sqrt")
    if a is not None and b is not None:
        more = m.of(a, "add")
        rest = [k for k in more.operands if k != b] if more and b in more.operands else []
        above = m.text(rest[0]) if rest else f"({m.text(a)}) - ({m.text(b)})"
        yield f"({above})/(sqrt({m.text(a)}) + sqrt({m.text(b)}))"
    if (u := m.inside(left, "cosh")) is not None and m.inside(right, "sinh") == u:
        yield f"exp(-({m.text(u)}))"


def _of_roots(m: _Matcher, node: int) -> Iterator[str]:
    """sqrt(u)**2, norm(u)**2, sqrt(u**2), sqrt(u**4), sqrt(sum(u**2)), sqrt(a**2 + b**2)."""
    base = m.squared(node)
    if (u := m.inside(base, "sqrt")) is not None:
        yield m.text(u)
    if (norm := m.of(base, "norm", "vector_norm", "linalg.norm")) and not norm.arguments:
        yield f"sum(({m.text(norm.operands[0])})**2)"
    inner = m.inside(node, "sqrt")
    if inner is None:
        return
    if (u := m.squared(inner)) is not None:
        yield f"abs({m.text(u)})"
    if (power := m.of(inner, "pow")) and (n := m.number(power.operands[1])) and n > 2 and n % 2 == 0:
        u_text = f"({m.text(power.operands[0])})"
        yield f"{u_text}**{n / 2:g}" if n % 4 == 0 else f"abs({u_text})**{n / 2:g}"
    if (total := m.of(inner, "sum")) and (u := m.squared(total.operands[0])) is not None:
        yield f"norm({m.text(u)}{_keywords(total.arguments)})"
    if added := m.of(inner, "add"):
        a, b = map(m.squared, added.operands)
        if a is not None and b is not None:
            yield f"hypot({m.text(a)}, {m.text(b)})"


def _of_quotients(m: _Matcher, node: int) -> Iterator[str]:
    """exp(u)/sum(exp(u)), exp(u)/(1 + exp(u)), 1/(1 + exp(u)), x*log(x)."""
    if quotient := m.of(node, "div"):
        above, below = quotient.operands
        u = m.inside(above, "exp")
        total = m.of(below, "sum")
        if u is not None and total and total.operands[0] == above:
            axis = dict(total.arguments).get("dim")
            yield f"softmax({m.text(u)}, dim={axis if isinstance(axis, int) else -1})"
        if u is not None and (added := m.of(below, "add")) and above in added.operands:
            yield f"sigmoid({m.text(u)})"
        if m.number(above) == 1 and (added := m.of(below, "add")):
            powers = (m.inside(k, "exp") for k in added.operands)
            yield from (f"sigmoid(-({m.text(w)}))" for w in powers if w is not None)
    if product := m.of(node, "mul"):
        for one, other in (product.operands, product.operands[::-1]):
            if (u := m.inside(other, "log")) is not None:
                yield f"xlogy({m.text(one)}, {m.text(u)})"


def _of_patches(m: _Matcher, node: int) -> Iterator[str]:
    """where(u == c, a, b), whose value at a single point is also that of its other branch."""
    where = m.of(node, "where")
    if where and m.of(where.operands[0], "eq"):
        yield m.text(where.operands[2])
    if where and m.of(where.operands[0], "ne"):
        yield m.text(where.operands[1])


REWRITINGS: tuple[Rewriting, ...] = (_of_logarithms, _of_roots, _of_quotients, _of_differences, _of_patches)


def _double_where(m: _Matcher, culprit: int) -> Iterator[str]:
    """The double where: the culprit's operand is replaced by a harmless number where its branch is not taken."""
    application = m.program.nodes[culprit]
    if not isinstance(application, Apply) or application.operands[0] is None:
        return
    dangerous = application.operands[0]
    below = _below(m.program, culprit)
    for node, apply in enumerate(m.program.nodes):
        if not (isinstance(apply, Apply) and apply.operator == "where"):
            continue
        condition, taken, other = apply.operands
        for branch in (taken, other):
            if branch is None or culprit not in _below(m.program, branch) or condition == culprit or node in below:
                continue
            for harmless in HARMLESS:
                test, branches = m.text(condition), [m.text(dangerous), harmless]
                safe = f"where({test}, {', '.join(branches if branch == taken else branches[::-1])})"
                try:
                    inner = unparse(m.program, branch, {dangerous: safe})
                    texts = {taken: m.text(taken), other: m.text(other)} | {branch: inner}
                    rewritten = f"where({test}, {texts[taken]}, {texts[other]})"
                    yield unparse(m.program, None, {node: rewritten})
                except TooLongToWrite:
                    return


def _below(program: Program, node: int) -> set[int]:
    """The node and all nodes that it depends on."""
    pending, nodes = [node], {node}
    while pending:
        apply = program.nodes[pending.pop()]
        if isinstance(apply, Apply):
            new = {k for k in apply.operands if k is not None} - nodes
            nodes |= new
            pending += new
    return nodes
