"""What went wrong in a wrong answer: every mistake that explains it at every point, in the documented order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ...language import check
from ...numeric import Forward, compile_program
from ...program import Limits, TypedProgram
from ..codes import Mistake
from ..equivalence import Candidate, Formula
from ..points import Floats, Reference
from ..problem import Finding
from ..question import entry_by_entry
from ..right_answers import closed_form, parsed
from .arrangements import arrangements, misshapen
from .matching import explained, factor_of, which_explain
from .other_questions import constant_factor, integrated, others
from .phrasing import written
from .repairs import repairs
from .site import TreeMistake
from .slopes import Mistaken, Slopes
from .tree_mistakes import mistakes
from .trees import OutOfTime, unshared

#: Points at which mistakes are computed, of numbers and of tensors.
POINTS, POINTS_OF_TENSORS = 20, 4
#: Entries of a node times those of the input that mistakes are followed through, since each entry is a direction.
LARGEST = 40_000
#: Pairs of mistakes that are tried where no single one explains an answer, and how many at a time.
PAIRS, CHUNK = 8192, 512


@dataclass(frozen=True)
class _Ways:
    """The mistakes of f's tree, with the derivative that each of them gives: rows, points, the derivative's shape."""

    slopes: Slopes
    found: list[TreeMistake]
    results: Floats


class Diagnosis:
    """What wrong answers to one question may come from; what is computed for one answer serves the next."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference

    def findings(self, candidate: Candidate, deadline: float | None) -> tuple[tuple[Finding, ...], bool]:
        """The findings for a wrong answer, most specific first, and whether the time ran out before all was tried.

        Empty where nothing explains the answer. What takes long is tried until the deadline, a time of
        `time.thread_time`, and counts only where it is done by then; with None it is not tried.
        """
        fits = candidate.shape == self.reference.question.expected
        found, late = list(self._singles(candidate, fits)), deadline is None
        if not found or (not self.reference.question.scalar and not late):
            try:
                found += self._longer(candidate, fits, found, deadline) if deadline is not None else ()
            except OutOfTime:
                late = True
        if not fits and not any(f.code in (Mistake.SUMMED, Mistake.JACOBIAN_FOR_VJP) for f in found):
            found.append(misshapen(self.reference, candidate))
        return tuple(sorted(dict.fromkeys(found), key=_priority)), late

    def _singles(self, candidate: Candidate, fits: bool) -> Iterator[Finding]:
        """The single mistakes that explain an answer, a sentence a code."""
        reference = self.reference
        answer = self._chosen(candidate)
        found: list[Finding] = []
        if candidate.shape in self._others:
            findings, values = self._others[candidate.shape]
            found += [findings[number] for number in np.flatnonzero(which_explain(answer, values))]
        found += integrated(reference, candidate, self._points)
        found += constant_factor(answer, reference.values[self._points])
        if not reference.question.scalar:
            found += arrangements(reference, candidate)
        if not fits:
            found += self._cut_short(candidate)
        for ways in (self.ways, self.apart) if fits else ():
            if ways is not None:
                explaining = np.flatnonzero(which_explain(answer, ways.results))
                found += [Finding(ways.found[k].code, ways.found[k].sentence) for k in explaining]
            if found:
                break
        return iter({f.code: f for f in reversed(found)}.values())

    def _longer(self, candidate: Candidate, fits: bool, known: list[Finding], deadline: float) -> list[Finding]:
        """What takes longer: repairs of the answer, and where nothing else explains it, two mistakes together."""
        found: list[Finding] = []
        plain = {f.code for f in known} & {Mistake.SIGN, Mistake.CONSTANT_FACTOR, Mistake.NOT_DIFFERENTIATED}
        if not self.reference.question.scalar and isinstance(candidate, Formula) and not plain:
            found += {f.code: f for f in repairs(self.reference, candidate, deadline)}.values()
        if not found and not known and fits:
            found += self._doubles(candidate, deadline)
        return found

    def _doubles(self, candidate: Candidate, deadline: float) -> Iterator[Finding]:
        """Two mistakes together: one of f's tree and a constant factor or sign, or two of the tree."""
        ways = self.ways
        if ways is None or not len(ways.found):
            return
        answer = self._chosen(candidate)
        factors = [factor_of(answer, result) for result in ways.results]
        multiples = sorted((m.code.priority, k) for k, m in enumerate(ways.found) if factors[k] is not None)
        for _, number in multiples:
            if factors[number] == -1:
                yield Finding(ways.found[number].code, ways.found[number].sentence)
                yield Finding(Mistake.SIGN, "besides, the sign is wrong")
                return
        found = list(self._pairs(ways, answer, deadline))
        yield from found
        for _, number in multiples if not found else ():
            mistake = ways.found[number]
            if mistake.code is not Mistake.CONSTANT_FACTOR:
                yield Finding(mistake.code, mistake.sentence)
                yield Finding(Mistake.CONSTANT_FACTOR, f"besides, there is a constant factor of {factors[number]:.6g}")
                return

    def _pairs(self, ways: _Ways, answer: Floats, deadline: float) -> Iterator[Finding]:
        """Of the pairs that explain the answer the one whose less specific mistake is the most specific."""
        pairs: list[tuple[tuple[Mistake, Mistake], Mistaken, tuple[TreeMistake, ...]]] = [
            ((a.code, b.code), Mistaken({a.node: a.rule, b.node: b.rule}), (a, b))
            for k, a in enumerate(ways.found)
            for b in ways.found[k + 1 :]
            if a.node != b.node
        ]
        lost = Mistake.MISSING_INNER_DERIVATIVE
        pairs += [((m.code, lost), Mistaken({m.node: m.bare}), (m,)) for m in ways.found if m.bare is not None]
        pairs.sort(key=lambda pair: sorted((code.priority for code in pair[0]), reverse=True))
        for start in range(0, min(len(pairs), PAIRS), CHUNK):
            if time.thread_time() > deadline:
                raise OutOfTime
            some = pairs[start : start + CHUNK]
            results = self._arranged(ways.slopes.run([way for _, way, _ in some]))
            for number in np.flatnonzero(which_explain(answer, results))[:1]:
                _, _, made = some[number]
                yield from (Finding(mistake.code, mistake.sentence) for mistake in made)
                if len(made) == 1:
                    yield Finding(lost, "besides, the inner derivative is missing there")
                return

    def _cut_short(self, candidate: Candidate) -> Iterator[Finding]:
        """An answer that stops at an inner function of a gradient, whose own derivative would change the shape."""
        for shape, text, cotangent in self._cotangents:
            if shape == candidate.shape and explained(candidate.values[self._points], cotangent):
                yield Finding(
                    Mistake.MISSING_INNER_DERIVATIVE,
                    f"the inner derivative, that of `{text}`, is missing: the shape is that of the inner function",
                )
                return

    @cached_property
    def _others(self) -> dict[tuple[int, ...], tuple[list[Finding], Floats]]:
        """Answers to other questions by their shape, but for those that are right too, where mistakes are computed."""
        right = self.reference.values[self._points]
        found: dict[tuple[int, ...], list[tuple[Finding, Floats]]] = {}
        for other in others(self.reference):
            values = other.values[self._points]
            if not explained(right, values):
                found.setdefault(values.shape[1:], []).append((other.finding, values))
        return {shape: ([f for f, _ in rows], np.stack([v for _, v in rows])) for shape, rows in found.items()}

    @cached_property
    def ways(self) -> _Ways | None:
        """The mistakes of f's tree, or of the last derivative's that is differentiated; None where there are none."""
        return self._ways(self._source)

    @cached_property
    def apart(self) -> _Ways | None:
        """The same where a part of f that stands in several places is mistaken in one of them; None where none does."""
        source = self._source
        if source is None:
            return None
        tree = unshared(source[0].program)
        if tree is None:
            return None
        types = {name: self.reference.question.types[name] for name in tree.inputs()}
        typed = check(tree, types, Limits())
        return self._ways((typed, compile_program(typed), source[2]))

    def _ways(self, source: tuple[TypedProgram, Forward, tuple[str, ...]] | None) -> _Ways | None:
        if source is None:
            return None
        typed, forward, wrt = source
        question = self.reference.question
        inputs = {n: x[self._points] for n, x in self.reference.points.values.items() if n != question.upstream}
        try:
            slopes = Slopes(typed, forward, inputs, wrt, question.scalar)
            found = mistakes(slopes)
            results = self._arranged(slopes.run([Mistaken({m.node: m.rule}) for m in found]))
        except RuntimeError:
            # An operator that torch cannot differentiate forward has no mistakes to offer.
            return None
        right = self.reference.values[self._points]
        telling = [k for k, same in enumerate(which_explain(right, results).tolist()) if not same]
        return _Ways(slopes, [found[k] for k in telling], results[telling])

    @cached_property
    def _source(self) -> tuple[TypedProgram, Forward, tuple[str, ...]] | None:
        """What is differentiated, and by which inputs."""
        question = self.reference.question
        if question.mirrored or (question.stacked and question.problem.order > 1):
            return None
        entries = max(t.elements for t in question.typed.types)
        if entries * sum(question.types[name].elements for name in question.problem.wrt) > LARGEST:
            return None
        if question.stacked or len(question.chain) == 1:
            return question.typed, question.forward, question.problem.wrt if question.stacked else question.chain
        # Of a higher derivative the last differentiation is looked at, that of the derivative before.
        *before, last = question.chain
        form = closed_form(question, tuple(before)) if question.scalar else None
        typed = parsed(question, form[0]) if form else None
        if typed is None or not entry_by_entry(typed):
            return None
        return typed, compile_program(typed), (last,)

    @cached_property
    def _points(self) -> list[int]:
        """Which points the mistakes are computed at."""
        count = self.reference.points.count - self.reference.points.special
        good = [k for k in range(count) if self.reference.graded[k]]
        return good[: POINTS if self.reference.question.scalar else POINTS_OF_TENSORS]

    def _chosen(self, candidate: Candidate) -> Floats:
        return candidate.values[self._points]

    def _arranged(self, slopes: torch.Tensor) -> Floats:
        """Rows, points, directions and the output's shape, as the right answer has them."""
        question = self.reference.question
        rank = question.typed.output.rank
        if question.upstream:
            v = self.reference.points.values[question.upstream][self._points]
            slopes = (slopes * v.unsqueeze(1)).flatten(3).sum(3) if rank else slopes * v.reshape(-1, 1)
            rank = 0
        turned = slopes.permute(0, 1, *range(3, 3 + rank), 2)
        return turned.reshape(*turned.shape[:2], *question.numerator).numpy(force=True)

    @cached_property
    def _cotangents(self) -> list[tuple[tuple[int, ...], str, Floats]]:
        """The gradient by each inner node of another shape, with the node's text."""
        question = self.reference.question
        if question.output or len(question.chain) > 1:
            return []
        found: dict[int, list[torch.Tensor]] = {}
        for point in self._points:
            leaves = {n: x.detach().clone().requires_grad_() for n, x in self.reference.points.at(point).items()}
            values = question.forward(leaves)
            out = question.forward.tensor(values, question.forward.output, torch.device("cpu"))
            total = (out * leaves[question.upstream]).sum() if question.upstream else out
            numbers = [
                k
                for k, v in enumerate(values)
                if isinstance(v, torch.Tensor) and v.requires_grad and k != question.forward.output
            ]
            gradients = torch.autograd.grad(total, [values[k] for k in numbers], allow_unused=True)
            for k, g in zip(numbers, gradients, strict=True):
                if g is not None:
                    found.setdefault(k, []).append(g.detach())
        return [
            (tuple(rows[0].shape), written(question.typed.program, k), torch.stack(rows).numpy(force=True))
            for k, rows in sorted(found.items())
            if len(rows) == len(self._points) and tuple(rows[0].shape) != question.expected
        ]


def _priority(finding: Finding) -> int:
    assert isinstance(finding.code, Mistake)
    return finding.code.priority
