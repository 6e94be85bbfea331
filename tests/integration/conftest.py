"""What tests of several files ask the same service."""

import pytest
from service_harness import running


@pytest.fixture(scope="session")
def doubles():
    """A service over the doubles, one for each test process: its tests leave it as they found it."""
    with running(symbolic_budget=0.5) as service:
        yield service
