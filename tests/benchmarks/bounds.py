"""The bounds that the service is held to, one row each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """A figure is met at `limit` or below; at `limit` or above where `least` is set.

    >>> Bound(2.0).met(1.9), Bound(0.5, least=True).met(0.4)
    (True, False)
    """

    limit: float
    least: bool = False

    def met(self, figure: float) -> bool:
        """Whether a figure keeps the bound."""
        return figure >= self.limit if self.least else figure <= self.limit


# Ratios, but for the last three, which are a count and seconds.
SMALL_REQUEST = Bound(2.0)  # p50 of a small request over that of the bare echo
WORKER = Bound(4.0)  # a small request from bytes to bytes in a worker over torch's vector-Jacobian product alone
MANY_CLIENTS = Bound(0.5, least=True)  # calls a second over those of the bare echo
STREAM = Bound(0.5, least=True)  # requests a second over one stream over those of 32 clients of the bare echo
LARGE_TENSOR = Bound(1.0)  # a million-entry VJP over echo + TORCH_SHARE x torch in process
CHECK_TYPICAL = Bound(1.5)  # the check over autograd, the median of the expressions
CHECK_WORST = Bound(3.0)  # the check over autograd, the worst of the expressions
VERDICT = Bound(2.0)  # the whole check over evaluating the closed form: the verdict adds as much at most
SYMPY_WORK = Bound(0)  # calls into sympy for a closed form that another worker has derived
COLD_VERDICT = Bound(5.0)  # processor time of a cold request until its verdict, in yardsticks
COLD_REPLY = Bound(10.0)  # the same until the reply with the default notations
COLD_LARGE_VERDICT, COLD_LARGE = Bound(8.0), Bound(40.0)  # the same of a transformer's encoder layer
COLD_MEDIAN = Bound(1.0)  # the median over identities and expressions
GRADIENT_TEXT = Bound(1.0)  # one cold gradient with its text over tensorgrad's
GRADIENT_TEXT_SHORT = Bound(2.0)  # the same of x'Ax
REFUSAL = Bound(0.050)  # p99 of refusing a hostile request
GRADER = Bound(10.0, least=True)  # pairs graded a second over those of Math-Verify
REPLACEMENT = Bound(0.2)  # until a killed worker is replaced

#: How many times torch's own time the service may add to an echo of the same bytes.
TORCH_SHARE = 1.5
