"""The process that starts workers, from the side of the front."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pullback_server.service.front.launcher import reap_orphans
from waiting import eventually


def spawn(code):
    return os.posix_spawn(sys.executable, (sys.executable, "-S", "-c", code), os.environ)


def test_dead_processes_are_reaped_and_living_and_spared_ones_are_not():
    alive = subprocess.Popen((sys.executable, "-S", "-c", "import time; time.sleep(60)"))
    dead = [spawn("pass") for _ in range(2)]

    def all_reaped():
        reap_orphans(alive.pid)
        return not any(Path(f"/proc/{pid}").exists() for pid in dead)

    eventually(all_reaped)
    alive.kill()
    time.sleep(0.2)
    reap_orphans(alive.pid)
    assert alive.wait() == -9
