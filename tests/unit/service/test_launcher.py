"""The process that starts workers, from the side of the front."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pullback_server.service.front.launcher import reap_orphans
from waiting import eventually


def started(code):
    return os.posix_spawn(sys.executable, (sys.executable, "-S", "-c", code), os.environ)


def test_the_dead_are_forgotten_and_the_living_and_the_spared_are_not():
    alive = subprocess.Popen((sys.executable, "-S", "-c", "import time; time.sleep(60)"))
    dead = [started("pass") for _ in range(2)]

    def forgotten():
        reap_orphans(alive.pid)
        return not any(Path(f"/proc/{pid}").exists() for pid in dead)

    eventually(forgotten)
    alive.kill()
    time.sleep(0.2)
    reap_orphans(alive.pid)
    assert alive.wait() == -9
