"""What tests of several files ask the same service."""

import grpc
import pytest
from service_harness import running

from tests.hostile_lines import CHANNEL


@pytest.fixture(scope="session")
def service():
    """A service over the doubles, one for each test process: its tests leave it as they found it."""
    with running(symbolic_budget=0.5) as service:
        yield service


@pytest.fixture(scope="session")
def target(service):
    return service.target


@pytest.fixture(scope="session")
def client(mathematics):
    return mathematics


@pytest.fixture(scope="session")
def channel(mathematics):
    """A plain channel to the service with the real mathematics."""
    with grpc.insecure_channel(mathematics.target, options=CHANNEL) as channel:
        yield channel
