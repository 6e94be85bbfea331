"""Settings of the whole suite: what hypothesis draws, and which part of the slow tests runs."""

import math
import random
import signal

from hypothesis import settings

# The same examples at every run, and no failure for being slow.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

# A shell that starts the suite in the background has Ctrl-C ignored, and commands that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption(
        "--part",
        type=int,
        default=1,
        metavar="N",
        help="of the cases of each slow test only one in N, and at least one: always the same ones",
    )


def pytest_collection_modifyitems(config, items):
    part = config.getoption("--part")
    if part == 1:
        return
    tables = {}
    for item in items:
        if item.get_closest_marker("slow"):
            tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = set()
    for name, cases in tables.items():
        chosen = random.Random(name).sample(cases, math.ceil(len(cases) / part))
        left_out |= {*cases} - {*chosen}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]
