"""One function of a generated module: the steps of a plan as lines of Python in one library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from ....index_notation import functions
from ....language.precedence import Precedence
from ...lowering import plan as plans
from ...primitives import AXIS_FUNCTIONS, MATRIX_FUNCTIONS, SCANS
from ..words import iter_names, length_text
from . import text as write
from .functions import FUNCTIONS
from .library import Library
from .products import contract
from .text import Kind, Text, commas

#: A value that is used once is written where it is used, if its expression has at most so many characters.
FOLDED = 48
#: An atom of at most so many characters may be written twice.
NAMELIKE = 16
#: Functions whose values are bools.
CONDITIONS = frozenset(condition.__name__ for condition in functions.CONDITIONS)


class NoCode(Exception):
    """A step that has no counterpart in the library."""


class Body:
    """The lines of a function that computes a plan's results.

    `ranks` are those of the tensors that it fetches, and `shown` are other names for some of these; new tensors are
    like the one called `like`. `named` are the names of some slots, and `taken` those that no other variable may have.
    """

    def __init__(
        self, plan: plans.Plan, library: Library, ranks: Mapping[str, int], shown: Mapping[str, str], like: str,
        named: Mapping[int, str], taken: frozenset[str],
    ) -> None:  # fmt: skip
        self.lines: list[str] = []
        self._plan, self._library, self._like = plan, library, like
        self._ranks, self._shown, self._named = ranks, shown, named
        self._fresh = (name for name in iter_names("t") if name not in taken)
        self._texts: dict[int, Text] = {}

    def results(self, shapes: Mapping[str, str], axes: Mapping[str, tuple[bool, ...]]) -> dict[str, str]:
        """The expression of each result, from its shape as an expression and which of its axes have length 1."""
        wanted = {n: r for n, r in self._plan.results.items() if n in shapes}
        slots = [r.slot[0] for r in wanted.values() if r is not None and isinstance(r.slot, tuple)]
        numbers = plans.steps_needed(self._plan, slots)
        uses = Counter(slots)
        for number in numbers:
            uses.update(plans.reads(self._plan.steps[number]))
        for number in numbers:
            text = self._step(self._plan.steps[number])
            simple = text.precedence is Precedence.ATOM and (text.kind is Kind.NUMBER or text.text.isidentifier())
            once = uses[number] == 1
            fold = once and (number in slots or (number not in self._named and len(text.text) <= FOLDED))
            self._texts[number] = text if simple or fold else self._assign(text, self._named.get(number))
        return {name: self._result(wanted[name], shapes[name], axes[name]) for name in shapes}

    def _assign(self, text: Text, name: str | None = None) -> Text:
        name = name or next(self._fresh)
        self.lines.append(f"{name} = {text.text}")
        return Text(name, kind=Kind.TENSOR if text.kind is Kind.NUMBER else text.kind, rank=text.rank)

    def _step(self, step: plans.Step) -> Text:
        library, like = self._library, self._like
        match step:
            case plans.Fetch(name, axes):
                return self._fetch(name, axes)
            case plans.Length(source):
                return Text(length_text(source), kind=Kind.NUMBER)
            case plans.Identity(source) | plans.Range(source):
                name, rank = ("eye", 2) if isinstance(step, plans.Identity) else ("arange", 1)
                typed = "" if library.numpy else f", dtype={like}.dtype, device={like}.device"
                return Text(f"{library.main}.{name}({length_text(source)}{typed})", rank=rank)
            case plans.Call(function, operands):
                return self._call(function, [self._view(o) for o in operands])
            case plans.Product(slots, labels, out):
                return contract([self._texts[s] for s in slots], labels, out, library)
            case plans.Reduce(kind, slot, axes):
                return self._reduce(kind, self._texts[slot], axes)
            case plans.MatrixFunction(kind, slot, axes):
                x = self._move_to_end(self._texts[slot], axes)
                row = MATRIX_FUNCTIONS[kind]
                return Text(library.code(row).format(x.text), rank=x.rank - 2 + len(row.axes))
            case plans.Gather(slot, axes, indices):
                x, at = self._texts[slot], [self._view(i) for i in indices]
                parts = [x.text, commas(*map(str, axes)), *(i.text for i in at)]
                rank = x.rank - len(axes) + max(i.rank for i in at)
                return Text(f"{library.helper('gather')}({', '.join(parts)})", rank=rank)
            case plans.Scatter(value, kept, indices, sources):
                parts = [self._view(value).text, str(kept), commas(*map(length_text, sources))]
                parts += [self._view(i).text for i in indices]
                return Text(f"{library.helper('scatter')}({', '.join(parts)})", rank=kept + len(sources))

    def _fetch(self, name: str, axes: tuple[int, ...]) -> Text:
        rank, shown = self._ranks[name], self._shown.get(name, name)
        if len(axes) == rank:
            return Text(shown, rank=rank)
        return Text(f"{shown}[{', '.join(':' if a in axes else '0' for a in range(rank))}]", rank=len(axes))

    def _view(self, operand: plans.Operand) -> Text:
        """An operand aligned with the others."""
        if isinstance(operand, float):
            return write.number(operand, self._library.main)
        slot, axes = operand
        x = self._texts[slot]
        return x if axes is None else self._permute(x, axes)

    def _permute(self, x: Text, axes: tuple[int, ...]) -> Text:
        """A tensor with its axes in another order, and new ones of length 1 at -1."""
        if axes == (0, -1):
            return write.as_column(x)
        if axes == (1, 0) and x.transpose is not None:
            return x.transpose
        order, text = tuple(a for a in axes if a >= 0), x.at(Precedence.ATOM)
        if order != tuple(range(len(order))):
            method = "transpose" if self._library.numpy else "permute"
            text = f"{text}.T" if order == (1, 0) else f"{text}.{method}{commas(*map(str, order))}"
        while axes and axes[0] < 0:
            axes = axes[1:]
        if -1 in axes:
            text = f"{text}[{', '.join(':' if a >= 0 else 'None' for a in axes)}]"
        return Text(text, kind=x.kind, rank=len(axes)) if text != x.at(Precedence.ATOM) else x

    def _move_to_end(self, x: Text, axes: tuple[int, int]) -> Text:
        last = (x.rank - 2, x.rank - 1)
        if axes == last:
            return x
        return self._permute(x, (*(k for k in range(x.rank) if k not in axes), *axes))

    def _tensor(self, x: Text) -> Text:
        """A Python number as a tensor of no axes."""
        if x.kind is not Kind.NUMBER:
            return x
        make = f"{self._library.main}.float64" if self._library.numpy else f"{self._like}.new_tensor"
        return Text(f"{make}({x.text})")

    def _condition(self, x: Text) -> Text:
        return x if x.kind is Kind.BOOL else self._compare("not_equal", x, Text("0", kind=Kind.NUMBER))

    def _compare(self, function: str, a: Text, b: Text) -> Text:
        return write.COMPARISONS[function](self._tensor(a) if b.kind is Kind.NUMBER else a, b)

    def _number(self, x: Text) -> Text:
        cast = f"astype({self._library.main}.float64)" if self._library.numpy else f"to({self._like}.dtype)"
        return Text(f"{self._condition(x).at(Precedence.ATOM)}.{cast}", rank=x.rank)

    def _divide(self, a: Text, b: Text) -> Text:
        quotient = write.DIVIDE(self._tensor(a) if b.kind is Kind.NUMBER else a, b)
        return replace(quotient, inverse=b) if a.text == "1" else quotient

    def _over_norm(self, a: Text, norm: Text) -> Text:
        """A quotient that is 0 where the norm is, as autograd has it."""
        norm = norm if norm.precedence is Precedence.ATOM and len(norm.text) <= NAMELIKE else self._assign(norm)
        zero = Text("0", kind=Kind.NUMBER)
        return self._where(self._compare("equal", norm, zero), zero, self._divide(a, norm))

    def _call(self, function: str, x: list[Text]) -> Text:
        match function, x:
            case "add", [a, b]:
                return write.ADD(a, b)
            case "sub", [a, b]:
                return write.SUBTRACT(a, b)
            case "mul", [a, b] if b.inverse is not None:
                return self._divide(a, b.inverse)
            case "mul", [a, b] if a.inverse is not None:
                return self._divide(b, a.inverse)
            case "mul", [a, Text("-1")]:
                return write.negate(a)
            case "mul", [a, b]:
                return write.MULTIPLY(b, a) if b.kind is Kind.NUMBER else write.multiply(a, b)
            case "div", [a, b]:
                return self._divide(a, b)
            case "over_norm", [a, b]:
                return self._over_norm(a, b)
            case "neg", [a]:
                return write.negate(a)
            case "pow", [a, b]:
                return write.POWER(self._tensor(a) if b.kind is Kind.NUMBER else a, b)
            case _, [a, b] if function in write.COMPARISONS:
                return self._compare(function, a, b)
            case _, [a, b] if function in write.CONNECTIVES:
                return write.CONNECTIVES[function](self._condition(a), self._condition(b))
            case "logical_not", [a]:
                return Text(f"~{self._condition(a).at(Precedence.ATOM)}", Precedence.UNARY, Kind.BOOL, a.rank)
            case "number", [a]:
                return self._number(a)
            case "where", [condition, a, b]:
                return self._where(self._condition(condition), a, b)
            case "clamp", [a, low, high]:
                return self._clamp(a, low, high)
        return self._function(function, x)

    def _where(self, condition: Text, a: Text, b: Text) -> Text:
        if (a.text, b.text) == ("1", "0"):
            return self._number(condition)
        a = self._tensor(a) if b.kind is Kind.NUMBER else a
        rank = max(condition.rank, a.rank, b.rank)
        return Text(f"{self._library.main}.where({condition.text}, {a.text}, {b.text})", rank=rank)

    def _clamp(self, a: Text, low: Text, high: Text) -> Text:
        rank = max(t.rank for t in (a, low, high))
        if self._library.numpy:
            return Text(f"{self._library.main}.clip({a.text}, {low.text}, {high.text})", rank=rank)
        if not low.kind is high.kind is Kind.NUMBER:
            low, high = self._tensor(low), self._tensor(high)
        return Text(f"{self._library.main}.clamp({self._tensor(a).text}, {low.text}, {high.text})", rank=rank)

    def _function(self, function: str, x: list[Text]) -> Text:
        if function not in FUNCTIONS:
            raise NoCode(function)
        row = FUNCTIONS[function][self._library.target]
        # A number that was left out is 0.
        numbers = {"n1": "0"} | {f"n{k}": t.text for k, t in enumerate(x)}
        rank = max(t.rank for t in x)
        if not self._library.numpy:
            x = [self._tensor(t) if f"{{n{k}}}" not in row else t for k, t in enumerate(x)]
        # An operand that a row has more than once becomes a variable.
        repeated = [row.count(f"{{{k}}}") > 1 and not t.text.isidentifier() for k, t in enumerate(x)]
        x = [self._assign(t) if r and t.kind is not Kind.NUMBER else t for t, r in zip(x, repeated, strict=True)]
        kind = Kind.BOOL if function in CONDITIONS else Kind.TENSOR
        return Text(self._library.local(row).format(*(t.text for t in x), **numbers), kind=kind, rank=rank)

    def _reduce(self, kind: str, x: Text, axes: tuple[int, ...]) -> Text:
        listed = str(axes[0]) if len(axes) == 1 else commas(*map(str, axes))
        along = "" if len(axes) == x.rank else f", {'axis' if self._library.numpy else 'dim'}={listed}"
        template = self._library.code(AXIS_FUNCTIONS[kind])
        text = template.format(x.text, along=along, axes=listed, axis=axes[0])
        return Text(text, rank=x.rank if kind in SCANS else x.rank - len(axes))

    def _result(self, result: plans.Result | None, shape: str, units: tuple[bool, ...]) -> str:
        """A result in its full shape."""
        library, like = self._library, self._like
        slot = 0.0 if result is None else result.slot
        if result is None or isinstance(slot, float):
            full = f"{library.main}.full" if library.numpy else f"{like}.new_full"
            return f"{full}({shape}, {write.number(float(slot), library.main).text})"  # type: ignore[arg-type]
        x, long = self._tensor(self._texts[slot[0]]), iter(result.axes)
        axes = tuple(-1 if unit else next(long) for unit in units)
        if any(a < 0 for a in result.axes):
            return f"{library.main}.broadcast_to({self._permute(x, axes).text}, {shape})"
        permuted = self._permute(x, axes)
        return f"{permuted.at(Precedence.ATOM)}.reshape({shape})" if axes and axes[0] < 0 else permuted.text
