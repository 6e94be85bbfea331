"""How tests wait for what comes by itself: until it is there, with a limit against hangs alone."""

import time

#: Seconds that a wait takes at most: the longest is for nine seconds of a fast machine, and a busy one is ten times
#: slower.
PATIENCE = 240.0


def eventually(claim, seconds=PATIENCE, every=0.02, message=lambda: "it did not come true in time"):
    """Waits until a claim holds, asking every so many seconds; fails with the message where it does not in time."""
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until, message()
        time.sleep(every)
