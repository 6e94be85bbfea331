"""What tests of several files ask the same service."""

import pullback
import pytest


@pytest.fixture(scope="session")
def mathematics():
    """A client of a service of its own, with the real mathematics, that no test hurts: one for each test process."""
    with pullback.local("--workers", "2") as client:
        yield client
