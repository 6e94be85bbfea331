"""Whether a mistake explains an answer: the two have the same numbers at every point."""

from __future__ import annotations

import torch

#: How close, relative to the larger of the two and to the usual size, a mistake's numbers must be to the answer's.
CLOSE = 1e-8
#: A point where one of the two has no value says nothing; so large a part of them must say something.
COMPARED = 0.5


def explained(answer: torch.Tensor, mistaken: torch.Tensor) -> bool:
    """Whether the numbers are the same wherever both have values, which must be at most points.

    >>> explained(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))
    True
    """
    if answer.shape != mistaken.shape:
        return False
    return bool(which_explain(answer, mistaken.unsqueeze(0))[0])


def which_explain(answer: torch.Tensor, mistaken: torch.Tensor) -> torch.Tensor:
    """For each row of mistakes, whether it explains the answer."""
    both = answer.isfinite() & mistaken.isfinite()
    size = torch.maximum(answer.abs(), mistaken.abs())
    usual = answer.masked_fill(~answer.isfinite(), 0.0).abs().mean()
    close = (answer - mistaken).abs() <= CLOSE * (size + 1e-3 * usual)
    fits = (close | ~both).flatten(1).all(1)
    enough = both.flatten(1).to(torch.float64).mean(1) >= COMPARED
    return fits & enough & _both_undefined_alike(answer, mistaken)


def _both_undefined_alike(answer: torch.Tensor, mistaken: torch.Tensor) -> torch.Tensor:
    """A mistake that has no value at half of the points where the answer has one does not explain it."""
    lacking = (answer.isfinite() & ~mistaken.isfinite()).flatten(1).to(torch.float64).mean(1)
    return lacking < 1 - COMPARED


def factor_of(answer: torch.Tensor, right: torch.Tensor) -> float | None:
    """The constant c with answer = c*right at every point; None where there is none, or none but 0 and 1."""
    both = answer.isfinite() & right.isfinite()
    size = right.masked_fill(~both, 0.0).abs()
    if not bool(both.any()) or float(size.max()) == 0.0:
        return None
    place = int(size.argmax())
    c = float(answer.reshape(-1)[place] / right.reshape(-1)[place])
    if c in (0.0, 1.0) or not abs(c) < float("inf") or abs(c - 1) < CLOSE:
        return None
    # One entry that is not 0 has a factor always; two at least must share it.
    if int((size > 1e-9 * size.max()).sum()) < 2:
        return None
    return c if explained(answer, c * right) else None
