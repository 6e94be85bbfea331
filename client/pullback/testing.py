"""For pytest: fixtures that check backward functions and grade answers; `pytest_plugins = ["pullback.testing"]`.

    def test_my_backward(check_backward):
        check_backward("A @ x", my_backward, {"A": {"shape": ["n", "m"]}, "x": {"shape": ["m"]}})

The service is the one that the environment's PULLBACK_TARGET names, or one started for the session.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from .backward import BackwardReport
from .backward import check_backward as check
from .client import Client
from .embedded import local


def assert_backward(expression: str, backward: Callable[..., Any], inputs: Any, **options: Any) -> BackwardReport:
    """Fails with the report if a backward function is not right; the arguments are those of `check_backward`."""
    report = check(expression, backward, inputs, **options)
    if not report.passed:
        pytest.fail(str(report), pytrace=False)
    return report


@pytest.fixture(scope="session")
def pullback_client() -> Iterator[Client]:
    """A client of the service at PULLBACK_TARGET, or of one that lives as long as the session."""
    target = os.environ.get("PULLBACK_TARGET")
    with Client(target) if target else local("--workers", "1") as client:
        yield client


@pytest.fixture
def check_backward(pullback_client: Client) -> Callable[..., BackwardReport]:
    """`pullback.check_backward` on the session's service, which fails the test if the function is not right."""
    return partial(assert_backward, client=pullback_client)
