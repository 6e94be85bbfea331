"""What went wrong in a wrong answer: every mistake that explains it at every point, by priority."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from itertools import chain, combinations

import numpy as np
import torch

from ...language import check
from ...numeric import Forward, compile_program
from ...program import Limits, OverBudget, TypedProgram, Work
from ..checked_problem import is_elementwise
from ..codes import Mistake
from ..equivalence import Candidate, ProgramCandidate
from ..phrasing import phrase
from ..points import Floats, RightDerivative
from ..problem import Finding
from ..right_answers import closed_form, parse_formula
from ..work import Shared, float_work
from .arrangements import find_arrangements, wrong_shape
from .matching import factor_of, matches, matching_rows
from .other_questions import find_constant_factor, find_integrated, other_answers
from .repairs import find_repairs
from .site import TreeMistake
from .slopes import Rules, Slopes
from .tree_mistakes import tree_mistakes
from .unsharing import unshare

#: Points at which mistakes are computed, of numbers and of tensors.
POINTS, POINTS_OF_TENSORS = 20, 4
#: The most entries of a node times those of the input for which slopes are computed, since each entry is a direction.
LARGEST = 40_000
#: Pairs of mistakes that are tried where no single one explains an answer, and how many mistakes at a time.
PAIRS, CHUNK = 8192, 512
#: The work of finding the mistakes at a node, and of comparing an answer with a multiple of one.
SITE, FACTOR = 600, 60


@dataclass(frozen=True)
class TreeMistakes:
    """The mistakes of f's tree, with the derivative that each of them gives: rows, points, the derivative's shape."""

    slopes: Slopes
    mistakes: list[TreeMistake]
    results: Floats


class MistakeSearch:
    """Searches for the mistakes behind wrong answers to one question; what one answer computes serves the next."""

    def __init__(self, right_derivative: RightDerivative) -> None:
        self.right_derivative = right_derivative
        self._other_answers = Shared(self._compute_other_answers)
        self._source = Shared(self._find_source)
        self._mistakes_by_node = Shared(self._find_mistakes_by_node)
        self._mistakes_by_use = Shared(self._find_mistakes_by_use)

    def findings(self, candidate: Candidate, work: Work) -> tuple[tuple[Finding, ...], bool]:
        """The findings for a wrong answer, most specific first, and whether everything could be tried.

        Empty where nothing explains the answer. What is tried last counts only where there is enough work for all of
        it.
        """
        fits = candidate.shape == self.right_derivative.question.expected_shape
        findings: list[Finding] = []
        compared = complete = False
        try:
            self.right_derivative.prepare(work)
            work.spend(candidate.values_work)
            compared = True
            findings = self._single_mistakes(candidate, fits, work)
            if not findings or not self.right_derivative.question.scalar:
                findings += self._longer_search(candidate, fits, findings, work)
            complete = True
        except OverBudget:
            pass
        if not fits and not any(f.code in (Mistake.SUMMED, Mistake.JACOBIAN_FOR_VJP) for f in findings):
            findings.append(wrong_shape(self.right_derivative, candidate, compared))
        return tuple(sorted(dict.fromkeys(findings), key=_priority)), complete

    def _single_mistakes(self, candidate: Candidate, fits: bool, work: Work) -> list[Finding]:
        """The single mistakes that explain an answer, one sentence for each code."""
        right_derivative = self.right_derivative
        answer = candidate.values[self._points]
        findings: list[Finding] = []
        other_answers = self._other_answers.get(work)
        if candidate.shape in other_answers:
            others, values = other_answers[candidate.shape]
            findings += [others[number] for number in np.flatnonzero(matching_rows(answer, values))]
        findings += find_integrated(right_derivative, candidate, self._points, work)
        findings += find_constant_factor(answer, right_derivative.values[self._points])
        if not right_derivative.question.scalar:
            findings += find_arrangements(right_derivative, candidate, work)
        if not fits:
            work.spend(right_derivative.derivative_work(()))
            findings += self._find_inner_gradient(candidate)
        for shared in (self._mistakes_by_node, self._mistakes_by_use) if fits else ():
            tree = shared.get(work)
            if tree is not None:
                explaining = (tree.mistakes[k] for k in np.flatnonzero(matching_rows(answer, tree.results))[::-1])
                findings += [mistake.finding for mistake in {m.code: m for m in explaining}.values()]
            if findings:
                break
        return list({f.code: f for f in reversed(findings)}.values())

    def _longer_search(self, candidate: Candidate, fits: bool, known: list[Finding], work: Work) -> list[Finding]:
        """What takes longer: repairs of the answer, and where nothing else explains it, two mistakes together."""
        findings: list[Finding] = []
        plain = {f.code for f in known} & {Mistake.SIGN, Mistake.CONSTANT_FACTOR, Mistake.NOT_DIFFERENTIATED}
        if not self.right_derivative.question.scalar and isinstance(candidate, ProgramCandidate) and not plain:
            findings += {f.code: f for f in find_repairs(self.right_derivative, candidate, work)}.values()
        if not findings and not known and fits:
            findings += self._two_mistakes(candidate, work)
        return findings

    def _two_mistakes(self, candidate: Candidate, work: Work) -> Iterator[Finding]:
        """Two mistakes together: one of f's tree and a constant factor or sign, or two of the tree."""
        tree = self._mistakes_by_node.get(work)
        if tree is None or not tree.mistakes:
            return
        answer = candidate.values[self._points]
        work.spend(FACTOR * len(tree.mistakes))
        factors = [factor_of(answer, result) for result in tree.results]
        multiples = sorted((m.code.priority, k) for k, m in enumerate(tree.mistakes) if factors[k] is not None)
        for _, number in multiples:
            if factors[number] == -1:
                yield tree.mistakes[number].finding
                yield Finding(Mistake.SIGN, "besides, the sign is wrong")
                return
        pair = list(self._find_pair(tree, answer, work))
        yield from pair
        for _, number in multiples if not pair else ():
            if tree.mistakes[number].code is not Mistake.CONSTANT_FACTOR:
                yield tree.mistakes[number].finding
                yield Finding(Mistake.CONSTANT_FACTOR, f"besides, there is a constant factor of {factors[number]:.6g}")
                return

    def _find_pair(self, tree: TreeMistakes, answer: Floats, work: Work) -> Iterator[Finding]:
        """Of the pairs that explain the answer the one whose less specific mistake is the most specific."""
        work.spend(len(tree.mistakes) ** 2)
        lost = Mistake.MISSING_INNER_DERIVATIVE
        both = ((a, b) for a, b in combinations(tree.mistakes, 2) if a.node != b.node)
        pairs: Iterator[tuple[tuple[Mistake, Mistake], Rules, tuple[TreeMistake, ...]]] = chain(
            (((a.code, b.code), {a.node: a.rule, b.node: b.rule}, (a, b)) for a, b in both),
            (((m.code, lost), {m.node: m.bare}, (m,)) for m in tree.mistakes if m.bare is not None),
        )
        first = nsmallest(PAIRS, pairs, lambda pair: sorted((code.priority for code in pair[0]), reverse=True))
        for start in range(0, len(first), CHUNK):
            some = first[start : start + CHUNK]
            work.spend(tree.slopes.work(len(some)))
            results = self._arrange(tree.slopes.run([rules for _, rules, _ in some]))
            for number in np.flatnonzero(matching_rows(answer, results))[:1]:
                _, _, mistakes = some[number]
                yield from (mistake.finding for mistake in mistakes)
                if len(mistakes) == 1:
                    yield Finding(lost, "besides, the inner derivative is missing there")
                return

    def _find_inner_gradient(self, candidate: Candidate) -> Iterator[Finding]:
        """The answer is the gradient with respect to an inner function, whose derivative would change the shape."""
        for shape, text, cotangent in self._cotangents:
            if shape == candidate.shape and matches(candidate.values[self._points], cotangent):
                message = f"the inner derivative, that of `{text}`, is missing: the shape is that of the inner function"
                yield Finding(Mistake.MISSING_INNER_DERIVATIVE, message)
                return

    def _compute_other_answers(self, work: Work) -> dict[tuple[int, ...], tuple[list[Finding], Floats]]:
        """The wrong ones of the answers to other questions by their shape, at the points of mistakes."""
        right = self.right_derivative.values[self._points]
        answers: dict[tuple[int, ...], list[tuple[Finding, Floats]]] = {}
        for other in other_answers(self.right_derivative, work):
            values = other.values[self._points]
            if not matches(right, values):
                answers.setdefault(values.shape[1:], []).append((other.finding, values))
        return {shape: ([f for f, _ in rows], np.stack([v for _, v in rows])) for shape, rows in answers.items()}

    def _find_mistakes_by_node(self, work: Work) -> TreeMistakes | None:
        """The mistakes of f, or of the last derivative that is differentiated; None where there are none."""
        source = self._source.get(work)
        return self._tree_mistakes(*source, work) if source is not None else None

    def _find_mistakes_by_use(self, work: Work) -> TreeMistakes | None:
        """The same where a part of f that stands in several places is mistaken in one of them; None where none does."""
        source = self._source.get(work)
        tree = unshare(source[0].program) if source is not None else None
        if source is None or tree is None:
            return None
        typed = check(tree, {name: self.right_derivative.question.types[name] for name in tree.inputs()}, Limits())
        return self._tree_mistakes(typed, compile_program(typed), source[2], work)

    def _tree_mistakes(
        self, typed: TypedProgram, forward: Forward, wrt: tuple[str, ...], work: Work
    ) -> TreeMistakes | None:
        question = self.right_derivative.question
        work.spend(SITE * len(typed.program.nodes) + float_work(typed, len(self._points), question.scalar))
        inputs = {n: x[self._points] for n, x in self.right_derivative.points.values.items() if n != question.upstream}
        try:
            slopes = Slopes(typed, forward, inputs, wrt, question.scalar)
            mistakes = tree_mistakes(slopes)
            work.spend(slopes.work(len(mistakes)))
            rules = [{m.node: m.rule} for m in mistakes]
            chunks = [rules[start : start + CHUNK] for start in range(0, max(len(rules), 1), CHUNK)]
            results = np.concatenate([self._arrange(slopes.run(chunk)) for chunk in chunks])
        except RuntimeError:
            # No mistakes are known for an operator that torch cannot differentiate forward.
            return None
        right = self.right_derivative.values[self._points]
        wrong = [k for k, same in enumerate(matching_rows(right, results).tolist()) if not same]
        return TreeMistakes(slopes, [mistakes[k] for k in wrong], results[wrong])

    def _find_source(self, work: Work) -> tuple[TypedProgram, Forward, tuple[str, ...]] | None:
        """What is differentiated, and with respect to which inputs; None where mistakes are not looked for."""
        question = self.right_derivative.question
        if question.mirrored or (question.stacked and question.problem.order > 1):
            return None
        entries = max(t.elements for t in question.typed.types)
        if entries * sum(question.types[name].elements for name in question.problem.wrt) > LARGEST:
            return None
        if question.stacked or len(question.chain) == 1:
            return question.typed, question.forward, question.problem.wrt if question.stacked else question.chain
        # For a higher derivative these are mistakes of the last differentiation, that of the derivative before it.
        *before, last = question.chain
        form = closed_form(question, tuple(before), work) if question.scalar else None
        typed = parse_formula(question, form[0]) if form else None
        if typed is None or not is_elementwise(typed):
            return None
        return typed, compile_program(typed), (last,)

    @cached_property
    def _points(self) -> list[int]:
        """Which points the mistakes are computed at."""
        count = self.right_derivative.points.count - self.right_derivative.points.special
        good = [k for k in range(count) if self.right_derivative.gradable[k]]
        return good[: POINTS if self.right_derivative.question.scalar else POINTS_OF_TENSORS]

    def _arrange(self, slopes: torch.Tensor) -> Floats:
        """Slopes of f (rows, points, directions, the output's shape) in the numerator layout of the derivative."""
        question = self.right_derivative.question
        rank = question.typed.output.rank
        if question.upstream:
            v = self.right_derivative.points.values[question.upstream][self._points]
            slopes = (slopes * v.unsqueeze(1)).flatten(3).sum(3) if rank else slopes * v.reshape(-1, 1)
            rank = 0
        derivative = slopes.permute(0, 1, *range(3, 3 + rank), 2)
        return derivative.reshape(*derivative.shape[:2], *question.numerator_shape).numpy(force=True)

    @cached_property
    def _cotangents(self) -> list[tuple[tuple[int, ...], str, Floats]]:
        """The gradient with respect to each inner node of another shape, with the shape and the node's text."""
        question = self.right_derivative.question
        if question.output_shape or len(question.chain) > 1:
            return []
        cotangents: dict[int, list[torch.Tensor]] = {}
        for point in self._points:
            leaves = {n: x.detach().clone().requires_grad_() for n, x in self.right_derivative.points.at(point).items()}
            values = question.forward(leaves)
            out = question.forward.tensor(values, question.forward.output, torch.device("cpu"))
            total = (out * leaves[question.upstream]).sum() if question.upstream else out
            inner = ((k, v) for k, v in enumerate(values) if k != question.forward.output)
            numbers = [k for k, v in inner if isinstance(v, torch.Tensor) and v.requires_grad]
            gradients = torch.autograd.grad(total, [values[k] for k in numbers], allow_unused=True)
            for k, g in zip(numbers, gradients, strict=True):
                if g is not None:
                    cotangents.setdefault(k, []).append(g.detach())
        return [
            (tuple(rows[0].shape), phrase(question.typed.program, k), torch.stack(rows).numpy(force=True))
            for k, rows in sorted(cotangents.items())
            if len(rows) == len(self._points) and tuple(rows[0].shape) != question.expected_shape
        ]


def _priority(finding: Finding) -> int:
    assert isinstance(finding.code, Mistake)
    return finding.code.priority
