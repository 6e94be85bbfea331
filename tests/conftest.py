"""What holds for the whole suite: hypothesis's settings, the part of the slow tests that runs, and a shared service."""

import os
import shutil
import signal
import tempfile
import zlib

import pullback
import pytest
from hypothesis import settings

# The same examples at every run, and no failure for being slow.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

# A shell that starts the suite in the background has Ctrl-C ignored, and commands that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    # The processes of a run share the closed forms that they derive.
    if "PULLBACK_TEST_FORMS" not in os.environ:
        config.forms = os.environ["PULLBACK_TEST_FORMS"] = tempfile.mkdtemp(prefix="pullback-test-forms-")


def pytest_unconfigure(config):
    if hasattr(config, "forms"):
        shutil.rmtree(os.environ.pop("PULLBACK_TEST_FORMS"))


def pytest_addoption(parser):
    parser.addoption(
        "--part",
        type=int,
        default=1,
        metavar="N",
        help="of the cases of each slow test about one in N, and at least one: the same rows of every table",
    )


def pytest_collection_modifyitems(config, items):
    part = config.getoption("--part")
    if part == 1:
        return
    tables = {}
    for item in items:
        slow = item.get_closest_marker("slow")
        if slow and not slow.kwargs.get("whole"):
            tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = set()
    for cases in tables.values():
        # A case's number depends on its parameters alone, so that tests of the same rows share closed forms.
        numbers = {case: zlib.crc32(case.nodeid.partition("[")[2].encode()) for case in cases}
        chosen = {case for case in cases if numbers[case] % part == 0} or {min(cases, key=numbers.__getitem__)}
        left_out |= {*cases} - chosen
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def mathematics():
    """A client of a service with the real mathematics, one for each test process; what dies in it is replaced."""
    with pullback.local("--workers", "2") as client:
        yield client
