"""Runs the image with podman as a careful deployment would: no root, nothing to write to, no capabilities, no shell."""

import contextlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pullback

from tests.waiting import PATIENCE, eventually

IMAGE = os.environ.get("PULLBACK_IMAGE", "localhost/pullback:test")
HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:rw,size=64m,mode=1777",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--memory=2g",
    "--pids-limit=256",
    "--volume=/dev/null:/bin/sh:ro",
    "--volume=/dev/null:/bin/bash:ro",
)
#: What a service without credentials needs to be told by name, where others than its own machine can reach it.
OPEN = {"PULLBACK_ALLOW_PLAINTEXT": "true", "PULLBACK_ALLOW_ANONYMOUS": "true"}


def output(*command, check=True, **options):
    """What a command prints; what it says on stderr is shown where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)
    if check and done.returncode:
        words = " ".join(map(str, command))
        raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def podman(*arguments, check=True):
    return output("podman", *arguments, check=check)


def tool(name, *words, **options):
    """What a program that is installed beside this Python prints."""
    return output(Path(sys.executable).with_name(name), *words, **options)


class Container:
    """A running container, and where its service is reached from the host."""

    def __init__(self, name, target):
        self.name, self.target = name, target

    def client(self):
        return pullback.Client(self.target)

    def execute(self, *command, check=True):
        return podman("exec", self.name, *command, check=check)

    def inspect(self, template):
        return json.loads(podman("inspect", self.name, "--format", f"{{{{json {template}}}}}"))

    def healthy(self):
        """What the image's own health check says now."""
        check = subprocess.run(("podman", "healthcheck", "run", self.name), capture_output=True, timeout=PATIENCE)
        return check.returncode == 0

    def wait_until_healthy(self):
        def healthy():
            assert self.inspect(".State.Running"), self.logs()
            return self.healthy()

        eventually(healthy, every=0.3, message=self.logs)

    def signal(self, name):
        podman("kill", "--signal", name, self.name)

    def wait(self):
        """The exit code, once it has ended."""
        return int(podman("wait", self.name))

    def restart(self):
        """Ends it by SIGTERM and starts it again, on the same port."""
        podman("restart", "--time", "40", self.name)

    def logs(self):
        done = subprocess.run(("podman", "logs", self.name), capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout + done.stderr


@contextlib.contextmanager
def running(*options, environment=OPEN, wait=True):
    """A container of the image, hardened, published on a free port of the loopback interface."""
    name = f"pullback-test-{uuid.uuid4().hex[:8]}"
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    podman("run", "--detach", "--name", name, *HARDENED, "--publish=127.0.0.1::50051", *variables, *options, IMAGE)
    try:
        port = podman("port", name, "50051/tcp").rpartition(":")[2]
        container = Container(name, f"127.0.0.1:{port}")
        if wait:
            container.wait_until_healthy()
        yield container
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)
